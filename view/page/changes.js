// Edges, processes and agents that came and went, in words: a list over the map, and announcements for screen readers.

import { byId, el, replace } from "./dom.js";
import { sentence } from "./elements.js";
import { counted } from "./format.js";
import { edgeKey } from "./state.js";

/** @import { Fields } from "./state.js" */
/** @import { Change, Life, MapEdge, Page, Part } from "./types.js" */

/** @typedef {{ id: string, word: string, mark: string, text: string, todo?: string, pick: Partial<Fields> }} News */

const SHOWN = 40;
/** @type {Record<string, { word: string, mark: string, todo?: string, lasts?: boolean }>} lasts: its text changes */
const LIVES = {
  process_exited: { word: "exited", mark: "bad" },
  process_started: { word: "started", mark: "new" },
  host_silent: {
    word: "silent",
    mark: "bad",
    todo: "Check that its agent runs: servicemap doctor on that host shows what is missing.",
  },
  switch_suspected: {
    word: "switch",
    mark: "bad",
    todo: "Look at the switch, its power and its uplink before you look at the hosts.",
    lasts: true,
  },
  gap: {
    word: "gap",
    mark: "bad",
    todo: "Nothing to do now. If it happens again, the host or its agent is overloaded.",
  },
  window_incomplete: { word: "incomplete", mark: "bad" },
  host_id_shared: {
    word: "shared id",
    mark: "bad",
    todo: "Give one of them another id (--host-id), or stop the second agent.",
  },
  host_id_unshared: { word: "id of one", mark: "new" },
  agent_started: { word: "agent", mark: "new" },
  collector_failed: {
    word: "failed",
    mark: "bad",
    todo: "Run servicemap doctor on that host: it shows what is missing.",
  },
  clock_off: {
    word: "clock",
    mark: "bad",
    todo: "Mend the time service on that host (NTP): until then what it reports is drawn at other times.",
    lasts: true,
  },
  collector_recovered: { word: "recovered", mark: "new" },
};

/**
 * @param {Page} page
 * @returns {Part}
 */
export function changes({ state, data, announce }) {
  const place = byId("changes");
  /** @type {Set<string> | null} */
  let known = null; // ids of earlier changes
  let shownFor = ""; // level and time of those

  /** @param {Change} what */
  function update(what) {
    if (what === "theme" || what === "wait" || !data.map) return;
    const titles = new Map(data.map.nodes.map((node) => [node.id, node.title]));
    /** @type {News[]} */
    const all = [
      ...data.map.lives.map((life) => ({
        ...LIVES[life.kind],
        id: `${life.kind} ${life.subject} ${LIVES[life.kind]?.lasts ? "" : life.detail}`,
        text: life.detail,
        pick: subjectOf(life),
      })),
      ...data.map.edges.filter((edge) => edge.new).map((edge) => changed(edge, "new", titles)),
      ...data.map.gone.map((edge) => changed(edge, "gone", titles)),
    ];
    if (what === "data") announceFresh(all, `${state.level} ${state.at} ${data.map.changes}`);
    const listed = all.map(({ id, text }) => `${id} ${text}`).join("\n");
    if (place.dataset.listed === listed) return;
    place.dataset.listed = listed;
    const open = place.querySelector("details")?.open ?? (all.length <= 6 || all.some(({ todo }) => Boolean(todo)));
    replace(place, all.length ? drawn(all, open) : []);
  }

  /**
   * @param {News[]} all those with something to do come first
   * @param {boolean} open
   */
  function drawn(all, open) {
    const rows = [...all.filter(({ todo }) => todo), ...all.filter(({ todo }) => !todo)]
      .slice(0, SHOWN)
      .map(({ pick, word, mark, text, todo }) =>
        el(
          "li",
          {},
          el(
            "button",
            {
              type: "button",
              onclick: () => state.set(pick),
            },
            el("span", { class: `badge ${mark}` }, word),
            el("span", {}, text, todo && el("span", { class: "todo" }, todo)),
          ),
        ),
      );
    const more = all.length > SHOWN ? el("li", {}, `and ${all.length - SHOWN} more`) : null;
    return el("details", { open }, el("summary", {}, counted(all.length, "change")), el("ul", {}, rows, more));
  }

  /**
   * @param {News[]} all
   * @param {string} key level and time: after a switch of those, nothing is announced
   */
  function announceFresh(all, key) {
    const earlier = known;
    const fresh = earlier && key === shownFor ? all.filter(({ id }) => !earlier.has(id)) : [];
    known = new Set(all.map(({ id }) => id));
    shownFor = key;
    if (fresh.length > 3) announce(counted(fresh.length, "change"));
    else if (fresh.length) announce(fresh.map(({ word, text }) => `${word}: ${text}`).join("; "));
  }

  /**
   * The node to pick, at the levels of processes and services.
   * @param {Life} life
   */
  function subjectOf({ subject, service }) {
    const id = state.level === "service" && service ? `service:${service}` : subject;
    return { node: id, edge: "" };
  }
  return { update };
}

/**
 * @param {MapEdge} edge
 * @param {string} word
 * @param {Map<string, string>} titles of nodes, by id
 * @returns {News}
 */
function changed(edge, word, titles) {
  return {
    id: word + edge.id,
    word,
    mark: word,
    text: sentence(edge, titles),
    pick: { edge: edgeKey(edge), node: "" },
  };
}
