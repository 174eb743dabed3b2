// What is drawn of a map: its nodes and edges, or where these are too many to read, groups of them as cards. A group that
// somebody opened is a box around its nodes. Pure.

import { bundles, notable } from "./bundle.js";
import { groupOf } from "./elements.js";
import { counted, digits } from "./format.js";
import { origins } from "./guilt.js";
import { LEVEL_NAMES } from "./levels.js";

/** @import { Chosen, Drawn, Health, MapEdge, MapNode, Sums } from "./types.js" */

export const FITS = 30; // cards that are legible at once
const FITS_AROUND = 36; // and smaller ones around a node
const [LINES_PER_CARD, FEW_LINES] = [1.5, 18];
/** @typedef {{ in: Sums, out: Sums, bad: number, warn: number, begun: number }} Within */

const PART = "part\n"; // before a path: no id of a node begins like this
/** @type {Health[]} */
const WORSE = ["ok", "warn", "bad"];

/**
 * @param {Chosen} chosen
 * @param {string} grouping
 * @param {string[]} open the groups that somebody opened
 * @returns {Drawn}
 */
export function folded(chosen, grouping, open) {
  const { hops } = chosen;
  const flat = grouping === "none" || chosen.nodes.length <= (hops ? FITS_AROUND : FITS);
  const paths = new Map(chosen.nodes.map((node) => [node.id, flat ? [] : pathOf(node, grouping, hops)]));
  if (flat || ![...paths.values()].some((path) => path.length)) return whole(chosen, flat ? grouping : "none");
  const opened = new Set(open);
  /** @type {Map<string, MapNode[]>} */
  const parts = new Map();
  /** @type {Map<string, string>} */
  const stands = new Map();
  /** @type {Map<string, string>} */
  const boxOf = new Map();
  /** @type {MapNode[]} */
  const nodes = [];
  for (const node of chosen.nodes) {
    const path = paths.get(node.id) ?? [];
    const closed = path.findIndex((_, nth) => !opened.has(keyOf(path.slice(0, nth + 1))));
    const card = closed < 0 ? node.id : PART + keyOf(path.slice(0, closed + 1));
    stands.set(node.id, card);
    boxOf.set(card, keyOf(closed < 0 ? path : path.slice(0, closed)));
    if (closed < 0) nodes.push(node);
    else parts.set(card, [...(parts.get(card) ?? []), node]);
  }
  const cardOf = (/** @type {string} */ id) => stands.get(id) ?? id;
  const began = origins(chosen.edges);
  const sums = sumsOf(chosen.edges, began, cardOf);
  for (const [id, members] of parts) nodes.push(partOf(id, members, sums.get(id) ?? NOTHING));
  const all = bundles(chosen.edges, chosen.gone, cardOf);
  const most = Math.max(FEW_LINES, LINES_PER_CARD * nodes.length);
  const columns = hops && new Map([...stands].map(([id, card]) => [itemOf(card, boxOf), Math.sign(hops.get(id) ?? 0)]));
  return { nodes, bundles: notable(all, began, most), all, began, stands, boxOf, folded: true, columns };
}

/**
 * @param {Chosen} chosen
 * @param {string} grouping
 * @returns {Drawn}
 */
function whole({ nodes, edges, gone, hops }, grouping) {
  const all = bundles(edges, gone, (id) => id);
  const boxOf = new Map(nodes.map((node) => [node.id, hops ? "" : groupOf(node, grouping)]));
  return { nodes, bundles: all, all, began: origins(edges), stands: new Map(), boxOf, folded: false, columns: hops };
}

/**
 * The groups that a node is in, the outermost first. Around a node, those it depends on are apart from those that depend on
 * it, and it is in none itself.
 * @param {MapNode} node
 * @param {string} grouping
 * @param {Map<string, number>} [hops]
 * @returns {string[]}
 */
function pathOf(node, grouping, hops) {
  const path = grouping === "auto" ? (node.within ?? []) : [groupOf(node, grouping)].filter(Boolean);
  const hop = hops?.get(node.id);
  if (!path.length || hop === undefined) return path;
  return hop ? [`${hop > 0 ? "→" : "←"} ${path[0]}`, ...path.slice(1)] : [];
}

