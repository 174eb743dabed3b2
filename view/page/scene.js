// The scene: the cards, edges and boxes of a map, and their shape as Cytoscape's elements. Pure.

import { curve } from "./curve.js";
import { drawnNode, isOutside, labelWidth } from "./elements.js";
import { face } from "./face.js";
import { labels } from "./labels.js";
import { drawnLine } from "./line.js";
import { colourOf } from "./line_colours.js";

/** @import { Box, Bundle, Card, ColouredLine, Colours, Direction, Drawn, Element, Frame, Line, MapEdge, MapNode, Marks, PlacedCard, Places, Point, Scene } from "./types.js" */

export const BOX = "box\n"; // before a box's name: no id of a node or an edge begins like this
const BACKDROP = "backdrop\n";
const IN_CHANNEL = 5; // px, the width of lines that are side by side
const FEW = 12; // cards around one that have room for more than their names

/**
 * The cards of the nodes that are drawn, by id.
 * @param {Drawn} drawn
 * @param {MapEdge[]} edges
 * @returns {Map<string, Card>}
 */
export function cards({ nodes, boxOf, columns }, edges) {
  /** @type {Map<string, MapEdge[]>} */
  const loops = new Map();
  for (const edge of edges) {
    if (edge.client !== edge.server) continue;
    const known = loops.get(edge.client);
    if (known) known.push(edge);
    else loops.set(edge.client, [edge]);
  }
  const shown = columns && nodes.length > FEW ? nodes.map(brief) : nodes;
  return new Map(shown.map((node) => [node.id, drawnNode(node, boxOf.get(node.id) ?? "", loops.get(node.id))]));
}

/**
 * Many cards around one have their names alone.
 * @param {MapNode} node
 * @returns {MapNode}
 */
const brief = (node) => (node.kind === "part" ? node : { ...node, subtitle: "" });

/**
 * The scene of what is drawn.
 * @param {Drawn} drawn
 * @param {Map<string, Card>} all
 * @param {Places} places
 * @param {Map<string, Point[]>} ways of lines, by their ids
 * @param {{ numbers: string, colour: string }} lines what they show
 * @returns {Scene}
 */
export function scene(drawn, all, places, ways, { numbers, colour }) {
  const placed = drawn.nodes.map(({ id }) => /** @type {PlacedCard} */ ({ ...all.get(id), ...places.get(id) }));
  const nodes = new Map(placed.map((each) => [each.id, each]));
  const widest = drawn.folded ? IN_CHANNEL : Infinity;
  const line = (/** @type {Bundle} */ each) => {
    const made = drawnLine(each, drawn.began, numbers);
    return { ...made, width: Math.min(made.width, widest), points: ways.get(each.id), edges: each.edges, colour };
  };
  const edges = new Map(drawn.bundles.map((each) => [each.id, line(each)]));
  return { nodes, edges: labelled(edges, nodes), boxes: frames(drawn) };
}

/**
 * Give labels to the lines that have room for one.
 * @param {Map<string, ColouredLine>} edges
 * @param {Map<string, PlacedCard>} nodes
 */
function labelled(edges, nodes) {
  const boxes = [...nodes.values()].map(({ x, y, w, h }) => ({
    x1: x - w / 2,
    y1: y - h / 2,
    x2: x + w / 2,
    y2: y + h / 2,
  }));
  const weight = { ok: 0, warn: 100, bad: 1_000 };
  const lines = [...edges.values()].flatMap(({ id, label, points, health, width, passed }) =>
    points && !passed
      ? [{ id, points, width: labelWidth(label) + (health === "ok" ? 0 : 14), weight: weight[health] + width }]
      : [],
  );
  for (const [id, at] of labels(lines, boxes)) Object.assign(edges.get(id) ?? {}, { at });
  return edges;
}

/**
 * The boxes of what is drawn, with those around them.
 * @param {Drawn} drawn
 * @returns {Frame[]}
 */
