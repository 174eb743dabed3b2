// The map and the controls over it: keys, sums, zoom buttons, legend, tip.

import { traffic } from "./bundle.js";
import { LEGIBLE } from "./camera.js";
import { byId, el, icon, mark, replace } from "./dom.js";
import { port } from "./elements.js";
import { about, counted, lookedAt, ms, percent, percentKnown, perSecond, rate } from "./format.js";
import { Graph } from "./graph.js";
import { infraChip } from "./infra_chip.js";
import { lineChoice } from "./line_choice.js";
import { edgeKey, lineEnds, lineKey, opened, toggled } from "./state.js";
import { troubleButton } from "./trouble.js";

/** @import { Bundle, Change, Child, Direction, MapEdge, MapNode, Page, Part, Point, Target } from "./types.js" */

const MANY = 200; // with more nodes, offer services or groups
/** @type {Record<string, Direction>} */
const DIRECTIONS = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" };
const MOVES = { left: [80, 0], right: [-80, 0], up: [0, 80], down: [0, -80] }; // px, of the map

/**
 * @param {Page} page
 * @returns {Part}
 */
export function mapView(page) {
  const { state, data } = page;
  const graph = (page.graph = new Graph(byId("graph"), page.storage, { onPick: pick, onHover: tip }));
  let declined = false;
  let atKey = ""; // the node that the arrow keys are at
  page.tidy = () => {
    graph.tidy();
    draw();
  };
  tools(graph, page);
  const legend = lineChoice(page);
  byId("graph").addEventListener("keydown", walk);

  /**
   * @param {Change} what
   * @param {Set<string>} names
   */
  async function update(what, names) {
    byId("map").hidden = state.view !== "map";
    if (what === "theme") graph.recolour();
    if (what === "theme" || !page.chosen || state.view !== "map") return;
    graph.pick({ node: state.node, edge: idOf(state.edge) });
    const drawn =
      what === "data" ||
      ["level", "group", "q", "hits", "focus", "hops", "view", "open", "infra", "numbers", "colour"].some((name) =>
        names.has(name),
      );
    const fits = data.map?.level === state.level && (state.group !== "cluster" || data.map.clusters);
    if (drawn && fits && !(await draw())) return;
    if (["q", "hits", "focus", "hops"].some((name) => names.has(name))) graph.fit(true, LEGIBLE);
    if (what === "state" && names.has("open")) graph.see(opened(state.open).at(-1) ?? "");
    if (what === "state" && (names.has("node") || names.has("edge"))) graph.reveal(state.node || idOf(state.edge));
  }

  async function draw() {
    if (!data.map || !page.chosen) return false;
    summary();
    offer();
    legend();
    return graph.show(page.chosen, state);
  }

  const allEdges = () => (data.map ? [...data.map.edges, ...data.map.gone] : []);

  function idOf(/** @type {string} */ key) {
    const ends = lineEnds(key);
    if (ends) return graph.lines().find(({ client, server }) => client === ends[0] && server === ends[1])?.id ?? "";
    return key ? (allEdges().find((edge) => edgeKey(edge) === key)?.id ?? "") : "";
  }

  /** @param {Target} target */
  function pick({ node = "", edge = "", part = "" }) {
    if (part) {
      state.set({ open: toggled(state.open, part), node: "", edge: "" });
      return;
    }
    atKey = node || atKey;
    const line = graph.lines().find(({ id }) => id === edge);
    state.set({ node, edge: line ? lineKey(line.client, line.server, line.edges) : "" });
  }

  /** @param {KeyboardEvent} event */
  function walk(event) {
    const direction = DIRECTIONS[event.key];
    if (event.key === "Enter" && atKey) pick({ node: atKey });
    else if (direction && event.shiftKey) {
      const [dx, dy] = MOVES[direction];
      graph.panBy(dx, dy);
    } else if (direction) {
      atKey = graph.beside(state.node || atKey, direction) ?? "";
      if (state.node) pick({ node: atKey });
      graph.hover(atKey);
      graph.reveal(atKey);
      const node = graph.shown?.drawn.nodes.find(({ id }) => id === atKey);
      if (node)
        page.announce(
          `${node.kind === "part" ? "group" : node.kind} ${node.title}, ${node.health === "ok" ? "well" : node.health}`,
        );
    } else return;
    event.preventDefault();
  }

  function summary() {
    const { nodes, edges } = page.chosen ?? { nodes: [], edges: [] };
    const sum = (/** @type {"bytes_s" | "opened_s"} */ name) =>
      edges.reduce((total, edge) => total + (edge[name] ?? 0), 0);
    const fact = (/** @type {string} */ value, /** @type {string} */ text) => el("span", {}, el("b", {}, value), text);
    const focus = data.map?.nodes.find((node) => node.id === state.focus);
    replace(
      byId("summary"),
      fact(nodes.length.toLocaleString(), nodes.length === 1 ? "node" : "nodes"),
      fact(edges.length.toLocaleString(), edges.length === 1 ? "edge" : "edges"),
      fact(rate(sum("bytes_s")), ""),
      fact(perSecond(sum("opened_s")), "connections"),
      troubleButton(page, "bad", "bad"),
      troubleButton(page, "warn", "to watch"),
      page.chosen && data.map && infraChip(page.chosen, data.map, state),
      state.focus &&
        el(
          "button",
          { type: "button", class: "button", onclick: () => state.set({ focus: "" }) },
          `around ${focus?.title ?? "a node that is not on the map"}`,
          icon("close", "show everything"),
        ),
    );
  }

  function offer() {
    const place = byId("offer");
    const count = page.chosen?.nodes.length ?? 0;
    place.hidden = declined || state.level !== "process" || state.group !== "none" || count <= MANY;
    if (place.hidden) return;
    const button = (/** @type {string} */ text, /** @type {boolean} */ strong, /** @type {() => unknown} */ onclick) =>
      el("button", { type: "button", class: strong ? "button strong" : "button", onclick }, text);
    replace(
      place,
      el("span", {}, `${counted(count, "node")} are hard to read.`),
      button("Show services", true, () => state.set({ level: "service" })),
      button("Group by host", false, () => state.set({ group: "host" })),
      button("Keep processes", false, decline),
    );
  }

  function decline() {
    declined = true;
    offer();
  }

  /**
   * @param {Target} target
   * @param {Point} at
   */
  function tip({ node, edge }, at) {
    const place = byId("tip");
    graph.hover(node ?? edge ?? "");
    place.hidden = !node && !edge;
    if (place.hidden) return;
    const { nodes = [] } = graph.shown?.drawn ?? {};
    const line = graph.lines().find(({ id }) => id === edge);
    replace(place, ...(node ? nodeTip(nodes.find(({ id }) => id === node)) : lineTip(line, nodes)));
    const room = byId("map").getBoundingClientRect();
    place.style.left = `${Math.min(at.x + 14, room.width - place.offsetWidth - 8)}px`;
    place.style.top = `${at.y + 18 + place.offsetHeight > room.height ? at.y - place.offsetHeight - 10 : at.y + 18}px`;
  }
  return { update };
}

