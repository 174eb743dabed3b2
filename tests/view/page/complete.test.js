// What completes a filter.

import assert from "node:assert/strict";
import { test } from "node:test";

import { completionsAt, neededFor } from "../../../view/page/complete.js";

const NOTHING = { field: "", values: [] };
const texts = (text, known = NOTHING, caret = text.length) => completionsAt(text, caret, known).map((one) => one.text);

test("an empty filter is completed by presets and all fields", () => {
  const found = completionsAt("", 0, NOTHING);

  assert.deepEqual([found[0].title, found[0].text], ["Trouble", "health:bad,warn around:1"]);
  assert.ok(found.some(({ text }) => text === "service:"));
});

test("a preset takes the place of the whole filter", () => {
  const [first] = completionsAt("  ", 1, NOTHING);

  assert.deepEqual([first.from, first.to], [0, 2]);
});

test("fields and their few values are completed, also behind a minus", () => {
  assert.deepEqual(texts("hea"), ["health:", "health:ok", "health:warn", "health:bad"]);
  assert.deepEqual(texts("shop -inf").slice(0, 2), ["-infra", "-infra:dns"]);
  assert.deepEqual(texts("p9"), ["p99>"]);
});

test("only the term at the caret is completed", () => {
  const [found] = completionsAt("hea service:x", 3, NOTHING);

  assert.deepEqual([found.from, found.to, found.text], [0, 3, "health:"]);
});

test("one of several values is completed", () => {
  assert.deepEqual(texts("health:bad,w"), ["health:bad,warn"]);
  assert.deepEqual(texts("service:a,sh", { field: "service", values: ["shop"] }), ["service:a,shop"]);
});

test("values of the map that begin with what is written come before those that have it within", () => {
  const known = { field: "service", values: ["redis-carts", "Cart", "cart", "shop"] };

  assert.deepEqual(texts("service:car", known), ["service:Cart", "service:cart", "service:redis-carts"]);
  assert.deepEqual(texts("car", known), ["service:Cart", "service:cart", "service:redis-carts"]);
});

test("a value with a space or a star is put in quotes", () => {
  const known = { field: "service", values: ["a b", "x*"] };

  assert.deepEqual(texts("service:", known), ['service:"a b"', 'service:"x*"']);
  assert.deepEqual(texts('service:"a ', known), ['service:"a b"']);
});

test("values are asked for where a field has those of the map, and for a word of two letters", () => {
  assert.deepEqual(
    ["host:", "-host:w", "health:", "rps>", "a", "ab", "x service:"].map((text) => neededFor(text, text.length)),
    ["host", "host", "", "", "", "service", "service"],
  );
});
