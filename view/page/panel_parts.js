// The content of the panel, part by part.

import { el, icon, mark } from "./dom.js";
import { port, sentence } from "./elements.js";
import { bytes, counted, digits, moment, ms, percent, perSecond, rate } from "./format.js";
import { edgeKey } from "./state.js";

/** @import { Child, EdgeAnswer, Fault, Health, Leaf, MapEdge, MapEvent, MapNode, NodeAnswer, Page, Sums } from "./types.js" */

/** @typedef {{ title: string, about: string, kind?: string, health?: Health, parts: Child[] }} Body */
/** @typedef {[string, string, (Health | "")?]} Tile a name, a value, and the health that colours it */

const NEIGHBOURS = 60;
const EVENTS = 40;

/**
 * The body for a node.
 * @param {NodeAnswer} found
 * @param {MapNode | undefined} node the same node on the map, if it is there
 * @param {Page} page
 * @param {Element} charts
 * @returns {Body}
 */
export function nodeBody(found, node, page, charts) {
  const kind = node?.kind ?? found.id.split(":", 1)[0];
  const { hostname, title: own, name, address } = found.facts;
  const title = String(node?.title ?? hostname ?? own ?? name ?? address ?? found.id);
  const edges = page.data.map?.edges ?? [];
  const tiles = node && [
    ...sideTiles("Serves", node.in, edges.filter(({ server }) => server === node.id)),
    ...sideTiles("Uses", node.out, edges.filter(({ client }) => client === node.id)),
  ];
  const parts = [
    tiles ? tileList(tiles) : el("p", { class: "signals" }, "Not on the map in this time range. Below is the range of the time line."),
    ...faulty(found.id, page),
    ...neighbours(found, page),
    el("h3", {}, "Over the range of the time line"), charts,
    ...factList(found.facts, page), ...members(found.members, page), ...events(found.events, page), ...sql(found.sql),
  ];
  return { title, about: [kind, node?.subtitle].filter(Boolean).join(" · "), kind, health: node?.health, parts };
}

/**
 * The body for an edge.
 * @param {EdgeAnswer} found
 * @param {MapEdge | undefined} edge the same edge on the map, if it is there
 * @param {Page} page
 * @param {Element} charts
 * @returns {Body}
 */
export function edgeBody(found, edge, page, charts) {
  const facts = edge ?? found.facts;
  const titles = new Map((page.data.map?.nodes ?? []).map((node) => [node.id, node.title]));
  const title = (/** @type {"client" | "server"} */ end) => titles.get(facts[end]) ?? facts[end];
  const parts = [
    tileList(edgeTiles(facts)),
    facts.why.length > 0 && reasons(facts.why),
    el("p", { class: "signals" }, signals(facts)),
    ends(facts, title, page),
    el("h3", {}, "Counted by each side"), sides(facts),
    el("h3", {}, "Over the range of the time line"), charts,
    ...factList(edgeFacts(facts), page), ...events(found.events, page), ...sql(found.sql),
  ];
  const status = facts.new ? "new" : edge && page.data.map?.gone.includes(edge) ? "gone" : "";
  return { title: `${title("client")} → ${title("server")}`, about: [`${facts.transport} port ${facts.server_port}`, status].filter(Boolean).join(" · "), health: facts.health, parts };
}

/**
 * What a node does as a server, or as a client.
 * @param {string} name
 * @param {Sums} side
 * @param {MapEdge[]} edges
 * @returns {Tile[]}
 */
function sideTiles(name, side, edges) {
  const health = (/** @type {string} */ measure) => worst(edges.flatMap(({ why }) => why), measure);
  /** @type {Tile[]} */
  const tcp = [[name, rate(side.bytes_s)], ["new connections", perSecond(side.conn_s)], ["failed connections", percent(side.failed_share), health("failed")]];
  if (!side.requests && !side.given_up) return tcp;
  return [...tcp, ["requests", perSecond(side.requests_s)], ["HTTP errors", percent(side.error_share), health("errors")], ["given up by clients", digits(side.given_up)]];
}

/** @type {Health[]} */
const WORSE = ["ok", "warn", "bad"];

/**
 * The worst health that a measure has among faults; "" for none.
 * @param {Fault[]} faults
 * @param {string} measure
 * @returns {Health | ""}
 */
function worst(faults, measure) {
  const found = faults.filter((fault) => fault.measure === measure).map(({ health }) => WORSE.indexOf(health));
  return found.length ? WORSE[Math.max(...found)] : "";
}

/**
 * The reasons for a bad health.
 * @param {Fault[]} faults
 */
function reasons(faults) {
  return el("ul", { class: "why" }, faults.map(({ health, text }) => el("li", {}, mark(health), el("span", {}, text))));
}

/**
 * The edges of a node with faults on the map, the worst first, with their reasons.
 * @param {string} id
 * @param {Page} page
 * @returns {Child[]}
 */
