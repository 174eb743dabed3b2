// What people say of the node or edge in the panel: fields that write an annotation, with the token for writing.

import { send } from "./api.js";
import { el } from "./dom.js";

/** @import { Child } from "./types.js" */

const TOKEN = "write-token"; // in the session's storage

/** @type {{ target: string, fields: HTMLElement | null }} */
const last = { target: "", fields: null }; // kept while the panel is drawn again, so that nothing typed is lost

/**
 * The fields for a target.
 * @param {string} target a selector
 * @returns {Child[]}
 */
export function say(target) {
  if (target !== last.target || !last.fields) Object.assign(last, { target, fields: fieldsOf(target) });
  return [last.fields];
}

/** @param {string} target */
function fieldsOf(target) {
  const overlay = field("overlay", "text");
  const value = field("value, JSON or text", "text");
  const token = field("token for writing", "password");
  token.value = sessionStorage.getItem(TOKEN) ?? "";
  const done = el("p", { role: "status" });
  const write = (/** @type {string} */ method, /** @type {string} */ what) => async () => {
    const path = `overlays/${encodeURIComponent(overlay.value)}/annotations`;
    try {
      if (method === "POST") await send(method, path, token.value, {}, { target, value: read(value.value) });
      else await send(method, path, token.value, { target });
      sessionStorage.setItem(TOKEN, token.value);
      done.textContent = `${what}. The map has it in a moment.`;
    } catch (error) {
      done.textContent = error instanceof Error ? error.message : String(error);
    }
  };
  const button = (/** @type {string} */ name, /** @type {() => void} */ onclick) =>
    el("button", { type: "button", class: "button", "data-keep": `say ${name}`, onclick }, name);
  const set = write("POST", "Said");
  const onsubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    void set();
  };
  const buttons = [button("Set", set), button("End", write("DELETE", "Ended"))];
  return el(
    "details",
    { id: "say" },
    el("summary", { "data-keep": "say" }, "Annotate"),
    el("form", { onsubmit }, overlay, value, token, buttons, done),
  );
}

/**
 * @param {string} name
 * @param {string} type
 */
const field = (name, type) =>
  el("input", { type, placeholder: name, "aria-label": name, autocomplete: "off", "data-keep": `say ${name}` });

/**
 * A value as it is typed: JSON, or a text.
 * @param {string} text
 * @returns {unknown}
 */
function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
