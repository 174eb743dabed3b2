// The surroundings of a node, by hops: what it depends on, and who depends on it. Pure.

/** @import { Chosen, MapEdge } from "./types.js" */

/**
 * How many hops each node is from a node: 1, 2, … for what it depends on, -1, -2, … for who depends on it.
 * @param {{ edges: MapEdge[], gone: MapEdge[] }} map
 * @param {string} focus
 * @param {number} most
 * @returns {Map<string, number>}
 */
export function hopsOf({ edges, gone }, focus, most) {
  const [servers, clients] = [new Map(), new Map()];
  const link = (/** @type {Map<string, string[]>} */ next, /** @type {string} */ from, /** @type {string} */ to) => {
    const known = next.get(from);
    if (known) known.push(to);
    else next.set(from, [to]);
  };
  for (const { client, server } of [...edges, ...gone]) {
    link(servers, client, server);
    link(clients, server, client);
  }
  const found = new Map([[focus, 0]]);
  let [down, up] = [[focus], [focus]];
  for (let hop = 1; hop <= most; hop++) {
    down = further(down, servers, found, hop);
    up = further(up, clients, found, -hop);
  }
  return found;
}

/**
 * @param {string[]} from
 * @param {Map<string, string[]>} next
 * @param {Map<string, number>} found
 * @param {number} hop
 */
function further(from, next, found, hop) {
  const fresh = [...new Set(from.flatMap((id) => next.get(id) ?? []))].filter((id) => !found.has(id));
  for (const id of fresh) found.set(id, hop);
  return fresh;
}

/**
 * The part of a map around a node. Its edges are those that lead from one hop to the next.
 * @param {Chosen} chosen
 * @param {string} focus
 * @param {number} most
 * @returns {Chosen}
 */
export function focused({ nodes, edges, gone }, focus, most) {
  const hops = hopsOf({ edges, gone }, focus, most);
  const leads = (/** @type {MapEdge} */ { client, server }) => {
    const [from, to] = [hops.get(client), hops.get(server)];
    return from !== undefined && to !== undefined && (Math.abs(from - to) === 1 || client === server);
  };
  return { nodes: nodes.filter(({ id }) => hops.has(id)), edges: edges.filter(leads), gone: gone.filter(leads), hops };
}
