// Where a photograph was taken, read in the browser so that it can be offered before anything is sent. EXIF 2.32 (JEITA CP-3451) inside JPEG
// or PNG. What a file says is not to be trusted: only its beginning is read, and every jump stays inside it.
const HEAD = 256 * 1024; // bytes looked at; cameras put EXIF first
const MOST = 512; // segments, entries of a directory

// A TIFF structure: offsets from its own beginning; reading outside gives NaN, which no comparison passes.
function tiff(view) {
	const little = view.getUint16(0) === 0x4949;
	const u16 = (at) => (at >= 0 && at + 2 <= view.byteLength ? view.getUint16(at, little) : NaN);
	const u32 = (at) => (at >= 0 && at + 4 <= view.byteLength ? view.getUint32(at, little) : NaN);
	return { u16, u32, u8: (at) => (at < view.byteLength ? view.getUint8(at) : NaN) };
}

function entryOf(t, ifd, tag) {
	const n = Math.min(t.u16(ifd), MOST);
	for (let i = 0; i < n; i++) if (t.u16(ifd + 2 + i * 12) === tag) return ifd + 2 + i * 12;
	return 0;
}

// Degrees, minutes and seconds as three fractions.
function degrees(t, entry) {
	if (!entry || t.u16(entry + 2) !== 5 || t.u32(entry + 4) !== 3) return NaN;
	const at = t.u32(entry + 8);
	let sum = 0;
	for (const [i, unit] of [1, 60, 3600].entries()) {
		const over = t.u32(at + i * 8);
		const under = t.u32(at + i * 8 + 4);
		if (!(under > 0) && over !== 0) return NaN;
		if (under > 0) sum += over / under / unit;
	}
	return sum;
}

// N, S, E or W; 0 when it is not said.
function letterOf(t, gps, tag) {
	const entry = entryOf(t, gps, tag);
	return entry ? t.u8(entry + 8) : 0;
}

function placeOf(view) {
	if (view.byteLength < 8 || ![0x49492a00, 0x4d4d002a].includes(view.getUint32(0))) return null;
	const t = tiff(view);
	const pointer = entryOf(t, t.u32(4), 0x8825);
	const gps = pointer ? t.u32(pointer + 8) : 0;
	if (!gps) return null;
	const lat = degrees(t, entryOf(t, gps, 2)) * (letterOf(t, gps, 1) === 0x53 ? -1 : 1);
	const lon = degrees(t, entryOf(t, gps, 4)) * (letterOf(t, gps, 3) === 0x57 ? -1 : 1);
	return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 && (lat || lon) ? { lon, lat } : null;
}

const part = (view, from, length) =>
	from >= 0 && length >= 0 && from + length <= view.byteLength ? new DataView(view.buffer, view.byteOffset + from, length) : null;

function inJpeg(view) {
	let at = 2;
	for (let i = 0; i < MOST && at + 10 <= view.byteLength && view.getUint8(at) === 0xff; i++) {
		const marker = view.getUint8(at + 1);
		if (marker === 0xff) {
			at++;
			continue;
		}
		if (marker === 0xda || marker === 0xd9) return null;
		const length = view.getUint16(at + 2);
		if (length < 2) return null;
		if (marker === 0xe1 && view.getUint32(at + 4) === 0x45786966) return part(view, at + 10, length - 8);
		at += 2 + length;
	}
	return null;
}

function inPng(view) {
	let at = 8;
	for (let i = 0; i < MOST && at + 12 <= view.byteLength; i++) {
		const length = view.getUint32(at);
		if (view.getUint32(at + 4) === 0x65584966) return part(view, at + 8, length);
		at += 12 + length;
	}
	return null;
}

// { lon, lat } of a File, or null: none, or none that can be read.
export async function placeIn(file) {
	try {
		const view = new DataView(await file.slice(0, HEAD).arrayBuffer());
		if (view.byteLength < 12) return null;
		const exif = view.getUint16(0) === 0xffd8 ? inJpeg(view) : view.getUint32(0) === 0x89504e47 ? inPng(view) : null;
		return exif && placeOf(exif);
	} catch {
		return null;
	}
}
