// Drawing a scene on a canvas. Health is told by colour, by a mark and by the line; far away there is less to draw.

import { LINE_FONT, TITLE_FONT, FONT } from "./elements.js";
import { paths } from "./dom.js";
import { pointAt } from "./scene.js";

const ICONS = Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, new Path2D(path)]));
const TRIANGLE = new Path2D("M0-6.5 7 6H-7z");
const OCTAGON = new Path2D("M-3-7h6l4 4v6l-4 4h-6l-4-4v-6z");
const CROSS = new Path2D("M-2.6-2.6l5.2 5.2M2.6-2.6l-5.2 5.2");
const BANG = new Path2D("M0-2.5v4M0 3.6v.6");
const TEXT_FROM = 0.42; // zoom from which words can be read
const LABEL_FROM = 0.6;
const ARROW_FROM = 0.3;
const NAMES = ["bg", "surface", "text", "muted", "line", "edge", "accent", "warn", "bad", "new", "box"];

/** The page's colours, as they are in the theme shown. */
export function colours() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

/** Draw; `look` is {zoom, x, y, width, height, ratio}, `marks` {picked, near, dashes, hover}. */
export function paint(pen, all, look, of, marks) {
  pen.setTransform(look.ratio, 0, 0, look.ratio, 0, 0);
  pen.fillStyle = of.bg;
  pen.fillRect(0, 0, look.width, look.height);
  pen.setTransform(look.ratio * look.zoom, 0, 0, look.ratio * look.zoom, look.ratio * look.x, look.ratio * look.y);
  const seen = view(look);
  const boxes = all.boxes.filter((box) => overlaps(seen, box));
  for (const box of boxes) paintBox(pen, box, of);
  const edges = [...all.edges.values()].filter((edge) => overlaps(seen, edge.box));
  if (all.straight) paintMany(pen, edges, look.zoom, of, marks);
  else for (const edge of edges) paintEdge(pen, edge, look.zoom, of, marks);
  for (const node of all.nodes.values()) {
    const box = { x1: node.x - node.w / 2, y1: node.y - node.h / 2, x2: node.x + node.w / 2, y2: node.y + node.h / 2 };
    if (overlaps(seen, box)) paintCard(pen, node, look.zoom, of, marks);
  }
  pen.globalAlpha = 1;
  for (const box of boxes) paintBoxName(pen, box, look.zoom, of);
  if (look.zoom >= LABEL_FROM && (!all.straight || marks.near)) paintLabels(pen, edges, all, of, marks);
}

const view = ({ zoom, x, y, width, height }) => ({ x1: -x / zoom, y1: -y / zoom, x2: (width - x) / zoom, y2: (height - y) / zoom });
const overlaps = (a, b) => a.x1 <= b.x2 && a.x2 >= b.x1 && a.y1 <= b.y2 && a.y2 >= b.y1;

function paintBox(pen, box, of) {
  pen.beginPath();
  pen.roundRect(box.x1, box.y1, box.x2 - box.x1, box.y2 - box.y1, 14);
  pen.fillStyle = of.box;
  if (!box.outside) pen.fill();
  pen.setLineDash(box.outside ? [6, 5] : []);
  pen.strokeStyle = of.line;
  pen.lineWidth = 1;
  pen.stroke();
  pen.setLineDash([]);
}

// Names of boxes stay readable from far away, over what lies there.
function paintBoxName(pen, box, zoom, of) {
  const size = Math.min(64, Math.max(12, 11 / zoom));
  pen.font = `600 ${size}px ${FONT}`;
  pen.textAlign = "left";
  pen.textBaseline = "middle";
  pen.lineJoin = "round";
  pen.lineWidth = size / 3;
  pen.strokeStyle = of.bg;
  if (size > 16) pen.strokeText(box.label, box.x1 + 14, box.y1);
  pen.fillStyle = of.muted;
  pen.fillText(box.label, box.x1 + 14, size > 16 ? box.y1 : box.y1 + 14);
}

const faded = (marks, id) => marks.near && !marks.near.has(id);
const edgeColour = (edge, of, marks) => {
  if (edge.health !== "ok") return of[edge.health];
  if (edge.fresh) return of.new;
  return marks.near?.has(edge.id) || marks.hover === edge.id ? of.accent : of.edge;
};

