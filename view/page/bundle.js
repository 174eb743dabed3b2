// Edges between the same two cards as one line, which stands for all of them. Pure.

/** @import { Bundle, Drawn, Health, MapEdge } from "./types.js" */

/** @type {Health[]} */
const WORSE = ["ok", "warn", "bad"];
const BUNDLE = "bundle\n"; // before its ends: no id of an edge begins like this

/**
 * The lines between cards. Edges of a card to itself have none.
 * @param {MapEdge[]} edges
 * @param {MapEdge[]} gone
 * @param {(id: string) => string} cardOf the card that a node is drawn as
 * @returns {Bundle[]}
 */
export function bundles(edges, gone, cardOf) {
  /** @type {Map<string, Bundle>} */
  const found = new Map();
  const add = (/** @type {MapEdge} */ edge, /** @type {boolean} */ isGone) => {
    const [client, server] = [cardOf(edge.client), cardOf(edge.server)];
    if (client === server) return;
    const key = `${client}\n${server}`;
    const known = found.get(key);
    if (!known) found.set(key, { id: edge.id, client, server, edges: [edge], gone: isGone });
    else if (!isGone || known.gone) {
      known.edges.push(edge);
      known.id = `${BUNDLE}${key}`;
    }
  };
  for (const edge of edges) add(edge, false);
  for (const edge of gone) add(edge, true); // where something else is there, only its ends would be drawn again
  return [...found.values()];
}

/** @param {MapEdge[]} edges */
export const worstOf = (edges) => WORSE[Math.max(0, ...edges.map(({ health }) => WORSE.indexOf(health ?? "ok")))];

/** @param {MapEdge[]} edges */
export const traffic = (edges) => edges.reduce((sum, edge) => sum + (edge.bytes_s ?? 0), 0);

/**
 * The lines that are drawn of too many: one of each card, those in trouble, first where it began, and those that carry most.
 * @param {Bundle[]} all
 * @param {Set<MapEdge>} began edges with which trouble began
 * @param {number} most
 * @returns {Bundle[]}
 */
export function notable(all, began, most) {
  if (all.length <= most) return all;
  const rank = (/** @type {Bundle} */ { edges, gone }) =>
    gone ? -1 : WORSE.indexOf(worstOf(edges)) + (begins(edges, began) ? 3 : 0);
  const ranked = all
    .map((bundle) => ({ bundle, rank: rank(bundle), traffic: traffic(bundle.edges) }))
    .sort((a, b) => b.rank - a.rank || b.traffic - a.traffic)
    .map(({ bundle }) => bundle);
  /** @type {Set<string>} */
  const met = new Set();
  const first = ranked.filter(({ client, server }) => {
    const lonely = !met.has(client) || !met.has(server);
    met.add(client).add(server);
    return lonely;
  });
  const chosen = new Set(first);
  for (const bundle of ranked) if (chosen.size < most) chosen.add(bundle);
  return all.filter((bundle) => chosen.has(bundle));
}

/**
 * The same with all lines of the picked card, or the picked line: those that were left out are drawn while it is picked.
 * @param {Drawn} drawn
 * @param {string} picked
 * @returns {Drawn}
 */
export function withPicked(drawn, picked) {
  const there = new Set(drawn.bundles);
  const own = drawn.all.filter(({ id, client, server }) => [id, client, server].includes(picked));
  const more = own.filter((bundle) => !there.has(bundle));
  return more.length ? { ...drawn, bundles: [...drawn.bundles, ...more] } : drawn;
}

/**
 * @param {MapEdge[]} edges
 * @param {Set<MapEdge>} began
 */
export const begins = (edges, began) => edges.some((edge) => began.has(edge));
