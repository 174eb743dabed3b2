// What the server said last. One request of a kind is under way at a time; a newer question ends an older one.

import { address, get, told } from "./api.js";

export const RETRY_MS = 5_000;
export const LOADING_MS = 300; // what is loaded sooner need not be told
export const STUCK_MS = 4_000; // a store that does not answer for so long is told
const LONGEST_MS = 150_000; // longer than the server waits for the store; then it is asked again
const BUCKETS = 120;

export class Data {
  constructor(state) {
    this.state = state;
    this.map = null;
    this.timeline = null;
    this.newest = 0; // when the newest stored window ends, ms: the page's "now"
    this.error = ""; // why there is nothing newer, as a sentence
    this.timelineAt = 0;
    this.listeners = [];
    this.underway = null;
    this.waiting = false;
    this.since = 0; // when what is under way was asked for, ms; 0: nothing is
    this.anew = false; // what is under way is something else than is shown
    this.early = earlyMap(state);
    this.again = 0;
  }

  onChange(listener) {
    this.listeners.push(listener);
  }

  /** The stretch the map shows: [from, to), ms; zeros until something is stored. */
  get stretch() {
    const to = this.state.at || this.newest;
    return to ? [to - this.state.widthMs, to] : [0, 0];
  }

  /** The stretch the time line shows: up to now, unless one looks at something older. */
  get range() {
    const { at, rangeMs } = this.state;
    const newest = this.newest || Date.now();
    if (!at || at > newest - rangeMs * 0.98) return [newest - rangeMs, newest];
    const to = Math.min(newest, at + rangeMs / 2);
    return [to - rangeMs, to];
  }

  /** The stretch of what is shown: of the map that is there, while another one loads. */
  get shown() {
    return this.map?.to ? [this.map.from, this.map.to] : this.stretch;
  }

  /** For how long one waits for what is asked for, ms; 0 while it is no time to speak of. */
  get wait() {
    const waited = this.since ? Date.now() - this.since : 0;
    return waited >= (this.anew ? LOADING_MS : STUCK_MS) ? waited : 0;
  }

  /** How long ago the newest window ended, by this computer's clock, ms. */
  get behind() {
    return this.newest ? Math.max(0, Date.now() - this.newest) : 0;
  }

  /** The server stored something newer: shown when one looks at now. */
  newer(newest) {
    const back = this.error !== "";
    if (newest <= this.newest && !back) return;
    this.newest = Math.max(newest, this.newest);
    if (this.state.live || back) this.load(back && !this.underway); // what is under way is not begun anew
    else this.notify();
  }

  lost(sentence) {
    this.error = sentence;
    this.notify();
    clearTimeout(this.again);
    this.again = setTimeout(() => this.underway || this.reload(), RETRY_MS); // which may yet be answered
  }

  reload() {
    return this.load(true);
  }

  async load(anew) {
    this.waiting = Boolean(this.underway) && !anew; // for what is under way: then it is asked for
    if (this.waiting) return;
    this.underway?.abort();
    const mine = (this.underway = new AbortController());
    let late = false;
    const tooLong = setTimeout(() => ((late = true), mine.abort()), LONGEST_MS);
    this.begin(anew || !this.map);
    const fresh = (found) => {
      if (this.underway !== mine) return;
      Object.assign(this, { ...found, error: "" });
      // Not what is newest meanwhile, if another stretch was asked for: the stream tells of it, and then it is asked for.
      if (found.map) this.newest = Math.max(this.newest, Math.min(found.map.to, found.map.newest));
      if (found.map) this.done();
      clearTimeout(this.again);
      this.notify();
    };
    try {
      if (!this.newest) {
        fresh({ map: await this.first(mine.signal) });
        await painted(); // what the server does meanwhile would hold up the first picture
      }
      const map = this.askMap(mine.signal).then((found) => fresh({ map: found }));
      await Promise.all([map, this.askTimeline(mine.signal, anew).then((found) => fresh({ timeline: found }))]);
    } catch (error) {
      if (late) this.lost(`The store has not answered for ${LONGEST_MS / 1_000} s.`);
      else if (error.name !== "AbortError") this.lost(error.message);
    } finally {
      clearTimeout(tooLong);
      if (this.underway === mine) {
        this.underway = null;
        this.done();
        if (this.waiting && this.stretch[1] !== this.map?.to) this.load(false);
      }
    }
  }

  // The first map is without what came and went, which takes the server as long again.
  async first(signal) {
    const { early } = this;
    this.early = null;
    if (early) return Promise.race([early, aborted(signal)]);
    this.newest = (await get("health", {}, signal)).newest; // the time line must know
    return this.askMap(signal, { changes: 0 });
  }

  askMap(signal, more = {}) {
    const [from, to] = this.stretch;
    return get("map", { level: this.state.level, from: from || "", to: to || "", ...more }, signal);
  }

  // The time line changes by a bucket at a time, and is dearer than the map: it is asked for when one is full.
  async askTimeline(signal, anew) {
    const [from, to] = this.range;
    const step = this.timeline?.step_ms ?? 0;
    if (!anew && this.timeline && to - this.timelineAt < step) return this.timeline;
    const found = await get("timeline", { from, to, buckets: BUCKETS, level: this.state.level }, signal);
    this.timelineAt = to;
    return { ...found, from, to };
  }

  // What takes long is told when it does, and then every second.
  begin(anew) {
    this.since = Date.now() - (this.wait ? LOADING_MS : 0); // what is said of one question stays for the next
    this.anew = anew || this.anew;
    clearTimeout(this.tick);
    const tell = () => {
      if (this.wait) this.notify("wait");
      this.tick = setTimeout(tell, 1_000);
    };
    this.tick = setTimeout(tell, LOADING_MS);
  }

  done() {
    const told = this.wait > 0;
    clearTimeout(this.tick);
    this.since = 0;
    this.anew = false;
    if (told) this.notify("wait");
  }

  notify(what = "data") {
    for (const listener of this.listeners) listener(what);
  }
}

const aborted = (signal) => new Promise((_, fail) => signal.addEventListener("abort", () => fail(signal.reason)));
const painted = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));

/** The map that early.js asked for as a promise; null unless it is the one that is wanted. */
function earlyMap(state) {
  const { early } = globalThis;
  return early?.address === address("map", { level: state.level, changes: 0 }) ? told(early.answer) : null;
}
