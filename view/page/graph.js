// The map: Cytoscape, kept up to date with the scene.

import { Backdrop, drawing } from "./backdrop.js";
import { withPicked } from "./bundle.js";
import { FARTHEST, LEGIBLE, NEAREST, fitting, revealing } from "./camera.js";
import { SIDE } from "./elements.js";
import { folded, isPart, partKey } from "./fold.js";
import { wake } from "./frames.js";
import { colours, look, plainLook } from "./look.js";
import { BOX, bounds, cards, elements, near, plainElements, same, scene, towards } from "./scene.js";
import { PASSING } from "./place.js";
import { Staging } from "./staging.js";
import { opened } from "./state.js";

/** @import { Fields } from "./state.js" */
/** @import { Core, CollectionReturnValue, SingularElementReturnValue } from "cytoscape" */
/** @import { Box, Card, Chosen, Direction, Drawn, Element, Memory, Point, Scene, Target } from "./types.js" */

/** @typedef {{ drawn: Drawn, cards: Map<string, Card>, lines: { numbers: string, colour: string } }} Shown */

const [MANY_EDGES, FEWER_EDGES] = [700, 600]; // a map is plain from the one on, and stays so down to the other
const GLIDE_MS = 220;
const BOX_TITLE = 34; // px, at the top of a box
const CHANGE_MS = 1_000; // of frames after a width or a colour changed
const STILL = matchMedia("(prefers-reduced-motion: reduce)");
const { cytoscape } = globalThis;

cytoscape.warnings(false); // it warns of our wheelSensitivity; with its own, ten notches of a wheel zoom less than twice

export class Graph {
  /**
   * @param {HTMLElement} container
   * @param {Memory} storage
   * @param {{ onPick: (target: Target) => void, onHover: (target: Target, at: Point) => void }} listeners
   */
  constructor(container, storage, { onPick, onHover }) {
    this.container = container;
    this.onPick = onPick;
    this.onHover = onHover;
    this.staging = new Staging(storage, (key) => this.improved(key));
    this.backdrop = new Backdrop();
    /** @type {Scene} */
    this.scene = { nodes: new Map(), edges: new Map(), boxes: [] };
    /** @type {Map<string, Box>} */
    this.boxes = new Map(); // of open groups, by their keys
    /** @type {Shown | null} */
    this.shown = null;
    this.key = "";
    this.turn = 0; // of show(): the latest call wins
    this.picked = "";
    /** @type {Set<string> | null} */
    this.marked = null; // what a filter keeps, where all is shown
    this.hovered = "";
    this.touched = false; // somebody moved the view, so it is not fitted any more
    this.pictured = false; // Cytoscape has drawn the backdrop
    /** @type {boolean | undefined} */
    this.plain = undefined; // until something is shown
    container.addEventListener("pointerleave", () => this.over({}, { x: 0, y: 0 }));
    this.cy = cytoscape({ headless: true }); // until there is something to show
    /** @type {Map<string, Element>} */
    this.drawn = new Map(); // the elements that Cytoscape has, by id
  }

  /**
   * Start Cytoscape. A plain map moves as a picture, and is drawn again when it rests.
   * @param {boolean} plain
   */
  open(plain) {
    const seen = { zoom: this.cy.zoom(), pan: { ...this.cy.pan() } };
    this.cy.destroy();
    this.plain = plain;
    this.pictured = false;
    this.drawn.clear();
    const { container } = this;
    this.cy = cytoscape({
      container,
      ...seen,
      style: /** @type {any} */ (this.style()),
      minZoom: FARTHEST,
      maxZoom: NEAREST,
      wheelSensitivity: 2,
      textureOnViewport: plain,
      autounselectify: true,
      boxSelectionEnabled: false,
    });
    this.cy.on("tap", ({ target, position }) => this.onPick(this.what(target, position)));
    this.cy.on("mousemove", ({ target, renderedPosition }) => this.over(this.what(target), renderedPosition));
    this.cy.on("dbltap", ({ target, renderedPosition }) => {
      const { node = "" } = this.what(target);
      if (isPart(node)) this.onPick({ part: partKey(node) });
      else this.zoomBy(1.6, renderedPosition);
    });
    this.cy.on("dragpan scrollzoom pinchzoom drag", () => {
      this.touched = true;
    });
    this.cy.on("dragfree", () => this.keep());
    this.cy.on("resize", () => {
      if (!this.touched) this.fit(false, LEGIBLE);
    });
    this.cy.on("background", ".backdrop", () => {
      this.pictured = true;
    });
    this.cy.on("render", () => this.publish());
  }

