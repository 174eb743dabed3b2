// The nodes and edges of a map that are shown: around a node, and matching a search. Pure.

import { focused } from "./hops.js";

/** @import { Chosen, MapEdge, MapNode } from "./types.js" */

/**
 * Choose from a map. Both ends of a chosen edge are chosen.
 * @param {{ nodes: MapNode[], edges: MapEdge[], gone?: MapEdge[] }} map
 * @param {{ focus: string, hops: number, q: string }} state
 * @returns {Chosen}
 */
export function visible(map, { focus, hops, q }) {
  /** @type {Chosen} */
  let chosen = { nodes: map.nodes, edges: map.edges, gone: map.gone ?? [] };
  if (focus) chosen = focused(chosen, focus, hops);
  return q.trim() ? matching(chosen, q) : chosen;
}

/**
 * Each word must be in a node (its names, address, host, …) or in an edge with its ends (port, transport, protocol, health).
 * @param {Chosen} chosen
 * @param {string} q
 * @returns {Chosen}
 */
function matching({ nodes, edges, gone, hops }, q) {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  const text = new Map(nodes.map((node) => [node.id, textOf(node)]));
  const hits = nodes.filter((node) => words.every((word) => text.get(node.id)?.includes(word)));
  const hit = new Set(hits.map(({ id }) => id));
  const fits = (/** @type {MapEdge} */ edge) => {
    if (hit.has(edge.client) || hit.has(edge.server)) return true;
    const ends = `${text.get(edge.client)} ${text.get(edge.server)}`;
    const own = `${edge.transport}/${edge.server_port} :${edge.server_port} ${edge.port_name?.toLowerCase() ?? ""} ${edge.protocol} ${edge.tls_name} ${edge.alias} ${edge.health} ${edge.new ? "new" : ""}`;
    return words.every((word) => `${ends} ${own}`.includes(word));
  };
  const [some, lost] = [edges.filter(fits), gone.filter(fits)];
  const ends = new Set([...hit, ...[...some, ...lost].flatMap((edge) => [edge.client, edge.server])]);
  return { nodes: nodes.filter((node) => ends.has(node.id)), edges: some, gone: lost, hit, hops };
}

/** @type {(keyof MapNode)[]} */
const SEARCHED = [
  "title",
  "subtitle",
  "hostname",
  "region",
  "zone",
  "service",
  "name",
  "user",
  "cmdline",
  "container",
  "container_name",
  "namespace",
  "pod",
  "image",
  "unit",
  "address",
  "names",
  "kind",
  "health",
];

const textOf = (/** @type {MapNode} */ node) =>
  SEARCHED.map((name) => node[name] ?? "")
    .join(" ")
    .toLowerCase();
