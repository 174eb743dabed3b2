// What the server said last. One request of a kind is under way at a time; a newer question ends an older one.

import { address, get, told } from "./api.js";

const RETRY_MS = 5_000;
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

  /** How long ago the newest window ended, by this computer's clock, ms. */
  get behind() {
    return this.newest ? Math.max(0, Date.now() - this.newest) : 0;
  }

  /** The server stored something newer: shown when one looks at now. */
  newer(newest) {
    const back = this.error !== "";
    if (newest <= this.newest && !back) return;
    this.newest = Math.max(newest, this.newest);
    if (this.state.live || back) this.load(back);
    else this.notify();
  }

  lost(sentence) {
    this.error = sentence;
    this.notify();
    clearTimeout(this.again);
    this.again = setTimeout(() => this.reload(), RETRY_MS);
  }

  reload() {
    return this.load(true);
  }

  async load(anew) {
    this.waiting = Boolean(this.underway) && !anew; // for what is under way: then it is asked for
    if (this.waiting) return;
    this.underway?.abort();
    const mine = (this.underway = new AbortController());
    const fresh = (found) => {
      if (this.underway !== mine) return;
      Object.assign(this, { ...found, error: "" });
      // Not what is newest meanwhile, if another stretch was asked for: the stream tells of it, and then it is asked for.
      if (found.map) this.newest = Math.max(this.newest, Math.min(found.map.to, found.map.newest));
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
      if (error.name !== "AbortError") this.lost(error.message);
    } finally {
      if (this.underway === mine) {
        this.underway = null;
        if (this.waiting && this.stretch[1] !== this.map?.to) this.load(false);
      }
    }
  }

  // The first map is without what came and went, which takes the server as long again.
  async first(signal) {
    const { early } = this;
    this.early = null;
    if (early) return early;
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

  notify() {
    for (const listener of this.listeners) listener();
  }
}

const painted = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));

/** The map that early.js asked for as a promise; null unless it is the one that is wanted. */
function earlyMap(state) {
  const { early } = globalThis;
  return early?.address === address("map", { level: state.level, changes: 0 }) ? told(early.answer) : null;
}
