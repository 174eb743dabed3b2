// What stands in the panel, part by part.

import { el, icon, mark } from "./dom.js";
import { port } from "./elements.js";
import { bytes, counted, digits, moment, ms, percent, perSecond, rate } from "./format.js";

const NEIGHBOURS = 60;
const EVENTS = 40;

/** The body for an answer of /api/node and the node on the map, should it be there: {title, what, kind, health, parts}. */
export function nodeBody(found, node, page, charts) {
  const kind = node?.kind ?? found.id.split(":", 1)[0];
  const title = node?.title ?? found.facts.hostname ?? found.facts.title ?? found.facts.name ?? found.facts.address ?? found.id;
  const tiles = node && [
    ["Serves", rate(node.in.bytes_s)], ["new", perSecond(node.in.conn_s)], ["failed", percent(node.in.failed_share), node.in.failed ? node.in.health : ""],
    ["Uses", rate(node.out.bytes_s)], ["new", perSecond(node.out.conn_s)], ["failed", percent(node.out.failed_share), node.out.failed ? node.out.health : ""],
  ];
  const parts = [
    tiles ? tileList(tiles) : el("p", { class: "signals" }, "Not on the map in this stretch; what follows is of the time line's range."),
    ...neighbours(found.neighbours, page),
    el("h3", {}, "Over the range of the time line"), charts,
    ...factList(found.facts, page), ...members(found.members ?? [], page), ...events(found.events, page), ...sql(found.sql),
  ];
  return { title, what: [kind, node?.subtitle].filter(Boolean).join(" · "), kind, health: node?.health, parts };
}

/** The same for an answer of /api/edge. */
export function edgeBody(found, edge, page, charts) {
  const facts = edge ?? found.facts;
  const titles = new Map((page.data.map?.nodes ?? []).map((node) => [node.id, node.title]));
  const title = (end) => titles.get(facts[end]) ?? found.facts[`${end}_title`] ?? facts[end] ?? "?";
  const there = facts.client !== undefined;
  const [stretch, range] = [page.data.stretch, page.data.range].map(([from, to]) => (to - from) / 1000);
  const parts = [
    there ? tileList(edgeTiles(facts, edge ? stretch : range)) : el("p", { class: "signals" }, "Nothing was seen of it in the range of the time line."),
    there && el("p", { class: "signals" }, signals(facts)),
    there && ends(facts, title, page),
    there && el("h3", {}, "What both sides count"), there && sides(facts),
    el("h3", {}, "Over the range of the time line"), charts,
    ...(there ? factList(edgeFacts(facts), page) : []), ...events(found.events, page), ...sql(found.sql),
  ];
  const status = facts.new ? "new" : page.data.map?.gone.includes(edge) ? "gone" : "";
  return { title: `${title("client")} → ${title("server")}`, what: [`${facts.transport ?? ""} port ${facts.server_port ?? ""}`, status].filter(Boolean).join(" · "), health: facts.health, parts };
}

function edgeTiles(edge, seconds) {
  const health = (share) => (share > 0 ? edge.health : "");
  const tcp = [["Traffic", rate(edge.bytes_s)], ["New connections", perSecond(edge.opened_s)], ["Open", digits(edge.connections_active)],
    ["Failed", percent(edge.failed_share), health(edge.failed_share)], ["Sent again", percent(edge.retransmit_share), health(edge.retransmit_share)], ["Round trip", edge.rtt_ms === null || edge.rtt_ms === undefined ? "–" : ms(edge.rtt_ms)]];
  if (edge.signals !== "http") return tcp;
  const of = (value) => (value === null ? "–" : ms(value));
  const share = edge.requests ? edge.errors / edge.requests : 0;
  return [["Requests", perSecond(edge.requests / seconds)], ["Errors", percent(share), health(share)], ["p50", of(edge.p50_ms)], ["p99", of(edge.p99_ms)], ...tcp.slice(0, 2), ...tcp.slice(3)];
}

const signals = (edge) => edge.signals === "http"
  ? "Latency is the time to HTTP answers; errors are answers of 500 and above, or none."
  : "Latency is the round trip of TCP; errors are connections that failed.";

function tileList(tiles) {
  return el("dl", { class: "tiles" }, tiles.map(([name, value, health]) => el("div", {}, el("dt", {}, name), el("dd", { class: health || null }, value))));
}

function ends(edge, title, page) {
  const button = (end, name) => el("li", {}, el("button", { type: "button", onclick: () => page.state.set({ node: edge[end], edge: "" }) }, icon(name), el("span", {}), el("b", {}, title(end)), el("span", {}, end)));
  return el("ul", { class: "links" }, button("client", "out"), button("server", "in"));
}

