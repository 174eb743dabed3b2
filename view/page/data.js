// The answers of the server. One load runs at a time, and a newer one aborts an older one.

import { ApiError, address, answerOf, get, isAbort } from "./api.js";
import { plain } from "./compared.js";

/** @import { Change, MapAnswer, TimelineAnswer } from "./types.js" */
/** @import { State } from "./state.js" */

export const RETRY_MS = 5_000;
export const LOADING_MS = 300; // shorter loads are not mentioned
export const STUCK_MS = 4_000; // after this long, the page mentions that the store does not answer
const LONGEST_MS = 150_000; // longer than the server waits for the store; then the page starts over
const BUCKETS = 120;

export class Data {
  /** @param {State} state */
  constructor(state) {
    this.state = state;
    /** @type {MapAnswer | null} */
    this.map = null;
    /** @type {MapAnswer | null} */
    this.raw = null; // as the server answered it
    this.dress = plain; // adds what differs from an earlier map
    /** @type {TimelineAnswer | null} */
    this.timeline = null;
    this.newest = 0; // the end of the newest window, ms: the page's "now"
    this.error = ""; // why there is nothing newer, as a sentence
    this.refused = ""; // what is wrong with the filter, as a sentence; then the map is asked for without it
    this.refusedFilter = "";
    this.timelineAt = 0;
    /** @type {((what: Change) => void)[]} */
    this.listeners = [];
    /** @type {AbortController | null} */
    this.underway = null;
    this.waiting = false; // something newer was stored during a load, and is loaded after it
    this.since = 0; // when the running load began, ms; 0 for none
    this.anew = false; // the running load is for other things than the page shows
    this.early = earlyMap(state);
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.again = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.tick = undefined;
  }

  /** @param {(what: Change) => void} listener */
  onChange(listener) {
    this.listeners.push(listener);
  }

  /**
   * The time range that the map should show: [from, to), ms; zeros until something is stored.
   * @returns {[number, number]}
   */
  get wantedRange() {
    const to = this.state.at || this.newest;
    return to ? [to - this.state.widthMs, to] : [0, 0];
  }

  /**
   * The time range of the time line: up to now, unless the map shows something older.
   * @returns {[number, number]}
   */
  get range() {
    const { at, rangeMs } = this.state;
    const newest = this.newest || Date.now();
    if (!at || at > newest - rangeMs * 0.98) return [newest - rangeMs, newest];
    const to = Math.min(newest, at + rangeMs / 2);
    return [to - rangeMs, to];
  }

  /**
   * The time range of the map that is there, also while another one loads.
   * @returns {[number, number]}
   */
  get shown() {
    return this.map?.to ? [this.map.from, this.map.to] : this.wantedRange;
  }

  /** How long the running load has taken, ms; 0 while that is not worth a mention. */
  get wait() {
    const waited = this.since ? Date.now() - this.since : 0;
    return waited >= (this.anew ? LOADING_MS : STUCK_MS) ? waited : 0;
  }

  /** How long ago the newest window ended by this computer's clock, ms. */
  get behind() {
    return this.newest ? Math.max(0, Date.now() - this.newest) : 0;
  }

  /**
   * The server stored something newer. A live page loads it.
   * @param {number} newest
   */
  newer(newest) {
    const back = this.error !== "";
    if (newest <= this.newest && !back) return;
    this.newest = Math.max(newest, this.newest);
    if (this.state.live || back)
      this.load(back && !this.underway); // a running load goes on
    else this.notify();
  }

  /** @param {string} sentence */
  lost(sentence) {
    this.error = sentence;
    this.notify();
    clearTimeout(this.again);
    this.again = setTimeout(() => this.underway || this.reload(), RETRY_MS); // a running load may still succeed
  }

  // What the map is compared with has changed.
  redress() {
    if (!this.raw) return;
    this.map = this.dress(this.raw);
    this.notify();
  }

  reload() {
    return this.load(true);
  }

