// Numbers and times for people. Units are binary for bytes and decimal for the rest. Times are local.

const BYTES = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** @param {number} count */
export function bytes(count) {
  let size = count;
  for (const unit of BYTES) {
    if (Math.abs(size) < 1024 || unit === "PiB") return `${digits(size)} ${unit}`;
    size /= 1024;
  }
  return "";
}

export const rate = (/** @type {number | null} */ count) => (count === null ? "not counted" : `${bytes(count)}/s`);
export const perSecond = (/** @type {number} */ count) => `${digits(count)}/s`;
/**
 * Mark a number of requests that is an estimate: under load, one of `sampling` connections is looked at.
 * @param {string} text
 * @param {number} [sampling]
 */
export const about = (text, sampling = 1) => (sampling > 1 && /^[\d<]/.test(text) ? `~${text}` : text);

/** @param {number} sampling */
export const lookedAt = (sampling) => `1 of ${sampling} connections looked at`;

export const percent = (/** @type {number} */ share) => `${digits(share * 100)} %`;
/** @param {number | null | undefined} share unknown where nobody saw an answer */
export const percentKnown = (share) => (typeof share === "number" ? percent(share) : "–");
export const ms = (/** @type {number} */ value) =>
  value >= 1000 ? `${digits(value / 1000)} s` : `${digits(value)} ms`;

/**
 * Write at most three digits: 0.123, 4.56, 78.9, 123, 4.57k.
 * @param {number} value
 */
export function digits(value) {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1e9) return `${trimmed(value / 1e9)}G`;
  if (size >= 1e6) return `${trimmed(value / 1e6)}M`;
  if (size >= 10_000) return `${trimmed(value / 1e3)}k`;
  if (size < 0.001) return "<0.001";
  return trimmed(value);
}

/** @param {number} value */
function trimmed(value) {
  const size = Math.abs(value);
  const places = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return String(Number(value.toFixed(places)));
}

const TIME = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hour12: false,
});
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });

export const time = (/** @type {number} */ at) => TIME.format(at);

const SHORT = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hour12: false });

/**
 * A time below an axis: the day at midnight or where the axis shows days, the time of day otherwise.
 * @param {number} at
 * @param {[number, number]} range
 */
export function tick(at, [from, to]) {
  const date = new Date(at);
  return to - from > 1.2e8 || date.getHours() + date.getMinutes() === 0 ? DAY.format(at) : SHORT.format(at);
}

/**
 * A moment, with its day when that is not the day of `now`.
 * @param {number} at
 * @param {number} now
 */
export function moment(at, now) {
  const [one, other] = [new Date(at), new Date(now)];
  return one.toDateString() === other.toDateString() ? time(at) : `${DAY.format(at)}, ${time(at)}`;
}

/**
 * How long ago, in one unit.
 * @param {number} duration ms
 */
export function ago(duration) {
  const seconds = Math.max(0, Math.round(duration / 1000));
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 129_600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/**
 * A value with its unit.
 * @param {number | null | undefined} value
 * @param {string} unit as the server names it
 */
export function withUnit(value, unit) {
  if (value === null || value === undefined) return "–";
  if (unit === "B") return bytes(value);
  if (unit === "B/s") return rate(value);
  if (unit === "ms") return ms(value);
  if (unit === "share") return percent(value);
  if (unit === "1/s") return perSecond(value);
  return unit ? `${digits(value)} ${unit}` : digits(value);
}

/**
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export const counted = (count, one, many = `${one}s`) => `${count.toLocaleString()} ${count === 1 ? one : many}`;

/**
 * @param {string} text
 * @param {number} length the most letters
 */
export function cut(text, length) {
  const letters = [...text]; // by code points: half a letter cannot be drawn
  return letters.length > length ? `${letters.slice(0, length - 1).join("")}…` : text;
}

/**
 * Replace control and direction characters. Names come from hosts, and these characters would garble the line.
 * @param {unknown} text
 */
export const printable = (text) => String(text).replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu, "\uFFFD");
