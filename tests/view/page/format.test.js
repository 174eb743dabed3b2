// Numbers, times and names for people.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  about,
  ago,
  bytes,
  counted,
  cut,
  digits,
  moment,
  ms,
  percent,
  percentKnown,
  printable,
  withUnit,
} from "../../../view/page/format.js";

test("numbers have three digits at most", () => {
  const written = [0, 0.0004, 0.1234, 4.567, 78.94, 123.4, 9_999, 45_670, 1_234_567, 2.5e9].map(digits);

  assert.deepEqual(written, ["0", "<0.001", "0.123", "4.57", "78.9", "123", "9999", "45.7k", "1.23M", "2.5G"]);
});

test("bytes have binary units", () => {
  assert.deepEqual([0, 1023, 1024, 5 * 1024 ** 3].map(bytes), ["0 B", "1023 B", "1 KiB", "5 GiB"]);
});

test("durations have the unit that suits them", () => {
  assert.deepEqual([5_000, 600_000, 7_200_000, 259_200_000].map(ago), ["5 s", "10 min", "2 h", "3 days"]);
  assert.deepEqual([250, 2_500].map(ms), ["250 ms", "2.5 s"]);
});

test("estimates have a mark, and what is exact or unknown has none", () => {
  assert.deepEqual(
    ["16/s", "<0.001/s", "–"].map((text) => about(text, 8)),
    ["~16/s", "~<0.001/s", "–"],
  );
  assert.deepEqual([about("16/s", 1), about("16/s", undefined)], ["16/s", "16/s"]);
});

test("a share of nothing known is a dash", () => {
  assert.deepEqual([0, 0.25, null, undefined].map(percentKnown), ["0 %", "25 %", "–", "–"]);
});

test("values have the unit that the server names", () => {
  assert.equal(withUnit(2048, "B/s"), "2 KiB/s");
  assert.equal(withUnit(0.25, "share"), percent(0.25));
  assert.equal(withUnit(3, "files"), "3 files");
  assert.equal(withUnit(null, "B"), "–");
});

test("a moment has its day when that is another one", () => {
  const now = Date.UTC(2026, 0, 10, 12);

  assert.ok(!moment(now - 60_000, now).includes(","));
  assert.ok(moment(now - 3 * 86_400_000, now).includes(","));
});

test("words follow the count", () => {
  assert.deepEqual(
    [counted(1, "edge"), counted(2, "edge"), counted(2, "process", "processes")],
    ["1 edge", "2 edges", "2 processes"],
  );
});

test("a name is cut between letters", () => {
  assert.equal(cut("😀😀😀😀", 3), "😀😀…");
  assert.equal(cut("shop", 4), "shop");
});

test("characters that garble a line are replaced", () => {
  assert.equal(printable("a\u0007b\u202ec\u200bd"), "a\uFFFDb\uFFFDc\uFFFDd");
});
