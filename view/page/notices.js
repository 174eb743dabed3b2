// Notices: there is nothing to show, or what is shown is old.

import { byId, el, replace } from "./dom.js";
import { STUCK_MS } from "./data.js";
import { moment, time } from "./format.js";
import { LEVEL_NAMES } from "./levels.js";
import { WIDTHS } from "./state.js";

const INSTEAD = "Each end is shown by what else is known about it.";

/** @import { Change, Child, Level, Page, Part } from "./types.js" */

/**
 * @param {Page} page
 * @returns {Part}
 */
export function notices(page) {
  const { state, data } = page;
  const notice = byId("notice");
  const banner = byId("banner");
  const past = byId("past");
  const loading = byId("loading");

  /** @param {Change} what */
  function update(what) {
    if (what === "theme") return;
    show(banner, data.error ? away() : null);
    show(past, state.live ? orNull([...dropped(), ...lacking()]) : pastBanner());
    show(loading, data.map && data.wait && !data.error ? underway() : null);
    byId("main").classList.toggle("loading", data.anew && data.wait > 0);
    show(notice, data.map ? empty() : data.error ? null : [el("p", {}, "Reading the map…"), ...silence()]);
  }

  // Names the range and level of the picture, because the controls already show those of the next one.
  function underway() {
    const now = data.newest || Date.now();
    const [from, to] = data.wantedRange;
    const level = otherLevel(state.level);
    const wanted = el(
      "b",
      {},
      data.anew
        ? `Loading ${level}${state.live ? "the newest" : `${moment(from, now)} – ${time(to)}`}…`
        : "Loading newer data…",
    );
    return [el("i", { class: "spin", "aria-hidden": "true" }), wanted, ...silence(), el("span", {}, shown(now))];
  }

  function silence() {
    if (data.wait < STUCK_MS) return [];
    const seconds = el("span", { "aria-hidden": "true" }, ` for ${Math.floor(data.wait / 1_000)} s`);
    return [
      el(
        "span",
        { class: "stuck" },
        "The store has not answered",
        seconds,
        ". This page keeps waiting and tries again by itself.",
      ),
    ];
  }

  /**
   * Names a level, unless the map and the controls have the same.
   * @param {Level} level
   */
  const otherLevel = (level) => (data.map?.level === state.level ? "" : `${LEVEL_NAMES[level]}, `);

  /** @param {number} now */
  function shown(now) {
    if (!data.map?.to) return "";
    const [from, to] = data.shown;
    return `You see ${otherLevel(data.map.level)}${moment(from, now)} – ${time(to)}.`;
  }

  function away() {
    const old = data.map ? ` ${shown(Date.now())}` : "";
    const retry = el("button", { type: "button", class: "button", onclick: () => data.reload() }, "Try again now");
    return [el("span", {}, `${data.error}${old} This page tries again by itself.`), retry];
  }

  function pastBanner() {
    const [from, to] = data.shown;
    return [
      el(
        "span",
        {},
        data.map && to !== data.wantedRange[1]
          ? shown(data.newest || Date.now())
          : `You see the past: ${moment(from, data.newest || Date.now())} to ${time(to)}.`,
      ),
      ...dropped(),
      ...lacking(),
      el("button", { type: "button", class: "button", onclick: () => state.set({ at: 0 }) }, "Back to live"),
    ];
  }

  // Shows which part of the time range is no longer there, for the disk has its budget.
  function dropped() {
    const until = data.timeline?.dropped ?? 0;
    if (data.wantedRange[0] >= until) return [];
    const left = state.level === "address" ? "Addresses have nothing else" : "Whole minutes are left";
    const text = `Windows before ${moment(until, data.newest)} were dropped to make room on the disk. ${left}.`;
    return [el("span", { class: "dropped" }, text)];
  }

  // Explains a map without any node of its level, such as that of pods where none runs.
  function lacking() {
    const { nodes = [], level = state.level } = data.map ?? {};
    if (!nodes.length || level === "address" || nodes.some((node) => node.id.startsWith(`${level}:`))) return [];
    return [el("span", { class: "lacking" }, `No ${LEVEL_NAMES[level].toLowerCase()} are seen here. ${INSTEAD}`)];
  }

  function empty() {
    if (!data.newest) return nothingStored();
    if (!data.map?.nodes.length && !data.map?.gone.length) return nothingThen();
    return page.chosen && !page.chosen.nodes.length ? nothingFound() : null;
  }

  function nothingStored() {
    return [
      el("h2", {}, "Nothing is stored yet"),
      el("p", {}, "The first edges appear about ten seconds after a host begins to report. On this machine:"),
      el("pre", {}, "servicemap up"),
      el("p", {}, "If it already runs, this shows what is missing:"),
      el("pre", {}, "servicemap doctor"),
    ];
  }

  function nothingThen() {
    const first = data.timeline?.first ?? 0;
    const wider = Object.keys(WIDTHS)[Object.keys(WIDTHS).indexOf(state.width) + 1];
    const before = first && data.wantedRange[1] <= first;
    return [
      el("h2", {}, "No traffic in this time range"),
      el(
        "p",
        {},
        before
          ? `The stored data begin ${moment(first, data.newest)}.`
          : "There were no connections, or no host reported.",
      ),
      ...dropped().map((one) => el("p", {}, one)),
      el(
        "div",
        {},
        wider &&
          el(
            "button",
            { type: "button", class: "button", onclick: () => state.set({ width: wider }) },
            `Look at ${wider}`,
          ),
        !state.live &&
          el("button", { type: "button", class: "button strong", onclick: () => state.set({ at: 0 }) }, "Back to live"),
      ),
    ];
  }

  function nothingFound() {
    const kept = state.q.trim() ? data.map?.filter : undefined;
    const because = kept ? `Nothing matches “${kept.text}”` : "The focused node is not on the map";
    const hints = kept?.hints.map((hint) =>
      el("p", {}, `${hint[0].toUpperCase()}${hint.slice(1)}.`.replace("?.", "?")),
    );
    return [
      el("h2", {}, because),
      ...(hints?.length ? hints : [el("p", {}, "Nothing on the map of this time range is so.")]),
      el(
        "button",
        { type: "button", class: "button strong", onclick: () => state.set({ q: "", focus: "" }) },
        "Show everything",
      ),
    ];
  }
  return { update };
}

/** @param {Child[]} content */
const orNull = (content) => (content.length ? content : null);

/**
 * @param {HTMLElement} place
 * @param {Child[] | null} content
 */
function show(place, content) {
  place.hidden = !content;
  replace(place, ...(content ?? []));
}
