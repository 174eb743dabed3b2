// What may follow in a filter, at the place where somebody types. Pure; graph/filters/ declares the language.

import { COMPLETIONS, OF_THE_MAP, PRESETS } from "./filter_fields.js";

/** @typedef {{ from: number, to: number, text: string, title: string, about: string }} Completion a text for a stretch of the filter */
/** @typedef {{ field: string, values: string[] }} Known the values of a field that are on the map */

const MOST = 12;
const NAMES = "service"; // the field whose values complete a word
const TERM = /^(-?)([a-z0-9_]+):(.*)$/i;
const WORD = /^-?[^\s:<>="-][^\s:<>="]+$/; // of two letters at least: names are offered for it
const PLAIN = /^[^\s",*]+$/;

/**
 * The term that ends at a place of a filter: where it begins, and its text up to there.
 * @param {string} text
 * @param {number} caret
 */
function termAt(text, caret) {
  let [from, quoted] = [0, false];
  for (let at = 0; at < caret; at++) {
    if (text[at] === "\\" && quoted) at++;
    else if (text[at] === '"') quoted = !quoted;
    else if (!quoted && /\s/.test(text[at])) from = at + 1;
  }
  return { from, term: text.slice(from, caret) };
}

/**
 * The field whose values on the map are needed to complete a filter; "" for none.
 * @param {string} text
 * @param {number} caret
 */
export function neededFor(text, caret) {
  const { term } = termAt(text, caret);
  const [, , field] = TERM.exec(term) ?? [];
  if (field) return OF_THE_MAP.has(field) ? field : "";
  return WORD.test(term) ? NAMES : "";
}

/**
 * What completes a filter. An empty one is completed by whole filters, the presets.
 * @param {string} text
 * @param {number} caret
 * @param {Known} known of the field that neededFor() names
 * @returns {Completion[]}
 */
export function completionsAt(text, caret, { field, values }) {
  const { from, term } = termAt(text, caret);
  const to = caret;
  const [, sign, name, given] = TERM.exec(term) ?? [];
  if (name && OF_THE_MAP.has(name)) {
    const before = given.slice(0, given.lastIndexOf(",") + 1);
    const begun = given.slice(before.length);
    const fitting = field === name ? best(values, begun) : [];
    return fitting.map((value) => whole(from, to, `${sign}${name}:${before}${quoted(value)}`));
  }
  const minus = term.startsWith("-") ? "-" : "";
  const word = term.slice(minus.length).toLowerCase();
  const listed = name ? given.slice(0, given.lastIndexOf(",") + 1) : "";
  const wanted = listed ? `${name}:${word.slice(name.length + 1 + listed.length)}` : word;
  const declared = COMPLETIONS.filter((one) => one.text.startsWith(wanted) && one.text !== wanted).map((one) => {
    const completed = listed ? one.text.replace(":", `:${listed}`) : one.text;
    return whole(from, to, minus + completed, one.about);
  });
  const presets = PRESETS.map(({ title, filter, about }) => ({ from: 0, to: text.length, text: filter, title, about }));
  if (!text.trim()) return [...presets, ...declared];
  const names = WORD.test(term) && field === NAMES ? best(values, word) : [];
  const named = names.map((value) => whole(from, to, `${minus}${NAMES}:${quoted(value)}`));
  return [...declared, ...named].slice(0, word ? MOST : undefined);
}

/**
 * @param {number} from
 * @param {number} to
 * @param {string} text
 * @param {string} [about]
 * @returns {Completion}
 */
const whole = (from, to, text, about = "") => ({ from, to, text, title: text, about });

/**
 * The values that begin with a text, then those that have it within.
 * @param {string[]} values
 * @param {string} begun
 */
function best(values, begun) {
  const part = begun.replace(/^"/, "").toLowerCase();
  const within = values.filter((value) => value.toLowerCase().includes(part) && value !== begun);
  const first = within.filter((value) => value.toLowerCase().startsWith(part));
  return [...new Set([...first, ...within])].slice(0, MOST);
}

/** @param {string} value */
const quoted = (value) => (PLAIN.test(value) ? value : JSON.stringify(value));
