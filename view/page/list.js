// The same as the map as a table: for the keyboard, for screen readers, for sorting.

import { segments } from "./bar.js";
import { byId, el, mark, replace } from "./dom.js";
import { port } from "./elements.js";
import { counted, digits, ms, percent, perSecond, rate } from "./format.js";
import { edgeKey } from "./state.js";

const PAGE = 300; // rows at once

export function list(page) {
  const { state, data } = page;
  const place = byId("list");
  let what = "edges";
  let rows = PAGE;
  const sort = { edges: ["traffic", -1], nodes: ["served", -1] };

  function update(kind, names) {
    place.hidden = state.view !== "list";
    if (place.hidden || !page.chosen || ["theme", "wait"].includes(kind)) return;
    if (["q", "level", "focus"].some((name) => names.has(name))) rows = PAGE;
    draw();
  }

  function draw() {
    const titles = new Map(data.map.nodes.map((node) => [node.id, node]));
    const http = page.chosen.edges.some((edge) => edge.signals === "http");
    const columns = what === "edges" ? edgeColumns(titles, http) : NODE_COLUMNS;
    const items = what === "edges" ? [...page.chosen.edges, ...page.chosen.gone.map((edge) => ({ ...edge, gone: true }))] : page.chosen.nodes;
    const [name, way] = sort[what];
    const by = (columns.find((column) => column.name === name) ?? columns[0]).value;
    const sorted = [...items].sort((a, b) => way * compare(by(a), by(b)) || compare(a.id, b.id));
    const focused = place.contains(document.activeElement) ? document.activeElement.dataset.keep : "";
    const kinds = el("div", { class: "segments", role: "group", "aria-label": "What is listed" });
    const pressed = segments(kinds, [["edges", "Edges"], ["nodes", "Nodes"]], (chosen) => ((what = chosen), (rows = PAGE), draw()));
    pressed(what);
    for (const button of kinds.children) button.dataset.keep = `list ${button.dataset.value}`;
    const more = sorted.length > rows && el("button", { type: "button", class: "button", "data-keep": "more", onclick: () => ((rows += PAGE), draw()) }, `Show ${Math.min(PAGE, sorted.length - rows)} more of ${sorted.length.toLocaleString()}`);
    replace(place, el("div", { class: "top" }, kinds, counted(sorted.length, what === "edges" ? "edge" : "node")),
      el("table", {}, el("thead", {}, el("tr", {}, columns.map(heading))), el("tbody", {}, sorted.slice(0, rows).map((item) => row(item, columns)))), more);
    if (focused) [...place.querySelectorAll("[data-keep]")].find((one) => one.dataset.keep === focused)?.focus();
  }

  function heading({ name, text, number }) {
    const [sorted, way] = sort[what];
    const order = () => ((sort[what] = [name, sorted === name ? -way : number ? -1 : 1]), draw());
    const arrow = sorted === name ? (way > 0 ? " ↑" : " ↓") : "";
    return el("th", { scope: "col", class: number ? "number" : null, "aria-sort": sorted === name ? (way > 0 ? "ascending" : "descending") : null },
      el("button", { type: "button", "data-keep": `sort ${name}`, onclick: order }, text + arrow));
  }

  function row(item, columns) {
    const key = what === "edges" ? edgeKey(item) : item.id;
    const chosen = key === (what === "edges" ? state.edge : state.node);
    const open = () => (state.set(what === "edges" ? { edge: key, node: "" } : { node: key, edge: "" }), byId("panel").focus());
    const cells = columns.map(({ cell, value, number, how }, nth) => {
      const content = cell ? cell(item) : how ? how(value(item)) : value(item);
      return el("td", { class: number ? "number" : null }, nth === 0 ? el("button", { type: "button", class: "name", "data-keep": `row ${key}`, onclick: open }, content) : content);
    });
    return el("tr", { class: [chosen && "picked", item.gone === true && "gone"].filter(Boolean).join(" ") || null }, cells);
  }
  return { update };
}

const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true }));
const RANK = { ok: 0, warn: 1, bad: 2 };
const known = (value, how) => (value === null || value === undefined || value < 0 ? "–" : how(value));

function edgeColumns(titles, http) {
  const name = (id) => [titles.get(id)?.title ?? id, titles.get(id)?.subtitle && el("span", { class: "sub" }, titles.get(id).subtitle)];
  return [
    { name: "client", text: "Client", value: (edge) => titles.get(edge.client)?.title ?? edge.client, cell: (edge) => name(edge.client) },
    { name: "server", text: "Server", value: (edge) => titles.get(edge.server)?.title ?? edge.server, cell: (edge) => (edge.client === edge.server ? "itself" : name(edge.server)) },
    { name: "port", text: "Port", value: (edge) => edge.server_port, cell: port, number: true },
    { name: "state", text: "State", value: (edge) => RANK[edge.health] + (edge.new ? 0.5 : 0) + (edge.gone ? 0.25 : 0),
      cell: (edge) => [mark(edge.health), " ", edge.why?.length > 0 && el("span", { class: "sub" }, edge.why.map(({ text }) => text).join("; ")), edge.new && !edge.gone && el("span", { class: "badge new" }, "new"), edge.gone && el("span", { class: "badge gone" }, "gone")] },
    { name: "traffic", text: "Traffic", value: (edge) => edge.bytes_s, how: rate, number: true },
    ...(http ? [
      { name: "requests", text: "Requests", value: (edge) => edge.requests_s ?? -1, how: (value) => known(value, perSecond), number: true },
      { name: "errors", text: "Errors", value: (edge) => (edge.requests ? edge.errors / edge.requests : -1), how: (value) => known(value, percent), number: true },
      { name: "p99", text: "p99", value: (edge) => edge.p99_ms ?? -1, how: (value) => known(value, ms), number: true },
    ] : []),
    { name: "opened", text: "New", value: (edge) => edge.opened_s, how: perSecond, number: true },
    { name: "active", text: "Open", value: (edge) => edge.connections_active, how: digits, number: true },
    { name: "failed", text: "Failed", value: (edge) => edge.failed_share, how: percent, number: true },
    { name: "again", text: "Sent again", value: (edge) => edge.retransmit_share, how: percent, number: true },
    { name: "rtt", text: "Round trip", value: (edge) => edge.rtt_ms ?? -1, how: (value) => known(value, ms), number: true },
  ];
}

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
