// The chip that says which infrastructure is folded, and shows or folds it.

import { el } from "./dom.js";
import { counted } from "./format.js";
import { INFRASTRUCTURE } from "./levels.js";

/** @import { Child, Chosen, MapAnswer } from "./types.js" */
/** @import { State } from "./state.js" */

/**
 * @param {Chosen} chosen
 * @param {MapAnswer} map
 * @param {State} state
 * @returns {Child}
 */
export function infraChip({ folded }, map, state) {
  if (folded) {
    const kinds = Object.entries(folded.kinds).sort(([, a], [, b]) => b - a);
    const names = kinds.map(([kind]) => INFRASTRUCTURE[/** @type {keyof typeof INFRASTRUCTURE} */ (kind)] ?? kind);
    const about = `${counted(folded.nodes, "node")} and ${counted(folded.edges, "edge")} of ${names.join(", ")} are folded. Click to show them.`;
    return chip(`${names.join(", ")}: ${counted(folded.edges, "edge")} folded`, about, () =>
      state.set({ infra: "shown" }),
    );
  }
  if (state.infra !== "shown" || !map.edges.some(({ infra }) => infra)) return null;
  return chip("fold infrastructure", "Show the map without infrastructure that is well", () =>
    state.set({ infra: "folded" }),
  );
}

/**
 * @param {string} text
 * @param {string} about
 * @param {() => unknown} onclick
 */
const chip = (text, about, onclick) =>
  el("button", { type: "button", class: "button", id: "infra", title: about, onclick }, text);