function sides(edge) {
  const row = (name, client, server, how) => {
    const both = edge.seen_by_client && edge.seen_by_server;
    const differs = both && how === bytes && Math.abs(client - server) > 0.05 * Math.max(client, server);
    const cell = (seen, value) => el("td", { class: differs ? "differs" : null }, seen ? how(value) : "not seen");
    return el("tr", {}, el("th", { scope: "row" }, differs ? `${name} (differ)` : name), cell(edge.seen_by_client, client), cell(edge.seen_by_server, server));
  };
  const rtt = (us) => (us ? ms(us / 1000) : "–");
  const heads = ["", "client's host", "server's host"].map((text) => el("th", { scope: "col" }, text));
  return el("table", {}, el("thead", {}, el("tr", {}, heads)), el("tbody", {},
    row("To the server", edge.client_sent_bytes, edge.server_received_bytes, bytes),
    row("To the client", edge.client_received_bytes, edge.server_sent_bytes, bytes),
    row("Segments sent", edge.client_sent_segments, edge.server_sent_segments, digits),
    row("Sent again", edge.client_retransmits, edge.server_retransmits, digits),
    row("Round trip", edge.client_rtt_us, edge.server_rtt_us, rtt),
    row("Shortest", edge.client_min_rtt_us, edge.server_min_rtt_us, rtt)));
}

const RULES = { listener: "the server was seen listening", connected: "the client was seen connecting", port: "guessed by the lower port", unknown: "not known" };

function edgeFacts(edge) {
  return { "who serves": RULES[edge.rule] ?? edge.rule, first: edge.first, last: edge.last, opened: edge.connections_opened, closed: edge.connections_closed, failed: edge.connections_failed,
    ...(edge.client_tied || edge.server_tied ? { note: "two processes could be at an end; none was chosen" } : {}) };
}

function neighbours(list, page) {
  if (!list.length) return [];
  const sorted = [...list].sort((a, b) => b.bytes_s - a.bytes_s);
  const rows = sorted.slice(0, NEIGHBOURS).map((each) => {
    const pick = () => page.state.set({ node: each.id, edge: "" });
    const label = `${each.direction === "in" ? "client" : "server"} ${each.title}, ${port(each)}`;
    return el("li", {}, el("button", { type: "button", "aria-label": label, "data-keep": `${each.id} ${each.server_port} ${each.direction}`, onclick: pick },
      icon(each.direction), mark(each.health ?? "ok"), el("b", {}, each.title), el("span", {}, `${port(each)} · ${rate(each.bytes_s)}`)));
  });
  return [el("h3", {}, counted(list.length, "neighbour")), el("ul", { class: "links" }, rows, list.length > NEIGHBOURS && el("li", {}, `and ${list.length - NEIGHBOURS} more`))];
}

function members(list, page) {
  if (list.length < 2) return [];
  const rows = list.slice(0, NEIGHBOURS).map((each) => el("li", {}, el("button", { type: "button", onclick: () => page.state.set({ level: "process", node: each.id, edge: "" }) },
    icon("process"), el("span", {}), el("b", {}, each.title), el("span", {}, each.hostname ?? ""))));
  return [el("details", {}, el("summary", {}, counted(list.length, "process", "processes")), el("ul", { class: "links" }, rows))];
}

const TIMES = new Set(["first", "last", "booted", "told", "heard"]);

function factList(facts, page) {
  const text = (name, value) => {
    if (typeof value === "number" && TIMES.has(name)) return moment(value, page.data.newest || Date.now());
    if (typeof value === "number" && name.endsWith("_bytes")) return bytes(value);
    if (Array.isArray(value)) return value.join(", ");
    return typeof value === "object" ? Object.entries(value).map((pair) => pair.join("=")).join(", ") : String(value);
  };
  const rows = Object.entries(facts).filter(([name, value]) => name !== "id" && value !== null && value !== "" && text(name, value) !== "");
  if (!rows.length) return [];
  return [el("h3", {}, "Facts"), el("dl", { class: "list-of" }, rows.flatMap(([name, value]) => [el("dt", {}, name.replaceAll("_", " ")), el("dd", {}, text(name, value))]))];
}

function events(list, page) {
  if (!list.length) return [];
  const rows = list.slice(-EVENTS).reverse().map((each) => el("li", {}, el("time", {}, moment(each.time, page.data.newest || Date.now())), el("span", {}, `${each.kind.replaceAll("_", " ")}: ${each.detail || each.subject}`)));
  return [el("h3", {}, "Events"), el("ul", { class: "events" }, rows)];
}

function sql(text) {
  return text ? [el("h3", {}, "SQL"), el("pre", { tabindex: "0", "aria-label": "SQL" }, text)] : [];
}

