// The time line: what happened over its range, and which part of that the map shows. Drag it to look at the past.

import { segments } from "./bar.js";
import { byId, el, replace } from "./dom.js";
import { about, ago, bytes, counted, digits, moment, time } from "./format.js";
import { RANGES, WIDTHS } from "./state.js";
import { timelineChart } from "./timeline_chart.js";

/** @import { Bucket, Change, Page, Part } from "./types.js" */

const DRAGGED_MS = 120; // between two requests while somebody drags
const STALE_MS = 45_000; // without a newer window: several windows and the grace for slow hosts
const LIVE_PX = 6; // from the right edge: back to live
/** @type {Record<string, number>} */
const STEPS = { ArrowLeft: -1, ArrowRight: 1, PageUp: 10, PageDown: -10, ArrowDown: -1, ArrowUp: 1 }; // by key

/**
 * @param {Page} page
 * @returns {Part}
 */
export function timeline(page) {
  const { state, data } = page;
  const live = el("button", {
    type: "button",
    class: "live",
    title: "Pause, or back to live (space)",
    onclick: () => page.pause(),
  });
  const shown = el("div", { class: "shown" });
  const ranges = el("div", { class: "segments", role: "group", "aria-label": "Range" });
  /** @type {HTMLSelectElement} */
  const width = el(
    "select",
    { "aria-label": "How much the map shows", onchange: () => state.set({ width: width.value }) },
    Object.keys(WIDTHS).map((name) => el("option", { value: name }, `the map shows ${name}`)),
  );
  const place = el("div", { class: "chart" });
  const band = el("div", { class: "band", role: "slider", tabindex: "0", "aria-label": "What the map shows" });
  const when = el("div", { class: "when", hidden: true });
  const key = el(
    "div",
    { class: "key", "aria-hidden": "true" },
    [
      ["traffic", "traffic"],
      ["failed", "failed connections"],
      ["errors", "request errors"],
      ["event", "events"],
    ].map(([name, text]) => el("span", {}, el("i", { class: name }), text)),
  );
  replace(
    byId("time"),
    el("div", { class: "head" }, live, shown, el("span", { class: "spring" }), key, width, ranges),
    place,
  );
  const pressed = segments(
    ranges,
    Object.keys(RANGES).map((name) => [name, name]),
    (range) => state.set({ range }),
  );
  const chart = timelineChart(place);
  place.append(band, when);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let dragged;

  page.pause = () => state.set({ at: state.live ? data.newest : 0 });
  page.step = (/** @type {number} */ by) => go((state.at || data.newest) + by * state.widthMs);

  /**
   * Look at the time range that ends at `at`. From the newest window on, that is live.
   * @param {number} at
   */
  function go(at) {
    const grain = data.map?.width_ms || 5_000;
    const end = Math.round(at / grain) * grain;
    state.set({ at: end >= data.newest ? 0 : Math.max(end, state.widthMs) });
  }

  /** @param {Change} what */
  function update(what) {
    pressed(state.range);
    width.value = state.width;
    live.classList.toggle("paused", !state.live);
    replace(live, el("i"), state.live ? "Live" : "Paused: go live");
    label();
    if (data.timeline && what !== "wait") chart.show(data.timeline, data.range, what === "theme");
    follow();
  }

  function label() {
    const [from, to] = data.shown; // of the map that is there; the band shows the one that loads
    const stale = state.live && data.behind > STALE_MS;
    const other = data.wait > 0 && data.anew;
    const note = other
      ? "while another map loads"
      : !state.live
        ? "the past"
        : stale
          ? `nothing newer for ${ago(data.behind)}`
          : "the newest data";
    live.classList.toggle("stale", stale);
    replace(
      shown,
      to
        ? [
            el("b", {}, `${moment(from, Date.now())} – ${time(to)}`),
            el("span", { class: stale ? "stale" : null }, note),
          ]
        : [],
    );
  }

  function follow() {
    const [from, to] = data.wantedRange;
    band.hidden = !data.timeline || !to;
    if (band.hidden) return;
    const left = chart.toPx(from);
    const right = chart.toPx(to);
    band.style.left = `${left}px`;
    band.style.width = `${Math.max(3, right - left)}px`;
    band.classList.toggle("past", !state.live);
    const [first, last] = data.range;
    for (const [name, value] of Object.entries({ min: first, max: last, now: to }))
      band.setAttribute(`aria-value${name}`, String(value));
    band.setAttribute("aria-valuetext", `${state.live ? "live, " : ""}${moment(from, data.newest)} to ${time(to)}`);
  }

  const px = (/** @type {PointerEvent} */ event) => event.clientX - place.getBoundingClientRect().left;

  /** @param {PointerEvent} event */
  function drag(event) {
    const x = px(event);
    clearTimeout(dragged);
    const act = () =>
      x >= place.clientWidth - LIVE_PX ? state.set({ at: 0 }) : go(chart.toTime(x) + state.widthMs / 2);
    if (event.type === "pointermove") dragged = setTimeout(act, DRAGGED_MS);
    else act();
  }
  place.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !data.timeline) return;
    place.setPointerCapture(event.pointerId);
    drag(event);
  });
  place.addEventListener("pointermove", (event) =>
    event.buttons && place.hasPointerCapture(event.pointerId) ? drag(event) : point(event),
  );
  place.addEventListener("pointerup", (event) => {
    if (place.hasPointerCapture(event.pointerId)) drag(event);
  });
  place.addEventListener("pointerleave", () => {
    when.hidden = true;
  });
  band.addEventListener("keydown", (event) => {
    const by = STEPS[event.key];
    if (by) page.step(by);
    else if (event.key === "End") state.set({ at: 0 });
    else if (event.key === "Home") go(Math.max(data.timeline?.first ?? 0, data.range[0]) + state.widthMs);
    else return;
    event.preventDefault();
  });
  setInterval(label, 5_000);
  const resized = new ResizeObserver(() => {
    chart.resize();
    follow();
  });
  resized.observe(place);

  /** @param {PointerEvent} event */
  function point(event) {
    if (!data.timeline) return;
    const x = px(event);
    const at = chart.toTime(x);
    const near = data.timeline.events.filter((each) => Math.abs(chart.toPx(each.time) - x) < 5);
    const bucket = data.timeline.buckets.findLast((each) => each.at <= at);
    const facts = bucket ? inWords(bucket) : "";
    const happened = near
      .slice(0, 2)
      .map((each) => `${each.kind.replaceAll("_", " ")}: ${each.detail}`)
      .join("; ");
    replace(
      when,
      [moment(at, data.newest), facts, happened, near.length > 2 && `and ${near.length - 2} more`]
        .filter(Boolean)
        .join(" · "),
    );
    when.hidden = false;
    when.style.left = `${Math.min(x + 10, place.clientWidth - when.offsetWidth - 4)}px`;
  }
  return { update };
}

/**
 * A step of the time line in words.
 * @param {Bucket} of
 */
function inWords(of) {
  if (!of.recorded_s) return "nothing was recorded";
  const estimate = (/** @type {string} */ text) => about(text, of.sampling);
  const failed = estimate(counted(of.errors ?? 0, "request error"));
  const http = of.requests ? `, ${estimate(counted(of.requests, "request"))}, ${failed}` : "";
  const given = of.given_up ? `, ${estimate(digits(of.given_up))} given up` : "";
  const connections = `${counted(of.opened ?? 0, "connection")}, ${digits(of.failed ?? 0)} failed`;
  return `${bytes(of.bytes ?? 0)} on ${counted(of.edges ?? 0, "edge")}, ${connections}${http}${given}`;
}
