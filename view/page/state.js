// What the page shows. All of it is in the hash of the address, so a link shows the same. Hashes never reach a server's log.

import { LEVEL_NAMES } from "./levels.js";

/** @import { Level, MapEdge } from "./types.js" */

/** @typedef {Pick<MapEdge, "client" | "server" | "transport" | "server_port">} EdgeIdentity */

export const LEVELS = /** @type {Level[]} */ (Object.keys(LEVEL_NAMES));
export const GROUPS = ["auto", "none", "host", "region", "cluster"];
/** @type {Record<string, number>} */
export const RANGES = { "15m": 900_000, "1h": 3_600_000, "6h": 21_600_000, "24h": 86_400_000, "7d": 604_800_000 };
/** @type {Record<string, number>} */
export const WIDTHS = { "1m": 60_000, "5m": 300_000, "15m": 900_000, "1h": 3_600_000 };

const DEFAULTS = {
  view: "map", // map | list
  level: /** @type {Level} */ ("service"),
  group: "auto", // boxes around nodes; where nodes are too many to read, boxes are cards until somebody opens them
  open: "", // those that somebody opened, as JSON
  range: "1h", // how much of the past the time line shows
  width: "1m", // how much of that the map shows
  at: 0, // the end of the map's time range, ms; 0 is live
  q: "", // a filter (graph/filters/)
  hits: "only", // the map is reduced to what it keeps, or that is marked
  infra: "folded", // folded | shown
  numbers: "port", // what lines show
  colour: "health", // by what they are coloured
  vs: "", // the earlier time that the map is compared with (compare.js)
  focus: "", // id of the node whose surroundings are shown
  hops: 1,
  node: "", // what is picked: the id of a node, or the key of an edge
  edge: "",
};
/** @type {Record<string, string[]>} */
const ALLOWED = {
  view: ["map", "list"],
  hits: ["only", "marked"],
  infra: ["folded", "shown"],
  level: LEVELS,
  group: GROUPS,
  range: Object.keys(RANGES),
  width: Object.keys(WIDTHS),
};

/** @typedef {typeof DEFAULTS} Fields */

/** The state. Read its fields, change them with set(). Listeners get the names of the changed fields. */
export class State {
  constructor(hash = "") {
    const fields = parse(hash);
    this.view = fields.view;
    this.level = fields.level;
    this.group = fields.group;
    this.open = fields.open;
    this.range = fields.range;
    this.width = fields.width;
    this.at = fields.at;
    this.q = fields.q;
    this.hits = fields.hits;
    this.infra = fields.infra;
    this.numbers = fields.numbers;
    this.colour = fields.colour;
    this.vs = fields.vs;
    this.focus = fields.focus;
    this.hops = fields.hops;
    this.node = fields.node;
    this.edge = fields.edge;
    /** @type {((names: Set<string>) => void)[]} */
    this.listeners = [];
  }

  /** @param {(names: Set<string>) => void} listener */
  onChange(listener) {
    this.listeners.push(listener);
  }

  /** @param {Partial<Fields>} changes */
  set(changes) {
    const names = /** @type {(keyof Fields)[]} */ (Object.keys(changes));
    const changed = names.filter((name) => this[name] !== changes[name]);
    if (!changed.length) return;
    Object.assign(this, changes);
    for (const listener of this.listeners) listener(new Set(changed));
  }

  get live() {
    return this.at === 0;
  }

  get widthMs() {
    return WIDTHS[this.width];
  }

  get rangeMs() {
    return RANGES[this.range];
  }

  hash() {
    const names = /** @type {(keyof Fields)[]} */ (Object.keys(DEFAULTS));
    const changed = names.filter((name) => this[name] !== DEFAULTS[name]);
    const text = new URLSearchParams(changed.map((name) => [name, String(this[name])])).toString();
    return text ? `#${text}` : "";
  }
}

/**
 * Read a hash. Fields with values that are not allowed keep their defaults.
 * @param {string} hash
 * @returns {Fields}
 */
export function parse(hash) {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  /** @type {Record<string, string | number>} */
  const found = { ...DEFAULTS };
  for (const [name, value] of given) {
    if (!Object.hasOwn(DEFAULTS, name)) continue;
    if (typeof found[name] === "number") {
      const number = Number(value);
      if (Number.isSafeInteger(number) && number >= 0) found[name] = number;
    } else if (!ALLOWED[name] || ALLOWED[name].includes(value)) found[name] = value;
  }
  found.hops = Math.min(3, Math.max(1, Number(found.hops)));
  return /** @type {Fields} */ (found);
}

/**
 * The identity of an edge as it is in the address: the server finds the edge by it.
 * @param {EdgeIdentity} edge
 */
export const edgeKey = (edge) => JSON.stringify([edge.client, edge.server, edge.transport, edge.server_port]);

/**
 * The keys of the groups that are open.
 * @param {string} open as it is in the address
 * @returns {string[]}
 */
export function opened(open) {
  try {
    const found = JSON.parse(open || "[]");
    return Array.isArray(found) ? found.map(String) : [];
  } catch {
    return []; // somebody cut the link short
  }
}

/**
 * Open or close a group. With a group those in it close as well.
 * @param {string} open
 * @param {string} key
 */
export function toggled(open, key) {
  const known = opened(open);
  const others = known.filter((each) => each !== key && !each.startsWith(`${key}\n`));
  const next = known.includes(key) ? others : [...known, key];
  return next.length ? JSON.stringify(next) : "";
}

/**
 * A line as it is in the address: its only edge, or the two cards between which its edges are.
 * @param {string} client
 * @param {string} server
 * @param {EdgeIdentity[]} edges
 */
export const lineKey = (client, server, edges) =>
  edges.length === 1 ? edgeKey(edges[0]) : JSON.stringify([client, server]);

/**
 * The two cards of a line of several edges; null for an edge, or nothing.
 * @param {string} key
 * @returns {[string, string] | null}
 */
export function lineEnds(key) {
  try {
    const found = JSON.parse(key || "null");
    return Array.isArray(found) && found.length === 2 ? [String(found[0]), String(found[1])] : null;
  } catch {
    return null;
  }
}
