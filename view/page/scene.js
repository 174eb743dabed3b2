// The scene: the cards, edges and boxes of a map, and their shape as Cytoscape's elements. Pure.

import { drawnEdge, drawnNode, groupOf, isOutside } from "./elements.js";
import { face } from "./face.js";

/** @import { Box, Card, Chosen, Colours, Direction, Element, Line, MapEdge, Marks, PlacedCard, Places, Scene } from "./types.js" */

const BOX = "box\n"; // before a box's name: no id of a node or an edge begins like this
const BACKDROP = "backdrop\n";

/**
 * The cards of all nodes of a map, by id.
 * @param {{ nodes: Chosen["nodes"], edges: MapEdge[] }} map
 * @param {string} grouping
 * @returns {Map<string, Card>}
 */
export function cards(map, grouping) {
  /** @type {Map<string, MapEdge[]>} */
  const loops = new Map();
  for (const edge of map.edges) {
    if (edge.client !== edge.server) continue;
    const known = loops.get(edge.client);
    if (known) known.push(edge);
    else loops.set(edge.client, [edge]);
  }
  return new Map(map.nodes.map((node) => [node.id, drawnNode(node, groupOf(node, grouping), loops.get(node.id))]));
}

/**
 * The scene of the chosen nodes and edges.
 * @param {Chosen} chosen
 * @param {Map<string, Card>} drawn
 * @param {Places} places
 * @returns {Scene}
 */
export function scene(chosen, drawn, places) {
  const placed = chosen.nodes.map(({ id }) => /** @type {PlacedCard} */ ({ ...drawn.get(id), ...places.get(id) }));
  const nodes = new Map(placed.map((each) => [each.id, each]));
  /** @type {Map<string, Line>} */
  const edges = new Map();
  const add = (/** @type {MapEdge[]} */ some, /** @type {boolean} */ gone) => {
    for (const each of some) {
      if (each.client !== each.server) edges.set(each.id, drawnEdge(each, gone)); // the card shows edges to itself
    }
  };
  add(chosen.edges, false);
  add(chosen.gone, true);
  return { nodes, edges, boxes: [...new Set([...nodes.values()].map(({ group }) => group).filter(Boolean))] };
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
    edge(each, mark(each.id), { width: each.width, label: each.label }),
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
    (each) => each.health !== "ok" || each.fresh || each.gone || marks.near?.has(each.id),
  );
  return [...boxes(all), backdrop, ...nodes, ...notable.map((each) => edge(each, mark(each.id)))];
}

/**
 * @param {Scene} all
 * @returns {Element[]}
 */
const boxes = (all) =>
  all.boxes.map((name) => ({
    group: "nodes",
    data: { id: BOX + name, label: name },
    classes: isOutside(name) ? "outside" : "",
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
  classes: classes("card", node.kind === "address" && "outside", node.health, node.ghost && "ghost", mark),
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
  classes: classes(each.health, each.fresh && "fresh", each.gone && "gone", mark),
});

const classes = (/** @type {(string | false | null | undefined)[]} */ ...some) => some.filter(Boolean).join(" ");

/**
 * The box around all cards of a scene; null without any.
 * @param {Scene} scene
 * @returns {Box | null}
 */
export function bounds({ nodes }) {
  if (!nodes.size) return null;
  const box = { x1: Infinity, y1: Infinity, x2: -Infinity, y2: -Infinity };
  for (const { x, y, w, h } of nodes.values()) {
    Object.assign(box, { x1: Math.min(box.x1, x - w / 2), y1: Math.min(box.y1, y - h / 2) });
    Object.assign(box, { x2: Math.max(box.x2, x + w / 2), y2: Math.max(box.y2, y + h / 2) });
  }
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
