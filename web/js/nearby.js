// The resident's map: the way to where one stands, asked only when the button is pressed. Position stays in the address of this page only.
const button = document.querySelector("[data-locate]");
if (button && navigator.geolocation) {
	button.hidden = false;
	button.addEventListener("click", () => {
		button.disabled = true;
		navigator.geolocation.getCurrentPosition((p) => {
			const url = new URL(location.href);
			// a hundred metres are enough to look around, and all that should stand in an address
			url.searchParams.set("lon", p.coords.longitude.toFixed(3));
			url.searchParams.set("lat", p.coords.latitude.toFixed(3));
			location.assign(url);
		}, () => { button.disabled = false; }, { maximumAge: 60_000, timeout: 15_000 });
	});
}
