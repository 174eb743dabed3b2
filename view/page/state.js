// What the page shows. All of it is in the hash of the address, so a link shows the same. Hashes never reach a server's log.

import { LEVEL_NAMES } from "./levels.js";

/** @import { Level, MapEdge } from "./types.js" */

/** @typedef {Pick<MapEdge, "client" | "server" | "transport" | "server_port">} EdgeIdentity */

export const LEVELS = /** @type {Level[]} */ (Object.keys(LEVEL_NAMES));
export const GROUPS = ["none", "host", "region", "cluster"];
/** @type {Record<string, number>} */
export const RANGES = { "15m": 900_000, "1h": 3_600_000, "6h": 21_600_000, "24h": 86_400_000, "7d": 604_800_000 };
/** @type {Record<string, number>} */
export const WIDTHS = { "1m": 60_000, "5m": 300_000, "15m": 900_000, "1h": 3_600_000 };

const DEFAULTS = {
  view: "map", // map | list
  level: /** @type {Level} */ ("service"),
  group: "none",
  range: "1h", // how much of the past the time line shows
  width: "1m", // how much of that the map shows
  at: 0, // the end of the map's time range, ms; 0 is live
  q: "",
  focus: "", // id of the node whose surroundings are shown
  hops: 1,
  node: "", // what is picked: the id of a node, or the key of an edge
  edge: "",
};
/** @type {Record<string, string[]>} */
const ALLOWED = {
  view: ["map", "list"],
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
    this.range = fields.range;
    this.width = fields.width;
    this.at = fields.at;
    this.q = fields.q;
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
