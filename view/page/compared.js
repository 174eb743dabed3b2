// A map with what differs from an earlier one: ghosts of what is gone, halos around what is new, amounts on what changed. Pure.

import { edgeKey } from "./state.js";

/** @import { DiffAnswer, DiffEdge, MapAnswer, MapEdge, MapNode, Sums } from "./types.js" */

/** @type {(map: MapAnswer) => MapAnswer} */
export const plain = (map) => map; // nothing is compared

const SHARES = ["failing", "client_retransmits", "server_retransmits"];
/** @type {Record<string, string>} */
const SHORT = {
  requests: "requests",
  failing: "failing",
  p50: "p50",
  p99: "p99",
  opened: "new",
  bytes: "traffic",
  client_retransmits: "sent again",
  server_retransmits: "sent again",
};

/**
 * @param {MapAnswer} map
 * @param {DiffAnswer} diff
 * @returns {MapAnswer}
 */
export function compared(map, diff) {
  const by = new Map(diff.edges.map((each) => [edgeKey(each), each]));
  const edges = map.edges.map((edge) => marked(edge, by.get(edgeKey(edge))));
  const there = new Set(map.edges.map(edgeKey));
  const gone = diff.edges.filter((each) => isGone(each) && !there.has(edgeKey(each))).map(ghostEdge);
  const of = (/** @type {string} */ kind) =>
    new Set(diff.nodes.flatMap(({ id, change }) => (change === kind ? [id] : [])));
  const [fresh, changed] = [of("appeared"), of("changed")];
  const known = new Set(map.nodes.map(({ id }) => id));
  const titles = new Map(
    diff.edges.flatMap((each) => [
      [each.client, each.client_title],
      [each.server, each.server_title],
    ]),
  );
  const missing = [...new Set(gone.flatMap(({ client, server }) => [client, server]))].filter((id) => !known.has(id));
  const alive = map.nodes.filter(
    (node) => !node.gone || gone.some((edge) => [edge.client, edge.server].includes(node.id)),
  );
  return {
    ...map,
    nodes: [
      ...alive.map((node) => ({ ...node, fresh: fresh.has(node.id), changed: changed.has(node.id) })),
      ...missing.map((id) => ghostNode(id, titles.get(id) ?? id)),
    ],
    edges,
    gone,
    ...(map.filter && { filter: withGhosts(map.filter, gone) }),
  };
}

/**
 * What is drawn of an edge that differs: how much it changed by, in a few letters.
 * @param {DiffEdge} edge
 */
export function amount({ measures }) {
  const [most] = measures;
  if (!most) return "";
  const { measure, before, after } = most;
  const name = SHORT[measure] ?? measure;
  if (SHARES.includes(measure)) {
    const points = 100 * (after - before);
    return `${points > 0 ? "+" : "−"}${digits(Math.abs(points))} % ${name}`;
  }
  if (!before) return `${name} from 0`;
  if (!after) return `${name} to 0`;
  return after >= before ? `×${digits(after / before)} ${name}` : `÷${digits(before / after)} ${name}`;
}

const digits = (/** @type {number} */ value) => (value >= 10 ? value.toFixed(0) : value.toFixed(1).replace(/\.0$/, ""));

/** @param {DiffEdge} each */
const isGone = (each) => !each.comes_and_goes && !each.there_now && each.change !== "changed";

/**
 * @param {MapEdge} edge
 * @param {DiffEdge | undefined} found
 * @returns {MapEdge}
 */
function marked(edge, found) {
  const old = { ...edge, new: false };
  if (!found || found.comes_and_goes) return old;
  if (found.change === "appeared") return { ...old, new: true, halo: true };
  if (found.change !== "changed") return old;
  return { ...old, change: amount(found), changes: found.measures.map(({ text }) => text) };
}

/** @type {Sums} */
const NOTHING = {
  edges: 0,
  opened: 0,
  closed: 0,
  active: 0,
  failed: 0,
  requests: 0,
  errors: 0,
  unseen: 0,
  given_up: 0,
  sampling: 1,
  conn_s: 0,
  bytes_s: 0,
  requests_s: 0,
  failed_share: 0,
  error_share: null,
  counted: {},
  health: "ok",
};

/**
 * @param {string} id
 * @param {string} title
 * @returns {MapNode}
 */
const ghostNode = (id, title) => ({
  id,
  kind: /** @type {MapNode["kind"]} */ (id.split(":", 1)[0]),
  title,
  subtitle: "",
  region: "",
  zone: "",
  health: "ok",
  in: NOTHING,
  out: NOTHING,
  gone: true,
  why: [],
});

/**
 * @param {DiffEdge} each
 * @returns {MapEdge}
 */
const ghostEdge = (each) => ({
  id: `gone ${edgeKey(each)}`,
  client: each.client,
  server: each.server,
  transport: each.transport,
  server_port: each.server_port,
  rule: "",
  protocol: "",
  tls_name: "",
  alias: "",
  first: 0,
  last: 0,
  recorded_s: 0,
  connections_opened: 0,
  connections_failed: 0,
  bytes_s: null,
  opened_s: 0,
  failed_share: 0,
  retransmit_share: 0,
  health: "ok",
  why: [],
  signals: "tcp",
  unseen_now: each.change === "unseen",
  changes: [each.carried && `it carried ${each.carried}`, ...each.because.map(({ text }) => text)].filter(Boolean),
});

/**
 * A filter also keeps ghosts at a node that it keeps.
 * @param {NonNullable<MapAnswer["filter"]>} filter
 * @param {MapEdge[]} gone
 */
function withGhosts(filter, gone) {
  const kept = new Set(filter.nodes);
  const more = gone.filter(({ client, server }) => kept.has(client) || kept.has(server));
  return {
    ...filter,
    nodes: [...new Set([...filter.nodes, ...more.flatMap(({ client, server }) => [client, server])])],
    edges: [...filter.edges, ...more.map(({ id }) => id)],
  };
}
