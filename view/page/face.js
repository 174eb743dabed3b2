// The picture on a card: its icon, the lines below its title, and the mark of its health.

import { paths } from "./dom.js";
import { LINE_SIZE, LINE_TOP, SIDE, FONT } from "./elements.js";

/** @import { Card, Colours, Health } from "./types.js" */

/** @type {Record<string, [string, string]>} */
const MARKS = {
  warn: ["M0-6.5 7 6H-7z", "M0-2.5v4M0 3.6v.6"],
  bad: ["M-3-7h6l4 4v6l-4 4h-6l-4-4v-6z", "M-2.6-2.6l5.2 5.2M2.6-2.6l-5.2 5.2"],
};
/** @type {Record<string, string>} */
const MARKUP = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const text = (/** @type {string} */ value) => value.replace(/[&<>"]/g, (letter) => MARKUP[letter]);

/**
 * The address of a picture as large as the card. Names come from hosts, and are escaped in it.
 * @param {Card} card
 * @param {Colours} of
 */
export function face({ kind, lines, health, w, h }, of) {
  const icon = `<path transform="translate(13 ${h / 2 - 8})" d="${paths[kind] ?? paths.service}" fill="none" stroke="${of.muted}"
    stroke-width="1.3" stroke-linecap="round" stroke-linejoin="round"/>`;
  const words = lines.map((line, nth) => `<text x="${SIDE}" y="${LINE_TOP + 15 * nth}">${text(line)}</text>`).join("");
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}">${icon}
    <g font-family="${text(FONT)}" font-size="${LINE_SIZE}" fill="${of.muted}">${words}</g>${mark(health, w, of)}</svg>`;
  return `data:image/svg+xml;utf8,${encodeURIComponent(svg)}`;
}

/**
 * @param {Health} health
 * @param {number} w
 * @param {Colours} of
 */
function mark(health, w, of) {
  if (!MARKS[health]) return "";
  const [shape, line] = MARKS[health];
  return `<g transform="translate(${w - 13} 13)"><path d="${shape}" fill="${of[health]}"/>
    <path d="${line}" fill="none" stroke="${of.surface}" stroke-width="1.6" stroke-linecap="round"/></g>`;
}