  /** @param {boolean} anew */
  async load(anew) {
    this.waiting = Boolean(this.underway) && !anew;
    if (this.waiting) return;
    this.underway?.abort();
    const mine = (this.underway = new AbortController());
    let late = false;
    const tooLong = setTimeout(() => ((late = true), mine.abort()), LONGEST_MS);
    this.begin(anew || !this.map);
    if (this.state.q.trim() !== this.refusedFilter) this.refused = this.refusedFilter = "";
    const take = (/** @type {{ map?: MapAnswer, timeline?: TimelineAnswer }} */ found) => {
      if (this.underway !== mine) return;
      Object.assign(this, { ...found, error: "" });
      if (found.map) this.map = this.dress((this.raw = found.map));
      // An older range may have been loaded meanwhile: then the stream reports the newest window, which is loaded next.
      if (found.map) this.newest = Math.max(this.newest, Math.min(found.map.to, found.map.newest));
      if (found.map) this.done();
      clearTimeout(this.again);
      this.notify();
    };
    try {
      if (!this.newest) {
        take({ map: await this.first(mine.signal) });
        await painted(); // further requests would delay the first picture
      }
      const map = this.askMap(mine.signal).then((found) => take({ map: found }));
      await Promise.all([map, this.askTimeline(mine.signal, anew).then((found) => take({ timeline: found }))]);
    } catch (error) {
      if (this.refuses(error)) await this.load(true);
      else if (late) this.lost(`The store has not answered for ${LONGEST_MS / 1_000} s.`);
      else if (!isAbort(error)) this.lost(error instanceof Error ? error.message : String(error));
    } finally {
      clearTimeout(tooLong);
      if (this.underway === mine) {
        this.underway = null;
        this.done();
        if (this.waiting && this.wantedRange[1] !== this.map?.to) this.load(false);
      }
    }
  }

  /**
   * Load the first map. It is without changes, which take the server as long again.
   * @param {AbortSignal} signal
   * @returns {Promise<MapAnswer>}
   */
  async first(signal) {
    const { early } = this;
    this.early = null;
    if (early) return Promise.race([early, aborted(signal)]);
    this.newest = (await get("health", {}, signal)).newest; // the time line needs it
    return this.askMap(signal, { changes: 0 });
  }

  /**
   * @param {AbortSignal} signal
   * @param {Record<string, unknown>} [more]
   * @returns {Promise<MapAnswer>}
   */
  askMap(signal, more = {}) {
    const [from, to] = this.wantedRange;
    const clusters = this.state.group === "cluster" ? 1 : "";
    const asked = { level: this.state.level, from: from || "", to: to || "", clusters, ...more };
    return get("map", { ...asked, ...filterOf(this.state, this.refusedFilter) }, signal);
  }

  /**
   * Note that the server refuses the filter, if it is that.
   * @param {unknown} error
   */
  refuses(error) {
    const filter = this.state.q.trim();
    if (!(error instanceof ApiError && error.status === 400) || !filter || this.refusedFilter === filter) return false;
    this.refused = error.message.replace(/^filter: /, "");
    this.refusedFilter = filter;
    return true;
  }

  /**
   * Load the time line. It costs more than the map and changes a bucket at a time, so it is loaded when one is full.
   * @param {AbortSignal} signal
   * @param {boolean} anew
   * @returns {Promise<TimelineAnswer>}
   */
  async askTimeline(signal, anew) {
    const [from, to] = this.range;
    const step = this.timeline?.step_ms ?? 0;
    if (!anew && this.timeline && to - this.timelineAt < step) return this.timeline;
    const found = await get("timeline", { from, to, buckets: BUCKETS, level: this.state.level }, signal);
    this.timelineAt = to;
    return { ...found, from, to };
  }

  /**
   * Note that a load began. Once it takes long, listeners are called every second.
   * @param {boolean} anew
   */
  begin(anew) {
    this.since = Date.now() - (this.wait ? LOADING_MS : 0); // a notice about the load before it stays
    this.anew = anew || this.anew;
    clearTimeout(this.tick);
    const remind = () => {
      if (this.wait) this.notify("wait");
      this.tick = setTimeout(remind, 1_000);
    };
    this.tick = setTimeout(remind, LOADING_MS);
  }

  done() {
    const mentioned = this.wait > 0;
    clearTimeout(this.tick);
    this.since = 0;
    this.anew = false;
    if (mentioned) this.notify("wait");
  }

  /** @param {Change} what */
  notify(what = "data") {
    for (const listener of this.listeners) listener(what);
  }
}

/**
 * @param {AbortSignal} signal
 * @returns {Promise<never>}
 */
const aborted = (signal) => new Promise((_, fail) => signal.addEventListener("abort", () => fail(signal.reason)));
const painted = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));

/**
 * What a map is asked for with by its filter; nothing if the server refused that.
 * @param {State} state
 * @param {string} [refused]
 */
function filterOf({ q }, refused = "") {
  const filter = q.trim();
  return filter && filter !== refused ? { filter, reduce: 0 } : {};
}

/**
 * The map that early.js requested; null unless it is the map that the page needs.
 * @param {State} state
 * @returns {Promise<MapAnswer> | null}
 */
function earlyMap(state) {
  const { early } = globalThis;
  const fits =
    state.group !== "cluster" &&
    early?.address === address("map", { level: state.level, changes: 0, ...filterOf(state) });
  return early && fits ? answerOf(early.answer) : null;
}
