// Elements. Whatever is said goes in as text, never as markup: names come from hosts and are not to be trusted.

import { printable } from "./format.js";

/** Make an element: properties starting with "on" are listeners, "class" and aria-… are attributes. */
export function el(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

const SVG = "http://www.w3.org/2000/svg";

export function svg(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child || child === 0).map(textual));
  return element;
}

const textual = (child) => (child instanceof Node ? child : printable(child));

export const byId = (id) => document.getElementById(id);

export function replace(parent, ...children) {
  parent.replaceChildren(...children.flat().filter(Boolean).map(textual));
}

const PATHS = {
  service: "M8 1.5 13.6 4.75v6.5L8 14.5l-5.6-3.25v-6.5z",
  process: "M2 3h12v10H2zM4.5 6l2 2-2 2M8.5 10.5h3",
  container: "M2 5l6-3 6 3v6l-6 3-6-3zM2 5l6 3 6-3M8 8v6",
  host: "M2.5 2.5h11v4.5h-11zM2.5 9h11v4.5h-11zM5 4.75h.1M5 11.25h.1",
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

export const paths = PATHS;

export function icon(name, label = "") {
  const shape = svg("path", { d: PATHS[name], fill: "none", stroke: "currentColor", "stroke-width": "1.5" });
  const hint = label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" };
  return svg("svg", { viewBox: "0 0 16 16", class: "icon", ...hint }, shape);
}

/** The mark of a health: its shape differs as well as its colour. */
export function mark(health) {
  if (health === "ok") return svg("svg", { viewBox: "0 0 16 16", class: "mark ok", role: "img", "aria-label": "ok" },
    svg("circle", { cx: 8, cy: 8, r: 4 }));
  const [shape, label] = health === "bad"
    ? [svg("path", { d: "M5 1h6l4 4v6l-4 4H5l-4-4V5z" }), "bad"]
    : [svg("path", { d: "M8 1.5 15.5 14.5H.5z" }), "warning"];
  const line = health === "bad" ? "M5.5 5.5l5 5M10.5 5.5l-5 5" : "M8 6v4M8 12v.5";
  return svg("svg", { viewBox: "0 0 16 16", class: `mark ${health}`, role: "img", "aria-label": label },
    shape, svg("path", { d: line, class: "cut" }));
}
