// The map as a table: for the keyboard, for screen readers, for sorting.

import { segments } from "./bar.js";
import { byId, el, focusAgain, focusKey, mark, replace } from "./dom.js";
import { port } from "./elements.js";
import { about, counted, digits, lookedAt, ms, percent, percentKnown, perSecond, rate } from "./format.js";
import { edgeKey } from "./state.js";

/** @import { Change, Child, Health, MapEdge, MapNode, Page, Part } from "./types.js" */

/** @typedef {MapEdge & { isGone?: boolean }} ListedEdge */
/**
 * A column: its value for sorting, and how a cell shows it.
 * @template Item
 * @typedef {object} Column
 * @property {string} name
 * @property {string} text
 * @property {(item: Item) => string | number} value
 * @property {(item: Item) => Child} [cell] instead of the value
 * @property {(value: any) => string} [how] writes the value
 * @property {boolean} [number]
 */
/** @typedef {{ id: string, health: Health, gone?: boolean }} Listed */

const PAGE = 300; // rows at first, and more for each press of the button

/**
 * @param {Page} page
 * @returns {Part}
 */
export function list(page) {
  const { state, data } = page;
  const place = byId("list");
  /** @type {"edges" | "nodes"} */
  let what = "edges";
  let rows = PAGE;
  /** @type {Record<string, [string, number]>} */
  const sort = { edges: ["traffic", -1], nodes: ["served", -1] };

  /**
   * @param {Change} kind
   * @param {Set<string>} names
   */
  function update(kind, names) {
    place.hidden = state.view !== "list";
    if (place.hidden || !page.chosen || ["theme", "wait"].includes(kind)) return;
    if (["q", "hits", "level", "focus"].some((name) => names.has(name))) rows = PAGE;
    draw();
  }

  function draw() {
    const { nodes, edges, gone } = page.chosen ?? { nodes: [], edges: [], gone: [] };
    if (what === "nodes") return table(nodes, NODE_COLUMNS);
    const known = new Map((data.map?.nodes ?? []).map((node) => [node.id, node]));
    const requested = edges.some((edge) => edge.signals === "requests");
    return table([...edges, ...gone.map((edge) => ({ ...edge, isGone: true }))], edgeColumns(known, requested));
  }

  /**
   * @template {Listed} Item
   * @param {Item[]} items
   * @param {Column<Item>[]} columns
   */
  function table(items, columns) {
    const [name, way] = sort[what];
    const by = (columns.find((column) => column.name === name) ?? columns[0]).value;
    const sorted = [...items].sort((a, b) => way * compare(by(a), by(b)) || compare(a.id, b.id));
    const focused = focusKey(place);
    const kinds = el("div", { class: "segments", role: "group", "aria-label": "What is listed" });
    const pressed = segments(
      kinds,
      [
        ["edges", "Edges"],
        ["nodes", "Nodes"],
      ],
      (chosen) => {
        what = chosen === "nodes" ? "nodes" : "edges";
        rows = PAGE;
        draw();
      },
    );
    pressed(what);
    for (const button of kinds.querySelectorAll("button")) button.dataset.keep = `list ${button.dataset.value}`;
    const more =
      sorted.length > rows &&
      el(
        "button",
        { type: "button", class: "button", "data-keep": "more", onclick: showMore },
        `Show ${Math.min(PAGE, sorted.length - rows)} more of ${sorted.length.toLocaleString()}`,
      );
    replace(
      place,
      el("div", { class: "top" }, kinds, counted(sorted.length, what === "edges" ? "edge" : "node")),
      el(
        "table",
        {},
        el("thead", {}, el("tr", {}, columns.map(heading))),
        el(
          "tbody",
          {},
          sorted.slice(0, rows).map((item) => row(item, columns)),
        ),
      ),
      more,
    );
    focusAgain(place, focused);
  }

  function showMore() {
    rows += PAGE;
    draw();
  }

  /** @param {Column<any>} column */
  function heading({ name, text, number }) {
    const [sorted, way] = sort[what];
    function order() {
      sort[what] = [name, sorted === name ? -way : number ? -1 : 1];
      draw();
    }
    const arrow = sorted === name ? (way > 0 ? " ↑" : " ↓") : "";
    return el(
      "th",
      {
        scope: "col",
        class: number ? "number" : null,
        "aria-sort": sorted === name ? (way > 0 ? "ascending" : "descending") : null,
      },
      el("button", { type: "button", "data-keep": `sort ${name}`, onclick: order }, text + arrow),
    );
  }

  /**
   * @template {Listed} Item
   * @param {Item} item
   * @param {Column<Item>[]} columns
   */
  function row(item, columns) {
    const edge = what === "edges" ? /** @type {ListedEdge} */ (/** @type {unknown} */ (item)) : null;
    const key = edge ? edgeKey(edge) : item.id;
    const chosen = key === (what === "edges" ? state.edge : state.node);
    function open() {
      state.set(edge ? { edge: key, node: "" } : { node: key, edge: "" });
      byId("panel").focus();
    }
    const cells = columns.map(({ cell, value, number, how }, nth) => {
      const content = cell ? cell(item) : how ? how(value(item)) : value(item);
      return el(
        "td",
        { class: number ? "number" : null },
        nth === 0
          ? el("button", { type: "button", class: "name", "data-keep": `row ${key}`, onclick: open }, content)
          : content,
      );
    });
    return el(
      "tr",
      { class: [chosen && "picked", (edge?.isGone || item.gone) && "gone"].filter(Boolean).join(" ") || null },
      cells,
    );
  }
  return { update };
}

