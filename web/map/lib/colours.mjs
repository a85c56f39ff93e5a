// Deadline colours (matter_clock_colour): 0 no clock, 1 in time, 2 soon, 3 late. The same meanings as the tokens of gongzhi.css, in
// values that keep 3:1 against the ground of each map; a shape or a word stands beside each wherever it is read.
export const dark = { ground: "#0a141f", land: "#0f2030", edge: "#31506b", edgeSoft: "#1d3347", text: "#dbe7f2", text2: "#93a9bd",
	clock: ["#7f93a6", "#3fb984", "#f0b23e", "#ff6b5e"], done: "#4b90d9", act: "#6db3f7", water: "#0b2f4f", water2: "#5f93bd", green: "#11291f", road: "#2a333c", road2: "#424a52", rail: "#3a4650" };
export const light = { ground: "#eef2f5", land: "#fbfcfd", edge: "#7c8fa1", edgeSoft: "#c5d0da", text: "#14202b", text2: "#4a5764",
	clock: ["#6b7885", "#1b6845", "#a56a00", "#b0241c"], done: "#14589e", act: "#14589e", water: "#c3dcef", water2: "#3a6d96", green: "#dfeedd", road: "#dde2e8", road2: "#c6cfd8", rail: "#b3bec9" };
