// Which of the edges in trouble began it: trouble passes from servers to those that ask them. Pure.

/** @import { MapEdge } from "./types.js" */

const RANK = { ok: 0, warn: 1, bad: 2 };

/**
 * The edges in trouble with which it begins: their servers have no such trouble with others.
 * @param {MapEdge[]} edges
 * @returns {Set<MapEdge>}
 */
export function origins(edges) {
  const wrong = edges.filter(({ health }) => health && health !== "ok");
  /** @type {Map<string, number>} */
  const worst = new Map();
  for (const { client, health } of wrong) worst.set(client, Math.max(worst.get(client) ?? 0, RANK[health]));
  return new Set(wrong.filter(({ server, health }) => (worst.get(server) ?? 0) < RANK[health]));
}

/**
 * The edges in trouble: the bad ones first, and of these the ones with which it begins.
 * @param {MapEdge[]} edges
 * @param {Set<MapEdge>} began
 * @returns {MapEdge[]}
 */
export function guilty(edges, began) {
  const failed = (/** @type {MapEdge} */ edge) => Math.max(edge.error_share ?? 0, edge.failed_share ?? 0);
  return edges
    .filter(({ health }) => health !== "ok")
    .sort(
      (a, b) =>
        RANK[b.health] - RANK[a.health] ||
        Number(began.has(b)) - Number(began.has(a)) ||
        failed(b) - failed(a) ||
        (a.id < b.id ? -1 : 1),
    );
}
