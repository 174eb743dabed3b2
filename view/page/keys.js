// Shortcut keys, and the help that lists them.

import { byId, el, replace } from "./dom.js";
import { LEVELS } from "./state.js";

const SHORTCUTS = [
  ["/", "search"], ["1", "map"], ["2", "list"], ["space", "pause, or back to live"], ["[", "a stretch back"], ["]", "a stretch on"],
  ["f", "fit the map"], ["+ −", "zoom"], ["l", "lay the map out anew"], ["o", "focus on what is picked"],
  ["v", "next level"], ["t", "dark or light"], ["esc", "close, step by step"], ["?", "this help"],
];
const ON_MAP = [["← ↑ ↓ →", "from node to node"], ["enter", "open the node"], ["shift ←…", "move the map"]];

export function keys(page) {
  const { state } = page;
  const help = byId("keys");
  const rows = (list) => el("dl", {}, list.map(([key, what]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, what)]).flat());
  replace(help, el("h2", { id: "keys-title" }, "servicemap"),
    el("p", {}, "Arrows point from client to server. Width is traffic; a mark is trouble, ▲ to watch and ✕ bad: connections or HTTP requests that fail, segments sent again, answers that take longer than is usual there. The panel says why."),
    el("h3", {}, "Keys"), rows(SHORTCUTS), el("h3", {}, "With the map focused"), rows(ON_MAP),
    el("button", { type: "button", class: "button", onclick: () => help.close() }, "Close"));

  const actions = {
    "/": () => byId("search").focus(),
    1: () => state.set({ view: "map" }),
    2: () => (state.set({ view: "list" }), byId("list").focus()),
    " ": () => page.pause(),
    "[": () => page.step(-1),
    "]": () => page.step(1),
    f: () => page.graph.fit(),
    "+": () => page.graph.zoomBy(1.25),
    "=": () => page.graph.zoomBy(1.25),
    "-": () => page.graph.zoomBy(0.8),
    l: () => page.tidy(),
    o: () => state.node && state.set({ focus: state.focus === state.node ? "" : state.node }),
    v: () => state.set({ level: LEVELS[(LEVELS.indexOf(state.level) + 1) % LEVELS.length], node: "", edge: "", focus: "" }),
    t: () => globalThis.switchTheme(),
    "?": () => help.showModal(),
    Escape: () => escape(state),
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    const typing = event.target.matches("input, select, textarea");
    if (typing && event.key === "Escape") event.target.blur();
    const own = event.key === " " && event.target.matches("button, summary, a"); // presses it
    if (typing || own || event.defaultPrevented || !(event.key in actions)) return;
    event.preventDefault();
    actions[event.key]();
  });
}

function escape(state) {
  if (state.node || state.edge) state.set({ node: "", edge: "" });
  else if (state.focus) state.set({ focus: "" });
  else if (state.q) state.set({ q: "" });
}
