// The page: state and data in the middle, each part of the page drawing its own.

import { listen } from "./api.js";
import { bar } from "./bar.js";
import { changes } from "./changes.js";
import { Data } from "./data.js";
import { byId } from "./dom.js";
import { keys } from "./keys.js";
import { list } from "./list.js";
import { mapView } from "./map_view.js";
import { notices } from "./notices.js";
import { panel } from "./panel.js";
import { State, parse } from "./state.js";
import { timeline } from "./timeline.js";
import { visible } from "./visible.js";

const RELOADS = ["level", "width", "at", "range"]; // what the server must be asked for
const state = new State(location.hash);
const data = new Data(state);
const storage = usable();
const say = (sentence) => (byId("said").textContent = sentence);
const page = { state, data, storage, say, chosen: null };
const parts = [bar(page), timeline(page), notices(page), changes(page), mapView(page), list(page), panel(page)];
keys(page);

// Every part has update(what): "state" with the names of what changed, "data", or "wait" for what takes long.
function update(what, names = new Set()) {
  if (data.map) page.chosen = visible(data.map, state);
  for (const part of parts) part.update(what, names);
}

state.onChange((names) => {
  remember(names);
  update("state", names);
  if (RELOADS.some((name) => names.has(name))) data.reload();
});
data.onChange((what) => update(what));
addEventListener("hashchange", () => state.set(parse(location.hash)));
addEventListener("theme", () => update("theme"));
update("state", new Set(Object.keys(parse(""))));
data.reload().then(() => listen((newest) => data.newer(newest), (sentence) => data.lost(sentence)));
globalThis.servicemap = page; // for the console, and for tests

// Steps one would want to go back from are steps of the browser's history; the rest only changes the address.
function remember(names) {
  const address = `${location.pathname}${location.search}${state.hash()}`;
  const step = ["level", "focus", "view"].some((name) => names.has(name));
  if (step && location.hash !== state.hash()) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
}

function usable() {
  try {
    localStorage.setItem("asked", "1");
    return localStorage;
  } catch {
    return { getItem: () => null, setItem: () => undefined }; // forbidden: nothing is remembered
  }
}
