// Time series as small charts below each other, by uPlot, with one pointer for all.

import { el } from "./dom.js";
import { tick, time, withUnit } from "./format.js";

/** @import { Series } from "./types.js" */

const HEIGHT = 74;
const LINES = ["series-1", "series-2", "series-3"];
const DASHES = [undefined, [5, 3], [2, 2]];

/**
 * @param {Record<string, Series>} series by name
 * @param {string} syncKey charts with the same key share a pointer
 */
export function charts(series, syncKey) {
  const shown = Object.values(series).filter(({ rare, points }) =>
    points.some(([, value]) => value || (value === 0 && !rare)),
  );
  const titles = [...new Set(shown.map((each) => each.chart))];
  const drawn = titles.map((title) =>
    chart(
      title,
      shown.filter((each) => each.chart === title),
      syncKey,
    ),
  );
  const element = el(
    "div",
    {},
    drawn.map((each) => each.element),
  );
  const fit = new ResizeObserver(() => drawn.forEach((each) => each.fit(element.clientWidth)));
  fit.observe(element);
  function destroy() {
    fit.disconnect();
    for (const each of drawn) each.destroy();
  }
  return { element, destroy };
}

/**
 * @param {string} title
 * @param {Series[]} lines
 * @param {string} syncKey
 */
function chart(title, lines, syncKey) {
  const values = el("span", {});
  const place = el("div", { class: "plot" });
  const element = el(
    "div",
    { class: "chart-box", role: "img" },
    el("div", { class: "caption" }, el("b", {}, title), values),
    place,
  );
  const times = lines[0].points.map(([at]) => at);
  const columns = lines.map((line) => line.points.map(([, value]) => value));
  const style = getComputedStyle(document.documentElement);
  const colour = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
  /** @type {import("uplot") | null} */
  let plot = null;

  /** @param {number | null} [at] the index of the pointer; the newest values without one */
  function caption(at) {
    const nth = at ?? times.findLastIndex((_, index) => columns.some((column) => column[index] !== null));
    const parts = lines.map((line, index) => {
      const text = withUnit(columns[index][nth] ?? null, line.unit);
      return el("span", { class: ["one", "two", "three"][index] }, line.called ? `${line.called} ${text}` : text);
    });
    const spans = parts.flatMap((span, index) => (index ? [" · ", span] : [span]));
    values.replaceChildren(...spans, at === undefined || at === null ? "" : `  ${time(times[nth])}`);
    if (at === undefined) element.setAttribute("aria-label", `${title}: ${values.textContent}`);
  }

  /** @param {number} width */
  function draw(width) {
    const axis = {
      stroke: colour("muted"),
      grid: { stroke: colour("line"), width: 1 },
      ticks: { show: false },
      font: `10px ${getComputedStyle(document.body).fontFamily}`,
    };
    plot = new globalThis.uPlot(
      {
        width,
        height: HEIGHT,
        ms: 1,
        padding: [6, 2, 0, 0],
        legend: { show: false },
        cursor: { sync: { key: syncKey }, y: false, points: { size: 6 }, drag: { x: false, y: false } },
        scales: { x: { time: true }, y: { range: (_, _low, high) => [0, high > 0 ? high * 1.05 : 1] } },
        axes: [
          {
            ...axis,
            size: 18,
            grid: { show: false },
            space: 70,
            values: (_, splits) => splits.map((at) => tick(at, [times[0], times[times.length - 1]])),
          },
          {
            ...axis,
            size: 58,
            grid: { stroke: colour("line"), width: 1 },
            splits: (_, _axis, _low, high) => [0, high / 2, high].map((value) => value / 1.05),
            values: (_, splits) => splits.map((value) => withUnit(value, lines[0].unit).replace("connections", "")),
          },
        ],
        series: [
          {},
          ...lines.map((_, nth) => ({
            stroke: colour(LINES[nth]),
            width: 1.5,
            dash: DASHES[nth],
            fill: lines.length === 1 ? `${colour(LINES[0])}1f` : undefined,
            spanGaps: false,
            points: { show: false },
          })),
        ],
        hooks: { setCursor: [(of) => caption(of.cursor.idx)] },
      },
      [times, ...columns],
      place,
    );
  }
  caption();
  return {
    element,
    fit: (/** @type {number} */ width) => (plot ? plot.setSize({ width, height: HEIGHT }) : width > 0 && draw(width)),
    destroy: () => plot?.destroy(),
  };
}
