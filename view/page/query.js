// The query bar: a filter with completion, what is wrong with it, and whether the map is reduced to its hits.

import { get, isAbort } from "./api.js";
import { segments } from "./bar.js";
import { completionsAt, neededFor } from "./complete.js";
import { byId, el, replace } from "./dom.js";
import { PRESETS } from "./filter_fields.js";

/** @import { Completion } from "./complete.js" */
/** @import { Page, Part } from "./types.js" */

const TYPED_MS = 250; // after the last key, until the filter is asked for

/**
 * @param {Page} page
 * @returns {Part}
 */
export function queryBar(page) {
  const { state, data } = page;
  const input = /** @type {HTMLInputElement} */ (byId("search"));
  const place = byId("completions");
  const wrong = byId("wrong");
  const hits = segments(
    byId("hits"),
    [
      ["only", "Only these"],
      ["marked", "Highlight"],
    ],
    (value) => state.set({ hits: value }),
  );
  const presets = PRESETS.map(({ title, filter, about }) => {
    const choose = () => state.set({ q: state.q.trim() === filter ? "" : filter });
    return el(
      "button",
      { type: "button", class: "button", "data-filter": filter, title: about, onclick: choose },
      title,
    );
  });
  replace(byId("presets"), presets);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let typed;
  /** @type {Completion[]} */
  let offered = [];
  let at = -1; // the completion that the arrow keys are at
  /** @type {Map<string, Promise<string[]>>} */
  const values = new Map(); // of fields, by field and map

  input.addEventListener("input", () => {
    clearTimeout(typed);
    typed = setTimeout(apply, TYPED_MS);
    offer();
  });
  input.addEventListener("focus", offer);
  input.addEventListener("click", offer);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") move(event.key === "ArrowDown" ? 1 : -1);
    else if (event.key === "Enter" && at >= 0) take(offered[at]);
    else if (event.key === "Enter") enter();
    else if (event.key === "Tab" && !event.shiftKey && at >= 0) take(offered[at]);
    else if (event.key === "Escape" && offered.length) close();
    else return;
    event.preventDefault();
  });

  function apply() {
    clearTimeout(typed);
    state.set({ q: input.value });
  }

  // Ask for what is written; what was asked for already opens its first hit.
  function enter() {
    close();
    const first = state.q === input.value && page.chosen?.hit?.values().next().value;
    if (first) state.set({ node: first, edge: "" });
    apply();
  }

  async function offer() {
    const [text, caret] = [input.value, input.selectionStart ?? input.value.length];
    const field = neededFor(text, caret);
    show(completionsAt(text, caret, { field: "", values: [] }));
    if (!field) return;
    const known = await valuesOf(field);
    if (input.value !== text || document.activeElement !== input) return; // somebody typed on
    show(completionsAt(text, caret, { field, values: known }));
  }

  /**
   * The values of a field on the map that is shown, asked for once.
   * @param {string} field
   */
  function valuesOf(field) {
    const [from, to] = data.shown;
    const key = `${field} ${state.level} ${to}`;
    const known = values.get(key);
    if (known) return known;
    if (values.size > 20) values.clear();
    const asked = get("values", { field, level: state.level, from: from || "", to: to || "" });
    const found = asked.then(({ values: some }) => some).catch((error) => (isAbort(error) ? [] : forget(key)));
    values.set(key, found);
    return found;
  }

  /**
   * @param {string} key
   * @returns {string[]}
   */
  function forget(key) {
    values.delete(key);
    return []; // the map says that the server is away
  }

  /** @param {Completion[]} some */
  function show(some) {
    if (document.activeElement !== input) return;
    offered = some;
    at = -1;
    replace(
      place,
      some.map(({ title, text, about }, nth) =>
        el(
          "li",
          { role: "option", id: `completion-${nth}`, "aria-selected": "false", onpointerdown: choosing(nth) },
          el("b", {}, title),
          title !== text && el("code", {}, text),
          el("span", {}, about),
        ),
      ),
    );
    place.hidden = !some.length;
    input.setAttribute("aria-expanded", String(some.length > 0));
    input.removeAttribute("aria-activedescendant");
  }

  const choosing = (/** @type {number} */ nth) => (/** @type {PointerEvent} */ event) => {
    event.preventDefault(); // the bar keeps the focus
    take(offered[nth]);
  };

  /** @param {1 | -1} step */
  function move(step) {
    if (!offered.length) {
      offer();
      return;
    }
    const options = [...place.children];
    options[at]?.setAttribute("aria-selected", "false");
    at = (at + step + options.length + (at < 0 && step < 0 ? 1 : 0)) % options.length;
    options[at].setAttribute("aria-selected", "true");
    options[at].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", options[at].id);
  }

  /** @param {Completion} completion */
  function take({ from, to, text }) {
    const begun = /[:>]$/.test(text); // a field that waits for its value
    const rest = input.value.slice(to);
    const written = `${input.value.slice(0, from)}${text}${begun || rest.startsWith(" ") ? "" : " "}`;
    input.value = written + rest;
    input.setSelectionRange(written.length, written.length);
    if (begun) offer();
    else {
      close();
      apply();
    }
  }

  function close() {
    offered = [];
    at = -1;
    place.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function update() {
    if (document.activeElement !== input && input.value.trim() !== state.q.trim()) input.value = state.q;
    byId("hits").hidden = !state.q.trim();
    hits(state.hits);
    for (const preset of presets) preset.setAttribute("aria-pressed", String(preset.dataset.filter === state.q.trim()));
    wrong.hidden = !data.refused;
    if (wrong.textContent !== data.refused) wrong.textContent = data.refused;
    input.setAttribute("aria-invalid", String(Boolean(data.refused)));
  }
  return { update };
}
