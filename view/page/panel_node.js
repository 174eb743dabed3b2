// The panel of a node.

import { el, icon, mark } from "./dom.js";
import { port } from "./elements.js";
import { about, counted, digits, percent, percentKnown, perSecond, rate } from "./format.js";
import {
  MOST_ROWS,
  byHealth,
  clusters,
  estimated,
  events,
  factList,
  faultList,
  members,
  reasons,
  said,
  sql,
  tileList,
  worst,
} from "./panel_parts.js";
import { say } from "./panel_say.js";
import { edgeKey } from "./state.js";

/** @import { Body, Busy, Tile } from "./panel_parts.js" */
/** @import { Child, MapEdge, MapNode, NodeAnswer, Page, Sums } from "./types.js" */

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
    ...sideTiles(
      "Serves",
      node.in,
      edges.filter(({ server }) => server === node.id),
    ),
    ...sideTiles(
      "Uses",
      node.out,
      edges.filter(({ client }) => client === node.id),
    ),
    ...heldTiles(node),
  ];
  const parts = [
    tiles
      ? tileList(tiles)
      : el("p", { class: "signals" }, "Not on the map in this time range. Below is the range of the time line."),
    node && estimated(Math.max(node.in.sampling, node.out.sampling)),
    ...faulty(found.id, node, page),
    ...said(node?.annotations),
    ...say(`id=${JSON.stringify(found.id)}`),
    ...clusters(found.clusters, page),
    ...neighbours(found, page),
    el("h3", {}, "Over the range of the time line"),
    estimated(found.sampling),
    charts,
    ...factList(found.facts, page),
    ...discovered(found.discovered),
    ...members(found.members, page),
    ...events(found.events, page),
    ...sql(found.sql),
  ];
  return { title, about: [kind, node?.subtitle].filter(Boolean).join(" · "), kind, health: node?.health, parts };
}

/**
 * What a node does as a server, or as a client.
 * @param {string} name
 * @param {Sums} side
 * @param {MapEdge[]} edges
 * @returns {Tile[]}
 */
function sideTiles(name, side, edges) {
  const health = (/** @type {string} */ measure) =>
    worst(
      edges.flatMap(({ why }) => why),
      measure,
    );
  /** @type {Tile[]} */
  const tcp = [
    [name, rate(side.bytes_s)],
    ["new connections", perSecond(side.conn_s)],
    ["failed connections", percent(side.failed_share), health("failed")],
  ];
  if (!side.requests && !side.given_up) return tcp;
  const estimate = (/** @type {string} */ text) => about(text, side.sampling);
  /** @type {Tile[]} */
  const unseen = side.unseen ? [["results not known", estimate(digits(side.unseen))]] : [];
  return [
    ...tcp,
    ["requests", estimate(perSecond(side.requests_s))],
    ["request errors", estimate(percentKnown(side.error_share)), health("errors")],
    ...unseen,
    ["given up by clients", estimate(digits(side.given_up))],
  ];
}

/**
 * What held a node back.
 * @param {MapNode} node
 * @returns {Tile[]}
 */
function heldTiles({ throttled_share: throttled, memory_share: memory, oom_kills: kills, why }) {
  /** @type {Tile[]} */
  const tiles = [];
  if (throttled) tiles.push(["throttled", percent(throttled), worst(why, "throttled")]);
  if (memory) tiles.push(["of its memory limit", percent(memory)]);
  if (kills) tiles.push(["killed for memory", digits(kills), worst(why, "kills")]);
  return tiles;
}

/**
 * The facts that programs of the operator's print. Hosts are named where a fact is not that of all.
 * @param {NodeAnswer["discovered"]} list
 * @returns {Child[]}
 */
function discovered(list) {
  if (!list.length) return [];
  const all = new Set(list.flatMap(({ hosts }) => hosts)).size;
  const rows = list.slice(0, MOST_ROWS).flatMap(({ name, value, port: at, hosts }) => {
    const where = hosts.length < all ? ` (${hosts.join(", ")})` : "";
    return [el("dt", {}, at ? `${name} :${at}` : name), el("dd", {}, value + where)];
  });
  return [
    el("h3", {}, "Facts of your own"),
    el("dl", { class: "list-of" }, rows),
    list.length > MOST_ROWS && el("p", {}, `and ${list.length - MOST_ROWS} more`),
  ];
}

/**
 * The reasons of the node itself, and the edges of a node with faults on the map, the worst first, with their reasons.
 * @param {string} id
 * @param {MapNode | undefined} node
 * @param {Page} page
 * @returns {Child[]}
 */
function faulty(id, node, page) {
  const wrong = (page.data.map?.edges ?? []).filter(
    (edge) => edge.health !== "ok" && (edge.client === id || edge.server === id),
  );
  const own = node?.why ?? [];
  if (!wrong.length && !own.length) return [];
  const titles = new Map(page.data.map?.nodes.map((one) => [one.id, one.title]));
  return [
    el("h3", {}, "Why it is marked"),
    own.length > 0 && reasons(own),
    faultList(wrong.sort(byHealth), titles, page),
  ];
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
  const rows = sorted.slice(0, MOST_ROWS).map((each) => {
    const pick = () => page.state.set({ node: each.id, edge: "" });
    const carries = `${port(each)} · ${each.bytes_s === -1 ? "earlier" : rate(each.bytes_s)}`;
    return el(
      "li",
      {},
      el(
        "button",
        {
          type: "button",
          "data-keep": `${each.id} ${each.server_port} ${each.direction}`,
          onclick: pick,
        },
        icon(each.direction),
        el("span", { class: "hidden" }, each.direction === "in" ? "client " : "server "),
        mark(each.health),
        el("b", {}, each.title),
        el("span", {}, carries),
      ),
    );
  });
  return [
    el("h3", {}, counted(list.length, "neighbour")),
    el("ul", { class: "links" }, rows, list.length > MOST_ROWS && el("li", {}, `and ${list.length - MOST_ROWS} more`)),
  ];
}

/**
 * @param {MapEdge | undefined} edge
 * @returns {Busy}
 */
const now = (edge) => ({ health: edge?.health ?? "ok", bytes_s: edge ? edge.bytes_s : -1 });
