// Parts of the panel that nodes and edges share.

import { el, icon, mark } from "./dom.js";
import { sentence } from "./elements.js";
import { bytes, counted, lookedAt, moment, percent } from "./format.js";
import { edgeKey } from "./state.js";

/** @import { Child, Cluster, Fault, Health, Level, MapEdge, MapEvent, MapNode, Page } from "./types.js" */

/** @typedef {{ title: string, about: string, kind?: string, health?: Health, parts: Child[] }} Body */
/** @typedef {[string, string, (Health | "")?]} Tile a name, a value, and the health that colours it */

export const MOST_ROWS = 60; // in a list of the panel
const EVENTS = 40;

/** @type {Health[]} */
const WORSE = ["ok", "warn", "bad"];

/**
 * The worst health that a measure has among faults; "" for none.
 * @param {Fault[]} faults
 * @param {string} measure
 * @returns {Health | ""}
 */
export function worst(faults, measure) {
  const found = faults.filter((fault) => fault.measure === measure).map(({ health }) => WORSE.indexOf(health));
  return found.length ? WORSE[Math.max(...found)] : "";
}

/** @typedef {{ health: Health, bytes_s: number | null }} Busy */
/**
 * @param {Busy} a
 * @param {Busy} b
 */
export const byHealth = (a, b) =>
  WORSE.indexOf(b.health) - WORSE.indexOf(a.health) || (b.bytes_s ?? 0) - (a.bytes_s ?? 0);

/**
 * The reasons for a bad health.
 * @param {Fault[]} faults
 */
export function reasons(faults) {
  return el(
    "ul",
    { class: "why" },
    faults.map(({ health, text }) => el("li", {}, mark(health), el("span", {}, text))),
  );
}

/**
 * Edges in trouble with their reasons, each as a button that picks it.
 * @param {MapEdge[]} edges
 * @param {Map<string, string>} titles of nodes, by id
 * @param {Page} page
 */
export function faultList(edges, titles, page) {
  const rows = edges.slice(0, MOST_ROWS).map((edge) =>
    el(
      "li",
      {},
      el(
        "button",
        {
          type: "button",
          "data-keep": `why ${edge.id}`,
          onclick: () => page.state.set({ edge: edgeKey(edge), node: "" }),
        },
        mark(edge.health),
        el("b", {}, sentence(edge, titles)),
        edge.why.map(({ text }) => el("span", {}, text)),
      ),
    ),
  );
  return el("ul", { class: "guilty" }, rows);
}

/** @param {Tile[]} tiles */
export function tileList(tiles) {
  return el(
    "dl",
    { class: "tiles" },
    tiles.map(([name, value, health]) => el("div", {}, el("dt", {}, name), el("dd", { class: health || null }, value))),
  );
}

/**
 * Tell that numbers of requests are estimates; "" if they are not.
 * @param {number} [sampling] of how many connections one was looked at
 */
export const estimates = (sampling = 1) =>
  sampling > 1 ? `Numbers of requests and their times are estimates: ${lookedAt(sampling)}.` : "";

/**
 * The same as a paragraph.
 * @param {number} [sampling]
 * @returns {Child}
 */
export const estimated = (sampling = 1) => sampling > 1 && el("p", { class: "signals" }, estimates(sampling));

/**
 * @param {MapNode[]} list
 * @param {Page} page
 * @returns {Child[]}
 */
export function members(list, page) {
  if (list.length < 2) return [];
  const rows = list
    .slice(0, MOST_ROWS)
    .map((each) =>
      el(
        "li",
        {},
        el(
          "button",
          { type: "button", onclick: () => page.state.set({ level: "process", node: each.id, edge: "" }) },
          icon("process"),
          el("span", {}),
          el("b", {}, each.title),
          el("span", {}, each.hostname ?? ""),
        ),
      ),
    );
  return [
    el(
      "details",
      {},
      el("summary", {}, counted(list.length, "process", "processes")),
      el("ul", { class: "links" }, rows),
    ),
  ];
}