/**
 * What stands for a card outside of all boxes.
 * @param {string} card
 * @param {Map<string, string>} boxOf
 */
const itemOf = (card, boxOf) => boxOf.get(card)?.split("\n")[0] || (isPart(card) ? partKey(card) : card);

const keyOf = (/** @type {string[]} */ path) => path.join("\n");
export const isPart = (/** @type {string} */ id) => id.startsWith(PART);
/** @param {string} id of the card of a group */
export const partKey = (id) => id.slice(PART.length);
export const partId = (/** @type {string} */ key) => PART + key;

/**
 * The card of a group: its worst health, what it holds, and how much of that is in trouble.
 * @param {string} id
 * @param {MapNode[]} members
 * @param {Within} sums
 * @returns {MapNode}
 */
function partOf(id, members, sums) {
  const health = WORSE[Math.max(...members.map((node) => WORSE.indexOf(node.health)))];
  return {
    id,
    kind: "part",
    title: id.slice(id.lastIndexOf("\n") + 1),
    subtitle: contents(members),
    notes: [trouble(sums), carries(sums)].filter(Boolean),
    region: "",
    zone: "",
    health,
    in: sums.in,
    out: sums.out,
    gone: members.every(({ gone }) => gone),
    why: [],
  };
}

/** @param {MapNode[]} members */
function contents(members) {
  /** @type {Map<string, number>} */
  const kinds = new Map();
  for (const { kind } of members) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const [first, second, ...rest] = [...kinds].sort(([, a], [, b]) => b - a);
  const text = (/** @type {[string, number]} */ [kind, count]) =>
    count === 1 ? `1 ${kind}` : `${digits(count)} ${nameOf(kind)}`;
  if (!second) return text(first);
  return `${text(first)}, ${rest.length ? `${digits(members.length - first[1])} others` : text(second)}`;
}

const nameOf = (/** @type {string} */ kind) =>
  kind in LEVEL_NAMES ? LEVEL_NAMES[/** @type {keyof typeof LEVEL_NAMES} */ (kind)].toLowerCase() : kind;
const trouble = (/** @type {Within} */ { bad, warn, begun }) =>
  bad > 0
    ? `✕ ${counted(bad, "bad edge")}${begun ? `, ${digits(begun)} begin here` : ""}`
    : warn > 0
      ? `▲ ${digits(warn)} to watch`
      : "";
const carries = (/** @type {{ in: Sums }} */ { in: served }) =>
  served.requests_s > 0 ? `${digits(served.requests_s)} requests/s` : "";

/** @type {Sums} */
const NONE = {
  edges: 0, opened: 0, closed: 0, active: 0, failed: 0, requests: 0, errors: 0, unseen: 0, given_up: 0, sampling: 1,
  conn_s: 0, bytes_s: 0, requests_s: 0, failed_share: 0, error_share: null, counted: {}, health: "ok",
}; // prettier-ignore
const NOTHING = { in: NONE, out: NONE, bad: 0, warn: 0, begun: 0 };

/**
 * What comes into each card and goes out of it, and the edges in trouble whose server is in it.
 * @param {MapEdge[]} edges
 * @param {Set<MapEdge>} began
 * @param {(id: string) => string} cardOf
 */
function sumsOf(edges, began, cardOf) {
  /** @type {Map<string, Within>} */
  const found = new Map();
  const of = (/** @type {string} */ card) => {
    const known = found.get(card) ?? { in: { ...NONE }, out: { ...NONE }, bad: 0, warn: 0, begun: 0 };
    found.set(card, known);
    return known;
  };
  for (const edge of edges) {
    const [client, server] = [cardOf(edge.client), cardOf(edge.server)];
    if (edge.health !== "ok") of(server)[edge.health] += 1;
    if (edge.health === "bad" && began.has(edge)) of(server).begun += 1;
    if (client === server) continue;
    for (const side of [of(client).out, of(server).in]) {
      side.edges += 1;
      side.bytes_s += edge.bytes_s ?? 0;
      side.conn_s += edge.opened_s;
      side.requests_s += edge.requests_s ?? 0;
    }
  }
  return found;
}
