// The panel of an edge.

import { el, icon } from "./dom.js";
import { port } from "./elements.js";
import { about, bytes, digits, ms, percent, percentKnown, perSecond, rate } from "./format.js";
import { estimated, estimates, events, factList, reasons, said, sql, tileList, worst } from "./panel_parts.js";
import { say } from "./panel_say.js";

/** @import { Body, Tile } from "./panel_parts.js" */
/** @import { EdgeAnswer, Judged, MapEdge, Page, Side } from "./types.js" */

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
    tileList(edgeTiles(facts, found.judged)),
    facts.why.length > 0 && reasons(facts.why),
    el("p", { class: "signals" }, signals(facts)),
    ends(facts, title, page),
    ...said(facts.annotations),
    ...say(
      `id=${JSON.stringify(facts.client)} > id=${JSON.stringify(facts.server)},port=${facts.transport}/${facts.server_port}`,
    ),
    ...(facts.bytes_s === null ? [] : [el("h3", {}, "Counted by each side"), sides(facts, found.sides)]),
    el("h3", {}, "Over the range of the time line"),
    estimated(found.facts.sampling),
    charts,
    ...factList(edgeFacts(facts), page),
    ...events(found.events, page),
    ...sql(found.sql),
  ];
  const status = facts.new ? "new" : edge && page.data.map?.gone.includes(edge) ? "gone" : "";
  return {
    title: `${title("client")} → ${title("server")}`,
    about: [`${facts.transport} ${facts.port_name ? "socket" : "port"} ${port(facts)}`, facts.protocol, status]
      .filter(Boolean)
      .join(" · "),
    health: facts.health,
    parts,
  };
}

/**
 * @param {MapEdge} edge
 * @param {Judged[]} judged
 * @returns {Tile[]}
 */
function edgeTiles(edge, judged) {
  const health = (/** @type {string} */ measure) => worst(edge.why, measure);
  const of = (/** @type {number | null | undefined} */ value) => (typeof value === "number" ? ms(value) : "–");
  const active = edge.connections_active;
  /** @type {Tile[]} */
  const tcp = [
    ["Traffic", rate(edge.bytes_s)],
    ["New connections", perSecond(edge.opened_s)],
    ["Open", active === undefined ? "–" : digits(active)],
    ...judged.map(({ label, field, measure }) => /** @type {Tile} */ ([label, percent(edge[field]), health(measure)])),
    ["Round trip", of(edge.rtt_ms)],
  ];
  if (edge.signals !== "requests") return tcp;
  const estimate = (/** @type {string} */ text) => about(text, edge.sampling);
  /** @type {Tile[]} */
  const unseen = edge.unseen ? [["Results not known", estimate(digits(edge.unseen))]] : [];
  return [
    ["Requests", estimate(perSecond(edge.requests_s ?? 0))],
    ["Errors", estimate(percentKnown(edge.error_share)), health("errors")],
    ...unseen,
    ["Given up by clients", estimate(digits(edge.given_up ?? 0))],
    ["p50", estimate(of(edge.p50_ms)), health("latency")],
    ["p99", estimate(of(edge.p99_ms))],
    ["usual p50", of(edge.usual_ms)],
    ...tcp,
  ];
}

/** @type {Record<string, string>} */
const UNCOUNTED = {
  unix: "Of Unix sockets the kernel counts neither bytes nor messages; what waits to be read is below. Connections that open and close between two looks are not seen.",
  udp: "Of UDP the kernel counts neither bytes nor round trips.",
};

const signals = (/** @type {MapEdge} */ edge) =>
  [
    UNCOUNTED[edge.transport],
    edge.signals === "requests"
      ? "Latency is the time to answers, and its usual value is that of the hour before. Errors are answers that are errors (of HTTP: 500 and above), and requests that the server did not answer. Requests that clients gave up are no errors."
      : edge.bytes_s !== null && "Latency is the round trip of TCP. Errors are connections that failed.",
    edge.unseen && "The share of errors is that of the requests whose results are known.",
    estimates(edge.sampling),
  ]
    .filter(Boolean)
    .join(" ");

/**
 * @param {MapEdge} edge
 * @param {(end: "client" | "server") => string} title
 * @param {Page} page
 */
function ends(edge, title, page) {
  const button = (/** @type {"client" | "server"} */ end, /** @type {string} */ name) =>
    el(
      "li",
      {},
      el(
        "button",
        { type: "button", onclick: () => page.state.set({ node: edge[end], edge: "" }) },
        icon(name),
        el("span", {}),
        el("b", {}, title(end)),
        el("span", {}, end),
      ),
    );
  return el("ul", { class: "links" }, button("client", "out"), button("server", "in"));
}

/**
 * How numbers of a unit are written; the units are those of schemas/facts.py.
 * @type {Record<string, (value: number) => string>}
 */
const WRITTEN = { bytes, µs: (us) => (us ? ms(us / 1000) : "–") };

/**
 * @param {MapEdge} edge
 * @param {Side[]} counted
 */
function sides(edge, counted) {
  /**
   * @param {string} name
   * @param {number} client
   * @param {number} server
   * @param {(value: number) => string} how
   */
  const row = (name, client, server, how) => {
    const both = edge.seen_by_client && edge.seen_by_server;
    const differs = both && how === bytes && Math.abs(client - server) > 0.05 * Math.max(client, server);
    const cell = (/** @type {boolean | undefined} */ seen, /** @type {number} */ value) =>
      el("td", { class: differs ? "differs" : null }, seen ? how(value) : "not seen");
    return el(
      "tr",
      {},
      el("th", { scope: "row" }, differs ? `${name} (differ)` : name),
      cell(edge.seen_by_client, client),
      cell(edge.seen_by_server, server),
    );
  };
  const heads = ["", "client's host", "server's host"].map((text) => el("th", { scope: "col" }, text));
  return el(
    "table",
    {},
    el("thead", {}, el("tr", {}, heads)),
    el(
      "tbody",
      {},
      counted.map(({ label, unit, client, server }) =>
        row(label, Number(edge[client] ?? 0), Number(edge[server] ?? 0), WRITTEN[unit] ?? digits),
      ),
    ),
  );
}

/** @type {Record<string, string>} */
const RULES = {
  listener: "the server was seen listening",
  connected: "the client was seen connecting",
  port: "guessed: the lower port serves",
  unknown: "not known",
};

/** @param {MapEdge} edge */
function edgeFacts(edge) {
  return {
    protocol: edge.protocol || "unknown",
    ...(edge.tls_name ? { "asked for as": edge.tls_name } : {}),
    ...(edge.alias ? { "server's alias": edge.alias } : {}),
    "who serves": RULES[edge.rule] ?? edge.rule,
    first: edge.first,
    last: edge.last,
    opened: edge.connections_opened,
    closed: edge.connections_closed,
    failed: edge.connections_failed,
    ...(edge.client_tied || edge.server_tied
      ? { note: "several processes could be at an end, and none was chosen" }
      : {}),
  };
}