function frames({ nodes, boxOf, folded }) {
  /** @type {Map<string, Frame>} */
  const found = new Map();
  for (const { id } of nodes) {
    let key = boxOf.get(id) ?? "";
    while (key && !found.has(key)) {
      const cutAt = folded ? key.lastIndexOf("\n") : -1;
      const parent = key.slice(0, Math.max(0, cutAt));
      found.set(key, { key, label: `${folded ? "⊟ " : ""}${key.slice(cutAt + 1)}`, parent });
      key = parent;
    }
  }
  return [...found.values()];
}

/**
 * Cytoscape's elements of a scene.
 * @param {Scene} all
 * @param {Marks} marks
 * @param {Colours} colours
 */
export function elements(all, marks, colours) {
  const mark = (/** @type {string} */ id) =>
    !marks.near?.has(id) ? marks.near && "far" : marks.picked === id ? "picked near" : "near";
  const faced = (/** @type {PlacedCard} */ node) => ({
    titleX: node.titleX,
    titleY: node.titleY,
    face: face(node, colours),
  });
  const nodes = [...all.nodes.values()].map((node) => card(node, mark(node.id), faced(node)));
  const edges = [...all.edges.values()].map((each) =>
    edge(each, mark(each.id), { ...way(each, all.nodes), colour: colourOf(each.edges, each.colour, colours) }),
  );
  return [...boxes(all), ...nodes, ...edges];
}

/**
 * The same for thousands of edges: names, a picture of all edges, and elements of their own for notable edges alone.
 * Nothing is faded, for that would style every element anew.
 * @param {Scene} all
 * @param {Marks} marks
 * @param {string} picture
 */
export function plainElements(all, marks, picture) {
  const mark = (/** @type {string} */ id) => marks.near?.has(id) && (marks.picked === id ? "picked near" : "near");
  const { x1, y1, x2, y2 } = bounds(all) ?? { x1: 0, y1: 0, x2: 0, y2: 0 };
  /** @type {Element} */
  const backdrop = {
    group: "nodes",
    data: { id: BACKDROP, w: x2 - x1, h: y2 - y1, picture },
    classes: "backdrop",
    position: { x: (x1 + x2) / 2, y: (y1 + y2) / 2 },
  };
  const nodes = [...all.nodes.values()].map((node) => card(node, mark(node.id)));
  const notable = [...all.edges.values()].filter(
    (each) => each.health !== "ok" || each.fresh || each.changed || each.gone || marks.near?.has(each.id),
  );
  return [...boxes(all), backdrop, ...nodes, ...notable.map((each) => edge(each, mark(each.id)))];
}

/**
 * The width of a line, its way, and its label.
 * @param {Line} line
 * @param {Map<string, PlacedCard>} nodes
 */
function way({ width, label, points, at, client, server }, nodes) {
  const [from, to] = [nodes.get(client), nodes.get(server)];
  if (!points || !from || !to) return { width, label };
  const { middle, ...bent } = curve(points, from, to);
  const beside = at ? { labelX: at.x - middle.x, labelY: at.y - middle.y } : { labelX: 0, labelY: 0 };
  return { width, label, ...bent, ...beside, room: Boolean(at) };
}

/**
 * @param {Scene} all
 * @returns {Element[]}
 */
const boxes = (all) =>
  [...all.boxes]
    .sort((a, b) => a.key.length - b.key.length)
    .map(({ key, label, parent }) => ({
      group: "nodes",
      data: { id: BOX + key, label, ...(parent && { parent: BOX + parent }) },
      classes: isOutside(key) ? "outside" : "",
    }));

/**
 * @param {PlacedCard} node
 * @param {string | false | null | undefined} mark
 * @param {Record<string, unknown>} [more]
 * @returns {Element}
 */
