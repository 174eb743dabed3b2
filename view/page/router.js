// Ways of edges around cards: along the lines of a grid, with few bends, and not through boxes that an edge has nothing to
// do with. Pure.

import { Queue } from "./queue.js";

/** @import { Box } from "./types.js" */

/** @typedef {{ id: string, x: number, y: number, w: number, h: number }} Placed a card with its middle */
/** @typedef {{ xs: number[], ys: number[] }} Lines */
/**
 * A way in terms of lines: up and down along `xs[0]`, then along `ys[0]` to `xs[1]`, and so on. `from` and `to` are the
 * sides of the cards, -1 for left and 1 for right.
 * @typedef {{ from: number, to: number, xs: number[], ys: number[] }} Way
 */

export const ROOM = { x: 44, y: 18 }; // px, for all lines of a channel side by side
const [BEND, BACKWARDS, STRANGE, USED] = [60, 120, 4, 0.12]; // what these cost more, px or times the length

export class Router {
  /**
   * @param {Lines} lines
   * @param {Map<string, Placed>} cards
   * @param {Box[]} boxes
   */
  constructor({ xs, ys }, cards, boxes) {
    this.xs = xs;
    this.ys = ys;
    this.cards = cards;
    this.boxes = boxes;
    const all = [...cards.values()];
    const hit = (
      /** @type {number} */ x1,
      /** @type {number} */ y1,
      /** @type {number} */ x2,
      /** @type {number} */ y2,
    ) => all.some(({ x, y, w, h }) => x2 > x - w / 2 && x1 < x + w / 2 && y2 > y - h / 2 && y1 < y + h / 2);
    const [aside, above] = [ROOM.x / 2, ROOM.y / 2];
    this.across = ys.map((y) => xs.slice(1).map((x, nth) => !hit(xs[nth], y - above, x, y + above)));
    this.down = ys.slice(1).map((y, nth) => xs.map((x) => !hit(x - aside, ys[nth], x + aside, y)));
    /** @type {Map<number, number>} */
    this.used = new Map(); // how many ways lead along a piece of a line
  }

  /**
   * The best way from a client to a server; undefined if there is none.
   * @param {string} client
   * @param {string} server
   * @returns {Way | undefined}
   */
  way(client, server) {
    const [from, to] = [this.doors(client), this.doors(server)];
    const strange = this.boxes.filter(
      (box) => !within(box, this.cards.get(client)) && !within(box, this.cards.get(server)),
    );
    const count = this.xs.length * this.ys.length;
    const cost = new Float64Array(2 * count).fill(Infinity); // of a point, reached across or down
    const before = new Int32Array(2 * count).fill(-1);
    const queue = new Queue();
    for (const [point, side] of from) {
      cost[2 * point + 1] = side < 0 ? BACKWARDS : 0;
      queue.push(cost[2 * point + 1], 2 * point + 1);
    }
    const goals = new Map(to.map(([point, side]) => [point, side]));
    let [best, end] = [Infinity, -1];
    for (let state = queue.pop(); state !== undefined; state = queue.pop()) {
      if (cost[state] >= best) break;
      const side = goals.get(state >> 1);
      if (side !== undefined) {
        const whole = cost[state] + (side > 0 ? BACKWARDS : 0);
        if (whole < best) [best, end] = [whole, state];
      }
      for (const [next, length] of this.steps(state >> 1, strange)) {
        const reached = cost[state] + length + (next % 2 === state % 2 ? 0 : BEND);
        if (reached >= cost[next]) continue;
        cost[next] = reached;
        before[next] = state;
        queue.push(reached, next);
      }
    }
    return end < 0 ? undefined : this.traced(end, before, from, goals.get(end >> 1) ?? -1);
  }

  /**
   * Where an edge may leave or reach a card: points of the channels at its sides.
   * @param {string} id
   * @returns {[number, number][]} a point and the side
   */
  doors(id) {
    const card = this.cards.get(id);
    if (!card) return [];
    const row = this.ys.indexOf(card.y);
    const right = this.xs.findIndex((x) => x > card.x + card.w / 2 + ROOM.x / 2);
    const left = this.xs.findLastIndex((x) => x < card.x - card.w / 2 - ROOM.x / 2);
    /** @type {[number, number][]} */
    const found = [];
    if (right >= 0) found.push([row * this.xs.length + right, 1]);
    if (left >= 0) found.push([row * this.xs.length + left, -1]);
    return found;
  }

  /**
   * The states that can be reached from a point in one step, with what that costs.
   * @param {number} point
   * @param {Box[]} strange
   * @returns {[number, number][]}
   */
  steps(point, strange) {
    const { xs, ys } = this;
    const [column, row] = [point % xs.length, Math.floor(point / xs.length)];
    /** @type {[number, number][]} */
    const found = [];
    const add = (/** @type {number} */ next, /** @type {number} */ way, /** @type {number} */ length) => {
      const [x, y] = [(xs[column] + xs[next % xs.length]) / 2, (ys[row] + ys[Math.floor(next / xs.length)]) / 2];
      const times = strange.some((box) => x > box.x1 && x < box.x2 && y > box.y1 && y < box.y2) ? STRANGE : 1;
      found.push([2 * next + way, length * (times + USED * (this.used.get(this.piece(point, next)) ?? 0))]);
    };
    if (column && this.across[row][column - 1]) add(point - 1, 0, xs[column] - xs[column - 1]);
    if (column + 1 < xs.length && this.across[row][column]) add(point + 1, 0, xs[column + 1] - xs[column]);
    if (row && this.down[row - 1][column]) add(point - xs.length, 1, ys[row] - ys[row - 1]);
    if (row + 1 < ys.length && this.down[row][column]) add(point + xs.length, 1, ys[row + 1] - ys[row]);
    return found;
  }

  /**
   * @param {number} a
   * @param {number} b
   */
  piece(a, b) {
    return Math.min(a, b) * 2 + (Math.abs(a - b) === 1 ? 0 : 1);
  }

  /**
   * @param {number} end
   * @param {Int32Array} before
   * @param {[number, number][]} from
   * @param {number} to
   * @returns {Way}
   */
  traced(end, before, from, to) {
    /** @type {number[]} */
    const points = [];
    for (let state = end; state >= 0; state = before[state]) points.unshift(state >> 1);
    points.slice(1).forEach((point, nth) => {
      const piece = this.piece(points[nth], point);
      this.used.set(piece, (this.used.get(piece) ?? 0) + 1);
    });
    const column = (/** @type {number} */ point) => this.xs[point % this.xs.length];
    const row = (/** @type {number} */ point) => this.ys[Math.floor(point / this.xs.length)];
    const xs = [column(points[0])];
    /** @type {number[]} */
    const ys = [];
    let wasAcross = false;
    points.slice(1).forEach((point, nth) => {
      const across = column(point) !== column(points[nth]);
      if (across && wasAcross) xs[xs.length - 1] = column(point);
      else if (across) {
        ys.push(row(point));
        xs.push(column(point));
      }
      wasAcross = across;
    });
    const start = from.find(([point]) => point === points[0]);
    return { from: start ? start[1] : 1, to, xs, ys };
  }
}

/**
 * @param {Box} box
 * @param {Placed | undefined} card
 */
const within = (box, card) => !!card && card.x > box.x1 && card.x < box.x2 && card.y > box.y1 && card.y < box.y2;