function faulty(id, page) {
  const wrong = (page.data.map?.edges ?? []).filter((edge) => edge.health !== "ok" && (edge.client === id || edge.server === id));
  if (!wrong.length) return [];
  const titles = new Map(page.data.map?.nodes.map((node) => [node.id, node.title]));
  const rows = wrong.sort(byHealth).slice(0, NEIGHBOURS).map((edge) => el("li", {}, el("button", {
    type: "button", "data-keep": `why ${edge.id}`, onclick: () => page.state.set({ edge: edgeKey(edge), node: "" }),
  }, mark(edge.health), el("b", {}, sentence(edge, titles)), edge.why.map(({ text }) => el("span", {}, text)))));
  return [el("h3", {}, "Why it is marked"), el("ul", { class: "guilty" }, rows)];
}

/** @typedef {{ health: Health, bytes_s: number }} Busy */
/**
 * @param {Busy} a
 * @param {Busy} b
 */
const byHealth = (a, b) => WORSE.indexOf(b.health) - WORSE.indexOf(a.health) || b.bytes_s - a.bytes_s;

/**
 * @param {MapEdge} edge
 * @returns {Tile[]}
 */
function edgeTiles(edge) {
  const health = (/** @type {string} */ measure) => worst(edge.why, measure);
  const of = (/** @type {number | null | undefined} */ value) => (typeof value === "number" ? ms(value) : "–");
  const active = edge.connections_active;
  /** @type {Tile[]} */
  const tcp = [
    ["Traffic", rate(edge.bytes_s)],
    ["New connections", perSecond(edge.opened_s)],
    ["Open", active === undefined ? "–" : digits(active)],
    ["Failed connections", percent(edge.failed_share), health("failed")],
    ["Sent again", percent(edge.retransmit_share), health("retransmits")],
    ["Round trip", of(edge.rtt_ms)],
  ];
  if (edge.signals !== "http") return tcp;
  const share = edge.requests ? (edge.errors ?? 0) / edge.requests : 0;
  return [
    ["Requests", perSecond(edge.requests_s ?? 0)],
    ["HTTP errors", percent(share), health("errors")],
    ["Given up by clients", digits(edge.given_up ?? 0)],
    ["p50", of(edge.p50_ms), health("latency")],
    ["p99", of(edge.p99_ms)],
    ["usual p50", of(edge.usual_ms)],
    ...tcp,
  ];
}

const signals = (/** @type {MapEdge} */ edge) => edge.signals === "http"
  ? "Latency is the time to HTTP answers, and its usual value is that of the hour before. Errors are answers of 500 and above, and requests that the server did not answer. Requests that clients gave up are no errors."
  : "Latency is the round trip of TCP. Errors are connections that failed.";

/** @param {Tile[]} tiles */
function tileList(tiles) {
  return el("dl", { class: "tiles" }, tiles.map(([name, value, health]) => el("div", {}, el("dt", {}, name), el("dd", { class: health || null }, value))));
}

/**
 * @param {MapEdge} edge
 * @param {(end: "client" | "server") => string} title
 * @param {Page} page
 */
function ends(edge, title, page) {
  const button = (/** @type {"client" | "server"} */ end, /** @type {string} */ name) => el("li", {}, el("button", { type: "button", onclick: () => page.state.set({ node: edge[end], edge: "" }) }, icon(name), el("span", {}), el("b", {}, title(end)), el("span", {}, end)));
  return el("ul", { class: "links" }, button("client", "out"), button("server", "in"));
}

/** @param {MapEdge} edge */
function sides(edge) {
  /**
   * @param {string} name
   * @param {number | undefined} client
   * @param {number | undefined} server
   * @param {(value: number) => string} how
   */
  const row = (name, client = 0, server = 0, how) => {
    const both = edge.seen_by_client && edge.seen_by_server;
    const differs = both && how === bytes && Math.abs(client - server) > 0.05 * Math.max(client, server);
    const cell = (/** @type {boolean | undefined} */ seen, /** @type {number} */ value) => el("td", { class: differs ? "differs" : null }, seen ? how(value) : "not seen");
    return el("tr", {}, el("th", { scope: "row" }, differs ? `${name} (differ)` : name), cell(edge.seen_by_client, client), cell(edge.seen_by_server, server));
  };
  const rtt = (/** @type {number} */ us) => (us ? ms(us / 1000) : "–");
  const heads = ["", "client's host", "server's host"].map((text) => el("th", { scope: "col" }, text));
  return el("table", {}, el("thead", {}, el("tr", {}, heads)), el("tbody", {},
    row("To the server", edge.client_sent_bytes, edge.server_received_bytes, bytes),
    row("To the client", edge.client_received_bytes, edge.server_sent_bytes, bytes),
    row("Segments sent", edge.client_sent_segments, edge.server_sent_segments, digits),
    row("Sent again", edge.client_retransmits, edge.server_retransmits, digits),
    row("Round trip", edge.client_rtt_us, edge.server_rtt_us, rtt),
    row("Shortest", edge.client_min_rtt_us, edge.server_min_rtt_us, rtt)));
}

