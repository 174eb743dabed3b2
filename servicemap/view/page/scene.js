// The geometry of a map: cards, boxes and curves in the map's own coordinates. Pure.

import { drawnEdge, drawnNode, groupOf, isOutside } from "./elements.js";

const BOX_PAD = 18;
const BOX_HEAD = 26;
const SPREAD = 12; // px between edges of the same two nodes
const SAMPLES = 14; // points of a curve, to tell what it crosses and what the pointer is on
const LANES = 120; // nodes up to which edges go around cards
const LANE = 22; // px between two levels that are tried
const TRIES = 24;

/** Every node of a map as it would be drawn, for placing. */
export function cards(map, grouping) {
  const loops = new Map();
  for (const edge of map.edges) {
    if (edge.client !== edge.server) continue;
    if (!loops.has(edge.client)) loops.set(edge.client, []);
    loops.get(edge.client).push(edge);
  }
  return new Map(map.nodes.map((node) => [node.id, drawnNode(node, groupOf(node, grouping), loops.get(node.id))]));
}

/** The scene of the chosen nodes and edges: {nodes: Map, edges: Map, boxes, straight}. */
export function scene(chosen, drawn, places, straight) {
  const nodes = new Map(chosen.nodes.map(({ id }) => [id, { ...drawn.get(id), ...places.get(id) }]));
  const found = new Map();
  const beside = new Map(); // edges of the same two nodes
  for (const [edges, gone] of [[chosen.edges, false], [chosen.gone, true]]) {
    for (const each of edges) {
      if (each.client === each.server) continue; // told on the card
      const edge = drawnEdge(each, gone);
      const pair = [each.client, each.server].sort().join("\n");
      if (!beside.has(pair)) beside.set(pair, []);
      beside.get(pair).push(edge);
      found.set(edge.id, edge);
    }
  }
  for (const parallel of beside.values()) {
    const lowest = Math.min(nodes.get(parallel[0].client).h, nodes.get(parallel[0].server).h);
    const apart = Math.min(SPREAD, (lowest - SPREAD) / parallel.length);
    parallel.forEach((edge, nth) => route(edge, nodes, (nth - (parallel.length - 1) / 2) * apart, straight));
  }
  return { nodes, edges: found, boxes: boxes([...nodes.values()]), straight };
}

/** Route an edge again after one of its ends was moved. */
export function reroute(all, id) {
  for (const edge of all.edges.values()) {
    if (edge.client === id || edge.server === id) route(edge, all.nodes, edge.shift, all.straight);
  }
  all.boxes = boxes([...all.nodes.values()]);
}

function boxes(nodes) {
  const found = new Map();
  for (const node of nodes) {
    if (!node.group) continue;
    if (!found.has(node.group)) {
      found.set(node.group, { label: node.group, outside: isOutside(node.group), x1: Infinity, y1: Infinity, x2: -Infinity, y2: -Infinity });
    }
    const box = found.get(node.group);
    box.x1 = Math.min(box.x1, node.x - node.w / 2 - BOX_PAD);
    box.y1 = Math.min(box.y1, node.y - node.h / 2 - BOX_HEAD);
    box.x2 = Math.max(box.x2, node.x + node.w / 2 + BOX_PAD);
    box.y2 = Math.max(box.y2, node.y + node.h / 2 + BOX_PAD);
  }
  return [...found.values()];
}

/** What all of a scene takes: {x1, y1, x2, y2}; null when there is nothing. */
export function bounds({ nodes, boxes: around }) {
  if (!nodes.size) return null;
  const all = [...around];
  for (const { x, y, w, h } of nodes.values()) all.push({ x1: x - w / 2, y1: y - h / 2, x2: x + w / 2, y2: y + h / 2 });
  const reach = (name, best) => all.reduce((so, box) => best(so, box[name]), all[0][name]);
  return { x1: reach("x1", Math.min), y1: reach("y1", Math.min), x2: reach("x2", Math.max), y2: reach("y2", Math.max) };
}

