// The chart of the time line, by uPlot: bars for traffic, before them failed connections and request errors stacked, ticks for
// events, and grey where nothing was recorded. The height of a bar is the square root of its bytes, so that one copy of a
// backup does not flatten the day.

import { tick } from "./format.js";

/** @import UPlot from "uplot" */
/** @import { MapEvent, TimelineAnswer } from "./types.js" */

const HEIGHT = 78;
const AXIS = 22;
const FAULTS = 0.5; // of the height, for failures: one in a thousand must still be visible

/** @param {HTMLElement} place */
export function timelineChart(place) {
  /** @type {UPlot | null} */
  let plot = null;
  /** @type {MapEvent[]} */
  let events = [];
  /** @type {[number, number][]} */
  let unrecorded = []; // [from, to) of each step, ms
  /** @type {[number, number]} */
  let range = [0, 1];

  /**
   * @param {string} name
   * @param {string} [alpha]
   */
  function colour(name, alpha = "") {
    return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim() + alpha;
  }

  /** @returns {UPlot.Options} */
  function options() {
    const bars = globalThis.uPlot.paths.bars?.({ size: [0.9, 24], align: 1 });
    return {
      width: Math.max(100, place.clientWidth),
      height: HEIGHT,
      ms: 1,
      padding: [6, 0, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      select: /** @type {UPlot.Select} */ ({ show: false }),
      scales: {
        x: { time: true, range: () => range },
        y: { range: (_, _low, high) => [0, Math.max(1, high)] },
        f: { range: (_, _low, high) => [0, Math.max(1, high) / FAULTS] },
      },
      axes: [
        {
          size: AXIS,
          stroke: colour("muted"),
          grid: { show: false },
          ticks: { stroke: colour("line"), size: 4 },
          values: (_, splits) => splits.map((at) => tick(at, range)),
          font: `11px ${getComputedStyle(document.body).fontFamily}`,
        },
        { show: false },
      ],
      series: [
        {},
        { scale: "y", paths: bars, fill: colour("accent", "66"), stroke: "transparent", points: { show: false } },
        { scale: "f", paths: bars, fill: colour("series-2"), stroke: "transparent", points: { show: false } },
        { scale: "f", paths: bars, fill: colour("bad"), stroke: "transparent", points: { show: false } },
      ],
      hooks: { drawClear: [gaps], draw: [ticks] },
    };
  }

  /** @param {UPlot} of */
  function gaps(of) {
    const { ctx, bbox } = of;
    ctx.save();
    ctx.fillStyle = colour("line", "99");
    const px = (/** @type {number} */ at) =>
      Math.min(bbox.left + bbox.width, Math.max(bbox.left, of.valToPos(at, "x", true)));
    for (const [from, to] of unrecorded) ctx.fillRect(px(from), bbox.top, px(to) - px(from), bbox.height);
    ctx.restore();
  }

  /** @param {UPlot} of */
  function ticks(of) {
    const { ctx, bbox } = of;
    ctx.save();
    ctx.fillStyle = colour("new");
    const wide = 2 * devicePixelRatio;
    for (const { time } of events) {
      if (time < range[0] || time > range[1]) continue;
      ctx.fillRect(Math.round(of.valToPos(time, "x", true)) - wide / 2, bbox.top, wide, 7 * devicePixelRatio);
    }
    ctx.restore();
  }

  return {
    /**
     * @param {TimelineAnswer} timeline
     * @param {[number, number]} shown the time range
     * @param {boolean} anew draw with other colours
     */
    show(timeline, shown, anew) {
      range = shown;
      ({ events } = timeline);
      unrecorded = timeline.buckets.filter((bucket) => !bucket.recorded_s).map(({ at }) => [at, at + timeline.step_ms]);
      /** @type {UPlot.AlignedData} */
      const columns = [
        timeline.buckets.map(({ at }) => at),
        timeline.buckets.map(({ bytes }) => (bytes === null ? null : Math.sqrt(bytes))),
        timeline.buckets.map(({ failed, errors }) => (failed ?? 0) + (errors ?? 0) || null),
        timeline.buckets.map(({ failed }) => failed || null),
      ];
      if (anew) {
        plot?.destroy();
        plot = null;
      }
      if (plot) plot.setData(columns);
      else {
        plot = new globalThis.uPlot(options(), columns, (made, ready) => {
          place.prepend(made.root);
          ready();
        });
      }
    },
    resize() {
      plot?.setSize({ width: Math.max(100, place.clientWidth), height: HEIGHT });
    },
    toPx: (/** @type {number} */ at) => ((at - range[0]) / (range[1] - range[0])) * place.clientWidth,
    toTime: (/** @type {number} */ px) => range[0] + (px / Math.max(1, place.clientWidth)) * (range[1] - range[0]),
  };
}
