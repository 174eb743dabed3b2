// The look of the map, as Cytoscape's style sheets. Colour, a mark and the line show health.

import { FONT, LINE_SIZE, TITLE_SIZE } from "./elements.js";

/** @import { Colours } from "./types.js" */
/** @import { EdgeSingular } from "cytoscape" */

const NAMES = [
  "bg",
  "surface",
  "text",
  "muted",
  "line",
  "edge",
  "accent",
  "warn",
  "bad",
  "new",
  "box",
  "raised",
  "ok",
  "series-1",
  "series-2",
  "series-3",
];
/** @type {Record<string, string>} */
const ICON = { bad: "✕", warn: "▲" };

/**
 * The colours of the current theme.
 * @returns {Colours}
 */
export function colours() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

/**
 * @param {string} selector
 * @param {Record<string, unknown>} style
 */
const rule = (selector, style) => ({ selector, style });
const line = (/** @type {string} */ colour) => ({ "line-color": colour, "target-arrow-color": colour, color: colour });

const halo = (/** @type {string} */ colour, /** @type {number} */ padding) => ({
  "underlay-color": colour,
  "underlay-opacity": 0.25,
  "underlay-padding": padding,
  "underlay-shape": "round-rectangle",
});

/**
 * A map to read: cards with words, edges with ports.
 * @param {Colours} of
 */
export function look(of) {
  return [
    rule("node", {
      shape: "round-rectangle",
      "corner-radius": 9,
      "background-color": of.surface,
      "border-width": 1,
      "border-color": of.edge,
      "font-family": FONT,
      "font-size": TITLE_SIZE,
      "font-weight": 600,
      color: of.text,
      "text-valign": "center",
      "overlay-opacity": 0,
    }),
    rule(".card", {
      width: "data(w)",
      height: "data(h)",
      label: "data(title)",
      "min-zoomed-font-size": 5,
      "text-margin-x": "data(titleX)",
      "text-margin-y": "data(titleY)",
      "background-image": "data(face)",
      "background-width": "100%",
      "background-height": "100%",
    }),
    rule(".card.outside", {
      "corner-radius": 24,
      "background-color": of.bg,
      "border-style": "dashed",
      color: of.muted,
    }),
    rule(".card.part", { "background-color": of.raised, "border-style": "double", "border-width": 4 }),
    rule(".card.ghost", { opacity: 0.55, "border-style": "dashed" }),
    rule(".card.fresh", { "border-color": of.new, "border-width": 2, ...halo(of.new, 7) }),
    rule(".card.changed", halo(of.accent, 7)),
    ...boxes(of),
    rule("edge", {
      width: "data(width)",
      ...line(of.edge),
      "curve-style": "bezier",
      "target-arrow-shape": "triangle",
      "arrow-scale": 0.9,
      label: "data(label)",
      "font-family": FONT,
      "font-size": LINE_SIZE,
      color: of.muted,
      "min-zoomed-font-size": 6,
      "text-background-color": of.bg,
      "text-background-opacity": 1,
      "text-background-padding": 3,
      "overlay-opacity": 0,
    }),
    rule("edge.routed", {
      "curve-style": "round-segments",
      "edge-distances": "endpoints",
      "segment-weights": "data(weights)",
      "segment-distances": "data(distances)",
      "segment-radii": 8,
      "source-endpoint": "data(from)",
      "target-endpoint": "data(to)",
      "text-margin-x": "data(labelX)",
      "text-margin-y": "data(labelY)",
    }),
    rule("edge.unlabelled", { "text-opacity": 0, "text-background-opacity": 0 }),
    rule("edge.fresh", { "line-style": "dashed", "line-dash-pattern": [9, 6], ...line(of.new) }),
    rule("edge.gone", { "line-style": "dotted", opacity: 0.6 }),
    rule("edge.halo", halo(of.new, 5)),
    rule("edge.changed", halo(of.accent, 5)),
    rule("edge.near, edge.hover", { ...line(of.accent), "z-index": 1 }),
    ...["warn", "bad"].flatMap((health) => [
      rule(`.card.${health}`, { "border-color": of[health], "border-width": 2 }),
      rule(`edge.${health}`, {
        ...line(of[health]),
        label: (/** @type {EdgeSingular} */ edge) => `${ICON[health]} ${edge.data("label")}`,
      }),
    ]),
    rule("edge.bad", { "line-style": "dashed", "line-dash-pattern": [16, 4] }),
    rule("edge.passed", { width: 1.2, opacity: 0.6 }), // where the trouble began is to be seen first
    rule("edge.coloured", { ...line("data(colour)"), color: of.text, opacity: 1 }),
    rule(".card.far", { opacity: 0.38 }),
    rule("edge.far", { opacity: 0.22 }),
    rule(".card.hover, .card.picked", { "border-color": of.accent, "border-width": 2 }),
    rule(".card.picked", {
      "underlay-color": of.accent,
      "underlay-opacity": 0.35,
      "underlay-padding": 4,
      "underlay-shape": "round-rectangle",
    }),
    rule("edge.picked", { "underlay-color": of.accent, "underlay-opacity": 0.25, "underlay-padding": 3 }),
  ];
}

/**
 * A map of thousands of edges: names and plain lines. Every property takes time.
 * @param {Colours} of
 * @param {boolean} grouped
 */
export function plainLook(of, grouped) {
  return [
    rule("node", { shape: "rectangle", "background-color": of.surface, "overlay-opacity": 0 }),
    rule(".backdrop", {
      width: "data(w)",
      height: "data(h)",
      "background-opacity": 0,
      "background-image": "data(picture)",
      "background-width": "100%",
      "background-height": "100%",
      events: "no",
      "z-index": -1,
    }),
    rule(".card", {
      width: "data(w)",
      height: "data(h)",
      label: "data(title)",
      "font-size": TITLE_SIZE,
      color: of.text,
      "text-valign": "center",
      "min-zoomed-font-size": 9,
      "border-width": 2,
      "border-color": of.edge,
    }),
    ...(grouped ? [...boxes(of), rule(":parent", { "font-size": 48, "text-margin-y": 0 })] : []),
    rule("edge", {
      width: 5,
      ...line(of.edge),
      "curve-style": "straight",
      "target-arrow-shape": "triangle",
      "overlay-opacity": 0,
    }),
    rule("edge.fresh", line(of.new)),
    rule("edge.gone", { "line-style": "dotted" }),
    rule("edge.changed", line(of.accent)),
    rule(".card.fresh", { "border-color": of.new, "border-width": 6 }),
    ...["warn", "bad"].flatMap((health) => [
      rule(`.card.${health}`, { "border-color": of[health], "border-width": 4 }),
      rule(`edge.${health}`, line(of[health])),
    ]),
    rule("edge.near", { "z-compound-depth": "top" }), // over the cards
    rule("edge.ok.near", line(of.accent)),
    rule(".card.near", { "border-color": of.accent, "border-width": 6 }),
    rule(".card.picked", { "border-width": 14 }),
  ];
}

const boxes = (/** @type {Colours} */ of) => [
  rule(":parent", {
    label: "data(label)",
    "background-color": of.box,
    "border-color": of.line,
    padding: 22,
    shape: "round-rectangle",
    "corner-radius": 14,
    "font-family": FONT,
    "font-size": 13,
    "font-weight": 600,
    color: of.text,
    "text-valign": "top",
    "text-margin-y": 20,
  }),
  rule(":parent.outside", { "background-opacity": 0, "border-style": "dashed" }),
];
