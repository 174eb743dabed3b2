// The nodes and edges of a map that are shown: around a node, and kept by a filter. Pure.

import { focused } from "./hops.js";
import { folding } from "./infra.js";

/** @import { Chosen, Kept, MapEdge, MapNode } from "./types.js" */

/**
 * Choose from a map. Both ends of a chosen edge are chosen.
 * @param {{ nodes: MapNode[], edges: MapEdge[], gone?: MapEdge[], filter?: Kept }} map
 * @param {{ focus: string, hops: number, q: string, hits: string, infra: string }} state
 * @returns {Chosen}
 */
export function visible(map, { focus, hops, q, hits, infra }) {
  /** @type {Chosen} */
  let chosen = { nodes: map.nodes, edges: map.edges, gone: map.gone ?? [] };
  if (infra === "folded" && !focus && !q.trim()) chosen = folding(chosen); // who asks for more sees all of it
  if (focus) chosen = focused(chosen, focus, hops);
  if (!q.trim() || !map.filter) return chosen;
  const [nodes, edges, hit] = [map.filter.nodes, map.filter.edges, map.filter.hits].map((ids) => new Set(ids));
  if (hits === "marked") return { ...chosen, hit, marked: new Set([...nodes, ...edges]) };
  const kept = (/** @type {{ id: string }[]} */ some, /** @type {Set<string>} */ ids) =>
    some.filter(({ id }) => ids.has(id));
  return {
    ...chosen,
    nodes: /** @type {MapNode[]} */ (kept(chosen.nodes, nodes)),
    edges: /** @type {MapEdge[]} */ (kept(chosen.edges, edges)),
    gone: /** @type {MapEdge[]} */ (kept(chosen.gone, edges)),
    hit,
    by: map.filter.text,
  };
}
