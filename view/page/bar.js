// The bar at the top: level, grouping, view, theme.

import { byId, el, icon, replace } from "./dom.js";
import { LEVEL_NAMES } from "./levels.js";
import { GROUPS, LEVELS } from "./state.js";

/** @import { Level, Page, Part } from "./types.js" */

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
