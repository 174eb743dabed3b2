// Compare mode: the map beside what it was at an earlier time, which is chosen in the bar, and a list of what differs.

import { get, isAbort } from "./api.js";
import { amount, compared, plain } from "./compared.js";
import { byId, el, replace } from "./dom.js";
import { moment, time } from "./format.js";
import { edgeKey } from "./state.js";

/** @import { Change, DiffAnswer, DiffEdge, DiffNode, Page, Part } from "./types.js" */

/** @type {Record<string, [string, number]>} a text, and how long before, ms */
const TIMES = {
  "": ["nothing", 0],
  before: ["just before", 0],
  "1h": ["an hour before", 3_600_000],
  "1d": ["a day before", 86_400_000],
  "7d": ["a week before", 604_800_000],
};
const AT = "at"; // a time that is typed in
const SHOWN = 60;
const OPEN = 6; // with more, the list would cover the map
const FRESH_MS = 30_000; // a live map is compared anew so often
/** @type {Record<string, [string, string]>} a badge and its class */
const BADGES = {
  appeared: ["new", "new"],
  vanished: ["gone", "gone"],
  changed: ["changed", "warn"],
  unseen: ["not seen", "gone"],
};

/**
 * @param {Page} page
 * @returns {Part}
 */
export function compare(page) {
  const { state, data } = page;
  const choice = /** @type {HTMLSelectElement} */ (byId("compare"));
  const typed = /** @type {HTMLInputElement} */ (byId("compare-at"));
  const place = byId("differences");
  let asked = ""; // what the answer is for: level and times
  let askedAt = 0;
  /** @type {AbortController | null} */
  let underway = null;
  replace(
    choice,
    Object.entries(TIMES).map(([value, [text]]) => el("option", { value }, text)),
    el("option", { value: AT }, "a time…"),
  );
  choice.addEventListener("change", () => {
    if (choice.value === AT) {
      state.set({ vs: String(data.shown[0] - 3_600_000) });
      typed.focus();
    } else state.set({ vs: choice.value });
  });
  typed.addEventListener("change", () => {
    const at = Date.parse(typed.value);
    if (!Number.isNaN(at)) state.set({ vs: String(at) });
  });

  /**
   * @param {Change} what
   * @param {Set<string>} names
   */
  function update(what, names) {
    const on = thenEnd(state.vs, 0, 1) !== null;
    document.body.classList.toggle("comparing", on);
    byId("changes").hidden = on;
    if (names.has("vs")) show();
    if (!on) stop();
    else if (what === "data" || names.has("vs")) ask();
  }

  function show() {
    const fixed = Object.hasOwn(TIMES, state.vs);
    choice.value = fixed ? state.vs : AT;
    typed.hidden = fixed;
    if (!fixed) typed.value = local(Number(state.vs));
  }

  function stop() {
    underway?.abort();
    asked = "";
    place.hidden = true;
    if (data.dress === plain) return;
    data.dress = plain;
    data.redress();
  }

  async function ask() {
    const { raw } = data;
    if (!raw?.to || raw.level !== state.level) return;
    const then = thenEnd(state.vs, raw.from, raw.to);
    const about = `${state.level} ${state.vs} ${state.at} ${state.width}`;
    if (then === null || (about === asked && (!state.live || Date.now() - askedAt < FRESH_MS))) return;
    [asked, askedAt] = [about, Date.now()];
    underway?.abort();
    const mine = (underway = new AbortController());
    const iso = (/** @type {number} */ ms) => new Date(ms).toISOString();
    const range = { since: iso(raw.from), at: iso(raw.to) };
    const earlier = { then_since: iso(then - (raw.to - raw.from)), then_at: iso(then) };
    try {
      /** @type {DiffAnswer} */
      const found = await get("v1/diff", { level: raw.level, ...range, ...earlier, limit: 2000 }, mine.signal);
      if (mine !== underway) return;
      const answer = { ...found, edges: found.edges.map((each) => ({ ...each, there_now: isThere(each, raw.edges) })) };
      list(answer);
      data.dress = (map) => (map.level === answer.level ? compared(map, answer) : map);
      data.redress();
    } catch (error) {
      if (mine !== underway || isAbort(error)) return;
      data.dress = plain;
      place.hidden = false;
      const sentence = error instanceof Error ? error.message : String(error);
      replace(place, el("p", { class: "error", role: "alert" }, sentence, " "), leave());
    }
  }

  /** @param {DiffAnswer} answer */
  function list(answer) {
    const now = data.newest || Date.now();
    const range = `${moment(Date.parse(answer.then_from), now)} – ${time(Date.parse(answer.then_to))}`;
    const edges = answer.edges.filter((each) => !each.comes_and_goes);
    const restless = answer.edges.length - edges.length;
    /** @type {(DiffNode | DiffEdge)[]} */
    const all = [...answer.nodes, ...edges].sort((one, other) => rank(one) - rank(other));
    const sums = Object.keys(BADGES)
      .map((kind) => [BADGES[kind][0], all.filter(({ change }) => change === kind).length])
      .filter(([, count]) => count)
      .map(([word, count]) => `${count} ${word}`);
    const open = place.querySelector("details")?.open ?? all.length <= OPEN;
    const more = [
      all.length > SHOWN && `and ${all.length - SHOWN} more: the list of edges has them`,
      restless > 0 && `edges that come and go as usual: ${restless}`,
      answer.left_out > 0 && `further edges that may differ: ${answer.left_out}`,
      ...answer.notes,
    ].filter(Boolean);
    place.hidden = false;
    replace(
      place,
      el(
        "details",
        { open },
        el("summary", {}, `Compared with ${range}: ${sums.join(", ") || "nothing differs beyond the usual"}`),
        el(
          "ul",
          {},
          all.slice(0, SHOWN).map(row),
          more.map((text) => el("li", { class: "todo" }, text)),
        ),
      ),
      leave(),
    );
    page.announce(`Compared with ${range}: ${sums.join(", ") || "nothing differs"}`);
  }

  const leave = () =>
    el("button", { type: "button", class: "button", onclick: () => state.set({ vs: "" }) }, "Stop comparing");

  /**
   * @param {DiffNode | DiffEdge} one
   * @returns {HTMLElement}
   */
  function row(one) {
    const [word, mark] = BADGES[one.change];
    const edge = "client" in one ? one : null;
    const pick = edge ? { edge: edgeKey(edge), node: "" } : { node: /** @type {DiffNode} */ (one).id, edge: "" };
    const changed = edge?.change === "changed" ? ` ${amount(edge)}` : "";
    const details = edge ? (changed ? edge.measures.map(({ text }) => text) : [edge.carried]) : [];
    const because = one.because.map((each) => `${time(Date.parse(each.time))} ${each.text}`);
    const agents = edge?.agents.length ? [`no agent on ${edge.agents.join(", ")} at the other time`] : [];
    return el(
      "li",
      {},
      el(
        "button",
        { type: "button", onclick: () => state.set(pick) },
        el("span", { class: `badge ${mark}` }, word),
        el(
          "span",
          {},
          edge ? edge.label : /** @type {DiffNode} */ (one).title,
          el("b", {}, changed),
          [...details, ...agents, ...because].filter(Boolean).map((text) => el("span", { class: "todo" }, text)),
        ),
      ),
    );
  }
  return { update };
}

const KINDS = Object.keys(BADGES);
const rank = (/** @type {DiffNode | DiffEdge} */ one) => KINDS.indexOf(one.change);
/**
 * Whether an edge is on the map now.
 * @param {DiffEdge} each
 * @param {import("./types.js").MapEdge[]} edges
 */
function isThere(each, edges) {
  return (
    each.change === "appeared" || each.change === "changed" || edges.some((edge) => edgeKey(edge) === edgeKey(each))
  );
}

/**
 * The end of the earlier time, ms; null where nothing is compared. It is not after the map begins.
 * @param {string} vs
 * @param {number} from
 * @param {number} to
 */
export function thenEnd(vs, from, to) {
  if (vs === "before") return from;
  if (TIMES[vs]?.[1]) return Math.min(from, to - TIMES[vs][1]);
  return /^[0-9]{12,14}$/.test(vs) ? Math.min(from, Number(vs)) : null;
}

/** @param {number} ms */
function local(ms) {
  const at = new Date(ms);
  return new Date(ms - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
