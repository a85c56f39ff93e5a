// Makes a photograph smaller before it travels or waits; the server re-encodes it anyway.
const PIXELS = 2000; // longest side

function fit(image) {
	const scale = Math.min(1, PIXELS / Math.max(image.width, image.height));
	return [Math.round(image.width * scale), Math.round(image.height * scale)];
}

export async function shrink(file) {
	if (file.size < 600_000) return file;
	try {
		const image = await createImageBitmap(file);
		const canvas = document.createElement("canvas");
		[canvas.width, canvas.height] = fit(image);
		canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
		const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
		return blob && blob.size < file.size ? new File([blob], file.name, { type: "image/jpeg" }) : file;
	} catch {
		return file; // the server says what is wrong with it
	}
}