/**
 * The clusters that a node is part of, with their members.
 * @param {Cluster[]} list
 * @param {Page} page
 * @returns {Child[]}
 */
export function clusters(list, page) {
  return list.slice(0, MOST_ROWS).flatMap(({ name, kind, members: all, leaders, evidence, confidence }) => {
    const led = leaders.length === 1 ? `, leader ${leaders[0]}` : leaders.length ? `, ${leaders.length} leaders` : "";
    const rows = all.slice(0, MOST_ROWS).map((each) =>
      el(
        "li",
        {},
        el(
          "button",
          {
            type: "button",
            "data-keep": `member ${each.id}`,
            onclick: () => page.state.set({ level: levelOf(each.id), node: each.id, edge: "" }),
          },
          icon(levelOf(each.id)),
          el("span", {}),
          el("b", {}, each.title),
          el("span", {}, each.role),
        ),
      ),
    );
    const why = `${[kind, ...evidence].join("; ")} (${percent(confidence)} sure)`;
    return [
      el("h3", {}, `Member of cluster ${name} (${counted(all.length, "member")}${led})`),
      el("p", { class: "signals" }, why),
      el("ul", { class: "links" }, rows, all.length > MOST_ROWS && el("li", {}, `and ${all.length - MOST_ROWS} more`)),
    ];
  });
}

const levelOf = (/** @type {string} */ id) => /** @type {Level} */ (id.split(":", 1)[0]);

/**
 * What overlays say.
 * @param {Record<string, unknown>} [annotations]
 * @returns {Child[]}
 */
export function said(annotations = {}) {
  const text = (/** @type {unknown} */ value) => {
    if (typeof value !== "object" || value === null) return String(value);
    return Array.isArray(value)
      ? value.join(", ")
      : Object.entries(value)
          .map((pair) => pair.join(": "))
          .join(", ");
  };
  const rows = Object.entries(annotations).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, text(value))]);
  return rows.length ? [el("h3", {}, "Overlays"), el("dl", { class: "list-of", id: "said" }, rows)] : [];
}

const TIMES = new Set(["first", "last", "booted", "reported", "last_window"]);

/**
 * @param {Record<string, unknown>} facts
 * @param {Page} page
 * @returns {Child[]}
 */
export function factList(facts, page) {
  const text = (/** @type {string} */ name, /** @type {unknown} */ value) => {
    if (typeof value === "number" && TIMES.has(name)) return moment(value, page.data.newest || Date.now());
    if (typeof value === "number" && name.endsWith("_bytes")) return bytes(value);
    if (Array.isArray(value)) return value.join(", ");
    return typeof value === "object" && value
      ? Object.entries(value)
          .map((pair) => pair.join("="))
          .join(", ")
      : String(value);
  };
  const rows = Object.entries(facts).filter(
    ([name, value]) => name !== "id" && value !== null && value !== "" && text(name, value) !== "",
  );
  if (!rows.length) return [];
  return [
    el("h3", {}, "Facts"),
    el(
      "dl",
      { class: "list-of" },
      rows.flatMap(([name, value]) => [el("dt", {}, name.replaceAll("_", " ")), el("dd", {}, text(name, value))]),
    ),
  ];
}

/**
 * @param {MapEvent[]} list
 * @param {Page} page
 * @returns {Child[]}
 */
export function events(list, page) {
  if (!list.length) return [];
  const rows = list
    .slice(-EVENTS)
    .reverse()
    .map((each) =>
      el(
        "li",
        {},
        el("time", {}, moment(each.time, page.data.newest || Date.now())),
        el("span", {}, `${each.kind.replaceAll("_", " ")}: ${each.detail || each.subject}`),
      ),
    );
  return [el("h3", {}, "Events"), el("ul", { class: "events" }, rows)];
}

/**
 * @param {string} text
 * @returns {Child[]}
 */
export function sql(text) {
  return text ? [el("h3", {}, "SQL"), el("pre", { tabindex: "0", "aria-label": "SQL" }, text)] : [];
}
