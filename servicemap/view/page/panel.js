// The panel beside the map: all about the node or edge that is picked.

import { address, get } from "./api.js";
import { charts } from "./charts.js";
import { byId, el, icon, mark, replace } from "./dom.js";
import { edgeBody, nodeBody } from "./panel_parts.js";
import { edgeKey } from "./state.js";

const REFRESH_MS = 10_000; // of the series, while one looks at now

export function panel(page) {
  const { state, data } = page;
  const place = byId("panel");
  let shown = ""; // what is shown: its key
  let drawn = null; // its charts
  let asked = 0;
  let opener = null; // what had the keyboard before

  function update(what, names) {
    const key = state.node || state.edge ? `${state.level} ${state.node} ${state.edge}` : "";
    if (key !== shown) return key ? open(key) : close();
    if (!key) return undefined;
    const other = names.has("range") || names.has("at") || what === "theme";
    if (other || (what === "data" && state.live && data.newest - asked >= REFRESH_MS)) return load(key);
    return what === "data" || names.has("hops") || names.has("focus") ? load.redraw?.() : undefined;
  }

  function open(key) {
    if (!shown) opener = document.activeElement;
    shown = key;
    place.hidden = false;
    load.redraw = null;
    replace(place, head({ title: "…" }));
    load(key);
  }

  function close() {
    shown = "";
    place.hidden = true;
    drawn?.destroy();
    drawn = null;
    replace(place);
    if (opener?.isConnected && place.contains(document.activeElement)) opener.focus();
  }

  async function load(key) {
    const [from, to] = data.range;
    asked = data.newest;
    const parameters = { ...what(), level: state.level, from, to };
    try {
      const found = await get(state.node ? "node" : "edge", parameters);
      if (key !== shown) return;
      load.redraw = () => draw(found, parameters);
      drawn?.destroy();
      drawn = charts(found.series, "panel");
      load.redraw();
    } catch (error) {
      if (key === shown) replace(place, head({ title: state.node || "edge" }), el("p", { class: "error", role: "alert" }, error.message));
    }
  }

  function what() {
    if (state.node) return { id: state.node };
    const [client, server, transport, port] = keyOf(state.edge);
    return { client, server, transport, port };
  }

  function draw(found, parameters) {
    const focused = place.contains(document.activeElement) ? document.activeElement.dataset.keep : "";
    const top = place.scrollTop;
    const kind = state.node ? "node" : "edge";
    const node = data.map?.nodes.find(({ id }) => id === state.node);
    const edge = data.map && [...data.map.edges, ...data.map.gone].find((each) => edgeKey(each) === state.edge);
    const body = kind === "node" ? nodeBody(found, node, page, drawn.element) : edgeBody(found, edge, page, drawn.element);
    replace(place, head(body), actions(kind, parameters, found), body.parts);
    place.scrollTop = top;
    if (focused) [...place.querySelectorAll("[data-keep]")].find((one) => one.dataset.keep === focused)?.focus();
  }

  function head({ title, what: below, kind, health }) {
    const shut = el("button", { type: "button", class: "quiet", "data-keep": "close", "aria-label": "Close details (Esc)", title: "Close (Esc)", onclick: () => state.set({ node: "", edge: "" }) }, icon("close"));
    return el("header", {}, el("div", {}, el("h2", {}, kind && icon(kind), title, health && health !== "ok" ? [" ", mark(health)] : []), below && el("p", { class: "what" }, below)), shut);
  }

  function actions(kind, parameters, found) {
    const link = (form) => el("a", { class: "button", "data-keep": form, href: address("export", { what: kind, format: form, ...parameters }), download: "" }, form.toUpperCase());
    const copy = el("button", { type: "button", class: "button", "data-keep": "sql", onclick: async () => page.say((await copied(found.sql)) ? "SQL copied" : "The browser did not copy: it stands at the end of this panel") }, "Copy SQL");
    return el("div", { class: "row" }, kind === "node" ? around() : [], copy, link("csv"), link("json"));
  }

  function around() {
    const on = state.focus === state.node;
    const button = (hops) => el("button", { type: "button", class: "button", "data-keep": `hops${hops}`, "aria-pressed": String(on && state.hops === hops), onclick: () => state.set(on && state.hops === hops ? { focus: "" } : { focus: state.node, hops, view: "map" }) }, hops === 1 ? "Only its neighbours" : `${hops} hops`);
    return [1, 2, 3].map(button);
  }
  return { update };
}

function keyOf(edge) {
  try {
    const [client, server, transport, port] = JSON.parse(edge);
    return [client, server, transport, port];
  } catch {
    return ["", "", "", ""]; // a link somebody cut short: the server says what is missing
  }
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
