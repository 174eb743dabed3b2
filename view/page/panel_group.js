// The panels of what stands for many: the card of a group, and a line of several edges. All of it is on the map already.

import { traffic, worstOf } from "./bundle.js";
import { el, icon, mark } from "./dom.js";
import { port, sentence } from "./elements.js";
import { isPart, partKey } from "./fold.js";
import { counted, perSecond, rate } from "./format.js";
import { guilty } from "./guilt.js";
import { MOST_ROWS, byHealth, faultList, tileList } from "./panel_parts.js";
import { edgeKey, lineEnds, lineKey, toggled } from "./state.js";

/** @import { Body } from "./panel_parts.js" */
/** @import { Bundle, Child, Drawn, MapEdge, MapNode, Page } from "./types.js" */

/**
 * The body for what is picked; null if that is a single node or edge.
 * @param {Page} page
 * @returns {Body | null}
 */
export function groupBody(page) {
  const { node, edge } = page.state;
  const ends = lineEnds(edge);
  if (!isPart(node) && !ends) return null;
  const drawn = page.graph.shown?.drawn;
  const card = drawn?.nodes.find(({ id }) => id === node);
  if (card && drawn) return partBody(card, drawn, page);
  const line = ends && drawn?.all.find(({ client, server }) => client === ends[0] && server === ends[1]);
  if (line && drawn) return lineBody(line, drawn, page);
  const about = "It is not on the map now: a group may be open, or its nodes be gone.";
  return { title: "A group", about, parts: [] };
}

/**
 * @param {MapNode} card
 * @param {Drawn} drawn
 * @param {Page} page
 * @returns {Body}
 */
function partBody(card, drawn, page) {
  const { nodes, edges } = page.chosen ?? { nodes: [], edges: [] };
  const members = nodes.filter(({ id }) => drawn.stands.get(id) === card.id);
  const inside = new Set(members.map(({ id }) => id));
  const own = edges.filter(({ client, server }) => inside.has(client) || inside.has(server));
  const open = () => page.state.set({ open: toggled(page.state.open, partKey(card.id)), node: "" });
  const lines = drawn.all.filter(({ client, server }) => client === card.id || server === card.id);
  return {
    title: card.title,
    about: `group of ${card.subtitle}`,
    kind: "part",
    health: card.health,
    parts: [
      el(
        "div",
        { class: "row" },
        el("button", { type: "button", class: "button strong", "data-keep": "open", onclick: open }, "Open in place"),
      ),
      tileList([
        ["Serves others", rate(card.in.bytes_s)],
        ["requests", perSecond(card.in.requests_s)],
        ["Uses others", rate(card.out.bytes_s)],
        ["requests", perSecond(card.out.requests_s)],
      ]),
      ...trouble(own, drawn, page),
      el("h3", {}, counted(lines.length, "line", "lines to other cards")),
      lineList(lines, card.id, drawn, page),
      el("h3", {}, counted(members.length, "member")),
      memberList(members, page),
    ],
  };
}

/**
 * @param {Bundle} line
 * @param {Drawn} drawn
 * @param {Page} page
 * @returns {Body}
 */
function lineBody({ client, server, edges }, drawn, page) {
  const titles = titlesOf(page);
  const title = (/** @type {string} */ id) => drawn.nodes.find((node) => node.id === id)?.title ?? id;
  const rows = [...edges].sort(byHealth).slice(0, MOST_ROWS);
  return {
    title: `${title(client)} → ${title(server)}`,
    about: counted(edges.length, "edge"),
    health: worstOf(edges),
    parts: [
      tileList([
        ["Traffic", rate(traffic(edges))],
        ["New connections", perSecond(edges.reduce((sum, edge) => sum + edge.opened_s, 0))],
        ["Requests", perSecond(edges.reduce((sum, edge) => sum + (edge.requests_s ?? 0), 0))],
      ]),
      ...trouble(edges, drawn, page),
      el("h3", {}, counted(edges.length, "edge")),
      el(
        "ul",
        { class: "links" },
        rows.map((edge) =>
          el(
            "li",
            {},
            el(
              "button",
              {
                type: "button",
                "data-keep": edge.id,
                onclick: () => page.state.set({ edge: edgeKey(edge), node: "" }),
              },
              icon("out"),
              mark(edge.health),
              el("b", {}, sentence(edge, titles)),
              el("span", {}, `${edge.protocol || port(edge)} · ${rate(edge.bytes_s)}`),
            ),
          ),
        ),
        more(edges.length),
      ),
    ],
  };
}

/**
 * @param {MapEdge[]} edges
 * @param {Drawn} drawn
 * @param {Page} page
 * @returns {Child[]}
 */
function trouble(edges, { began }, page) {
  const wrong = guilty(edges, began);
  if (!wrong.length) return [];
  const begun = wrong.filter((edge) => began.has(edge)).length;
  const where = begun
    ? `Trouble begins with ${begun === 1 ? "this edge" : `the first ${begun}`}`
    : "Trouble, begun elsewhere";
  return [el("h3", {}, where), faultList(wrong, titlesOf(page), page)];
}

/**
 * @param {Bundle[]} lines
 * @param {string} id
 * @param {Drawn} drawn
 * @param {Page} page
 */
function lineList(lines, id, drawn, page) {
  const title = new Map(drawn.nodes.map((node) => [node.id, node.title]));
  const sorted = lines
    .map((line) => ({ ...line, health: worstOf(line.edges), bytes_s: traffic(line.edges) }))
    .sort(byHealth);
  const rows = sorted.slice(0, MOST_ROWS).map(({ client, server, edges, health, bytes_s }) =>
    el(
      "li",
      {},
      el(
        "button",
        {
          type: "button",
          "data-keep": `${client} ${server}`,
          onclick: () => page.state.set({ edge: lineKey(client, server, edges), node: "" }),
        },
        icon(server === id ? "in" : "out"),
        mark(health),
        el("b", {}, title.get(server === id ? client : server) ?? ""),
        el("span", {}, `${counted(edges.length, "edge")} · ${rate(bytes_s)}`),
      ),
    ),
  );
  return el("ul", { class: "links" }, rows, more(lines.length));
}

/**
 * @param {MapNode[]} members
 * @param {Page} page
 */
function memberList(members, page) {
  const busy = members.map((node) => ({ node, health: node.health, bytes_s: node.in.bytes_s + node.out.bytes_s }));
  const rows = busy
    .sort(byHealth)
    .slice(0, MOST_ROWS)
    .map(({ node, bytes_s }) =>
      el(
        "li",
        {},
        el(
          "button",
          { type: "button", "data-keep": node.id, onclick: () => page.state.set({ node: node.id, edge: "" }) },
          icon(node.kind),
          mark(node.health),
          el("b", {}, node.title),
          el("span", {}, rate(bytes_s)),
        ),
      ),
    );
  return el("ul", { class: "links" }, rows, more(members.length));
}

const titlesOf = (/** @type {Page} */ page) =>
  new Map((page.data.map?.nodes ?? []).map((node) => [node.id, node.title]));
const more = (/** @type {number} */ count) => count > MOST_ROWS && el("li", {}, `and ${count - MOST_ROWS} more`);
