// What to say when there is nothing to show, or when what is shown is old.

import { byId, el, replace } from "./dom.js";
import { STUCK_MS } from "./data.js";
import { moment, time } from "./format.js";
import { LEVEL_NAMES, WIDTHS } from "./state.js";

export function notices(page) {
  const { state, data } = page;
  const notice = byId("notice");
  const banner = byId("banner");
  const past = byId("past");
  const loading = byId("loading");

  function update(what) {
    if (what === "theme") return;
    show(banner, data.error ? away() : null);
    show(past, state.live ? null : pastBanner());
    show(loading, data.map && data.wait && !data.error ? underway() : null);
    byId("main").classList.toggle("loading", data.anew && data.wait > 0);
    show(notice, data.map ? empty() : data.error ? null : [el("p", {}, "Reading the map…"), ...silence()]);
  }

  // Says what the picture is of, for the controls already say what it will be.
  function underway() {
    const now = data.newest || Date.now();
    const [from, to] = data.stretch;
    const level = data.map.level === state.level ? "" : `${LEVEL_NAMES[state.level]}, `;
    const wanted = el("b", {}, data.anew ? `Loading ${level}${state.live ? "the newest" : `${moment(from, now)} – ${time(to)}`}…` : "Reading what is newer…");
    return [el("i", { class: "spin", "aria-hidden": "true" }), wanted, ...silence(), el("span", {}, shown(now))];
  }

  function silence() {
    if (data.wait < STUCK_MS) return [];
    const seconds = el("span", { "aria-hidden": "true" }, ` for ${Math.floor(data.wait / 1_000)} s`);
    return [el("span", { class: "stuck" }, "The store has not answered", seconds, ". This page goes on waiting, and asks again by itself.")];
  }

  function shown(now) {
    if (!data.map?.to) return "";
    const [from, to] = data.shown;
    const level = data.map.level === state.level ? "" : `${LEVEL_NAMES[data.map.level]}, `;
    return `What you see is of ${level}${moment(from, now)} – ${time(to)}.`;
  }

  function away() {
    const old = data.map ? ` ${shown(Date.now())}` : "";
    const retry = el("button", { type: "button", class: "button", onclick: () => data.reload() }, "Try again now");
    return [el("span", {}, `${data.error}${old} This page tries again by itself.`), retry];
  }

  function pastBanner() {
    const [from, to] = data.shown;
    return [
      el("span", {}, data.map && to !== data.stretch[1] ? shown(data.newest || Date.now()) : `You look at the past: ${moment(from, data.newest || Date.now())} to ${time(to)}.`),
      el("button", { type: "button", class: "button", onclick: () => state.set({ at: 0 }) }, "Back to live"),
    ];
  }

  function empty() {
    if (!data.newest) return nothingStored();
    if (!data.map.nodes.length && !data.map.gone.length) return nothingThen();
    return page.chosen && !page.chosen.nodes.length ? nothingFound() : null;
  }

  function nothingStored() {
    return [
      el("h2", {}, "Nothing is stored yet"),
      el("p", {}, "The first edges appear about ten seconds after a host begins to report. On this machine:"),
      el("pre", {}, "servicemap up"),
      el("p", {}, "If it already runs, this tells what is missing:"),
      el("pre", {}, "servicemap doctor"),
    ];
  }

  function nothingThen() {
    const first = data.timeline?.first ?? 0;
    const wider = Object.keys(WIDTHS)[Object.keys(WIDTHS).indexOf(state.width) + 1];
    const before = first && data.stretch[1] <= first;
    return [
      el("h2", {}, "No traffic in this stretch"),
      el("p", {}, before ? `What is stored begins ${moment(first, data.newest)}.` : "Nobody spoke to anybody, or no host reported."),
      el("div", {}, wider && el("button", { type: "button", class: "button", onclick: () => state.set({ width: wider }) }, `Look at ${wider}`),
        !state.live && el("button", { type: "button", class: "button strong", onclick: () => state.set({ at: 0 }) }, "Back to live")),
    ];
  }

  function nothingFound() {
    const because = state.q.trim() ? `Nothing matches “${state.q.trim()}”` : "What you looked around is not there";
    return [
      el("h2", {}, because),
      el("p", {}, "The search looks at names, hosts, addresses, commands and ports of what talks in this stretch."),
      el("button", { type: "button", class: "button strong", onclick: () => state.set({ q: "", focus: "" }) }, "Show everything"),
    ];
  }
  return { update };
}

function show(place, content) {
  place.hidden = !content;
  replace(place, content ?? []);
}