/**
 * @param {string | number} a
 * @param {string | number} b
 */
const compare = (a, b) =>
  typeof a === "number" && typeof b === "number"
    ? a - b
    : String(a).localeCompare(String(b), undefined, { numeric: true });
const RANK = { ok: 0, warn: 1, bad: 2 };
/** @param {(value: number) => string} how */
const orDash = (how) => (/** @type {number} */ value) => (value < 0 ? "–" : how(value)); // -1: not known
const sampled = (sampling = 1) =>
  sampling > 1 ? [" ", el("span", { class: "sub", title: lookedAt(sampling) }, `1 of ${sampling}`)] : [];
const traffic = (/** @type {number} */ value) => rate(value < 0 ? null : value);

/**
 * @param {Map<string, MapNode>} nodes by id
 * @param {boolean} requested add the columns of requests
 * @returns {Column<ListedEdge>[]}
 */
function edgeColumns(nodes, requested) {
  const title = (/** @type {string} */ id) => nodes.get(id)?.title ?? id;
  const name = (/** @type {string} */ id) => {
    const subtitle = nodes.get(id)?.subtitle;
    return [title(id), subtitle && el("span", { class: "sub" }, subtitle)];
  };
  /** @type {Column<ListedEdge>[]} */
  const ofRequests = [
    {
      name: "requests",
      text: "Requests",
      value: (edge) => edge.requests_s ?? -1,
      cell: (edge) => [about(orDash(perSecond)(edge.requests_s ?? -1), edge.sampling), ...sampled(edge.sampling)],
      number: true,
    },
    {
      name: "errors",
      text: "Errors",
      value: (edge) => edge.error_share ?? -1,
      cell: (edge) => about(percentKnown(edge.error_share), edge.sampling),
      number: true,
    },
    {
      name: "p99",
      text: "p99",
      value: (edge) => edge.p99_ms ?? -1,
      cell: (edge) => about(orDash(ms)(edge.p99_ms ?? -1), edge.sampling),
      number: true,
    },
  ];
  return [
    { name: "client", text: "Client", value: (edge) => title(edge.client), cell: (edge) => name(edge.client) },
    {
      name: "server",
      text: "Server",
      value: (edge) => title(edge.server),
      cell: (edge) => (edge.client === edge.server ? "itself" : name(edge.server)),
    },
    { name: "port", text: "Port", value: (edge) => edge.server_port, cell: port, number: true },
    { name: "protocol", text: "Protocol", value: (edge) => edge.protocol || edge.transport },
    {
      name: "state",
      text: "State",
      value: (edge) => RANK[edge.health] + (edge.new ? 0.5 : 0) + (edge.isGone ? 0.25 : 0),
      cell: (edge) => [
        mark(edge.health),
        " ",
        edge.why.length > 0 && el("span", { class: "sub" }, edge.why.map(({ text }) => text).join("; ")),
        edge.new && !edge.isGone && el("span", { class: "badge new" }, "new"),
        edge.isGone && el("span", { class: "badge gone" }, edge.unseen_now ? "not seen" : "gone"),
        edge.change && el("span", { class: "badge warn", title: (edge.changes ?? []).join("; ") }, edge.change),
      ],
    },
    { name: "traffic", text: "Traffic", value: (edge) => edge.bytes_s ?? -1, how: traffic, number: true },
    ...(requested ? ofRequests : []),
    { name: "opened", text: "New", value: (edge) => edge.opened_s, how: perSecond, number: true },
    { name: "active", text: "Open", value: (edge) => edge.connections_active ?? 0, how: digits, number: true },
    { name: "failed", text: "Failed", value: (edge) => edge.failed_share, how: percent, number: true },
    { name: "again", text: "Sent again", value: (edge) => edge.retransmit_share, how: percent, number: true },
    { name: "rtt", text: "Round trip", value: (edge) => edge.rtt_ms ?? -1, how: orDash(ms), number: true },
  ];
}

/** @type {Column<MapNode>[]} */
const NODE_COLUMNS = [
  { name: "title", text: "Name", value: (node) => node.title },
  { name: "kind", text: "Kind", value: (node) => node.kind },
  { name: "where", text: "Where", value: (node) => node.subtitle || node.hostname || "" },
  { name: "region", text: "Region", value: (node) => [node.region, node.zone].filter(Boolean).join(" / ") },
  { name: "state", text: "State", value: (node) => RANK[node.health], cell: (node) => mark(node.health) },
  { name: "served", text: "Serves", value: (node) => node.in.bytes_s, how: rate, number: true },
  { name: "used", text: "Uses", value: (node) => node.out.bytes_s, how: rate, number: true },
  { name: "in", text: "New in", value: (node) => node.in.conn_s, how: perSecond, number: true },
  { name: "out", text: "New out", value: (node) => node.out.conn_s, how: perSecond, number: true },
  { name: "failed", text: "Failed", value: (node) => node.in.failed + node.out.failed, how: digits, number: true },
];