// From the side of the client that faces the server, as an S; around the corner where one is above the other; past
// cards that stand between, where there are few enough to look.
function route(edge, nodes, shift, straight) {
  const [a, b] = [nodes.get(edge.client), nodes.get(edge.server)];
  edge.shift = shift;
  const side = b.x - b.w / 2 > a.x + a.w / 2 - 10 ? 1 : b.x + b.w / 2 < a.x - a.w / 2 + 10 ? -1 : 0;
  const leave = side || 1;
  const arrive = side ? -side : 1;
  const from = { x: a.x + (leave * a.w) / 2, y: a.y + shift };
  const to = { x: b.x + (arrive * b.w) / 2, y: b.y + shift };
  const bend = side ? Math.max(30, Math.abs(to.x - from.x) / 2) : 60 + Math.abs(to.y - from.y) / 8;
  edge.curves = straight
    ? [[from, from, to, to]]
    : [[from, { x: from.x + leave * bend, y: from.y }, { x: to.x + arrive * bend, y: to.y }, to]];
  if (!straight && side && nodes.size <= LANES) edge.curves = lane(edge, nodes, from, to, side);
  const all = edge.curves.flat();
  const [xs, ys] = [all.map((point) => point.x), all.map((point) => point.y)];
  edge.box = { x1: Math.min(...xs), y1: Math.min(...ys), x2: Math.max(...xs), y2: Math.max(...ys) };
  edge.points = null;
}

// The straightest way that crosses no card: out, along a level that is free, and in.
function lane(edge, nodes, from, to, side) {
  const between = [...nodes.values()].filter((node) => node.id !== edge.client && node.id !== edge.server
    && (node.x + node.w / 2 - from.x) * side > 0 && (to.x - (node.x - node.w / 2)) * side > 0);
  const crossed = (curves) => sampled(curves).filter(({ x, y }) =>
    between.some((node) => Math.abs(node.x - x) < node.w / 2 + 4 && Math.abs(node.y - y) < node.h / 2 + 6)).length;
  let best = edge.curves;
  let least = crossed(best);
  const run = Math.min(70, Math.abs(to.x - from.x) / 2.5);
  for (let nth = 0; least > 0 && nth < TRIES; nth++) {
    const y = (from.y + to.y) / 2 + (nth % 2 ? 1 : -1) * Math.ceil(nth / 2) * LANE;
    const [one, two] = [{ x: from.x + side * run, y }, { x: to.x - side * run, y }];
    const tried = [turn(from, one), [one, one, two, two], turn(two, to)];
    const hits = crossed(tried);
    if (hits < least) [best, least] = [tried, hits];
  }
  return best;
}

function turn(from, to) {
  const middle = (from.x + to.x) / 2;
  return [from, { x: middle, y: from.y }, { x: middle, y: to.y }, to];
}

const sampled = (curves) => curves.flatMap((curve) => Array.from({ length: SAMPLES + 1 }, (_, nth) => onCurve(curve, nth / SAMPLES)));

function onCurve([a, b, c, d], t) {
  const s = 1 - t;
  const [p, q, r, u] = [s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t];
  return { x: p * a.x + q * b.x + r * c.x + u * d.x, y: p * a.y + q * b.y + r * c.y + u * d.y };
}

/** The point of an edge at t in 0..1, by its width: curves of a lane are as long as they are wide. */
export function pointAt({ curves }, t) {
  const [from, to] = [curves[0][0], curves.at(-1)[3]];
  const x = from.x + (to.x - from.x) * t;
  const curve = curves.find((each) => (x - each[0].x) * (x - each[3].x) <= 0);
  if (curves.length === 1 || !curve) return onCurve(curves[0], t);
  return onCurve(curve, (x - curve[0].x) / (curve[3].x - curve[0].x || 1));
}

/** What is at a place of the map, within `reach` of it: {node}, {edge} or {}. */
export function hit(all, { x, y }, reach) {
  for (const node of [...all.nodes.values()].reverse()) {
    if (Math.abs(node.x - x) <= node.w / 2 && Math.abs(node.y - y) <= node.h / 2) return { node: node.id };
  }
  let [best, nearest] = [null, reach];
  for (const edge of all.edges.values()) {
    const { x1, y1, x2, y2 } = edge.box;
    if (x < x1 - reach || x > x2 + reach || y < y1 - reach || y > y2 + reach) continue;
    edge.points ??= sampled(edge.curves);
    for (let nth = 0; nth < edge.points.length - 1; nth++) {
      const away = distance({ x, y }, edge.points[nth], edge.points[nth + 1]);
      if (away < nearest) [best, nearest] = [edge, away];
    }
  }
  return best ? { edge: best.id } : {};
}

function distance(at, from, to) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const along = ((at.x - from.x) * dx + (at.y - from.y) * dy) / (dx * dx + dy * dy || 1);
  const t = Math.min(1, Math.max(0, along));
  return Math.hypot(at.x - from.x - t * dx, at.y - from.y - t * dy);
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
