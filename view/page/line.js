// A line as it is drawn: its health, its width, and its words. Pure.

import { begins, traffic, worstOf } from "./bundle.js";
import { NUMBERS } from "./line_numbers.js";

/** @import { Bundle, Line, MapEdge } from "./types.js" */

/**
 * @param {Bundle} bundle
 * @param {Set<MapEdge>} began the edges with which trouble began
 * @param {string} [numbers] which number is on it
 * @returns {Line}
 */
export function drawnLine({ id, client, server, edges, gone }, began, numbers = "port") {
  const fresh = !gone && edges.some((edge) => edge.new);
  const health = gone ? "ok" : worstOf(edges);
  return {
    id,
    client,
    server,
    health,
    passed: health !== "ok" && !begins(edges, began),
    fresh,
    gone,
    halo: !gone && edges.some((edge) => edge.halo),
    changed: !gone && edges.some((edge) => edge.change),
    width: gone ? 1.5 : thickness(traffic(edges)),
    label: `${gone ? left(edges) : fresh ? "new " : ""}${(NUMBERS[numbers] ?? NUMBERS.port).text(edges)}${changeOf(edges)}`,
  };
}

const left = (/** @type {MapEdge[]} */ edges) => (edges.every((edge) => edge.unseen_now) ? "not seen " : "gone ");

/**
 * By how much the first of some edges changed that did.
 * @param {MapEdge[]} edges
 */
function changeOf(edges) {
  const change = edges.find((edge) => edge.change)?.change;
  return change ? ` ${change}` : "";
}

/**
 * 1 px for a trickle, 7 px for 100 MB/s.
 * @param {number} bytesPerSecond
 */
function thickness(bytesPerSecond) {
  return Math.min(7, 1 + Math.round(Math.log10(1 + bytesPerSecond / 100) * 2) / 2);
}
