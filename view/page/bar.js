// The bar at the top: level, grouping, search, view, theme.

import { byId, el, icon, replace } from "./dom.js";
import { LEVEL_NAMES } from "./levels.js";
import { GROUPS, LEVELS } from "./state.js";

/** @import { Level, Page, Part } from "./types.js" */

const TYPED_MS = 140;

/**
 * @param {Page} page
 * @returns {Part}
 */
export function bar(page) {
  const { state } = page;
  const levels = segments(
    byId("levels"),
    LEVELS.map((level) => [level, LEVEL_NAMES[level]]),
    (level) => state.set({ level: /** @type {Level} */ (level), node: "", edge: "", focus: "" }),
  );
  const views = segments(
    byId("views"),
    [
      ["map", "Map"],
      ["list", "List"],
    ],
    (view) => state.set({ view }),
  );
  const group = /** @type {HTMLSelectElement} */ (byId("group"));
  replace(
    group,
    GROUPS.map((name) => el("option", { value: name }, name === "none" ? "nothing" : name)),
  );
  group.addEventListener("change", () => state.set({ group: group.value }));
  const search = /** @type {HTMLInputElement} */ (byId("search"));
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let typed;
  search.addEventListener("input", () => {
    clearTimeout(typed);
    typed = setTimeout(() => state.set({ q: search.value }), TYPED_MS);
  });
  search.addEventListener("keydown", (event) => {
    const first = event.key === "Enter" && page.chosen?.hit?.values().next().value;
    if (first) state.set({ node: first, edge: "" });
  });
  const theme = byId("theme");
  theme.addEventListener("click", () => globalThis.switchTheme());
  byId("help").addEventListener("click", () => /** @type {HTMLDialogElement} */ (byId("keys")).showModal());
  byId("skip").addEventListener("click", (event) => {
    event.preventDefault();
    state.set({ view: "list" });
    byId("list").focus();
  });

  function update() {
    levels(state.level);
    views(state.view);
    group.value = state.group;
    if (document.activeElement !== search) search.value = state.q;
    const dark = document.documentElement.dataset.theme === "dark";
    replace(theme, icon(dark ? "sun" : "moon"));
    theme.setAttribute("aria-label", dark ? "Light theme" : "Dark theme");
    theme.title = `${dark ? "Light" : "Dark"} theme (t)`;
  }
  return { update };
}

/**
 * Buttons of which one is pressed. Returns a function that presses one.
 * @param {Element} parent
 * @param {string[][]} choices each a value and a text
 * @param {(value: string) => unknown} onChoose
 */
export function segments(parent, choices, onChoose) {
  const buttons = choices.map(([value, text]) =>
    el("button", { type: "button", "data-value": value, onclick: () => onChoose(value) }, text),
  );
  replace(parent, buttons);
  return (/** @type {string} */ chosen) => {
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.value === chosen));
  };
}
