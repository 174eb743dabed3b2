// Trouble on the map, the worst first, and how keys and buttons lead from one to the next.

import { el, mark } from "./dom.js";
import { sentence } from "./elements.js";
import { TROUBLE } from "./filter_fields.js";
import { guilty, origins } from "./guilt.js";
import { edgeKey } from "./state.js";

/** @import { Child, Health, MapEdge, MapNode, Page } from "./types.js" */

/** @typedef {{ node: string, edge: string, health: Health, words: string }} Trouble a node or an edge by its key, one is "" */

const RANK = { ok: 0, warn: 1, bad: 2 };

/**
 * What is not healthy: edges, the guilty ones first, and then nodes for reasons of their own.
 * @param {{ nodes: MapNode[], edges: MapEdge[] }} map
 * @returns {Trouble[]}
 */
export function troubles({ nodes, edges }) {
  const titles = new Map(nodes.map(({ id, title }) => [id, title]));
  const why = (/** @type {MapEdge | MapNode} */ one) => one.why.map(({ text }) => text).join("; ");
  const ofEdges = guilty(edges, origins(edges)).map((edge) => ({
    node: "",
    edge: edgeKey(edge),
    health: edge.health,
    words: `${sentence(edge, titles)}: ${why(edge)}`,
  }));
  const ofNodes = nodes
    .filter((node) => node.why.length > 0)
    .map((node) => ({ node: node.id, edge: "", health: node.why[0].health, words: `${node.title}: ${why(node)}` }));
  return [...ofEdges, ...ofNodes].sort((a, b) => RANK[b.health] - RANK[a.health]);
}

/**
 * Pick the next trouble, or the one before. Where what is shown has none, everything that is in trouble is shown.
 * @param {Page} page
 * @param {1 | -1} step
 */
export function toTrouble(page, step) {
  const { state, data } = page;
  const shown = troubles(page.chosen ?? { nodes: [], edges: [] });
  const all = shown.length ? shown : troubles(data.map ?? { nodes: [], edges: [] });
  if (!all.length) return page.announce("Nothing on the map is in trouble.");
  const at = all.findIndex(({ node, edge }) => node === state.node && edge === state.edge);
  const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : (at + step + all.length) % all.length;
  const { node, edge, health, words } = all[next];
  state.set({ node, edge, ...(shown.length ? {} : { q: TROUBLE, focus: "" }) });
  return page.announce(`${next + 1} of ${all.length}, ${health}: ${words}`);
}

/**
 * A button that says how many edges have a health, and leads to them.
 * @param {Page} page
 * @param {"bad" | "warn"} health
 * @param {string} words
 * @returns {Child}
 */
export function troubleButton(page, health, words) {
  const count = page.chosen?.edges.filter((edge) => edge.health === health).length ?? 0;
  if (!count) return false;
  const title = "Show what is in trouble (n: next, p: previous)";
  return el("button", { type: "button", class: "button", title, onclick: go }, mark(health), el("b", {}, count), words);

  function go() {
    const first = troubles(page.data.map ?? { nodes: [], edges: [] }).find((each) => each.health === health);
    if (page.state.q === TROUBLE) toTrouble(page, 1);
    else page.state.set({ q: TROUBLE, focus: "", node: first?.node ?? "", edge: first?.edge ?? "" });
  }
}
