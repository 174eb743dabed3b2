// The chart below the map, by uPlot: traffic as bars, failed connections and HTTP errors on top of each other before them,
// events as ticks, and grey where nothing was recorded. The height of a bar is the root of its bytes: one copy of a backup
// does not flatten the day.

import { tick } from "./format.js";

const HEIGHT = 78;
const AXIS = 22;
const FAULTS = 0.5; // of the height, for failures: one in a thousand must still be seen

export function timelineChart(place) {
  let plot = null;
  let events = [];
  let unrecorded = []; // [from, to) of each step, ms
  let range = [0, 1];

  function colour(name, alpha = "") {
    return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim() + alpha;
  }

  function options() {
    const bars = globalThis.uPlot.paths.bars({ size: [0.9, 24], align: 1 });
    return {
      width: Math.max(100, place.clientWidth), height: HEIGHT, ms: 1, padding: [6, 0, 0, 0],
      legend: { show: false }, cursor: { show: false }, select: { show: false },
      scales: { x: { time: true, range: () => range }, y: { range: (_, low, high) => [0, Math.max(1, high)] }, f: { range: (_, low, high) => [0, Math.max(1, high) / FAULTS] } },
      axes: [{ size: AXIS, stroke: colour("muted"), grid: { show: false }, ticks: { stroke: colour("line"), size: 4 }, values: (_, splits) => splits.map((at) => tick(at, range)), font: `11px ${getComputedStyle(document.body).fontFamily}` }, { show: false }],
      series: [{}, { scale: "y", paths: bars, fill: colour("accent", "66"), stroke: "transparent", points: { show: false } },
        { scale: "f", paths: bars, fill: colour("series-2"), stroke: "transparent", points: { show: false } },
        { scale: "f", paths: bars, fill: colour("bad"), stroke: "transparent", points: { show: false } }],
      hooks: { drawClear: [gaps], draw: [ticks] },
    };
  }

  function gaps(of) {
    const { ctx, bbox } = of;
    ctx.save();
    ctx.fillStyle = colour("line", "99");
    const px = (at) => Math.min(bbox.left + bbox.width, Math.max(bbox.left, of.valToPos(at, "x", true)));
    for (const [from, to] of unrecorded) ctx.fillRect(px(from), bbox.top, px(to) - px(from), bbox.height);
    ctx.restore();
  }

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
    show(timeline, shown, anew) {
      range = shown;
      ({ events } = timeline);
      const of = (name) => timeline.buckets.map((bucket) => bucket[name]);
      unrecorded = timeline.buckets.filter((bucket) => !bucket.recorded_s).map(({ at }) => [at, at + timeline.step_ms]);
      const root = (bytes) => (bytes === null ? null : Math.sqrt(bytes));
      const wrong = timeline.buckets.map(({ failed, errors }) => failed + errors || null);
      const columns = [of("at"), of("bytes").map(root), wrong, of("failed").map((count) => count || null)];
      if (anew) (plot?.destroy(), (plot = null));
      if (plot) plot.setData(columns);
      else plot = new globalThis.uPlot(options(), columns, (made, ready) => (place.prepend(made.root), ready()));
    },
    resize() {
      plot?.setSize({ width: Math.max(100, place.clientWidth), height: HEIGHT });
    },
    toPx: (at) => ((at - range[0]) / (range[1] - range[0])) * place.clientWidth,
    toTime: (px) => range[0] + (px / Math.max(1, place.clientWidth)) * (range[1] - range[0]),
  };
}
