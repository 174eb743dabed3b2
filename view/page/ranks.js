// Rows and columns for cards: clients left of their servers, and cards that talk to each other in near rows. Pure, and the
// same for the same graph.

/** @typedef {[string, string, number]} Weighted a client, its server, and how much goes between them */

const SWEEPS = 60;
const [MOST_COLUMNS, SHAPE] = [5, 0.8]; // columns to rows, for cards on a screen

/**
 * The columns, each with its cards from the top down. `fixed` gives the column of each card, where it is known; then one of
 * too many rows becomes several.
 * @param {string[]} ids
 * @param {Weighted[]} pairs
 * @param {Map<string, number>} [fixed]
 * @param {number} [rows]
 * @returns {string[][]}
 */
export function columns(ids, pairs, fixed, rows = Infinity) {
  const there = new Set(ids);
  const between = pairs.filter(([a, b]) => a !== b && there.has(a) && there.has(b));
  if (!fixed) return ordered(spread(ids, heights(ids, between)), between);
  return ordered(given(ids, fixed), between).flatMap((column) => wrapped(column, rows));
}

/**
 * A long column as several, side by side: each card stays as high up as it was.
 * @param {string[]} column
 * @param {number} rows the most
 * @returns {string[][]}
 */
function wrapped(column, rows) {
  const count = Math.ceil(column.length / rows);
  return Array.from({ length: count }, (_, nth) => column.filter((_id, at) => at % count === nth));
}

/**
 * Keep columns as they are: cards that are gone leave them, and new ones join the shortest.
 * @param {string[][]} known
 * @param {string[]} ids
 */
export function kept(known, ids) {
  const wanted = new Set(ids);
  const made = known.map((column) => column.filter((id) => wanted.delete(id)));
  for (const id of wanted) made.reduce((least, each) => (each.length < least.length ? each : least)).push(id);
  return made.filter((column) => column.length);
}

/**
 * How far each card is from those that nobody asks: one more than its clients, on the average.
 * @param {string[]} ids
 * @param {Weighted[]} pairs
 */
function heights(ids, pairs) {
  const found = new Map(ids.map((id) => [id, 0]));
  const near = neighbours(pairs);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const id of ids) {
      const all = near.get(id) ?? [];
      const weight = all.reduce((sum, [, , own]) => sum + own, 0);
      const sum = all.reduce((total, [other, way, own]) => total + own * ((found.get(other) ?? 0) + way), 0);
      if (weight) found.set(id, sum / weight);
    }
  }
  return found;
}

/**
 * @param {Weighted[]} pairs
 * @returns {Map<string, [string, number, number][]>} a neighbour, 1 if it asks, -1 if it is asked, and how much
 */
function neighbours(pairs) {
  /** @type {Map<string, [string, number, number][]>} */
  const near = new Map();
  const add = (/** @type {string} */ id, /** @type {[string, number, number]} */ entry) => {
    const known = near.get(id);
    if (known) known.push(entry);
    else near.set(id, [entry]);
  };
  for (const [client, server, weight] of pairs) {
    const own = 1 + Math.log10(1 + weight);
    add(server, [client, 1, own]);
    add(client, [server, -1, own]);
  }
  return near;
}

/**
 * Cut the cards into columns by their heights, none longer than the screen.
 * @param {string[]} ids
 * @param {Map<string, number>} height
 */
function spread(ids, height) {
  const count = Math.min(MOST_COLUMNS, Math.max(1, Math.ceil(Math.sqrt(SHAPE * ids.length))));
  const most = Math.ceil(ids.length / count);
  const of = (/** @type {string} */ id) => height.get(id) ?? 0;
  const sorted = [...ids].sort((a, b) => of(a) - of(b) || (a < b ? -1 : 1));
  const [low, high] = [of(sorted[0]), of(sorted[sorted.length - 1])];
  /** @type {string[][]} */
  const made = Array.from({ length: count }, () => []);
  let at = 0;
  sorted.forEach((id, nth) => {
    const left = sorted.length - nth;
    if (made[at].length >= most) at += 1;
    const wanted = high > low ? Math.round(((of(id) - low) / (high - low)) * (count - 1)) : 0;
    while (at < wanted && left <= (count - at - 1) * most) at += 1;
    made[at].push(id);
  });
  return made.filter((column) => column.length);
}

/**
 * @param {string[]} ids
 * @param {Map<string, number>} fixed
 */
function given(ids, fixed) {
  /** @type {Map<number, string[]>} */
  const made = new Map();
  for (const id of ids) {
    const at = fixed.get(id) ?? 0;
    made.set(at, [...(made.get(at) ?? []), id]);
  }
  return [...made].sort(([a], [b]) => a - b).map(([, column]) => column);
}

/**
 * Order each column by the middle of the neighbours of its cards.
 * @param {string[][]} made
 * @param {Weighted[]} pairs
 */
function ordered(made, pairs) {
  const near = neighbours(pairs);
  const all = made.map((column) => [...column]);
  /** @type {Map<string, number>} */
  const row = new Map();
  const place = (/** @type {string[]} */ column) =>
    column.forEach((id, nth) => row.set(id, nth - (column.length - 1) / 2));
  all.forEach(place);
  for (let sweep = 0; sweep < 12; sweep++) {
    for (const column of sweep % 2 ? [...all].reverse() : all) {
      const middle = new Map(column.map((id) => [id, mean(near.get(id) ?? [], row) ?? row.get(id) ?? 0]));
      column.sort((a, b) => (middle.get(a) ?? 0) - (middle.get(b) ?? 0) || (a < b ? -1 : 1));
      place(column);
    }
  }
  return all;
}

/**
 * @param {[string, number, number][]} near
 * @param {Map<string, number>} row
 */
function mean(near, row) {
  const weight = near.reduce((sum, [, , own]) => sum + own, 0);
  return weight ? near.reduce((sum, [id, , own]) => sum + own * (row.get(id) ?? 0), 0) / weight : undefined;
}
