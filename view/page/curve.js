// The way of a line as Cytoscape takes it: ends beside the middles of the cards, and bends beside the straight line between
// the ends. Pure.

/** @import { Point } from "./types.js" */

/**
 * @param {Point[]} points from the client to the server
 * @param {Point} client the middle of its card
 * @param {Point} server
 */
export function curve(points, client, server) {
  const [from, to] = [points[0], points[points.length - 1]];
  const bends = even(points.slice(1, -1), from, to);
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy) || 1;
  const weights = bends.map(({ x, y }) => ((x - from.x) * dx + (y - from.y) * dy) / (length * length));
  const distances = bends.map(({ x, y }) => ((y - from.y) * dx - (x - from.x) * dy) / length);
  return {
    from: beside(from, client),
    to: beside(to, server),
    weights: weights.map(short).join(" "),
    distances: distances.map(short).join(" "),
    middle: middle(bends),
  };
}

/**
 * An even number of bends, two at least: then Cytoscape's middle of the line is that of the middle piece.
 * @param {Point[]} bends
 * @param {Point} from
 * @param {Point} to
 * @returns {Point[]}
 */
function even(bends, from, to) {
  if (!bends.length) return [between(from, to, 1 / 3), between(from, to, 2 / 3)];
  return bends.length % 2 ? [...bends, between(bends[bends.length - 1], to, 0.5)] : bends;
}

/** @param {Point[]} bends */
const middle = (bends) => between(bends[bends.length / 2 - 1], bends[bends.length / 2], 0.5);
/**
 * @param {Point} a
 * @param {Point} b
 * @param {number} share
 */
const between = (a, b, share) => ({ x: a.x + (b.x - a.x) * share, y: a.y + (b.y - a.y) * share });
const beside = (/** @type {Point} */ at, /** @type {Point} */ card) =>
  `${short(at.x - card.x)}px ${short(at.y - card.y)}px`;
const short = (/** @type {number} */ value) => String(Math.round(value * 10_000) / 10_000);