/** @type {Record<string, string>} */
const RULES = { listener: "the server was seen listening", connected: "the client was seen connecting", port: "guessed: the lower port serves", unknown: "not known" };

/** @param {MapEdge} edge */
function edgeFacts(edge) {
  return { "who serves": RULES[edge.rule] ?? edge.rule, first: edge.first, last: edge.last, opened: edge.connections_opened, closed: edge.connections_closed, failed: edge.connections_failed,
    ...(edge.client_tied || edge.server_tied ? { note: "several processes could be at an end, and none was chosen" } : {}) };
}

/**
 * The neighbours. Health and rates are those of the edges on the map; neighbours without such an edge have neither.
 * @param {NodeAnswer} answer
 * @param {Page} page
 * @returns {Child[]}
 */
function neighbours({ id, neighbours: list }, page) {
  if (!list.length) return [];
  const drawn = new Map((page.data.map?.edges ?? []).map((edge) => [edgeKey(edge), edge]));
  const edgeOf = (/** @type {NodeAnswer["neighbours"][number]} */ each) => {
    const [client, server] = each.direction === "in" ? [each.id, id] : [id, each.id];
    return drawn.get(edgeKey({ ...each, client, server }));
  };
  const sorted = list.map((each) => ({ ...each, ...now(edgeOf(each)) })).sort(byHealth);
  const rows = sorted.slice(0, NEIGHBOURS).map((each) => {
    const pick = () => page.state.set({ node: each.id, edge: "" });
    const label = `${each.direction === "in" ? "client" : "server"} ${each.title}, ${port(each)}`;
    return el("li", {}, el("button", { type: "button", "aria-label": label, "data-keep": `${each.id} ${each.server_port} ${each.direction}`, onclick: pick },
      icon(each.direction), mark(each.health), el("b", {}, each.title), el("span", {}, `${port(each)} · ${each.bytes_s < 0 ? "earlier" : rate(each.bytes_s)}`)));
  });
  return [el("h3", {}, counted(list.length, "neighbour")), el("ul", { class: "links" }, rows, list.length > NEIGHBOURS && el("li", {}, `and ${list.length - NEIGHBOURS} more`))];
}

/**
 * @param {MapEdge | undefined} edge
 * @returns {Busy}
 */
const now = (edge) => ({ health: edge?.health ?? "ok", bytes_s: edge?.bytes_s ?? -1 });

/**
 * @param {MapNode[]} list
 * @param {Page} page
 * @returns {Child[]}
 */
function members(list, page) {
  if (list.length < 2) return [];
  const rows = list.slice(0, NEIGHBOURS).map((each) => el("li", {}, el("button", { type: "button", onclick: () => page.state.set({ level: "process", node: each.id, edge: "" }) },
    icon("process"), el("span", {}), el("b", {}, each.title), el("span", {}, each.hostname ?? ""))));
  return [el("details", {}, el("summary", {}, counted(list.length, "process", "processes")), el("ul", { class: "links" }, rows))];
}

const TIMES = new Set(["first", "last", "booted", "reported", "last_window"]);

/**
 * @param {Record<string, unknown>} facts
 * @param {Page} page
 * @returns {Child[]}
 */
function factList(facts, page) {
  const text = (/** @type {string} */ name, /** @type {unknown} */ value) => {
    if (typeof value === "number" && TIMES.has(name)) return moment(value, page.data.newest || Date.now());
    if (typeof value === "number" && name.endsWith("_bytes")) return bytes(value);
    if (Array.isArray(value)) return value.join(", ");
    return typeof value === "object" && value ? Object.entries(value).map((pair) => pair.join("=")).join(", ") : String(value);
  };
  const rows = Object.entries(facts).filter(([name, value]) => name !== "id" && value !== null && value !== "" && text(name, value) !== "");
  if (!rows.length) return [];
  return [el("h3", {}, "Facts"), el("dl", { class: "list-of" }, rows.flatMap(([name, value]) => [el("dt", {}, name.replaceAll("_", " ")), el("dd", {}, text(name, value))]))];
}

/**
 * @param {MapEvent[]} list
 * @param {Page} page
 * @returns {Child[]}
 */
function events(list, page) {
  if (!list.length) return [];
  const rows = list.slice(-EVENTS).reverse().map((each) => el("li", {}, el("time", {}, moment(each.time, page.data.newest || Date.now())), el("span", {}, `${each.kind.replaceAll("_", " ")}: ${each.detail || each.subject}`)));
  return [el("h3", {}, "Events"), el("ul", { class: "events" }, rows)];
}

/**
 * @param {string} text
 * @returns {Child[]}
 */
function sql(text) {
  return text ? [el("h3", {}, "SQL"), el("pre", { tabindex: "0", "aria-label": "SQL" }, text)] : [];
}

