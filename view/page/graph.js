// The map: Cytoscape kept in step with what there is to see.

import { Backdrop, drawing } from "./backdrop.js";
import { wake } from "./frames.js";
import { colours, look, plainLook } from "./look.js";
import { Places } from "./place.js";
import { bounds, cards, elements, plainElements, scene, towards } from "./scene.js";

const [MANY_EDGES, FEWER_EDGES] = [700, 600]; // from here on a map is plain, and down to there it stays so
const MARGINS = { top: 84, side: 60, bottom: 56 }; // px, for what lies over the map
const [FARTHEST, NEAREST] = [0.02, 3];
const NEAR = 1.2; // a map of three nodes need not fill the screen
const GLIDE_MS = 220;
const CHANGE_MS = 1_000; // of frames for a width or a colour that is another now
const STILL = matchMedia("(prefers-reduced-motion: reduce)");
const { cytoscape } = globalThis;

cytoscape.warnings(false); // it advises against a sensitivity of our own, and ten notches of a wheel would not zoom twice

export class Graph {
  /** In an element; `onPick` and `onHover` are called with {node}, {edge} or {}, and with the place on it in px. */
  constructor(container, storage, { onPick, onHover }) {
    Object.assign(this, { container, onPick, onHover });
    this.places = new Places(storage, (key) => this.improved(key));
    this.backdrop = new Backdrop();
    this.scene = { nodes: new Map(), edges: new Map(), boxes: [] };
    this.key = "";
    this.turn = 0; // of show(): a map that was asked for later is not overtaken
    this.picked = "";
    this.hovered = "";
    this.touched = false; // somebody moved the view: it is not fitted behind their back any more
    container.addEventListener("pointerleave", () => this.over({}, { x: 0, y: 0 }));
    this.cy = cytoscape({ headless: true }); // until there is something to show
    this.drawn = new Map(); // id -> the element as Cytoscape has it
  }

  // A picture of thousands of edges is moved as it is and drawn anew when it rests; another one is always drawn.
  open(plain) {
    const seen = { zoom: this.cy.zoom(), pan: { ...this.cy.pan() } };
    this.cy.destroy();
    this.plain = plain;
    this.pictured = false;
    this.drawn.clear();
    const { container } = this;
    this.cy = cytoscape({
      container, ...seen, style: this.style(), minZoom: FARTHEST, maxZoom: NEAREST, wheelSensitivity: 2,
      textureOnViewport: plain, autounselectify: true, boxSelectionEnabled: false,
    });
    this.cy.on("tap", ({ target, renderedPosition }) => this.onPick(this.what(target), renderedPosition));
    this.cy.on("mousemove", ({ target, renderedPosition }) => this.over(this.what(target), renderedPosition));
    this.cy.on("dbltap", ({ renderedPosition }) => this.zoomBy(1.6, renderedPosition));
    this.cy.on("dragpan scrollzoom pinchzoom drag", () => (this.touched = true));
    this.cy.on("dragfree", () => this.keep());
    this.cy.on("resize", () => this.touched || this.fit(false));
    this.cy.on("background", ".backdrop", () => (this.pictured = true));
    this.cy.on("render", () => this.tell());
  }

  /** Show the `chosen` part of a `whole` map ({nodes, edges, gone}) at a level, grouped; false if another came first. */
  async show(whole, chosen, { level, group }) {
    const turn = ++this.turn;
    const key = `${level} ${group}`;
    const all = cards(whole, group);
    const pairs = [...whole.edges, ...(whole.gone ?? [])].map((edge) => [edge.client, edge.server]);
    const placed = await this.places.of(key, [...all.values()], pairs);
    if (turn !== this.turn) return false;
    const anew = placed.moved || key !== this.key;
    const plain = chosen.edges.length > (this.plain ? FEWER_EDGES : MANY_EDGES);
    this.scene = scene(chosen, all, placed.at);
    if (plain !== this.plain) this.open(plain);
    else if (key !== this.key) this.cy.elements().remove(), this.drawn.clear();
    this.key = key;
    this.sync();
    if (anew) this.touched = false;
    if (!this.touched && (anew || placed.fresh)) this.fit(!anew);
    return true;
  }

  // What is painted; told once, for Cytoscape takes any change of its container for one of its size.
  tell() {
    const edges = this.plain && !this.pictured ? 0 : this.scene.edges.size;
    for (const [name, value] of [["nodes", this.scene.nodes.size], ["edges", edges]]) {
      if (this.container.dataset[name] !== String(value)) this.container.dataset[name] = value;
    }
  }

  // The places of a layout that took longer.
  improved(key) {
    if (key !== this.key) return;
    const at = this.places.known.get(key);
    for (const node of this.scene.nodes.values()) Object.assign(node, at.get(node.id));
    this.sync();
    if (!this.touched) this.fit();
  }

  /** Mark what is picked, and fade what has nothing to do with it. */
  pick({ node = "", edge = "" }) {
    const picked = node || edge;
    if (picked === this.picked) return;
    this.picked = picked;
    this.sync();
  }

  over(found, at) {
    this.container.parentElement.classList.toggle("over", Boolean(found.node || found.edge));
    this.onHover(found, at);
  }

