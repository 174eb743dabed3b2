// Places for the labels of lines: on their line, and on no card and no other label. Where there is no room, there is no
// label until somebody points at the line. Pure.

import { LINE_SIZE } from "./elements.js";

/** @import { Box, Point } from "./types.js" */

/** @typedef {{ id: string, width: number, points: Point[], weight: number }} Labelled a line and the width of its label */

const [SPACE, HEIGHT] = [5, LINE_SIZE + 11]; // px
const TRIED = [0.5, 0.35, 0.65, 0.2, 0.8]; // of a piece of the line

/**
 * The middles of the labels, by the ids of their lines. Lines with more weight choose first.
 * @param {Labelled[]} lines
 * @param {Box[]} cards
 * @returns {Map<string, Point>}
 */
export function labels(lines, cards) {
  const taken = [...cards];
  /** @type {Map<string, Point>} */
  const found = new Map();
  for (const { id, width, points } of [...lines].sort((a, b) => b.weight - a.weight || (a.id < b.id ? -1 : 1))) {
    for (const at of candidates(points)) {
      const box = around(at, width);
      if (taken.some((other) => meets(box, other))) continue;
      taken.push(box);
      found.set(id, at);
      break;
    }
  }
  return found;
}

/**
 * @param {Point[]} points
 * @returns {Point[]}
 */
function candidates(points) {
  const pieces = points.slice(1).map((to, nth) => ({ from: points[nth], to }));
  const long = (/** @type {{ from: Point, to: Point }} */ { from, to }) =>
    Math.abs(to.x - from.x) + 0.6 * Math.abs(to.y - from.y);
  return pieces
    .sort((a, b) => long(b) - long(a))
    .flatMap(({ from, to }) =>
      TRIED.map((share) => ({ x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share })),
    );
}

/**
 * @param {Point} at
 * @param {number} width
 * @returns {Box}
 */
export const around = ({ x, y }, width) => ({
  x1: x - width / 2 - SPACE,
  y1: y - HEIGHT / 2,
  x2: x + width / 2 + SPACE,
  y2: y + HEIGHT / 2,
});

/**
 * @param {Box} a
 * @param {Box} b
 */
export const meets = (a, b) => a.x1 < b.x2 && b.x1 < a.x2 && a.y1 < b.y2 && b.y1 < a.y2;
