// Which of the ways that a layout gave its lines still hold: cards have been dragged since, and others have come. Pure.

import { meets } from "./labels.js";

/** @import { Box, Bundle, PlacedCard, Point, Ways } from "./types.js" */

const NEAR = 3; // px between the end of a line and its card

/**
 * The ways of lines that hold, by the ids of the lines.
 * @param {Bundle[]} bundles
 * @param {Ways} ways
 * @param {PlacedCard[]} cards
 * @returns {Map<string, Point[]>}
 */
export function holding(bundles, ways, cards) {
  const boxes = new Map(
    cards.map(({ id, x, y, w, h }) => [id, { x1: x - w / 2, y1: y - h / 2, x2: x + w / 2, y2: y + h / 2 }]),
  );
  /** @type {Map<string, Point[]>} */
  const found = new Map();
  for (const { id, client, server } of bundles) {
    const points = ways.get(`${client}\n${server}`);
    if (!points || !touches(points[0], boxes.get(client)) || !touches(points[points.length - 1], boxes.get(server)))
      continue;
    const free = [...boxes].every(([other, box]) => other === client || other === server || !crosses(points, box));
    if (free) found.set(id, points);
  }
  return found;
}

/**
 * @param {Point} at
 * @param {Box | undefined} box
 */
function touches({ x, y }, box) {
  if (!box) return false;
  const inside = (/** @type {number} */ by) => x > box.x1 - by && x < box.x2 + by && y > box.y1 - by && y < box.y2 + by;
  return inside(NEAR) && !inside(-NEAR);
}

/**
 * Whether a line leads through a box.
 * @param {Point[]} points
 * @param {Box} box
 */
export function crosses(points, box) {
  return points.slice(1).some((to, nth) => {
    const from = points[nth];
    const around = {
      x1: Math.min(from.x, to.x),
      y1: Math.min(from.y, to.y),
      x2: Math.max(from.x, to.x),
      y2: Math.max(from.y, to.y),
    };
    if (!meets({ ...around, x2: around.x2 + 0.01, y2: around.y2 + 0.01 }, box)) return false;
    const side = (/** @type {number} */ x, /** @type {number} */ y) =>
      (to.x - from.x) * (y - from.y) - (to.y - from.y) * (x - from.x);
    const sides = [side(box.x1, box.y1), side(box.x2, box.y1), side(box.x1, box.y2), side(box.x2, box.y2)];
    return sides.some((each) => each > 0) && sides.some((each) => each < 0);
  });
}