// Thousands of lines: all of one look in a few strokes.
function paintMany(pen, edges, zoom, of, marks) {
  const looks = new Map();
  const faint = Math.min(0.4, Math.max(0.1, 500 / edges.length));
  for (const edge of edges) {
    const strong = marks.near?.has(edge.id) || (!marks.near && (edge.health !== "ok" || edge.fresh));
    const alpha = strong ? 1 : marks.near ? 0.05 : faint;
    const key = `${alpha} ${edgeColour(edge, of, marks)}`;
    if (!looks.has(key)) looks.set(key, { alpha, colour: edgeColour(edge, of, marks), edges: [] });
    looks.get(key).edges.push(edge);
  }
  for (const { alpha, colour, edges: some } of [...looks.values()].sort((a, b) => a.alpha - b.alpha)) {
    pen.globalAlpha = alpha;
    pen.strokeStyle = pen.fillStyle = colour;
    pen.lineWidth = 1 / zoom;
    for (let from = 0; from < some.length; from += 100) {
      pen.beginPath();
      for (const { curves: [[one, , , two]] } of some.slice(from, from + 100)) pen.moveTo(one.x, one.y), pen.lineTo(two.x, two.y);
      pen.stroke();
    }
    if (zoom >= ARROW_FROM || alpha === 1) for (const edge of some) arrow(pen, edge, Math.min(3, 0.8 / zoom));
  }
}

function paintEdge(pen, edge, zoom, of, marks) {
  const strong = marks.picked === edge.id || marks.hover === edge.id;
  pen.globalAlpha = faded(marks, edge.id) ? 0.22 : edge.gone ? 0.5 : 1;
  pen.strokeStyle = pen.fillStyle = edgeColour(edge, of, marks);
  pen.lineWidth = Math.max(edge.width, 0.8 / zoom) + (strong ? 1.5 : 0);
  pen.setLineDash(edge.gone ? [2, 5] : edge.fresh ? [9, 6] : edge.health === "bad" ? [16, 4] : []);
  pen.lineDashOffset = edge.fresh ? -marks.dashes : 0;
  const [[start]] = edge.curves;
  pen.beginPath();
  pen.moveTo(start.x, start.y);
  for (const [, one, two, to] of edge.curves) {
    const end = to === edge.curves.at(-1)[3] ? to.x + Math.sign(two.x - to.x) * 7 : to.x; // the arrow's tip is sharp
    pen.bezierCurveTo(one.x, one.y, two.x, two.y, end, to.y);
  }
  pen.stroke();
  pen.setLineDash([]);
  if (zoom >= ARROW_FROM) arrow(pen, edge, 1 + edge.width / 8);
}

function arrow(pen, edge, scale) {
  const [start, , before, tip] = edge.curves.at(-1);
  const from = before.x === tip.x && before.y === tip.y ? start : before; // of a straight line
  const angle = Math.atan2(tip.y - from.y, tip.x - from.x);
  const turned = (along, aside) => [
    tip.x + scale * (along * Math.cos(angle) - aside * Math.sin(angle)),
    tip.y + scale * (along * Math.sin(angle) + aside * Math.cos(angle)),
  ];
  pen.beginPath();
  pen.moveTo(tip.x, tip.y);
  pen.lineTo(...turned(-10, -4.5));
  pen.lineTo(...turned(-10, 4.5));
  pen.fill();
}

function paintCard(pen, node, zoom, of, marks) {
  const [left, top] = [node.x - node.w / 2, node.y - node.h / 2];
  const outside = node.kind === "address";
  const chosen = marks.picked === node.id;
  pen.globalAlpha = faded(marks, node.id) ? 0.38 : node.ghost ? 0.55 : 1;
  pen.beginPath();
  pen.roundRect(left, top, node.w, node.h, outside ? node.h / 2 : 9);
  if (chosen) {
    pen.strokeStyle = of.accent;
    pen.lineWidth = 6;
    pen.globalAlpha *= 0.35;
    pen.stroke();
    pen.globalAlpha /= 0.35;
  }
  pen.fillStyle = outside ? of.bg : of.surface;
  pen.fill();
  const line = chosen || marks.hover === node.id ? of.accent : node.health === "ok" ? of.edge : of[node.health];
  pen.strokeStyle = line;
  pen.lineWidth = Math.max(node.health === "ok" && !chosen ? 1 : 2, 0.7 / zoom);
  pen.setLineDash(outside || node.ghost ? [5, 4] : []);
  pen.stroke();
  pen.setLineDash([]);
  if (zoom < TEXT_FROM) {
    if (node.health !== "ok") healthMark(pen, node.health, node.x, node.y, Math.min(4, 0.85 / zoom), of);
    return;
  }
  words(pen, node, left, top, of);
  if (node.health !== "ok") healthMark(pen, node.health, left + node.w - 3, top + 3, 1.15, of);
}