const card = (node, mark, more = {}) => ({
  group: "nodes",
  data: {
    id: node.id,
    ...(node.group && { parent: BOX + node.group }),
    title: node.title,
    w: node.w,
    h: node.h,
    ...more,
  },
  classes: classes(
    "card",
    node.kind === "address" && "outside",
    node.kind === "part" && "part",
    node.health,
    node.ghost && "ghost",
    node.fresh && "fresh",
    node.changed && "changed",
    mark,
  ),
  position: { x: node.x, y: node.y },
});

/**
 * @param {Line} each
 * @param {string | false | null | undefined} mark
 * @param {Record<string, unknown>} [more]
 * @returns {Element}
 */
const edge = (each, mark, more = {}) => ({
  group: "edges",
  data: { id: each.id, source: each.client, target: each.server, ...more },
  classes: classes(
    each.health,
    each.passed && "passed",
    each.fresh && "fresh",
    each.gone && "gone",
    each.halo && "halo",
    each.changed && "changed",
    each.points && "routed",
    each.points && !each.at && "unlabelled",
    Boolean(more.colour) && "coloured",
    mark,
  ),
});

const classes = (/** @type {(string | false | null | undefined)[]} */ ...some) => some.filter(Boolean).join(" ");

/**
 * The box around all cards of a scene; null without any.
 * @param {Scene} scene
 * @returns {Box | null}
 */
export function bounds({ nodes, edges }) {
  if (!nodes.size) return null;
  const box = { x1: Infinity, y1: Infinity, x2: -Infinity, y2: -Infinity };
  const hold = (/** @type {number} */ x, /** @type {number} */ y, w = 0, h = 0) => {
    Object.assign(box, { x1: Math.min(box.x1, x - w / 2), y1: Math.min(box.y1, y - h / 2) });
    Object.assign(box, { x2: Math.max(box.x2, x + w / 2), y2: Math.max(box.y2, y + h / 2) });
  };
  for (const { x, y, w, h } of nodes.values()) hold(x, y, w, h);
  for (const { points = [] } of edges.values()) for (const { x, y } of points) hold(x, y);
  return box;
}

/**
 * The id of the nearest card in a direction from a node; without a node, that of the first card.
 * @param {Scene} all
 * @param {string} id
 * @param {Direction} direction
 * @returns {string | undefined}
 */
export function towards(all, id, direction) {
  const from = all.nodes.get(id);
  if (!from) return [...all.nodes.values()].sort((a, b) => a.x + a.y - b.x - b.y)[0]?.id;
  const across = direction === "left" || direction === "right";
  const sign = direction === "right" || direction === "down" ? 1 : -1;
  let [best, least] = [id, Infinity];
  for (const node of all.nodes.values()) {
    const [ahead, aside] = across ? [node.x - from.x, node.y - from.y] : [node.y - from.y, node.x - from.x];
    if (node.id === id || sign * ahead <= 4) continue;
    const cost = sign * ahead + 2.5 * Math.abs(aside);
    if (cost < least) [best, least] = [node.id, cost];
  }
  return best;
}

/**
 * The ids of the picked node or edge and of its surroundings; null when nothing is picked.
 * @param {Scene} scene
 * @param {string} picked
 */
export function near({ nodes, edges }, picked) {
  const line = edges.get(picked);
  if (line) return new Set([picked, line.client, line.server]);
  if (!nodes.has(picked)) return null;
  const found = new Set([picked]);
  for (const { id, client, server } of edges.values()) {
    if (client === picked || server === picked) found.add(id).add(client).add(server);
  }
  return found;
}

/**
 * Whether two elements are drawn the same.
 * @param {Element} one
 * @param {Element} other
 */
export function same(one, other) {
  const equal = (/** @type {Record<string, unknown>} */ a, /** @type {Record<string, unknown>} */ b) =>
    Object.keys({ ...a, ...b }).every((name) => a[name] === b[name]);
  return (
    one.classes === other.classes && equal(one.data, other.data) && equal({ ...one.position }, { ...other.position })
  );
}