  /**
   * Show the chosen part of a map. Returns false if a later call came before it was done.
   * @param {Chosen} chosen
   * @param {Pick<Fields, "level" | "group" | "focus" | "hops" | "open" | "numbers" | "colour">} state
   */
  async show(chosen, state) {
    const turn = ++this.turn;
    const drawn = folded(chosen, state.group, opened(state.open));
    const all = cards(drawn, chosen.edges);
    const around = state.focus ? `${state.focus} ${state.hops}` : "";
    const by = chosen.by ? PASSING + chosen.by : ""; // what a filter leaves is laid out anew
    const key = [state.level, state.group, around, by, drawn.folded ? "folded" : ""].join(" ").trimEnd();
    const seen = withPicked(drawn, this.picked);
    const placed = await this.staging.of(key, seen, all);
    if (turn !== this.turn) return false;
    const anew = placed.moved || key !== this.key;
    const plain = drawn.bundles.length > (this.plain ? FEWER_EDGES : MANY_EDGES);
    this.shown = { drawn, cards: all, lines: { numbers: state.numbers, colour: state.colour } };
    this.scene = scene(seen, all, placed.at, placed.ways, this.shown.lines);
    this.marked = chosen.marked ? standing(chosen.marked, drawn) : null;
    if (plain !== this.plain) this.open(plain);
    else if (key !== this.key) {
      this.cy.elements().remove();
      this.drawn.clear();
    }
    this.key = key;
    this.sync();
    if (anew) this.touched = false;
    this.boxes = placed.boxes;
    if (!this.touched && (anew || placed.fresh)) this.fit(!anew, LEGIBLE);
    return true;
  }

  // Write the numbers of painted nodes and edges to the container, when they differ: Cytoscape takes any change of its
  // container for a change of size.
  publish() {
    const edges = this.plain && !this.pictured ? 0 : this.scene.edges.size;
    for (const [name, value] of Object.entries({ nodes: this.scene.nodes.size, edges })) {
      if (this.container.dataset[name] !== String(value)) this.container.dataset[name] = String(value);
    }
  }

  /**
   * Take the places of a layout that took longer.
   * @param {string} key
   */
  improved(key) {
    if (key !== this.key || !this.shown) return;
    const { drawn, cards: all } = this.shown;
    const placed = this.staging.known(key, drawn, all);
    this.scene = scene(drawn, all, placed.at, placed.ways, this.shown.lines);
    this.sync();
    if (!this.touched) this.fit(true, LEGIBLE);
  }

  /**
   * Mark a node or an edge, and fade what has nothing to do with it.
   * @param {Target} target
   */
  pick({ node = "", edge = "" }) {
    const { drawn } = this.shown ?? {};
    const line = this.lines().find(({ id, edges }) => id === edge || edges.some((each) => each.id === edge));
    const picked = node ? (drawn?.stands.get(node) ?? node) : (line?.id ?? edge);
    if (picked === this.picked) return;
    this.picked = picked;
    if (this.shown?.drawn.folded) this.lead(this.shown);
    this.sync();
  }

  /**
   * Lead lines anew: a card that is picked has all of its lines.
   * @param {Shown} shown
   */
  lead({ drawn, cards: all, lines }) {
    const seen = withPicked(drawn, this.picked);
    const placed = this.staging.arranged(this.key, seen, all);
    this.scene = scene(seen, all, placed.at, placed.ways, lines);
  }

  /** The lines between the cards that are drawn, also those that are left out. */
  lines() {
    return this.shown?.drawn.all ?? [];
  }

  /**
   * @param {Target} found
   * @param {Point} at
   */
  over(found, at) {
    this.container.parentElement?.classList.toggle("over", Boolean(found.node || found.edge));
    this.onHover(found, at);
  }

  /** @param {string} id */
  hover(id) {
    if (this.hovered === id) return;
    this.cy.getElementById(this.hovered).removeClass("hover");
    this.hovered = id;
    if (!this.plain) this.cy.getElementById(id).addClass("hover");
  }

  // Give Cytoscape the elements that differ from those it has.
  sync() {
    const marks = { picked: this.picked, near: near(this.scene, this.picked) ?? this.marked };
    const all = this.plain ? plainElements(this.scene, marks, this.picture()) : elements(this.scene, marks, colours());
    const wanted = new Map(all.map((each) => [each.data.id, each]));
    const stale = [...this.drawn.keys()].filter((id) => !wanted.has(id));
    /** @type {Element[]} */
    const fresh = [];
    /** @type {Element[]} */
    const changed = [];
    for (const [id, each] of wanted) {
      const earlier = this.drawn.get(id);
      if (!earlier) fresh.push(each);
      else if (!same(earlier, each)) changed.push(each);
      this.drawn.set(id, each);
    }
    if (fresh.length) wake();
    else if (stale.length || changed.length) wake(CHANGE_MS);
    this.cy.batch(() => {
      this.cy.add(fresh);
      for (const each of changed) change(this.cy.getElementById(each.data.id), each);
      for (const id of stale) {
        this.cy.getElementById(id).remove(); // with what is in it: what stays has moved out by now
        this.drawn.delete(id);
      }
    });
  }

