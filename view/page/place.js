// The places of nodes. Known nodes keep their places, and new ones come beside those they talk to. Places are remembered
// for each level and grouping, also after a reload.

import { Layout } from "./layout.js";

/** @import { Pair, Sized } from "./layout.js" */
/** @import { Memory, Places as Positions, Point, Ways } from "./types.js" */

/** @typedef {[string, number]} Near the id of a neighbour, and on which side of it to be: -1 left, 1 right */

const KEPT = 3_000; // the most places of a level; about 200 KB of the browser's storage
const KEPT_WAYS = 300;
export const PASSING = "~"; // in keys of places that the browser need not keep: somebody types many a filter
const STEP_X = 60;
const STEP_Y = 27;

export class Places {
  /**
   * @param {Memory} storage
   * @param {(key: string) => void} onBetter called with the key of a layout that has better places now
   */
  constructor(storage, onBetter) {
    this.storage = storage;
    this.onBetter = onBetter;
    this.layout = new Layout();
    /** @type {Map<string, Promise<void>>} */
    this.laying = new Map(); // running layouts, by key
    /** @type {Map<string, Positions>} */
    this.known = new Map(); // places, by key
    /** @type {Map<string, Ways>} */
    this.ways = new Map(); // of the lines between those, by key
  }

  /**
   * The places of all nodes. `moved` is set where all of them are new, `fresh` where some are.
   * @param {string} key of the level and grouping
   * @param {Sized[]} nodes
   * @param {Pair[]} edges
   */
  async of(key, nodes, edges) {
    const unknown = this.fresh(key, nodes);
    const moved = unknown.length > nodes.length / 2; // nobody remembers a map that is mostly new
    if (moved) await this.lay(key, nodes, edges);
    const known = this.at(key);
    const fresh = this.fresh(key, nodes);
    if (fresh.length) beside(fresh, nodes, edges, known);
    if (unknown.length) this.write(key, known);
    return { at: known, ways: this.waysAt(key), moved, fresh: unknown.length > 0 };
  }

  /**
   * The known places of a level and grouping.
   * @param {string} key
   */
  at(key) {
    const known = this.known.get(key) ?? this.read(key);
    this.known.set(key, known);
    return known;
  }

  /**
   * The known ways of the lines of a level and grouping.
   * @param {string} key
   * @returns {Ways}
   */
  waysAt(key) {
    const known = this.ways.get(key) ?? new Map(this.kept(`ways ${key}`));
    this.ways.set(key, known);
    return known;
  }

  /**
   * The nodes without a place.
   * @param {string} key
   * @param {Sized[]} nodes
   */
  fresh(key, nodes) {
    const known = this.at(key);
    return nodes.filter((node) => !known.has(node.id));
  }

  /**
   * Lay out all nodes, or wait for the running layout.
   * @param {string} key
   * @param {Sized[]} nodes
   * @param {Pair[]} edges
   */
  lay(key, nodes, edges) {
    const running = this.laying.get(key);
    if (running) return running;
    const better = (/** @type {import("./layout.js").Laid} */ { at, ways }) => {
      this.ways.set(key, ways);
      this.put(key, at);
      this.onBetter(key);
    };
    const made = this.layout.of(nodes, edges, better).then(({ at, ways }) => {
      this.known.set(key, at);
      this.ways.set(key, ways);
    });
    const laying = made.finally(() => this.laying.delete(key));
    this.laying.set(key, laying);
    return laying;
  }

  /**
   * Keep the places of nodes, such as dragged ones.
   * @param {string} key
   * @param {Positions} moved
   */
  put(key, moved) {
    const known = this.at(key);
    for (const [id, at] of moved) known.set(id, at);
    this.write(key, known);
  }

  /** @param {string} key */
  forget(key) {
    this.ways.set(key, new Map());
    this.known.set(key, new Map());
  }

  /**
   * @param {string} key
   * @returns {Positions}
   */
  read(key) {
    return new Map(this.kept(`places ${key}`).map(([id, x, y]) => [id, { x, y }]));
  }

  /**
   * A list that the browser keeps; [] where that is unreadable, or it keeps nothing for us.
   * @param {string} name
   * @returns {any[]}
   */
  kept(name) {
    try {
      return JSON.parse(this.storage.getItem(name) ?? "[]");
    } catch {
      return [];
    }
  }

