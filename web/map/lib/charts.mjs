// The few charts of the wall. ECharts draws on a canvas; what a chart says also stands in its aria-label and in the numbers beside it.
import * as echarts from "echarts/core";
import { BarChart, LineChart } from "echarts/charts";
import { GridComponent } from "echarts/components";
import { CanvasRenderer } from "echarts/renderers";
import { zoomOfText } from "./dom.mjs";

echarts.use([BarChart, LineChart, GridComponent, CanvasRenderer]);

const font = () => getComputedStyle(document.body).fontFamily;

export function chart(element, c, still) {
	const drawn = echarts.init(element, null, { renderer: "canvas" });
	const k = zoomOfText();
	const size = new ResizeObserver(() => drawn.resize());
	const axis = { axisLine: { lineStyle: { color: c.edgeSoft } }, axisTick: { show: false },
		axisLabel: { color: c.text2, fontFamily: font(), fontSize: 12 * k }, splitLine: { lineStyle: { color: c.edgeSoft, opacity: 0.5 } } };

	size.observe(element);
	drawn.setOption({ animation: !still, animationDuration: 400, grid: { left: 34 * k, right: 8 * k, top: 10 * k, bottom: 22 * k }, tooltip: { show: false } });
	return {
		// lines over the hours of a day or the days of a month: [{name, colour, values}]
		lines(labels, series) {
			drawn.setOption({
				xAxis: { type: "category", data: labels, boundaryGap: false, ...axis, splitLine: { show: false } },
				yAxis: { type: "value", minInterval: 1, splitNumber: 3, ...axis, axisLine: { show: false } },
				series: series.map((s) => ({ name: s.name, type: "line", data: s.values, showSymbol: false, smooth: 0.25, color: s.colour,
					lineStyle: { width: 2 * k, type: s.dashed ? "dashed" : "solid" }, areaStyle: { opacity: 0.14 } })),
			});
			element.setAttribute("aria-label", series.map((s) => `${s.name}: ${s.values.map((v, i) => `${labels[i]} ${v ?? 0}`).join(", ")}`).join("; "));
		},
		stop() {
			size.disconnect();
			drawn.dispose();
		},
	};
}