  picture() {
    const box = bounds(this.scene);
    if (!box) return "";
    const { imageCache } = /** @type {any} */ (this.cy).renderer(); // it keeps every picture, also old ones
    return this.backdrop.of(drawing(this.scene, box, colours().edge), (url) => {
      this.pictured = false;
      delete imageCache?.[url];
    });
  }

  /**
   * What is at a place. The icon of a group opens it, and the title of its box closes it.
   * @param {any} target of an event of Cytoscape
   * @param {Point} [at] on the map
   * @returns {Target}
   */
  what(target, at) {
    if (target === this.cy) return {};
    if (target.isEdge()) return { edge: target.id() };
    const box = target.boundingBox({ includeLabels: false, includeOverlays: false });
    if (target.hasClass("part") && at && at.x < box.x1 + SIDE) return { part: partKey(target.id()) };
    if (target.hasClass("card")) return { node: target.id() };
    const title = at && this.shown?.drawn.folded && at.y < box.y1 + BOX_TITLE;
    return title ? { part: target.id().slice(BOX.length) } : {};
  }

  /**
   * The position of a node or of the middle of an edge, px.
   * @param {string} id
   * @returns {Point | undefined}
   */
  screen(id) {
    const found = this.cy.getElementById(id);
    if (found.empty()) return undefined;
    return found.isNode() ? found.renderedPosition() : /** @type {any} */ (found).renderedMidpoint();
  }

  /**
   * Move the view so that a node is in it.
   * @param {string} id
   */
  reveal(id) {
    const at = this.screen(id);
    const pan = at && revealing(at, this.cy.pan(), this.size());
    if (pan) this.glide({ pan }, true);
  }

  /**
   * @param {string} id
   * @param {Direction} direction
   */
  beside(id, direction) {
    return towards(this.scene, id, direction);
  }

  fit(smoothly = true, least = FARTHEST) {
    this.touched = false;
    const view = fitting(bounds(this.scene), this.size(), least);
    if (view) this.glide(view, smoothly);
  }

  /**
   * Bring an opened group into view; the whole map, if it is closed.
   * @param {string} key
   */
  see(key) {
    const view = fitting(this.boxes.get(key) ?? bounds(this.scene), this.size(), LEGIBLE);
    if (view) this.glide(view, true);
  }

  size() {
    return { width: this.cy.width(), height: this.cy.height() };
  }

  /**
   * @param {{ zoom?: number, pan: Point }} view
   * @param {boolean} smoothly
   */
  glide(view, smoothly) {
    wake();
    this.cy.stop();
    if (smoothly && !STILL.matches && !this.plain) this.cy.animate(view, { duration: GLIDE_MS });
    else this.cy.viewport({ zoom: this.cy.zoom(), ...view });
  }

  /**
   * @param {number} factor
   * @param {Point} [renderedPosition]
   */
  zoomBy(factor, renderedPosition = { x: this.cy.width() / 2, y: this.cy.height() / 2 }) {
    this.touched = true;
    this.cy.zoom({ level: this.cy.zoom() * factor, renderedPosition });
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  panBy(x, y) {
    this.touched = true;
    this.cy.panBy({ x, y });
  }

  /** Forget the places of this level and grouping, so that the next show() makes a new layout. */
  tidy() {
    this.staging.forget(this.key);
    this.key = "";
  }

  // Somebody dragged a card, or a box with its cards.
  keep() {
    const at = new Map(this.cy.nodes(".card").map((node) => [node.id(), { ...node.position() }]));
    for (const [id, place] of at) Object.assign(this.scene.nodes.get(id) ?? {}, place);
    this.staging.put(this.key, at);
    if (this.plain) this.sync();
  }

  recolour() {
    this.cy.style(/** @type {any} */ (this.style()));
    this.sync();
  }

  style() {
    return this.plain ? plainLook(colours(), this.scene.boxes.length > 0) : look(colours());
  }
}

/**
 * The cards and lines in which some nodes and edges are drawn.
 * @param {Set<string>} ids
 * @param {Drawn} drawn
 */
function standing(ids, { stands, all }) {
  const lines = all.filter(({ edges }) => edges.some(({ id }) => ids.has(id)));
  return new Set([...[...ids].map((id) => stands.get(id) ?? id), ...lines.map(({ id }) => id)]);
}

/**
 * @param {CollectionReturnValue} element
 * @param {Element} wanted
 */
function change(element, { data, classes, position }) {
  const parent = /** @type {string | undefined} */ (data.parent) ?? null; // data cannot change it
  if (element.isNode() && (element.data("parent") ?? null) !== parent) element.move({ parent });
  element.data(data);
  element.classes(classes);
  if (position && !element.grabbed()) element.position(position);
}
