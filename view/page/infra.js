// Infrastructure, which nearly everything talks to and hardly anybody looks for, is folded away unless it is in trouble. Pure.

/** @import { Chosen, Folded, MapEdge, MapNode } from "./types.js" */

const UNKNOWN = new Set(["host", "address"]); // kinds of ends of which no process is known

/**
 * A map without infrastructure that is well, and what was folded: how many nodes of each kind, and how many edges.
 * @param {Chosen} chosen
 * @returns {Chosen}
 */
export function folding(chosen) {
  const isFolded = (/** @type {MapEdge} */ { infra, health }) => Boolean(infra) && health === "ok";
  const edges = chosen.edges.filter((edge) => !isFolded(edge));
  const gone = chosen.gone.filter((edge) => !edge.infra);
  const ends = new Set([...edges, ...gone].flatMap(({ client, server }) => [client, server]));
  const used = new Set(chosen.edges.filter(isFolded).flatMap(({ client, server }) => [client, server]));
  // A host or an address that talks to infrastructure alone goes with it. A service stays: somebody may look for it.
  const isGone = (/** @type {MapNode} */ { id, kind, infra, health }) =>
    !ends.has(id) && health === "ok" && (Boolean(infra) || (UNKNOWN.has(kind) && used.has(id)));
  const nodes = chosen.nodes.filter((node) => !isGone(node));
  if (!nodes.length || (nodes.length === chosen.nodes.length && edges.length === chosen.edges.length)) return chosen;
  return { ...chosen, nodes, edges, gone, folded: summed(chosen, nodes.length, edges.length) };
}

/**
 * @param {Chosen} chosen
 * @param {number} nodes that are left
 * @param {number} edges
 * @returns {Folded}
 */
function summed(chosen, nodes, edges) {
  /** @type {Record<string, number>} */
  const kinds = {};
  for (const { infra, health } of chosen.edges) {
    if (infra && health === "ok") kinds[infra] = (kinds[infra] ?? 0) + 1;
  }
  return { kinds, nodes: chosen.nodes.length - nodes, edges: chosen.edges.length - edges };
}
