// The page: its state, its data, and the parts that draw them.

import { listen } from "./api.js";
import { bar } from "./bar.js";
import { changes } from "./changes.js";
import { compare } from "./compare.js";
import { Data } from "./data.js";
import { byId } from "./dom.js";
import { keys } from "./keys.js";
import { list } from "./list.js";
import { mapView } from "./map_view.js";
import { notices } from "./notices.js";
import { panel } from "./panel.js";
import { queryBar } from "./query.js";
import { State, parse } from "./state.js";
import { timeline } from "./timeline.js";
import { visible } from "./visible.js";
import { why } from "./why.js";

/** @import { Change, Memory, Page } from "./types.js" */

const RELOADS = ["level", "width", "at", "range", "q"]; // fields of the state that need new data
const state = new State(location.hash);
const data = new Data(state);
const announce = (/** @type {string} */ sentence) => void (byId("announcement").textContent = sentence);
// The time line and the map add what only they can do: pause, step, graph and tidy.
const page = /** @type {Page} */ ({ state, data, storage: usableStorage(), announce, chosen: null });
const parts = [
  bar(page),
  queryBar(page),
  timeline(page),
  notices(page),
  changes(page),
  compare(page),
  mapView(page),
  list(page),
  panel(page),
];
keys(page);
page.why = why(page);

/**
 * Update every part of the page.
 * @param {Change} what "wait" while an answer takes long
 * @param {Set<string>} names the fields of the state that changed
 */
function update(what, names = new Set()) {
  if (data.map) page.chosen = visible(data.map, state);
  for (const part of parts) part.update(what, names);
}

state.onChange((names) => {
  remember(names);
  update("state", names);
  const wantsClusters = names.has("group") && state.group === "cluster";
  if (wantsClusters || RELOADS.some((name) => names.has(name))) data.reload();
});
data.onChange((what) => update(what));
addEventListener("hashchange", () => state.set(parse(location.hash)));
addEventListener("theme", () => update("theme"));
update("state", new Set(Object.keys(parse(""))));
data.reload().then(() =>
  listen(
    (newest) => data.newer(newest),
    (sentence) => data.lost(sentence),
  ),
);
globalThis.servicemap = page; // for the console and for tests

/**
 * Write the state into the address. Only steps that people want to go back from enter the browser's history.
 * @param {Set<string>} names
 */
function remember(names) {
  const address = `${location.pathname}${location.search}${state.hash()}`;
  const step = ["level", "focus", "view"].some((name) => names.has(name));
  if (step && location.hash !== state.hash()) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
}

/** @returns {Memory} */
function usableStorage() {
  try {
    localStorage.setItem("usable", "1");
    return localStorage;
  } catch {
    return { getItem: () => null, setItem: () => undefined }; // forbidden, so nothing is remembered
  }
}
