// The panel beside the map: details of the picked node or edge.

import { ApiError, address, get } from "./api.js";
import { charts } from "./charts.js";
import { LOADING_MS, RETRY_MS, STUCK_MS } from "./data.js";
import { byId, el, focusAgain, focusKey, icon, mark, replace } from "./dom.js";
import { moment, time } from "./format.js";
import { edgeBody } from "./panel_edge.js";
import { groupBody } from "./panel_group.js";
import { nodeBody } from "./panel_node.js";
import { edgeKey } from "./state.js";

/** @import { Body } from "./panel_parts.js" */
/** @import { Change, EdgeAnswer, NodeAnswer, Page, Part } from "./types.js" */

/** @typedef {Record<string, string | number>} Parameters */

const REFRESH_MS = 10_000; // between two loads of a live page

/**
 * @param {Page} page
 * @returns {Part}
 */
export function panel(page) {
  const { state, data } = page;
  const place = byId("panel");
  let shown = ""; // the key of the node or edge in the panel
  /** @type {ReturnType<typeof charts> | null} */
  let drawn = null; // its charts
  let newest = 0; // the newest window when they were loaded
  /** @type {AbortController | null} */
  let underway = null;
  /** @type {{ answer: NodeAnswer | EdgeAnswer, parameters: Parameters } | null} */
  let loaded = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let again;
  /** @type {Element | null} */
  let opener = null; // the element that had the focus before

  /**
   * @param {Change} what
   * @param {Set<string>} names
   */
  function update(what, names) {
    const key = state.node || state.edge ? `${state.level} ${state.node} ${state.edge}` : "";
    if (key !== shown) {
      if (key) open(key);
      else close();
    } else if (key && !drawGroup()) {
      const other = names.has("range") || names.has("at") || what === "theme";
      const stale = what === "data" && state.live && data.newest - newest >= REFRESH_MS;
      if (other || (stale && !underway))
        load(key); // a slow load is not begun anew: it would never end
      else if (what === "data" || names.has("hops") || names.has("focus")) draw();
    }
  }

  /** @param {string} key */
  function open(key) {
    if (!shown) opener = document.activeElement;
    shown = key;
    place.hidden = false;
    loaded = null;
    if (drawGroup()) return;
    replace(place, head({ title: "…" }));
    load(key);
  }

  // Draw what stands for many, which needs no answer of the server. Returns false for a single node or edge.
  function drawGroup() {
    const body = groupBody(page);
    if (!body) return false;
    underway?.abort();
    const focused = focusKey(place);
    const top = place.scrollTop;
    replace(place, head(body), ...body.parts);
    place.scrollTop = top;
    focusAgain(place, focused);
    return true;
  }

  function close() {
    shown = "";
    underway?.abort();
    clearTimeout(again);
    place.hidden = true;
    drawn?.destroy();
    drawn = null;
    replace(place);
    if (opener instanceof HTMLElement && opener.isConnected && place.contains(document.activeElement)) opener.focus();
  }

  /** @param {string} key */
  async function load(key) {
    const [from, to] = data.range;
    newest = data.newest;
    const parameters = { ...identity(), level: state.level, from, to };
    underway?.abort();
    const mine = (underway = new AbortController());
    clearTimeout(again);
    const waits = waiting();
    try {
      /** @type {NodeAnswer | EdgeAnswer} */
      const answer = await get(state.node ? "node" : "edge", parameters, mine.signal);
      if (key !== shown || mine !== underway) return;
      loaded = { answer, parameters };
      drawn?.destroy();
      drawn = charts(answer.series, "panel");
      draw();
    } catch (error) {
      if (key !== shown || mine !== underway) return;
      const message = error instanceof Error ? error.message : String(error);
      replace(place, head({ title: state.node || "edge" }), el("p", { class: "error", role: "alert" }, message));
      if (error instanceof ApiError && (error.status === 0 || error.status >= 500)) retry(key);
    } finally {
      waits.end();
      if (mine === underway) underway = null;
    }
  }

  /** @param {string} key */
  function retry(key) {
    again = setTimeout(() => load(key), RETRY_MS);
  }

  // A line at the top, once a load takes long. It names the time range of what the panel still shows.
  function waiting() {
    const began = Date.now();
    const line = el("p", { class: "wait", role: "status" });
    let timer = setTimeout(remind, LOADING_MS);
    function remind() {
      const waited = Date.now() - began;
      const stuck = waited >= STUCK_MS;
      const old = loaded?.answer;
      const below = old ? ` Below: ${moment(old.from, data.newest || Date.now())} – ${time(old.to)}.` : "";
      line.classList.toggle("stuck", stuck);
      replace(
        line,
        `${stuck ? `The store has not answered for ${Math.floor(waited / 1_000)} s. This page keeps waiting.` : "Loading…"}${below}`,
      );
      if (!line.isConnected) place.querySelector("header")?.after(line);
      timer = setTimeout(remind, 1_000);
    }
    function end() {
      clearTimeout(timer);
      line.remove();
    }
    return { end };
  }

  /** @returns {Parameters} */
  function identity() {
    if (state.node) return { id: state.node };
    const [client, server, transport, port] = keyOf(state.edge);
    return { client, server, transport, port };
  }

  function draw() {
    if (!loaded || !drawn) return;
    const { answer, parameters } = loaded;
    const focused = focusKey(place);
    const top = place.scrollTop;
    const kind = "neighbours" in answer ? "node" : "edge";
    const node = data.map?.nodes.find(({ id }) => id === state.node);
    const edge = data.map
      ? [...data.map.edges, ...data.map.gone].find((each) => edgeKey(each) === state.edge)
      : undefined;
    const body =
      "neighbours" in answer
        ? nodeBody(answer, node, page, drawn.element)
        : edgeBody(answer, edge, page, drawn.element);
    replace(place, head(body), actions(kind, parameters, answer.sql), ...body.parts);
    place.scrollTop = top;
    focusAgain(place, focused);
  }

  /** @param {Partial<Body>} body */
  function head({ title, about, kind, health }) {
    const shut = el(
      "button",
      {
        type: "button",
        class: "quiet",
        "data-keep": "close",
        "aria-label": "Close details (Esc)",
        title: "Close (Esc)",
        onclick: () => state.set({ node: "", edge: "" }),
      },
      icon("close"),
    );
    return el(
      "header",
      {},
      el(
        "div",
        {},
        el("h2", {}, kind && icon(kind), title, health && health !== "ok" ? [" ", mark(health)] : []),
        about && el("p", { class: "what" }, about),
      ),
      shut,
    );
  }

  /**
   * @param {"node" | "edge"} kind
   * @param {Parameters} parameters
   * @param {string} sql
   */
  function actions(kind, parameters, sql) {
    const link = (/** @type {string} */ form) =>
      el(
        "a",
        {
          class: "button",
          "data-keep": form,
          href: address("export", { what: kind, format: form, ...parameters }),
          download: "",
        },
        form.toUpperCase(),
      );
    const copy = async () =>
      page.announce(
        (await copied(sql)) ? "SQL copied" : "The browser did not copy. The SQL is at the end of this panel.",
      );
    const copier = el("button", { type: "button", class: "button", "data-keep": "sql", onclick: copy }, "Copy SQL");
    const ask = () => page.why(identity());
    const asker = el("button", { type: "button", class: "button", "data-keep": "why", onclick: ask }, "Why?");
    return el("div", { class: "row" }, kind === "node" ? around() : [], asker, copier, link("csv"), link("json"));
  }

  function around() {
    const on = state.focus === state.node;
    const button = (/** @type {number} */ hops) =>
      el(
        "button",
        {
          type: "button",
          class: "button",
          "data-keep": `hops${hops}`,
          "aria-pressed": String(on && state.hops === hops),
          onclick: () =>
            state.set(on && state.hops === hops ? { focus: "" } : { focus: state.node, hops, view: "map" }),
        },
        hops === 1 ? "Only its neighbours" : `${hops} hops`,
      );
    return [1, 2, 3].map(button);
  }
  return { update };
}

/**
 * @param {string} edge the key of an edge
 * @returns {(string | number)[]}
 */
function keyOf(edge) {
  try {
    const [client, server, transport, port] = JSON.parse(edge);
    return [client, server, transport, port];
  } catch {
    return ["", "", "", ""]; // somebody cut the link short: the server names what is missing
  }
}

/** @param {string} text */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
