// The choice of the number on lines and of their colour, under the map, and what the colours mean.

import { byId, el, mark, replace, svg } from "./dom.js";
import { SCALES, colourings } from "./line_colours.js";
import { NUMBERS } from "./line_numbers.js";

/** @import { Child, Page } from "./types.js" */

/**
 * Returns a function that shows what is chosen.
 * @param {Page} page
 */
export function lineChoice({ state, data }) {
  let listed = "";
  return () => {
    const colours = colourings(data.map?.edges ?? []);
    const now = JSON.stringify([state.numbers, state.colour, colours]);
    if (now === listed) return; // an open list would close
    listed = now;
    const numbers = Object.entries(NUMBERS).map(([name, { title }]) => /** @type {[string, string]} */ ([name, title]));
    replace(
      byId("legend"),
      ...pick("line-numbers", "Lines show", numbers, state.numbers, (value) => state.set({ numbers: value })),
      ...pick("line-colours", "coloured by", colours, state.colour, (value) => state.set({ colour: value })),
      ...meaning(state.colour),
    );
  };
}

/**
 * @param {string} id
 * @param {string} label
 * @param {[string, string][]} choices
 * @param {string} chosen
 * @param {(value: string) => unknown} onChoose
 */
function pick(id, label, choices, chosen, onChoose) {
  const options = choices.map(([value, text]) => el("option", { value, selected: value === chosen }, text));
  const list = el("select", { id, onchange: (/** @type {Event} */ event) => onChoose(valueOf(event)) }, options);
  return [el("label", { class: "pick", for: id }, label), list];
}

const valueOf = (/** @type {Event} */ { target }) => (target instanceof HTMLSelectElement ? target.value : "");

/**
 * @param {string} colour
 * @returns {Child[]}
 */
function meaning(colour) {
  const stroke = (/** @type {string} */ kind) =>
    svg("svg", { class: `stroke ${kind}`, viewBox: "0 0 26 8", "aria-hidden": "true" }, svg("path", { d: "M0 4h26" }));
  const scale = SCALES[colour];
  if (scale) return [el("span", {}, scale.text(scale.low), el("span", { class: "scale" }), scale.text(scale.high))];
  if (colour !== "health") return [];
  return [
    el("span", {}, mark("warn"), "to watch"),
    el("span", {}, mark("bad"), "bad"),
    el("span", {}, stroke("fresh"), "new"),
    el("span", {}, stroke("gone"), "gone"),
    el("span", { class: "versus" }, stroke("halo"), "new since then"),
    el("span", { class: "versus" }, stroke("changed"), "changed beyond the usual"),
  ];
}
