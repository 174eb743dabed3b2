// From what the server says to what is drawn: lines, sizes and words of nodes and edges. Pure but for measuring text.

import { cut, printable } from "./format.js";

export const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";
export const [TITLE_SIZE, LINE_SIZE] = [13, 11]; // px
export const SIDE = 38; // px from a card's left to its words, past the icon
export const LINE_TOP = 38; // px from its top to the foot of the first line below the title
const TITLE_FONT = `600 ${TITLE_SIZE}px ${FONT}`;
const LINE_FONT = `400 ${LINE_SIZE}px ${FONT}`;
const TITLE_MIDDLE = 18.5; // px from its top
const RIGHT = 24; // px for the mark of its health
const LETTERS = 30; // of a line on a card; the panel has the whole name
const OUTSIDE = "outside: no agent there";

let pen = null;
const advances = { [TITLE_FONT]: new Map(), [LINE_FONT]: new Map() };

// Letter by letter: measuring thousands of names takes ten times as long, and pairs of letters move a card's edge by a pixel.
function textWidth(text, font) {
  const known = advances[font];
  let width = 0;
  for (const letter of text) {
    if (!known.has(letter)) known.set(letter, advance(letter, font));
    width += known.get(letter);
  }
  return width;
}

function advance(letter, font) {
  pen ??= document.createElement("canvas").getContext("2d");
  pen.font = font;
  return pen.measureText(letter).width;
}

const line = (text) => cut(printable(text).replaceAll("\n", " "), LETTERS);

/** A node as drawn: {id, kind, health, group, w, h, title, lines}, and from its middle to its title's {titleX, titleY};
 * `loops` are its edges to itself. */
export function drawnNode(node, group, loops) {
  const title = line(node.title);
  const lines = [];
  const below = group && (node.subtitle ?? "").endsWith(group) ? node.subtitle.slice(0, -group.length).replace(/ on $/, "") : node.subtitle;
  if (below) lines.push(line(below)); // a host in a box of its name need not be said
  if (loops?.length) lines.push(cut(`↺ itself on ${loops.map(port).join(", ")}`, LETTERS));
  const titled = textWidth(title, TITLE_FONT);
  const w = Math.round(Math.max(96, SIDE + RIGHT + Math.max(titled, ...lines.map((text) => textWidth(text, LINE_FONT)))));
  const h = 36 + 15 * lines.length;
  return {
    id: node.id,
    kind: node.kind,
    health: node.health,
    ghost: Boolean(node.gone),
    group,
    w,
    h,
    title,
    titleX: SIDE + titled / 2 - w / 2,
    titleY: TITLE_MIDDLE - h / 2,
    lines,
  };
}

/** What box a node stands in: "" for none. */
export function groupOf(node, grouping) {
  if (grouping === "none" || node.kind === grouping) return "";
  const name = grouping === "host" ? node.hostname || node.host : [node.region, node.zone].filter(Boolean).join(" / ");
  if (name) return name;
  if (node.kind === "address") return OUTSIDE;
  return grouping === "host" ? "on several hosts" : "no region";
}

export const isOutside = (group) => group === OUTSIDE;

/** The port, with the transport where it is not TCP. */
export function port(edge) {
  if (!edge.server_port) return edge.transport;
  return edge.transport === "tcp" ? String(edge.server_port) : `${edge.server_port}/${edge.transport}`;
}

/** An edge in words. */
export function sentence(edge, titles) {
  const [client, server] = [titles.get(edge.client) ?? edge.client, titles.get(edge.server) ?? edge.server];
  return `${client} → ${edge.client === edge.server ? "itself" : server} ${port(edge)}`;
}

/** An edge as drawn: {id, client, server, health, fresh, gone, width, label}. */
export function drawnEdge(edge, gone) {
  const fresh = Boolean(edge.new) && !gone;
  return {
    id: edge.id,
    client: edge.client,
    server: edge.server,
    health: gone ? "ok" : (edge.health ?? "ok"),
    fresh,
    gone,
    width: gone ? 1.5 : thickness(edge.bytes_s ?? 0),
    label: `${gone ? "gone " : fresh ? "new " : ""}${port(edge)}`,
  };
}

// 1 px for a trickle, 7 for 100 MB/s.
function thickness(bytesPerSecond) {
  return Math.min(7, 1 + Math.round(Math.log10(1 + bytesPerSecond / 100) * 2) / 2);
}
