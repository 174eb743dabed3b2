// Nodes and edges as they are drawn: their lines, sizes and words. Pure, except that a canvas measures text.

import { cut, printable } from "./format.js";

/** @import { Card, MapEdge, MapNode } from "./types.js" */

export const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";
export const [TITLE_SIZE, LINE_SIZE] = [13, 11]; // px
export const SIDE = 38; // px from a card's left to its words, past the icon
export const LINE_TOP = 38; // px from its top to the foot of the first line below the title
const TITLE_FONT = `600 ${TITLE_SIZE}px ${FONT}`;
const LINE_FONT = `400 ${LINE_SIZE}px ${FONT}`;
const TITLE_MIDDLE = 18.5; // px from its top
const RIGHT = 24; // px for the mark of the health
const LETTERS = 30; // the most in a line of a card; the panel has the whole name
const OUTSIDE = "outside: no agent there";

/** @type {CanvasRenderingContext2D | null} */
let pen = null;
/** @type {Record<string, Map<string, number>>} */
const advances = { [TITLE_FONT]: new Map(), [LINE_FONT]: new Map() };

/**
 * Add up letters: to measure thousands of whole names takes ten times as long, for a difference of a pixel.
 * @param {string} text
 * @param {string} font
 */
function textWidth(text, font) {
  const known = advances[font];
  let width = 0;
  for (const letter of text) {
    const own = known.get(letter) ?? advance(letter, font);
    known.set(letter, own);
    width += own;
  }
  return width;
}

/**
 * @param {string} letter
 * @param {string} font
 */
function advance(letter, font) {
  pen ??= document.createElement("canvas").getContext("2d");
  if (!pen) return LINE_SIZE; // a browser without a canvas: the cards are too wide
  pen.font = font;
  return pen.measureText(letter).width;
}

const line = (/** @type {string} */ text) => cut(printable(text).replaceAll("\n", " "), LETTERS);

/**
 * @param {MapNode} node
 * @param {string} group the box that it is in, "" for none
 * @param {MapEdge[]} [loops] its edges to itself
 * @returns {Card}
 */
export function drawnNode(node, group, loops) {
  const title = line(node.title);
  const lines = [];
  const below =
    group && (node.subtitle ?? "").endsWith(group)
      ? node.subtitle.slice(0, -group.length).replace(/ on $/, "")
      : node.subtitle;
  if (below) lines.push(line(below)); // the box already names the host
  if (below && node.hosts && node.hosts.length > 1) lines.push(line(node.hosts.join(", ")));
  for (const note of node.notes ?? []) lines.push(line(note));
  if (loops?.length) lines.push(cut(`↺ itself on ${loops.map(port).join(", ")}`, LETTERS));
  const titled = textWidth(title, TITLE_FONT);
  const w = Math.round(
    Math.max(96, SIDE + RIGHT + Math.max(titled, ...lines.map((text) => textWidth(text, LINE_FONT)))),
  );
  const h = 36 + 15 * lines.length;
  return {
    id: node.id,
    kind: node.kind,
    health: node.health,
    ghost: Boolean(node.gone),
    fresh: Boolean(node.fresh),
    changed: Boolean(node.changed),
    group,
    w,
    h,
    title,
    titleX: SIDE + titled / 2 - w / 2,
    titleY: TITLE_MIDDLE - h / 2,
    lines,
  };
}

/**
 * The box that a node is in; "" for none.
 * @param {MapNode} node
 * @param {string} grouping
 */
export function groupOf(node, grouping) {
  if (grouping === "none" || grouping === "auto" || node.kind === grouping) return "";
  if (grouping === "cluster") return node.cluster ?? "";
  const name =
    grouping === "host" ? node.hostname || node.host || "" : [node.region, node.zone].filter(Boolean).join(" / ");
  return name || (node.kind === "address" ? OUTSIDE : ""); // a service on several hosts is in no box of one
}

export const isOutside = (/** @type {string} */ group) => group === OUTSIDE;

/**
 * The port, with the transport unless that is TCP; of a Unix socket its name.
 * @param {Pick<MapEdge, "transport" | "server_port" | "port_name">} edge
 */
export function port(edge) {
  if (edge.port_name) return edge.port_name;
  if (!edge.server_port) return edge.transport;
  return edge.transport === "tcp" ? String(edge.server_port) : `${edge.server_port}/${edge.transport}`;
}

/**
 * An edge in words.
 * @param {MapEdge} edge
 * @param {Map<string, string>} titles of nodes, by id
 */
export function sentence(edge, titles) {
  const [client, server] = [titles.get(edge.client) ?? edge.client, titles.get(edge.server) ?? edge.server];
  return `${client} → ${edge.client === edge.server ? "itself" : server} ${port(edge)}`;
}

/** @param {string} text */
export const labelWidth = (text) => textWidth(text, LINE_FONT);
