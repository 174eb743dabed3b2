// Where nodes are: those known keep their place, new ones come beside who they talk to. Places are remembered for each
// level and grouping, also after a reload.

import { Layout } from "./layout.js";

const KEPT = 3_000; // places a level; about 200 KB of the browser's storage
const STEP_X = 60;
const STEP_Y = 27;

export class Places {
  constructor(storage, onBetter) {
    this.storage = storage;
    this.onBetter = onBetter; // called with a key whose places are better now
    this.layout = new Layout();
    this.laying = new Map(); // key -> Promise of places, while they are made
    this.known = new Map(); // key -> Map id -> {x, y}
  }

  /** Return Map id -> {x, y} of all nodes [{id, w, h, group, title}]; `moved` says that all were placed anew. */
  async of(key, nodes, edges) {
    if (!this.known.has(key)) this.known.set(key, this.read(key));
    const strange = this.fresh(key, nodes);
    const moved = strange.length > nodes.length / 2; // nobody remembers a map of which most is new
    if (moved) await this.lay(key, nodes, edges);
    const known = this.known.get(key);
    const fresh = this.fresh(key, nodes);
    if (fresh.length) beside(fresh, nodes, edges, known);
    if (strange.length) this.write(key, known);
    return { at: known, moved, fresh: strange.length > 0 };
  }

  fresh(key, nodes) {
    return nodes.filter((node) => !this.known.get(key).has(node.id));
  }

  // Whoever asks while a layout is made waits for that one.
  lay(key, nodes, edges) {
    if (!this.laying.has(key)) {
      const better = (at) => {
        this.put(key, at);
        this.onBetter(key);
      };
      const made = this.layout.of(nodes, edges, better).then((at) => this.known.set(key, at));
      this.laying.set(key, made.finally(() => this.laying.delete(key)));
    }
    return this.laying.get(key);
  }

  /** Somebody dragged nodes: Map id -> {x, y}. */
  put(key, moved) {
    for (const [id, at] of moved) this.known.get(key).set(id, at);
    this.write(key, this.known.get(key));
  }

  forget(key) {
    this.known.set(key, new Map());
  }

  read(key) {
    try {
      return new Map(JSON.parse(this.storage.getItem(`places ${key}`) ?? "[]").map(([id, x, y]) => [id, { x, y }]));
    } catch {
      return new Map(); // unreadable, or the browser keeps nothing for us
    }
  }

  write(key, known) {
    const kept = [...known].slice(-KEPT).map(([id, { x, y }]) => [id, Math.round(x), Math.round(y)]);
    try {
      this.storage.setItem(`places ${key}`, JSON.stringify(kept));
    } catch {
      // full or forbidden: places then last as long as the page
    }
  }
}

// A server comes to the right of its clients and a client to the left of its servers, at the nearest free place.
function beside(fresh, nodes, edges, known) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const taken = new Set();
  for (const node of nodes) if (known.has(node.id)) occupy(taken, node, known.get(node.id));
  for (const node of fresh) {
    const near = [];
    for (const [client, server] of edges) {
      if (client === node.id && known.has(server)) near.push([server, -1]);
      if (server === node.id && known.has(client)) near.push([client, 1]);
    }
    const own = near.filter(([id]) => byId.get(id)?.group === node.group);
    const at = wish(own.length || !node.group ? own.length ? own : near : mates(nodes, node, known), known, node);
    known.set(node.id, free(taken, node, at));
    occupy(taken, node, known.get(node.id));
  }
}

const mates = (nodes, node, known) =>
  nodes.filter((other) => other.group === node.group && known.has(other.id)).map((other) => [other.id, 0]);

function wish(near, known, node) {
  if (!near.length) {
    const all = [...known.values()];
    return { x: Math.min(...all.map((at) => at.x)), y: Math.max(...all.map((at) => at.y)) + 3 * STEP_Y };
  }
  const sum = { x: 0, y: 0 };
  for (const [id, side] of near) {
    sum.x += known.get(id).x + side * (node.w + STEP_X);
    sum.y += known.get(id).y;
  }
  return { x: sum.x / near.length, y: sum.y / near.length };
}

const cells = (node, at) => {
  const found = [];
  for (let x = Math.floor((at.x - node.w / 2) / STEP_X); x <= Math.floor((at.x + node.w / 2) / STEP_X); x++) {
    for (let y = Math.floor((at.y - node.h / 2) / STEP_Y); y <= Math.floor((at.y + node.h / 2) / STEP_Y); y++) {
      found.push(`${x},${y}`);
    }
  }
  return found;
};

const occupy = (taken, node, at) => cells(node, at).forEach((cell) => taken.add(cell));

function free(taken, node, at) {
  for (let ring = 0; ring < 60; ring++) {
    for (const [dx, dy] of ringOf(ring)) {
      const tried = { x: at.x + dx * STEP_X, y: at.y + dy * 2 * STEP_Y };
      if (cells(node, tried).every((cell) => !taken.has(cell))) return tried;
    }
  }
  return at;
}

function ringOf(ring) {
  if (!ring) return [[0, 0]];
  const found = [];
  for (let n = -ring; n <= ring; n++) found.push([n, -ring], [n, ring], [-ring, n], [ring, n]);
  return found.sort(([ax, ay], [bx, by]) => ax * ax + ay * ay - bx * bx - by * by);
}
