// What one looks at. All of it is in the address's hash, so that a link shows the same: nothing goes to a server's log.

export const LEVEL_NAMES = { service: "Services", process: "Processes", container: "Containers", host: "Hosts", address: "Addresses" };
export const LEVELS = ["service", "process", "container", "host", "address"];
export const GROUPS = ["none", "host", "region"];
export const RANGES = { "15m": 900_000, "1h": 3_600_000, "6h": 21_600_000, "24h": 86_400_000, "7d": 604_800_000 };
export const WIDTHS = { "1m": 60_000, "5m": 300_000, "15m": 900_000, "1h": 3_600_000 };

const DEFAULTS = {
  view: "map", // map | list
  level: "service",
  group: "none",
  range: "1h", // how much of the past the time line shows
  width: "1m", // how much of it the map shows
  at: 0, // where the map's stretch ends, ms; 0 is live
  q: "",
  focus: "", // id of the node to look around
  hops: 1,
  node: "", // what is picked: a node's id, or an edge's four
  edge: "",
};
const ALLOWED = {
  view: ["map", "list"],
  level: LEVELS,
  group: GROUPS,
  range: Object.keys(RANGES),
  width: Object.keys(WIDTHS),
};

/** The state: read its fields, change it by set(). Listeners get the names of what changed. */
export class State {
  constructor(hash = "") {
    this.listeners = [];
    Object.assign(this, parse(hash));
  }

  onChange(listener) {
    this.listeners.push(listener);
  }

  set(changes) {
    const changed = Object.keys(changes).filter((name) => this[name] !== changes[name]);
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
    const changed = Object.keys(DEFAULTS).filter((name) => this[name] !== DEFAULTS[name]);
    const text = new URLSearchParams(changed.map((name) => [name, String(this[name])])).toString();
    return text ? `#${text}` : "";
  }
}

/** Read a hash; what is wrong in it is left at its default. */
export function parse(hash) {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const found = { ...DEFAULTS };
  for (const [name, value] of given) {
    if (!(name in DEFAULTS)) continue;
    if (typeof DEFAULTS[name] === "number") {
      const number = Number(value);
      if (Number.isSafeInteger(number) && number >= 0) found[name] = number;
    } else if (!ALLOWED[name] || ALLOWED[name].includes(value)) found[name] = value;
  }
  found.hops = Math.min(3, Math.max(1, found.hops));
  return found;
}

/** The identity of an edge as it stands in the address: what the server needs to find it again. */
export const edgeKey = (edge) => JSON.stringify([edge.client, edge.server, edge.transport, edge.server_port]);
