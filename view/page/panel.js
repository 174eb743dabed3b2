// The panel beside the map: all about the node or edge that is picked.

import { address, get } from "./api.js";
import { charts } from "./charts.js";
import { LOADING_MS, RETRY_MS, STUCK_MS } from "./data.js";
import { byId, el, icon, mark, replace } from "./dom.js";
import { moment, time } from "./format.js";
import { edgeBody, nodeBody } from "./panel_parts.js";
import { edgeKey } from "./state.js";

const REFRESH_MS = 10_000; // of the series, while one looks at now

export function panel(page) {
  const { state, data } = page;
  const place = byId("panel");
  let shown = ""; // what is shown: its key
  let drawn = null; // its charts
  let asked = 0;
  let underway = null;
  let of = null; // what the panel shows, as the server told it
  let again = 0;
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
    of = null;
    replace(place, head({ title: "…" }));
    load(key);
  }

  function close() {
    shown = "";
    underway?.abort();
    clearTimeout(again);
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
    underway?.abort();
    const mine = (underway = new AbortController());
    clearTimeout(again);
    const waits = waiting();
    try {
      const found = await get(state.node ? "node" : "edge", parameters, mine.signal);
      if (key !== shown || mine !== underway) return;
      of = found;
      load.redraw = () => draw(found, parameters);
      drawn?.destroy();
      drawn = charts(found.series, "panel");
      load.redraw();
    } catch (error) {
      if (key !== shown || mine !== underway) return;
      replace(place, head({ title: state.node || "edge" }), el("p", { class: "error", role: "alert" }, error.message));
      if (error.status === 0 || error.status >= 500) again = setTimeout(() => load(key), RETRY_MS);
    } finally {
      waits.end();
    }
  }

  // A line on top that says what is awaited, once it takes long, and what the rest is of meanwhile.
  function waiting() {
    const began = Date.now();
    const line = el("p", { class: "wait", role: "status" });
    let timer = setTimeout(tell, LOADING_MS);
    function tell() {
      const waited = Date.now() - began;
      const stuck = waited >= STUCK_MS;
      const old = of ? ` What follows is of ${moment(of.from, data.newest || Date.now())} – ${time(of.to)}.` : "";
      line.classList.toggle("stuck", stuck);
      replace(line, `${stuck ? `The store has not answered for ${Math.floor(waited / 1_000)} s. This goes on waiting.` : "Loading…"}${old}`);
      if (!line.isConnected) place.querySelector("header")?.after(line);
      timer = setTimeout(tell, 1_000);
    }
    return { end: () => (clearTimeout(timer), line.remove()) };
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
