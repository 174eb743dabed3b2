// Elements of the page. Text goes in as text and never as markup: names come from hosts and cannot be trusted.

import { printable } from "./format.js";

/** @import { Child, Health, Leaf, Properties } from "./types.js" */

/**
 * Make an element. Properties that start with "on" are listeners, the others are attributes.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Properties} [properties]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function el(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

const SVG = "http://www.w3.org/2000/svg";

/**
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Properties} [properties]
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function svg(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

/**
 * @template {Element} Made
 * @param {Made} element
 * @param {Properties} properties
 * @param {Child[]} children
 * @returns {Made}
 */
function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...shown(children));
  return element;
}

/**
 * The children that are shown: all but "", false, null and undefined.
 * @param {Child[]} children
 */
function shown(children) {
  const leaves = /** @type {Leaf[]} */ (children.flat());
  return leaves.filter((leaf) => leaf || leaf === 0).map((leaf) => (leaf instanceof Node ? leaf : printable(leaf)));
}

/**
 * The element of index.html with this id.
 * @param {string} id
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

/**
 * @param {Element} parent
 * @param {...Child} children
 */
export function replace(parent, ...children) {
  parent.replaceChildren(...shown(children));
}

/**
 * The key of the focused element within a place that is about to be drawn again; "" for none.
 * @param {Element} place
 */
export function focusKey(place) {
  const focused = document.activeElement;
  return focused instanceof HTMLElement && place.contains(focused) ? (focused.dataset.keep ?? "") : "";
}

/**
 * Focus the new element with this key.
 * @param {Element} place
 * @param {string} key
 */
export function focusAgain(place, key) {
  if (!key) return;
  /** @type {NodeListOf<HTMLElement>} */
  const kept = place.querySelectorAll("[data-keep]");
  [...kept].find((each) => each.dataset.keep === key)?.focus();
}

/** @type {Record<string, string>} */
export const paths = {
  service: "M8 1.5 13.6 4.75v6.5L8 14.5l-5.6-3.25v-6.5z",
  process: "M2 3h12v10H2zM4.5 6l2 2-2 2M8.5 10.5h3",
  container: "M2 5l6-3 6 3v6l-6 3-6-3zM2 5l6 3 6-3M8 8v6",
  pod: "M8 1.5l5.5 3v7L8 14.5l-5.5-3v-7zM5.5 6h5v4h-5z",
  namespace: "M2 4.5h4.5l1.5 1.5h6v7H2z",
  host: "M2.5 2.5h11v4.5h-11zM2.5 9h11v4.5h-11zM5 4.75h.1M5 11.25h.1",
  link: "M1.5 5h13v6h-13zM4 8h.1M6.5 8h.1M9 8h.1M11.5 8h.1",
  part: "M2.5 2.5h11v11h-11zM8 5.2v5.6M5.2 8h5.6",
  zone: "M8 14.5c-3-3.5-4.5-6-4.5-8a4.5 4.5 0 0 1 9 0c0 2-1.5 4.5-4.5 8zM8 5a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3z",
  region: "M1.5 4l4.3-1.5 4.4 1.5 4.3-1.5V12l-4.3 1.5L5.8 12l-4.3 1.5zM5.8 2.5V12M10.2 4v9.5",
  address: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM1.8 8h12.4M8 1.8c4 4 4 8.4 0 12.4M8 1.8c-4 4-4 8.4 0 12.4",
  play: "M5 3l8 5-8 5z",
  pause: "M5 3v10M11 3v10",
  close: "M4 4l8 8M12 4l-8 8",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  fit: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
  tidy: "M2 3h4v4H2zM10 2.5h4v3h-4zM10 10.5h4v3h-4zM6 5h2v7h2M8 4h2",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.5 10.5l3.5 3.5",
  sun: "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
  moon: "M13 9.5A5.8 5.8 0 0 1 6.5 3 5.5 5.5 0 1 0 13 9.5z",
  back: "M9.5 3.5L5 8l4.5 4.5",
  in: "M14 8H3M7 4L3 8l4 4",
  out: "M2 8h11M9 4l4 4-4 4",
};

/**
 * @param {string} name one of paths
 * @param {string} [label] for screen readers; without one they skip the icon
 */
export function icon(name, label = "") {
  const d = paths[name] ?? paths.service;
  const shape = svg("path", { d, fill: "none", stroke: "currentColor", "stroke-width": "1.5" });
  const hint = label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" };
  return svg("svg", { viewBox: "0 0 16 16", class: "icon", ...hint }, shape);
}

/**
 * The mark of a health. Marks differ in shape as well as in colour.
 * @param {Health} health
 */
export function mark(health) {
  if (health === "ok")
    return svg(
      "svg",
      { viewBox: "0 0 16 16", class: "mark ok", role: "img", "aria-label": "ok" },
      svg("circle", { cx: 8, cy: 8, r: 4 }),
    );
  const [shape, label] =
    health === "bad"
      ? [svg("path", { d: "M5 1h6l4 4v6l-4 4H5l-4-4V5z" }), "bad"]
      : [svg("path", { d: "M8 1.5 15.5 14.5H.5z" }), "warning"];
  const line = health === "bad" ? "M5.5 5.5l5 5M10.5 5.5l-5 5" : "M8 6v4M8 12v.5";
  return svg(
    "svg",
    { viewBox: "0 0 16 16", class: `mark ${health}`, role: "img", "aria-label": label },
    shape,
    svg("path", { d: line, class: "cut" }),
  );
}
