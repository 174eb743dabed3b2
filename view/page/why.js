// The culprit: a dialog that answers why something is in trouble, with the words that `servicemap why` prints.

import { get, isAbort } from "./api.js";
import { byId, el, replace } from "./dom.js";
import { moment } from "./format.js";
import { edgeKey } from "./state.js";

/** @import { Child, Page, Why } from "./types.js" */

/**
 * @param {Page} page
 * @returns {(about: Record<string, string | number>) => Promise<void>} asks about a node, an edge, or all
 */
export function why(page) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("why"));
  /** @type {AbortController | null} */
  let underway = null;
  dialog.addEventListener("close", () => underway?.abort());
  byId("ask").addEventListener("click", () => ask({}));

  /** @param {Record<string, string | number>} about */
  async function ask(about) {
    const { state } = page;
    underway?.abort();
    const mine = (underway = new AbortController());
    show(el("p", { class: "wait", role: "status" }, "Comparing with the hour before…"));
    if (!dialog.open) dialog.showModal();
    try {
      /** @type {Why} */
      const answer = await get("why", { ...about, level: state.level, to: state.at || "" }, mine.signal);
      if (mine === underway) show(...described(answer));
    } catch (error) {
      if (mine !== underway || isAbort(error)) return;
      show(el("p", { class: "error", role: "alert" }, error instanceof Error ? error.message : String(error)));
    }
  }

  /** @param {...Child} parts */
  function show(...parts) {
    const shut = el("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Close");
    replace(dialog, el("h2", { id: "why-title" }, "Why?"), ...parts, shut);
  }

  /**
   * @param {Why} answer
   * @returns {Child[]}
   */
  function described({ suspects, words, began, to }) {
    const range = `${moment(began, page.data.newest || Date.now())} – ${moment(to, page.data.newest || Date.now())}`;
    const hops = suspects[0]?.path ?? [];
    return [
      el("p", { class: "culprit" }, el("b", {}, words.culprit)),
      el("p", { class: "signals" }, `${range}, compared with the hour before`),
      ...section("Measured", words.because),
      ...section(
        "The way there",
        words.way.map((line, at) => hop(hops[at], line)),
      ),
      ...section("Nearby in time", words.witnesses),
      ...section("Next in line", words.others),
      ...section("Always there, so it departs from no past", words.standing),
      ...section("Ruled out", words.ruled_out),
      ...section("Not known", words.not_known),
    ];
  }

  /**
   * A hop is picked on the map by a click.
   * @param {string | undefined} id
   * @param {string} line
   * @returns {Child}
   */
  function hop(id, line) {
    const edge = page.data.map?.edges.find(
      (each) => id === `${each.client} → ${each.server} ${each.transport}/${each.server_port}`,
    );
    const picked = edge ? { edge: edgeKey(edge), node: "" } : { node: id ?? "", edge: "" };
    if (!edge && !page.data.map?.nodes.some((node) => node.id === id)) return line;
    const pick = () => {
      dialog.close();
      page.state.set(picked);
    };
    return el("button", { type: "button", onclick: pick }, line);
  }

  return ask;
}

/**
 * @param {string} name
 * @param {Child[]} lines
 * @returns {Child[]}
 */
function section(name, lines) {
  if (!lines.length) return [];
  return [
    el("h3", {}, name),
    el(
      "ul",
      {},
      lines.map((line) => el("li", {}, line)),
    ),
  ];
}