  /**
   * @param {string} key
   * @param {Positions} known
   */
  write(key, known) {
    if (key.includes(PASSING)) return;
    const kept = [...known].slice(-KEPT).map(([id, { x, y }]) => [id, Math.round(x), Math.round(y)]);
    try {
      this.storage.setItem(`places ${key}`, JSON.stringify(kept));
      this.storage.setItem(`ways ${key}`, JSON.stringify([...this.waysAt(key)].slice(0, KEPT_WAYS)));
    } catch {
      // full or forbidden: then places last as long as the page
    }
  }
}

/**
 * Place new nodes: a server to the right of its clients, a client to the left of its servers, at the nearest free place.
 * @param {Sized[]} fresh
 * @param {Sized[]} nodes
 * @param {Pair[]} edges
 * @param {Positions} known
 */
export function beside(fresh, nodes, edges, known) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  /** @type {Set<string>} */
  const taken = new Set();
  for (const node of nodes) {
    const at = known.get(node.id);
    if (at) occupy(taken, node, at);
  }
  for (const node of fresh) {
    /** @type {Near[]} */
    const near = [];
    for (const [client, server] of edges) {
      if (client === node.id && known.has(server)) near.push([server, -1]);
      if (server === node.id && known.has(client)) near.push([client, 1]);
    }
    const own = near.filter(([id]) => byId.get(id)?.group === node.group);
    const others = node.group ? mates(nodes, node, known) : near;
    const at = free(taken, node, wish(own.length ? own : others, known, node));
    known.set(node.id, at);
    occupy(taken, node, at);
  }
}

/**
 * The other nodes of its group.
 * @param {Sized[]} nodes
 * @param {Sized} node
 * @param {Positions} known
 * @returns {Near[]}
 */
const mates = (nodes, node, known) =>
  nodes.filter((other) => other.group === node.group && known.has(other.id)).map((other) => [other.id, 0]);

/**
 * The place where a node should be, free or not.
 * @param {Near[]} near
 * @param {Positions} known
 * @param {Sized} node
 * @returns {Point}
 */
function wish(near, known, node) {
  if (!near.length) {
    const all = [...known.values()];
    return { x: Math.min(...all.map((at) => at.x)), y: Math.max(...all.map((at) => at.y)) + 3 * STEP_Y };
  }
  const sum = { x: 0, y: 0 };
  for (const [id, side] of near) {
    const at = known.get(id) ?? { x: 0, y: 0 };
    sum.x += at.x + side * (node.w + STEP_X);
    sum.y += at.y;
  }
  return { x: sum.x / near.length, y: sum.y / near.length };
}

/**
 * The cells of a grid that a node at a place covers.
 * @param {Sized} node
 * @param {Point} at
 */
const cells = (node, at) => {
  const found = [];
  for (let x = Math.floor((at.x - node.w / 2) / STEP_X); x <= Math.floor((at.x + node.w / 2) / STEP_X); x++) {
    for (let y = Math.floor((at.y - node.h / 2) / STEP_Y); y <= Math.floor((at.y + node.h / 2) / STEP_Y); y++) {
      found.push(`${x},${y}`);
    }
  }
  return found;
};

/**
 * @param {Set<string>} taken
 * @param {Sized} node
 * @param {Point} at
 */
function occupy(taken, node, at) {
  for (const cell of cells(node, at)) taken.add(cell);
}

/**
 * The nearest free place.
 * @param {Set<string>} taken
 * @param {Sized} node
 * @param {Point} at
 * @returns {Point}
 */
function free(taken, node, at) {
  for (let ring = 0; ring < 60; ring++) {
    for (const [dx, dy] of ringOf(ring)) {
      const tried = { x: at.x + dx * STEP_X, y: at.y + dy * 2 * STEP_Y };
      if (cells(node, tried).every((cell) => !taken.has(cell))) return tried;
    }
  }
  return at;
}

/**
 * The steps to a ring around a place, the nearest first.
 * @param {number} ring
 * @returns {[number, number][]}
 */
function ringOf(ring) {
  if (!ring) return [[0, 0]];
  /** @type {[number, number][]} */
  const found = [];
  for (let n = -ring; n <= ring; n++) found.push([n, -ring], [n, ring], [-ring, n], [ring, n]);
  return found.sort(([ax, ay], [bx, by]) => ax * ax + ay * ay - bx * bx - by * by);
}
