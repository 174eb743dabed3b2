// Lines that share a channel side by side, and their ends spread along the sides of the cards. Pure.

import { ROOM } from "./router.js";

/** @import { Point } from "./types.js" */
/** @import { Placed, Way } from "./router.js" */

/** @typedef {{ id: string, client: string, server: string, way: Way }} Routed */
/** @typedef {{ of: number, nth: number, low: number, high: number }} Piece of a line: of which edge, and which of its pieces */

const SPACE = { x: 7, y: 5 }; // px between lines of a channel
const [PORT, CORNER] = [9, 20]; // px between the ends of lines at a card, and of its side without any

/**
 * The points of each edge, from the border of its client to that of its server.
 * @param {Routed[]} routed
 * @param {Map<string, Placed>} cards
 * @returns {Map<string, Point[]>}
 */
export function lines(routed, cards) {
  const ports = spread(routed, cards);
  const end = (/** @type {number} */ of, /** @type {string} */ which) => ports.get(`${of} ${which}`) ?? { x: 0, y: 0 };
  /** @type {Map<number, Piece[]>} */
  const down = new Map();
  /** @type {Map<number, Piece[]>} */
  const across = new Map();
  routed.forEach(({ way: { xs, ys } }, of) => {
    xs.forEach((x, nth) => {
      const [a, b] = [nth ? ys[nth - 1] : end(of, "from").y, nth < ys.length ? ys[nth] : end(of, "to").y];
      put(down, x, { of, nth, low: Math.min(a, b), high: Math.max(a, b) });
    });
    ys.forEach((y, nth) => {
      put(across, y, { of, nth, low: Math.min(xs[nth], xs[nth + 1]), high: Math.max(xs[nth], xs[nth + 1]) });
    });
  });
  const [aside, above] = [offsets(down, SPACE.x, ROOM.x), offsets(across, SPACE.y, ROOM.y)];
  return new Map(
    routed.map(({ id, way: { xs, ys } }, of) => {
      const [from, to] = [end(of, "from"), end(of, "to")];
      const x = (/** @type {number} */ nth) => xs[nth] + (aside.get(`${of} ${nth}`) ?? 0);
      const y = (/** @type {number} */ nth) => ys[nth] + (above.get(`${of} ${nth}`) ?? 0);
      const points = [from, { x: x(0), y: from.y }];
      ys.forEach((_, nth) => points.push({ x: x(nth), y: y(nth) }, { x: x(nth + 1), y: y(nth) }));
      points.push({ x: x(xs.length - 1), y: to.y }, to);
      return [id, simple(points)];
    }),
  );
}

/**
 * @param {Map<number, Piece[]>} all
 * @param {number} line
 * @param {Piece} piece
 */
function put(all, line, piece) {
  const known = all.get(line);
  if (known) known.push(piece);
  else all.set(line, [piece]);
}

/**
 * How far each piece is from the middle of its channel. Pieces that do not meet may share a track.
 * @param {Map<number, Piece[]>} all
 * @param {number} space
 * @param {number} room
 */
function offsets(all, space, room) {
  /** @type {Map<string, number>} */
  const found = new Map();
  for (const pieces of all.values()) {
    /** @type {number[]} */
    const ends = []; // of the last piece of each track
    const tracks = pieces
      .sort((a, b) => a.low - b.low || a.high - b.high || a.of - b.of)
      .map((piece) => {
        let track = ends.findIndex((last) => last + space < piece.low);
        if (track < 0) track = ends.length;
        ends[track] = piece.high;
        return track;
      });
    const step = Math.min(space, room / ends.length);
    pieces.forEach(({ of, nth }, at) => found.set(`${of} ${nth}`, (tracks[at] - (ends.length - 1) / 2) * step));
  }
  return found;
}

/**
 * Where each edge leaves its client and reaches its server: at a side of a card, in the order in which they part.
 * @param {Routed[]} routed
 * @param {Map<string, Placed>} cards
 */
function spread(routed, cards) {
  /** @type {Map<string, { key: string, towards: number }[]>} */
  const sides = new Map();
  const add = (/** @type {string} */ side, /** @type {{ key: string, towards: number }} */ end) => {
    const known = sides.get(side);
    if (known) known.push(end);
    else sides.set(side, [end]);
  };
  routed.forEach(({ client, server, way: { from, to, ys } }, of) => {
    const [a, b] = [cards.get(client), cards.get(server)];
    if (!a || !b) return;
    add(`${from} ${client}`, { key: `${of} from`, towards: ys.length ? ys[0] : b.y });
    add(`${to} ${server}`, { key: `${of} to`, towards: ys.length ? ys[ys.length - 1] : a.y });
  });
  /** @type {Map<string, Point>} */
  const ports = new Map();
  for (const [side, ends] of sides) {
    const way = Number.parseInt(side, 10);
    const card = cards.get(side.slice(side.indexOf(" ") + 1));
    if (!card) continue;
    const step = Math.min(PORT, (card.h - CORNER) / Math.max(1, ends.length - 1));
    ends
      .sort((one, other) => one.towards - other.towards)
      .forEach(({ key }, nth) =>
        ports.set(key, { x: card.x + (way * card.w) / 2, y: card.y + (nth - (ends.length - 1) / 2) * step }),
      );
  }
  return ports;
}

/**
 * Without points that are no bends.
 * @param {Point[]} points
 */
export function simple(points) {
  const near = (/** @type {number} */ a, /** @type {number} */ b) => Math.abs(a - b) < 0.5;
  /** @type {Point[]} */
  const made = [];
  for (const point of points) {
    const [before, last] = [made[made.length - 2], made[made.length - 1]];
    if (last && near(last.x, point.x) && near(last.y, point.y)) continue;
    const on =
      before &&
      ((near(before.x, last.x) && near(last.x, point.x)) || (near(before.y, last.y) && near(last.y, point.y)));
    if (on) made[made.length - 1] = point;
    else made.push(point);
  }
  return made;
}
