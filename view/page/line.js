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
    width: gone ? 1.5 : thickness(traffic(edges)),
    label: `${gone ? "gone " : fresh ? "new " : ""}${(NUMBERS[numbers] ?? NUMBERS.port).text(edges)}`,
  };
}

/**
 * 1 px for a trickle, 7 px for 100 MB/s.
 * @param {number} bytesPerSecond
 */
function thickness(bytesPerSecond) {
  return Math.min(7, 1 + Math.round(Math.log10(1 + bytesPerSecond / 100) * 2) / 2);
}
