// The layout of a map that nobody has seen yet, by ELK in a worker, so that the page never waits for it. The same map gives
// the same picture: nodes are sorted, and ELK's seed is fixed.

/** @import { ELK, ElkNode, LayoutOptions } from "elkjs/lib/elk-api.js" */
/** @import { Card, Places, Point, Ways } from "./types.js" */

/** @typedef {Pick<Card, "id" | "w" | "h" | "group" | "title">} Sized a node with its size */
/** @typedef {[string, string]} Pair a client and its server */
/** @typedef {{ at: Places, ways: Ways }} Laid the middles of nodes, and the bends of the lines between them */

const GROUP = "group\n"; // before a group's name: no id of a node begins like this
const SOON = 300; // with more pairs, nodes are in rows at first: a layout in layers takes longer than half a second
const MOST = 2_500; // with more pairs, a layout in layers takes too long to try
const LIMIT_MS = 10_000;
const ASPECT = 1.9; // of the picture, like that of screens
/** @type {LayoutOptions} */
const SPACES = {
  "elk.spacing.nodeNode": "18",
  "elk.padding": "[top=40,left=22,bottom=22,right=22]",
  "elk.aspectRatio": String(ASPECT),
};
const LAYERED = {
  ...SPACES,
  "elk.algorithm": "layered",
  "elk.direction": "RIGHT",
  "elk.hierarchyHandling": "INCLUDE_CHILDREN",
  "elk.edgeRouting": "POLYLINE",
  "elk.layered.spacing.nodeNodeBetweenLayers": "110",
  "elk.layered.spacing.edgeNodeBetweenLayers": "20",
  "elk.spacing.edgeNode": "12",
  "elk.spacing.edgeEdge": "6",
  "elk.spacing.componentComponent": "40",
};
// With hundreds of nodes, five times as fast as ELK's defaults, with some more crossings.
const QUICK = {
  "elk.layered.thoroughness": "1",
  "elk.layered.nodePlacement.strategy": "SIMPLE",
  "elk.layered.layering.strategy": "LONGEST_PATH",
};
const BOXES = { ...SPACES, "elk.algorithm": "box", "elk.interactive": "true" }; // rows, in the given order
const CELL = { x: 60, y: 44 }; // px between cards in rows, for the lines between them

export class Layout {
  constructor() {
    /** @type {ELK | null} */
    this.elk = null; // started when it is needed: it has 1.6 MB
  }

  /**
   * Place nodes; returns the positions of their middles, by id, and the ways of lines. Where a layout in layers takes long, nodes are in rows at
   * first, and `better` is called with the layers.
   * @param {Sized[]} nodes
   * @param {Pair[]} edges
   * @param {(laid: Laid) => void} better
   * @returns {Promise<Laid>}
   */
  async of(nodes, edges, better) {
    const ordered = [...nodes].sort(
      (a, b) => compare(a.group, b.group) || compare(a.title, b.title) || compare(a.id, b.id),
    );
    const pairs = prevailing(edges);
    try {
      if (pairs.length <= SOON) return await this.ask(ordered, oriented(edges, pairs), LAYERED);
      const first = ordered.some(({ group }) => group) ? await this.ask(ordered, [], BOXES) : rows(ordered);
      if (pairs.length <= MOST)
        within(ordered, oriented(edges, pairs)).then((at) => (at ? better(at) : undefined), warn);
      return first;
    } catch (error) {
      warn(error);
      return rows(ordered);
    }
  }

  /**
   * @param {Sized[]} nodes
   * @param {Oriented[]} pairs
   * @param {LayoutOptions} how
   */
  ask(nodes, pairs, how) {
    this.elk ??= started();
    return answer(this.elk, nodes, pairs, how);
  }
}

/**
 * Lay out in another worker, and stop that when it takes too long: other layouts must not wait for it.
 * @param {Sized[]} nodes
 * @param {Oriented[]} pairs
 * @returns {Promise<Laid | undefined>}
 */
async function within(nodes, pairs) {
  const elk = started();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {Promise<undefined>} */
  const late = new Promise((done) => {
    timer = setTimeout(done, LIMIT_MS, undefined);
  });
  try {
    return await Promise.race([answer(elk, nodes, pairs, { ...LAYERED, ...QUICK }), late]);
  } finally {
    clearTimeout(timer);
    elk.terminateWorker();
  }
}

/**
 * @param {ELK} elk
 * @param {Sized[]} nodes
 * @param {Oriented[]} pairs
 * @param {LayoutOptions} how
 * @returns {Promise<Laid>}
 */
async function answer(elk, nodes, pairs, how) {
  const done = await elk.layout(root(nodes, pairs, how));
  return { at: new Map(places(done.children)), ways: ways(done, pairs) };
}

const started = () => new globalThis.ELK({ workerUrl: "assets/vendor/elk-worker.min.js" });
const warn = (/** @type {unknown} */ error) => console.warn("ELK could not lay the map out; nodes are in rows.", error);
const compare = (/** @type {string} */ a, /** @type {string} */ b) => (a < b ? -1 : Number(a > b));

