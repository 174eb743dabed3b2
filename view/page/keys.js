// Shortcut keys, and the help with a list of them.

import { byId, el, replace } from "./dom.js";
import { isPart, partKey } from "./fold.js";
import { LEVELS, toggled } from "./state.js";
import { toTrouble } from "./trouble.js";

/** @import { Page } from "./types.js" */
/** @import { State } from "./state.js" */

const SHORTCUTS = [
  ["/", "filter"],
  ["n p", "next, previous trouble"],
  ["h", "only the hits, or all with the hits marked"],
  ["1", "map"],
  ["2", "list"],
  ["space", "pause, or back to live"],
  ["[", "back by a time range"],
  ["]", "forward by a time range"],
  ["f", "fit the map"],
  ["+ −", "zoom"],
  ["l", "lay out the map again"],
  ["o", "focus on the picked node, or open the picked group"],
  ["c", "compare with an earlier time"],
  ["v", "next level"],
  ["t", "dark or light"],
  ["esc", "close, step by step"],
  ["?", "this help"],
];
const ON_MAP = [
  ["← ↑ ↓ →", "from node to node"],
  ["enter", "open the node"],
  ["shift ←…", "move the map"],
];

/** @param {Page} page */
export function keys(page) {
  const { state } = page;
  const help = /** @type {HTMLDialogElement} */ (byId("keys"));
  const rows = (/** @type {string[][]} */ list) =>
    el("dl", {}, list.map(([key, what]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, what)]).flat());
  replace(
    help,
    el("h2", { id: "keys-title" }, "servicemap"),
    el(
      "p",
      {},
      "Arrows point from client to server, and wide arrows carry more traffic. A mark is a fault, ▲ to watch or ✕ bad: connections or requests fail, segments are sent again, or answers take longer than usual. The panel gives the reason.",
    ),
    el("h3", {}, "Keys"),
    rows(SHORTCUTS),
    el("h3", {}, "With the map focused"),
    rows(ON_MAP),
    el("button", { type: "button", class: "button", onclick: () => help.close() }, "Close"),
  );

  /** @type {Record<string, () => unknown>} */
  const actions = {
    "/": () => byId("search").focus(),
    c: () => byId("compare").focus(),
    1: () => state.set({ view: "map" }),
    2: () => {
      state.set({ view: "list" });
      byId("list").focus();
    },
    " ": () => page.pause(),
    "[": () => page.step(-1),
    "]": () => page.step(1),
    f: () => page.graph.fit(),
    "+": () => page.graph.zoomBy(1.25),
    "=": () => page.graph.zoomBy(1.25),
    "-": () => page.graph.zoomBy(0.8),
    l: () => page.tidy(),
    o: () => around(state),
    v: () =>
      state.set({ level: LEVELS[(LEVELS.indexOf(state.level) + 1) % LEVELS.length], node: "", edge: "", focus: "" }),
    n: () => toTrouble(page, 1),
    p: () => toTrouble(page, -1),
    h: () => state.q.trim() && state.set({ hits: state.hits === "only" ? "marked" : "only" }),
    t: () => globalThis.switchTheme(),
    "?": () => help.showModal(),
    Escape: () => escape(state),
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const target = event.target instanceof HTMLElement ? event.target : document.body;
    const typing = target.matches("input, select, textarea");
    if (typing && event.key === "Escape" && !event.defaultPrevented) target.blur();
    const own = event.key === " " && target.matches("button, summary, a"); // the space bar presses it
    if (typing || own || event.defaultPrevented || !(event.key in actions)) return;
    event.preventDefault();
    actions[event.key]();
  });
}

/** @param {State} state */
function around(state) {
  if (isPart(state.node)) state.set({ open: toggled(state.open, partKey(state.node)), node: "" });
  else if (state.node) state.set({ focus: state.focus === state.node ? "" : state.node });
}

/** @param {State} state */
function escape(state) {
  if (state.node || state.edge) state.set({ node: "", edge: "" });
  else if (state.focus) state.set({ focus: "" });
  else if (state.q) state.set({ q: "" });
}
