// The colour of a line, by choice: of its health, or of a measure from grey to blue, or of what an overlay says. Pure.

import { traffic } from "./bundle.js";
import { ms, percent, rate } from "./format.js";
import { errorShare, slowest } from "./line_numbers.js";

/** @import { Colours, MapEdge } from "./types.js" */

/** @typedef {{ title: string, of: (edges: MapEdge[]) => number | null, low: number, high: number, text: (value: number) => string }} Scale */

const OVERLAY = "overlay "; // before the name of an overlay
const KINDS = ["series-1", "series-2", "series-3", "new", "ok", "warn"]; // colours for words

/**
 * Measures from their low to their high values; the steps between are by factors.
 * @type {Record<string, Scale>}
 */
export const SCALES = {
  latency: { title: "latency (p99)", of: slowest, low: 1, high: 1_000, text: ms },
  errors: { title: "errors", of: errorShare, low: 0.001, high: 0.1, text: percent },
  traffic: { title: "throughput", of: traffic, low: 1_000, high: 10_000_000, text: rate },
};

/**
 * The colours to choose from: of health, of measures, and of the overlays that edges have.
 * @param {MapEdge[]} edges
 * @returns {[string, string][]} values and titles
 */
export function colourings(edges) {
  const overlays = new Set(edges.flatMap(({ annotations = {} }) => Object.keys(annotations)));
  return [
    ["health", "health"],
    ...Object.entries(SCALES).map(([name, { title }]) => /** @type {[string, string]} */ ([name, title])),
    ...[...overlays].sort().map((name) => /** @type {[string, string]} */ ([OVERLAY + name, `overlay ${name}`])),
  ];
}

/**
 * The colour of a line; "" for that of its health.
 * @param {MapEdge[]} edges
 * @param {string} by
 * @param {Colours} of
 */
export function colourOf(edges, by, of) {
  const scale = SCALES[by];
  if (scale) {
    const value = scale.of(edges);
    return value === null ? of.line : mixed(of.edge, of.accent, heat(value, scale));
  }
  if (!by.startsWith(OVERLAY)) return "";
  const name = by.slice(OVERLAY.length);
  const value = edges.map(({ annotations }) => annotations?.[name]).find((each) => each !== undefined);
  return value === undefined ? of.line : of[KINDS[hash(JSON.stringify(value)) % KINDS.length]];
}

/**
 * How far a value is from low to high, by its logarithm: 0 to 1.
 * @param {number} value
 * @param {Scale} scale
 */
export const heat = (value, { low, high }) =>
  Math.min(1, Math.max(0, Math.log(Math.max(value, low) / low) / Math.log(high / low)));

/**
 * A colour between two, each as #rrggbb.
 * @param {string} from
 * @param {string} to
 * @param {number} share
 */
export function mixed(from, to, share) {
  const part = (/** @type {string} */ colour, /** @type {number} */ nth) =>
    Number.parseInt(colour.slice(1 + 2 * nth, 3 + 2 * nth), 16);
  const parts = [0, 1, 2].map((nth) => Math.round(part(from, nth) + (part(to, nth) - part(from, nth)) * share));
  return `#${parts.map((each) => each.toString(16).padStart(2, "0")).join("")}`;
}

/** @param {string} text */
function hash(text) {
  let found = 0;
  for (const letter of text) found = (found * 31 + (letter.codePointAt(0) ?? 0)) % 65_521;
  return found;
}