/**
 * The graph as ELK takes it, with a child for each group.
 * @param {Sized[]} nodes
 * @param {Oriented[]} pairs
 * @param {LayoutOptions} layoutOptions
 * @returns {ElkNode & { children: ElkNode[] }}
 */
function root(nodes, pairs, layoutOptions) {
  /** @type {ElkNode[]} */
  const children = [];
  /** @type {Map<string, ElkNode[]>} */
  const groups = new Map();
  nodes.forEach(({ id, w, h, group }, y) => {
    let siblings = group ? groups.get(group) : children;
    if (!siblings) {
      siblings = [];
      groups.set(group, siblings);
      children.push({ id: GROUP + group, y, layoutOptions, children: siblings });
    }
    siblings.push({ id, y, width: w, height: h });
  });
  const edges = pairs.map(({ left, right }, nth) => ({ id: `edge\n${nth}`, sources: [left], targets: [right] }));
  return { id: "root", layoutOptions, children, edges };
}

/**
 * The middles of laid out nodes. ELK gives positions within their group.
 * @param {ElkNode[]} [children]
 * @param {Point} [origin]
 * @returns {Generator<[string, Point]>}
 */
function* places(children = [], origin = { x: 0, y: 0 }) {
  for (const { id, x = 0, y = 0, width = 0, height = 0, children: inner } of children) {
    const corner = { x: origin.x + x, y: origin.y + y };
    if (inner?.length) yield* places(inner, corner);
    else yield [id, { x: corner.x + width / 2, y: corner.y + height / 2 }];
  }
}

/**
 * The bends of laid out lines, from their client to their server. ELK gives them within the box that holds both ends.
 * @param {ElkNode} done
 * @param {Oriented[]} pairs
 * @returns {Ways}
 */
function ways({ children = [], edges = [] }, pairs) {
  const corner = new Map(children.map(({ id, x = 0, y = 0 }) => [id, { x, y }]));
  /** @type {Ways} */
  const found = new Map();
  edges.forEach(({ sections, ...edge }, nth) => {
    const { x, y } = corner.get(/** @type {{ container?: string }} */ (edge).container ?? "") ?? { x: 0, y: 0 };
    const { left, right, back } = pairs[nth];
    const points = sections?.flatMap(({ startPoint, bendPoints = [], endPoint }) => [
      startPoint,
      ...bendPoints,
      endPoint,
    ]);
    const placed = points?.map((at) => ({ x: at.x + x, y: at.y + y }));
    if (placed) found.set(back ? `${right}\n${left}` : `${left}\n${right}`, back ? placed.reverse() : placed);
  });
  return found;
}

/**
 * @param {Sized[]} nodes
 * @returns {Laid}
 */
function rows(nodes) {
  const [w, h] = [Math.max(...nodes.map((node) => node.w)) + CELL.x, Math.max(...nodes.map((node) => node.h)) + CELL.y];
  const columns = Math.ceil(Math.sqrt((nodes.length * ASPECT * h) / w));
  const at = new Map(nodes.map(({ id }, nth) => [id, { x: (nth % columns) * w, y: Math.floor(nth / columns) * h }]));
  return { at, ways: new Map() };
}

/** @typedef {{ left: string, right: string, back: boolean }} Oriented a line; `back` if its server is left of its client */

/**
 * Every line once, in the direction in which its nodes are laid out.
 * @param {Pair[]} edges
 * @param {Pair[]} pairs the directions that prevail
 * @returns {Oriented[]}
 */
function oriented(edges, pairs) {
  const forth = new Set();
  for (const [a, b] of pairs) if (!forth.has(`${b}\n${a}`)) forth.add(`${a}\n${b}`);
  const all = new Map(edges.map(([a, b]) => [`${a}\n${b}`, [a, b]]));
  return [...all]
    .filter(([, [a, b]]) => a !== b)
    .map(([key, [a, b]]) => (forth.has(key) ? { left: a, right: b, back: false } : { left: b, right: a, back: true }));
}

/**
 * Each client with its server, once. Where there are edges in both directions, keep the direction with more edges: between
 * hosts there is nearly always an edge back, and that of one monitor must not outweigh those of forty users.
 * @param {Pair[]} edges
 * @returns {Pair[]}
 */
export function prevailing(edges) {
  /** @type {Map<string, Map<string, number>>} */
  const counts = new Map(); // the number of edges, by client and server
  for (const [a, b] of edges) {
    if (a === b) continue;
    const servers = counts.get(a) ?? new Map();
    counts.set(a, servers.set(b, (servers.get(b) ?? 0) + 1));
  }
  const back = (/** @type {string} */ a, /** @type {string} */ b) => counts.get(b)?.get(a) ?? 0;
  return [...counts].flatMap(([a, servers]) =>
    [...servers].filter(([b, count]) => count >= back(a, b)).map(([b]) => /** @type {Pair} */ ([a, b])),
  );
}
