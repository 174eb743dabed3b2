// What to say when there is nothing to show, or when what is shown is old.

import { byId, el, replace } from "./dom.js";
import { moment, time } from "./format.js";
import { WIDTHS } from "./state.js";

export function notices(page) {
  const { state, data } = page;
  const notice = byId("notice");
  const banner = byId("banner");
  const past = byId("past");

  function update(what) {
    if (what === "theme") return;
    show(banner, data.error ? away() : null);
    show(past, state.live ? null : pastBanner());
    show(notice, data.map ? empty() : data.error ? null : [el("p", {}, "Reading the map…")]);
  }

  function away() {
    const shown = data.map ? ` What you see is of ${moment(data.map.to, Date.now())}.` : "";
    const retry = el("button", { type: "button", class: "button", onclick: () => data.reload() }, "Try again now");
    return [el("span", {}, `${data.error}${shown} Trying again every 5 seconds.`), retry];
  }

  function pastBanner() {
    const [from, to] = data.stretch;
    return [
      el("span", {}, `You look at the past: ${moment(from, data.newest || Date.now())} to ${time(to)}.`),
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