function words(pen, node, left, top, of) {
  pen.save();
  pen.translate(left + 13, node.y - 8);
  pen.strokeStyle = of.muted;
  pen.lineWidth = 1.3;
  pen.lineJoin = pen.lineCap = "round";
  pen.stroke(ICONS[node.kind] ?? ICONS.service);
  pen.restore();
  pen.textAlign = "left";
  pen.textBaseline = "middle";
  pen.font = TITLE_FONT;
  pen.fillStyle = node.kind === "address" ? of.muted : of.text;
  pen.fillText(node.title, left + 38, top + 18.5);
  pen.font = LINE_FONT;
  pen.fillStyle = of.muted;
  node.lines.forEach((text, nth) => pen.fillText(text, left + 38, top + 34 + 15 * nth));
}

function healthMark(pen, health, x, y, scale, of) {
  pen.save();
  pen.translate(x, y);
  pen.scale(scale, scale);
  pen.fillStyle = of[health];
  pen.fill(health === "bad" ? OCTAGON : TRIANGLE);
  pen.strokeStyle = of.surface;
  pen.lineWidth = 1.6;
  pen.lineCap = "round";
  pen.stroke(health === "bad" ? CROSS : BANG);
  pen.restore();
}

// The most important labels first; one that would cover another is left out until one zooms in or points there.
function paintLabels(pen, edges, all, of, marks) {
  const weight = (edge) => (marks.picked === edge.id || marks.hover === edge.id ? 8 : 0) + (marks.near?.has(edge.id) ? 4 : 0)
    + (edge.health === "bad" ? 3 : edge.health === "warn" ? 2 : 0) + (edge.fresh || edge.gone ? 2 : 0) + edge.width / 10;
  const shown = all.straight ? edges.filter((edge) => marks.near.has(edge.id)) : edges;
  const taken = [...all.nodes.values()].map(({ x, y, w, h }) => ({ x1: x - w / 2, y1: y - h / 2, x2: x + w / 2, y2: y + h / 2 }));
  pen.font = LINE_FONT;
  pen.textBaseline = "middle";
  pen.textAlign = "left";
  for (const edge of [...shown].sort((a, b) => weight(b) - weight(a))) {
    const spot = [0.5, 0.62, 0.38, 0.74].map((t) => labelBox(edge, t)).find((box) => !taken.some((other) => overlaps(box, other)));
    if (!spot) continue;
    taken.push(spot);
    paintLabel(pen, edge, spot, of, marks);
  }
}

function labelBox(edge, t) {
  const { x, y } = pointAt(edge, t);
  return { x1: x - edge.labelWidth / 2, y1: y - 8, x2: x + edge.labelWidth / 2, y2: y + 8 };
}

function paintLabel(pen, edge, { x1, y1, x2, y2 }, of, marks) {
  pen.globalAlpha = faded(marks, edge.id) ? 0.3 : 1;
  pen.beginPath();
  pen.roundRect(x1, y1, x2 - x1, y2 - y1, 5);
  pen.fillStyle = of.bg;
  pen.fill();
  const plain = edge.health === "ok" && !edge.fresh && !marks.near?.has(edge.id);
  pen.fillStyle = plain ? of.muted : edgeColour(edge, of, marks);
  const marked = edge.health !== "ok";
  pen.fillText(edge.label, x1 + (marked ? 18 : 5), (y1 + y2) / 2 + 0.5);
  if (marked) healthMark(pen, edge.health, x1 + 9, (y1 + y2) / 2, 0.8, of);
  pen.globalAlpha = 1;
}
