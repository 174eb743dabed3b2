// The map: a canvas kept in step with what there is to see.
//
// Drawn here and not by Cytoscape.js: with 1,000 nodes and 5,000 edges that took 4.3 s to its first picture and moved
// at 2 to 7 frames a second on two cores. While a large map is moved, its last picture is moved, and drawn anew after.

import { Camera } from "./camera.js";
import { colours, paint } from "./paint.js";
import { Places } from "./place.js";
import { bounds, cards, hit, reroute, scene, towards } from "./scene.js";

const MANY_EDGES = 700; // from here on straight lines without labels
const MARGINS = { top: 76, side: 60, bottom: 52 }; // px, for what lies over the map
const NEAREST = 1.2; // a map of three nodes need not fill the screen
const SLOW_MS = 12; // a picture that took longer is moved as it is
const SETTLED_MS = 110;
const MARCH_MS = 120;
const MARCHING_MS = 20_000; // then dashes stand still: a page that is left open costs nothing
const STILL = matchMedia("(prefers-reduced-motion: reduce)");
const NOTHING = { nodes: new Map(), edges: new Map(), boxes: [], straight: false };

export class Graph {
  constructor(canvas, storage) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d", { alpha: false });
    this.last = document.createElement("canvas"); // the last whole picture
    this.lastAt = null; // the camera it was taken with
    this.lastMs = 0;
    this.places = new Places(storage);
    this.camera = new Camera(() => this.moved());
    this.scene = NOTHING;
    this.key = "";
    this.marks = { picked: "", near: null, hover: "", dashes: 0 };
    this.touched = false; // somebody moved the view: it is not fitted behind their back any more
    this.of = colours();
    this.fresh = new Set(); // ids of the new edges shown
    this.marchUntil = 0;
    this.frame = 0;
    this.settle = 0;
    new ResizeObserver(() => this.resized()).observe(canvas.parentElement);
    setInterval(() => this.march(), MARCH_MS);
    this.resized();
  }

  /** Show the `chosen` part of a `whole` map ({nodes, edges, gone}) at a level, grouped. */
  show(whole, chosen, { level, group }) {
    const key = `${level} ${group}`;
    const drawn = cards(whole, group);
    const pairs = whole.edges.map((edge) => [edge.client, edge.server]);
    const placed = this.places.of(key, [...drawn.values()], pairs);
    const anew = placed.moved || key !== this.key;
    this.key = key;
    this.scene = scene(chosen, drawn, placed.at, chosen.edges.length > MANY_EDGES);
    if (anew) this.touched = false;
    if (!this.touched && (anew || placed.fresh.size)) this.fit(!anew);
    this.pick({ node: this.marks.node, edge: this.marks.edge });
    const fresh = [...this.scene.edges.values()].filter((edge) => edge.fresh).map((edge) => edge.id);
    if (fresh.some((id) => !this.fresh.has(id))) this.marchUntil = performance.now() + MARCHING_MS;
    this.fresh = new Set(fresh);
  }

  /** Mark what is picked, and fade what has nothing to do with it. */
  pick({ node = "", edge = "" }) {
    Object.assign(this.marks, { node, edge, picked: "", near: null });
    if (this.scene.nodes.has(node)) {
      const near = new Set([node]);
      for (const each of this.scene.edges.values()) {
        if (each.client === node || each.server === node) near.add(each.id).add(each.client).add(each.server);
      }
      Object.assign(this.marks, { picked: node, near });
    } else if (this.scene.edges.has(edge)) {
      const { client, server } = this.scene.edges.get(edge);
      Object.assign(this.marks, { picked: edge, near: new Set([edge, client, server]) });
    }
    this.draw();
  }

  hover(id) {
    if (this.marks.hover === id) return;
    this.marks.hover = id;
    if (this.lastMs < 40) this.draw();
  }

  /** What is at a place of the canvas, px: {node}, {edge} or {}. */
  at(place, reach = 6) {
    return hit(this.scene, this.camera.toMap(place), reach / this.camera.zoom);
  }

  /** Where a node or the middle of an edge is on the canvas, px. */
  screen(id) {
    const { nodes, edges } = this.scene;
    if (nodes.has(id)) return this.camera.toScreen(nodes.get(id));
    const box = edges.get(id)?.box;
    return box && this.camera.toScreen({ x: (box.x1 + box.x2) / 2, y: (box.y1 + box.y2) / 2 });
  }

  /** Bring a node into view, should it be outside. */
  reveal(id) {
    const at = this.screen(id);
    if (!at) return;
    const { width, height } = this.camera;
    if (at.x > 40 && at.y > 40 && at.x < width - 40 && at.y < height - 40) return;
    const { zoom, x, y } = this.camera;
    this.camera.glideTo({ zoom, x: x + width / 2 - at.x, y: y + height / 2 - at.y });
  }

  beside(id, direction) {
    return towards(this.scene, id, direction);
  }

  fit(smoothly = true) {
    this.touched = false;
    const box = bounds(this.scene);
    if (box) this.camera.fit(box, MARGINS, NEAREST, smoothly);
  }

  /** Forget the places of this level and grouping; the next show() lays out anew. */
  tidy() {
    this.places.forget(this.key);
    this.key = "";
  }

  drag(id, place) {
    const node = this.scene.nodes.get(id);
    if (!node) return; // gone while it was dragged
    Object.assign(node, place);
    this.places.put(this.key, id, { x: node.x, y: node.y });
    reroute(this.scene, id);
    this.draw();
  }

  recolour() {
    this.of = colours();
    this.draw();
  }

  resized() {
    const { clientWidth, clientHeight } = this.canvas.parentElement;
    const { ratio } = this.camera;
    this.camera.size(clientWidth, clientHeight);
    this.canvas.width = this.last.width = Math.round(clientWidth * this.camera.ratio);
    this.canvas.height = this.last.height = Math.round(clientHeight * this.camera.ratio);
    if (ratio !== this.camera.ratio) this.lastAt = null;
    if (!this.touched) this.fit(false);
    this.paint();
  }

  moved() {
    if (this.lastMs <= SLOW_MS || !this.lastAt) return this.draw();
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.shift());
    clearTimeout(this.settle);
    this.settle = setTimeout(() => this.paint(), SETTLED_MS);
    return undefined;
  }

  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.paint());
  }

  // Move the last picture to where the camera is now.
  shift() {
    const { pen, camera, lastAt } = this;
    const scale = camera.zoom / lastAt.zoom;
    pen.setTransform(camera.ratio, 0, 0, camera.ratio, 0, 0);
    pen.fillStyle = this.of.bg;
    pen.fillRect(0, 0, camera.width, camera.height);
    const [x, y] = [camera.x - lastAt.x * scale, camera.y - lastAt.y * scale];
    pen.drawImage(this.last, x, y, camera.width * scale, camera.height * scale);
  }

  paint() {
    clearTimeout(this.settle);
    cancelAnimationFrame(this.frame);
    if (!this.canvas.width || !this.canvas.height) return;
    const began = performance.now();
    const pen = this.last.getContext("2d", { alpha: false });
    paint(pen, this.scene, this.camera, this.of, this.marks);
    this.pen.setTransform(1, 0, 0, 1, 0, 0);
    this.pen.drawImage(this.last, 0, 0);
    const { zoom, x, y } = this.camera;
    this.lastAt = { zoom, x, y };
    this.lastMs = performance.now() - began;
    this.canvas.dataset.nodes = String(this.scene.nodes.size); // what is painted
    this.canvas.dataset.edges = String(this.scene.edges.size);
  }

  // New edges are dashes that walk to the server for a while, where there is time to draw them.
  march() {
    if (STILL.matches || document.hidden || this.scene.straight || this.lastMs > SLOW_MS) return;
    if (performance.now() > this.marchUntil) return;
    this.marks.dashes = (this.marks.dashes + 2) % 15;
    this.draw();
  }
}