const line = (/** @type {(string | false)[]} */ ...parts) => el("span", {}, parts.filter(Boolean).join(" · "));

/**
 * @param {MapNode | undefined} node
 * @returns {Child[]}
 */
function nodeTip(node) {
  if (!node) return [];
  return [
    el("b", {}, node.title),
    line(node.kind === "part" ? "group" : node.kind, node.subtitle),
    ...(node.notes ?? []).map((note) => line(note)),
    node.kind === "part" && line("Click its icon to open it, or the card for more."),
    node.cmdline && line(node.cmdline.slice(0, 160)),
    line(
      `in ${rate(node.in.bytes_s)}, ${perSecond(node.in.conn_s)}`,
      `out ${rate(node.out.bytes_s)}, ${perSecond(node.out.conn_s)}`,
    ),
  ];
}

/**
 * @param {Bundle | undefined} bundle
 * @param {MapNode[]} nodes
 * @returns {Child[]}
 */
function lineTip(bundle, nodes) {
  if (!bundle) return [];
  const title = (/** @type {string} */ id) => nodes.find((node) => node.id === id)?.title ?? id;
  const { client, server, edges } = bundle;
  const ends = el("b", {}, `${title(client)} → ${title(server)}`);
  if (edges.length === 1) return [ends, ...edgeTip(edges[0])];
  const bad = edges.filter(({ health }) => health === "bad").length;
  return [
    ends,
    line(counted(edges.length, "edge"), rate(traffic(edges)), bad > 0 && `${bad} bad`),
    line("Click it to see them."),
  ];
}

/**
 * @param {MapEdge} edge
 * @returns {Child[]}
 */
function edgeTip(edge) {
  return [
    line(`${edge.transport} ${port(edge)}`, rate(edge.bytes_s), `${perSecond(edge.opened_s)} new`),
    line(
      requested(edge),
      edge.failed_share > 0 && `${percent(edge.failed_share)} fail`,
      edge.retransmit_share > 0 && `${percent(edge.retransmit_share)} sent again`,
      typeof edge.rtt_ms === "number" && `${ms(edge.rtt_ms)} round trip`,
    ),
    ...(edge.changes ?? []).map((text) => line(text)),
    ...edge.why.map(({ health, text }) => el("span", { class: `why ${health}` }, mark(health), ` ${text}`)),
  ];
}

/** @param {MapEdge} edge */
function requested({ signals, requests = 0, error_share: errors, p99_ms: p99 = null, sampling = 1 }) {
  const estimate = (/** @type {string} */ text) => about(text, sampling);
  return (
    signals === "requests" &&
    requests > 0 &&
    [
      `${estimate(percentKnown(errors))} errors`,
      `p99 ${p99 === null ? "–" : estimate(ms(p99))}`,
      sampling > 1 && lookedAt(sampling),
    ]
      .filter(Boolean)
      .join(", ")
  );
}

/**
 * @param {Graph} graph
 * @param {Page} page
 */
function tools(graph, page) {
  const button = (/** @type {string} */ name, /** @type {string} */ label, /** @type {() => unknown} */ onclick) =>
    el("button", { type: "button", class: "quiet", "aria-label": label, title: label, onclick }, icon(name));
  replace(
    byId("tools"),
    button("plus", "Zoom in (+)", () => graph.zoomBy(1.3)),
    button("minus", "Zoom out (−)", () => graph.zoomBy(1 / 1.3)),
    button("fit", "Fit the map (f)", () => graph.fit()),
    button("tidy", "Lay out again (l)", () => page.tidy()),
  );
}
