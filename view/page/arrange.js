// The arrangement of a folded map: cards in columns and rows, boxes where groups are open, and lines around all cards. A
// group keeps its place among the others when it opens.

import { traffic } from "./bundle.js";
import { isPart, partKey } from "./fold.js";
import { grid } from "./grid.js";
import { columns, kept } from "./ranks.js";
import { Router } from "./router.js";
import { lines } from "./tracks.js";

/** @import { Cell } from "./grid.js" */
/** @import { Weighted } from "./ranks.js" */
/** @import { Placed } from "./router.js" */
/** @import { Bundle, Card, Drawn, Places, Point } from "./types.js" */

const [ROWS, FEW_ROWS] = [8, 5]; // that fit on a screen: of names alone, and of cards of groups

export class Arrangement {
  constructor() {
    /** @type {Map<string, string[][]>} */
    this.columns = new Map(); // ids by the key of the map and the group that they are in
  }

  /**
   * Place the cards of a map.
   * @param {string} key of the map
   * @param {Drawn} drawn
   * @param {Map<string, Card>} cards
   */
  of(key, drawn, cards) {
    const inside = children(drawn);
    const cells = (/** @type {string} */ box) => {
      const ids = inside.get(box) ?? [];
      const pairs = pairsIn(box, drawn);
      const fixed = box ? undefined : drawn.columns;
      const known = this.columns.get(`${key}\n${box}`);
      const made = known && !fixed ? kept(known, ids) : columns(ids, pairs, fixed, drawn.folded ? FEW_ROWS : ROWS);
      this.columns.set(`${key}\n${box}`, made);
      return made.map((column) => column.map((id) => cellOf(id)));
    };
    /** @type {(id: string) => Cell} */
    const cellOf = (id) => {
      const card = cards.get(id) ?? cards.get(`part\n${id}`);
      return card ? { id: card.id, w: card.w, h: card.h } : { id, w: 0, h: 0, columns: cells(id) };
    };
    return grid(cells(""));
  }

  /**
   * Arrange a map anew the next time.
   * @param {string} key
   */
  forget(key) {
    for (const known of [...this.columns.keys()]) if (known.startsWith(`${key}\n`)) this.columns.delete(known);
  }
}

/**
 * The ways of lines around placed cards.
 * @param {Bundle[]} bundles
 * @param {Map<string, Card>} cards
 * @param {ReturnType<typeof grid>} made
 * @returns {Map<string, Point[]>}
 */
export function routes(bundles, cards, made) {
  /** @type {Map<string, Placed>} */
  const placed = new Map();
  for (const [id, at] of made.at) {
    const card = cards.get(id);
    if (card) placed.set(id, { id, ...at, w: card.w, h: card.h });
  }
  const router = new Router(made, placed, [...made.boxes.values()]);
  const near = (/** @type {Bundle} */ { client, server }) => distance(placed.get(client), placed.get(server));
  const found = [];
  for (const bundle of [...bundles].sort((a, b) => near(a) - near(b) || (a.id < b.id ? -1 : 1))) {
    const way = router.way(bundle.client, bundle.server);
    if (way) found.push({ id: bundle.id, client: bundle.client, server: bundle.server, way });
  }
  return lines(found, placed);
}

/**
 * @param {Point | undefined} a
 * @param {Point | undefined} b
 */
const distance = (a, b) => (a && b ? Math.abs(a.x - b.x) + Math.abs(a.y - b.y) : 0);

/**
 * What is in each open group, and outside of all (""): ids of nodes and keys of groups.
 * @param {Drawn} drawn
 */
function children({ nodes, boxOf }) {
  /** @type {Map<string, Set<string>>} */
  const found = new Map();
  const add = (/** @type {string} */ box, /** @type {string} */ id) => {
    const known = found.get(box);
    if (known) known.add(id);
    else found.set(box, new Set([id]));
  };
  for (const { id } of nodes) {
    const box = boxOf.get(id) ?? "";
    add(box, isPart(id) ? partKey(id) : id);
    for (let inner = box; inner; inner = parentOf(inner)) add(parentOf(inner), inner);
  }
  return new Map([...found].map(([box, ids]) => [box, [...ids].sort()]));
}

/** @param {string} box */
export const parentOf = (box) => box.slice(0, Math.max(0, box.lastIndexOf("\n")));

/**
 * Who talks to whom within a group, as its children.
 * @param {string} box
 * @param {Drawn} drawn
 * @returns {Weighted[]}
 */
function pairsIn(box, { all, boxOf }) {
  const depth = box ? box.split("\n").length : 0;
  const child = (/** @type {string} */ card) => {
    const own = boxOf.get(card) ?? "";
    if (own === box) return isPart(card) ? partKey(card) : card;
    return !box || own.startsWith(`${box}\n`)
      ? own
          .split("\n")
          .slice(0, depth + 1)
          .join("\n")
      : "";
  };
  return all
    .map(({ client, server, edges }) => /** @type {Weighted} */ ([child(client), child(server), traffic(edges)]))
    .filter(([client, server]) => client && server && client !== server);
}