  hover(id) {
    if (this.hovered === id) return;
    this.cy.getElementById(this.hovered).removeClass("hover");
    this.hovered = id;
    if (!this.plain) this.cy.getElementById(id).addClass("hover");
  }

  // Tell Cytoscape what differs from what it has.
  sync() {
    const marks = { picked: this.picked, near: near(this.scene, this.picked) };
    const all = this.plain ? plainElements(this.scene, marks, this.picture()) : elements(this.scene, marks, colours());
    const wanted = new Map(all.map((each) => [each.data.id, each]));
    const stale = [...this.drawn.keys()].filter((id) => !wanted.has(id));
    const [fresh, changed] = [[], []];
    for (const [id, each] of wanted) {
      if (!this.drawn.has(id)) fresh.push(each);
      else if (!same(this.drawn.get(id), each)) changed.push(each);
      this.drawn.set(id, each);
    }
    if (fresh.length) wake();
    else if (stale.length || changed.length) wake(CHANGE_MS);
    this.cy.batch(() => {
      for (const id of stale) this.cy.getElementById(id).remove(), this.drawn.delete(id);
      for (const each of changed) change(this.cy.getElementById(each.data.id), each);
      this.cy.add(fresh);
    });
  }

  picture() {
    const { imageCache } = this.cy.renderer(); // it keeps every picture that ever was
    return this.backdrop.of(drawing(this.scene, bounds(this.scene), colours().edge), (url) => {
      this.pictured = false;
      delete imageCache?.[url];
    });
  }

  what(target) {
    if (target === this.cy) return {};
    if (target.isEdge()) return { edge: target.id() };
    return target.hasClass("card") ? { node: target.id() } : {};
  }

  /** Where a node or the middle of an edge is, px. */
  screen(id) {
    const found = this.cy.getElementById(id);
    if (found.empty()) return undefined;
    return found.isNode() ? found.renderedPosition() : found.renderedMidpoint();
  }

  /** Bring a node into view, should it be outside. */
  reveal(id) {
    const at = this.screen(id);
    if (!at) return;
    const [width, height] = [this.cy.width(), this.cy.height()];
    if (at.x > 40 && at.y > 40 && at.x < width - 40 && at.y < height - 40) return;
    const { x, y } = this.cy.pan();
    this.glide({ pan: { x: x + width / 2 - at.x, y: y + height / 2 - at.y } }, true);
  }

  beside(id, direction) {
    return towards(this.scene, id, direction);
  }

  fit(smoothly = true) {
    this.touched = false;
    const box = bounds(this.scene);
    const [width, height] = [this.cy.width(), this.cy.height()];
    if (!box || !width || !height) return;
    const room = { w: Math.max(50, width - 2 * MARGINS.side), h: Math.max(50, height - MARGINS.top - MARGINS.bottom) };
    const zoom = Math.max(FARTHEST, Math.min(NEAR, room.w / (box.x2 - box.x1), room.h / (box.y2 - box.y1)));
    const pan = {
      x: width / 2 - (zoom * (box.x1 + box.x2)) / 2,
      y: MARGINS.top + room.h / 2 - (zoom * (box.y1 + box.y2)) / 2,
    };
    this.glide({ zoom, pan }, smoothly);
  }

  glide(view, smoothly) {
    wake();
    this.cy.stop();
    if (smoothly && !STILL.matches && !this.plain) this.cy.animate(view, { duration: GLIDE_MS });
    else this.cy.viewport({ zoom: this.cy.zoom(), ...view });
  }

  zoomBy(factor, renderedPosition = { x: this.cy.width() / 2, y: this.cy.height() / 2 }) {
    this.touched = true;
    this.cy.zoom({ level: this.cy.zoom() * factor, renderedPosition });
  }

  panBy(x, y) {
    this.touched = true;
    this.cy.panBy({ x, y });
  }

  /** Forget the places of this level and grouping; the next show() lays out anew. */
  tidy() {
    this.places.forget(this.key);
    this.key = "";
  }

  // Somebody dragged a card, or a box that took its cards along.
  keep() {
    const at = new Map(this.cy.nodes(".card").map((node) => [node.id(), { ...node.position() }]));
    for (const [id, place] of at) Object.assign(this.scene.nodes.get(id), place);
    this.places.put(this.key, at);
    if (this.plain) this.sync();
  }

  recolour() {
    this.cy.style(this.style());
    this.sync();
  }

  style() {
    return this.plain ? plainLook(colours(), this.scene.boxes.length > 0) : look(colours());
  }
}

function near({ nodes, edges }, picked) {
  if (edges.has(picked)) return new Set([picked, edges.get(picked).client, edges.get(picked).server]);
  if (!nodes.has(picked)) return null;
  const found = new Set([picked]);
  for (const { id, client, server } of edges.values()) {
    if (client === picked || server === picked) found.add(id).add(client).add(server);
  }
  return found;
}

function same(one, other) {
  const equal = (a, b) => Object.keys({ ...a, ...b }).every((name) => a[name] === b[name]);
  return one.classes === other.classes && equal(one.data, other.data) && equal(one.position ?? {}, other.position ?? {});
}

function change(element, { data, classes, position }) {
  element.data(data);
  element.classes(classes);
  if (position && !element.grabbed()) element.position(position);
}
