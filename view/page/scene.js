// What a map has on it: cards, edges and boxes, and their shape as Cytoscape's elements. Pure.

import { drawnEdge, drawnNode, groupOf, isOutside } from "./elements.js";
import { face } from "./face.js";

const BOX = "box\n"; // ahead of a box's name: no id of a node or an edge begins so
const BACKDROP = "backdrop\n";

/** Every node of a map as it would be drawn, for placing: Map id -> card. */
export function cards(map, grouping) {
  const loops = new Map();
  for (const edge of map.edges) {
    if (edge.client !== edge.server) continue;
    if (!loops.has(edge.client)) loops.set(edge.client, []);
    loops.get(edge.client).push(edge);
  }
  return new Map(map.nodes.map((node) => [node.id, drawnNode(node, groupOf(node, grouping), loops.get(node.id))]));
}

/** The scene of the chosen nodes and edges: {nodes: Map, edges: Map, boxes: [names]}. */
export function scene(chosen, drawn, places) {
  const nodes = new Map(chosen.nodes.map(({ id }) => [id, { ...drawn.get(id), ...places.get(id) }]));
  const edges = new Map();
  for (const [some, gone] of [[chosen.edges, false], [chosen.gone, true]]) {
    for (const each of some) {
      if (each.client !== each.server) edges.set(each.id, drawnEdge(each, gone)); // one to itself is told on its card
    }
  }
  return { nodes, edges, boxes: [...new Set([...nodes.values()].map(({ group }) => group).filter(Boolean))] };
}

/** Cytoscape's elements of a scene; `marks` is {picked, near}. */
export function elements(all, marks, colours) {
  const mark = (id) => (!marks.near?.has(id) ? marks.near && "far" : marks.picked === id ? "picked near" : "near");
  const faced = (node) => ({ titleX: node.titleX, titleY: node.titleY, face: face(node, colours) });
  const cards = [...all.nodes.values()].map((node) => card(node, mark(node.id), faced(node)));
  const edges = [...all.edges.values()].map((each) => edge(each, mark(each.id), { width: each.width, label: each.label }));
  return [...boxes(all), ...cards, ...edges];
}

/** The same of thousands of edges: names, and only those edges that something is to be said of, before a picture of all.
 * Nothing is faded: that would be to style every element anew. */
export function plainElements(all, marks, picture) {
  const mark = (id) => marks.near?.has(id) && (marks.picked === id ? "picked near" : "near");
  const { x1, y1, x2, y2 } = bounds(all);
  const backdrop = {
    group: "nodes",
    data: { id: BACKDROP, w: x2 - x1, h: y2 - y1, picture },
    classes: "backdrop",
    position: { x: (x1 + x2) / 2, y: (y1 + y2) / 2 },
  };
  const cards = [...all.nodes.values()].map((node) => card(node, mark(node.id)));
  const told = [...all.edges.values()].filter((each) => each.health !== "ok" || each.fresh || each.gone || marks.near?.has(each.id));
  return [...boxes(all), backdrop, ...cards, ...told.map((each) => edge(each, mark(each.id)))];
}

const boxes = (all) => all.boxes.map((name) => ({
  group: "nodes",
  data: { id: BOX + name, label: name },
  classes: isOutside(name) ? "outside" : "",
}));

const card = (node, mark, more = {}) => ({
  group: "nodes",
  data: { id: node.id, ...(node.group && { parent: BOX + node.group }), title: node.title, w: node.w, h: node.h, ...more },
  classes: classes("card", node.kind === "address" && "outside", node.health, node.ghost && "ghost", mark),
  position: { x: node.x, y: node.y },
});

const edge = (each, mark, more = {}) => ({
  group: "edges",
  data: { id: each.id, source: each.client, target: each.server, ...more },
  classes: classes(each.health, each.fresh && "fresh", each.gone && "gone", mark),
});

const classes = (...some) => some.filter(Boolean).join(" ");

/** What all cards of a scene take: {x1, y1, x2, y2}; null when there is nothing. */
export function bounds({ nodes }) {
  if (!nodes.size) return null;
  const box = { x1: Infinity, y1: Infinity, x2: -Infinity, y2: -Infinity };
  for (const { x, y, w, h } of nodes.values()) {
    Object.assign(box, { x1: Math.min(box.x1, x - w / 2), y1: Math.min(box.y1, y - h / 2) });
    Object.assign(box, { x2: Math.max(box.x2, x + w / 2), y2: Math.max(box.y2, y + h / 2) });
  }
  return box;
}

/** The nearest card in a direction ("left", "right", "up", "down") from a node; the first card without one. */
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
