// The state and the hash of the address.

import assert from "node:assert/strict";
import { test } from "node:test";

import { State, edgeKey, lineEnds, lineKey, opened, parse, toggled } from "../../../view/page/state.js";

test("a hash leads to a state, and that to the same hash", () => {
  const hash = "#view=list&level=process&width=5m&at=1700000000000&q=shop+api&node=service%3Ashop&hops=2";

  assert.deepEqual(parse(new State(hash).hash()), parse(hash));
  assert.equal(new State(hash).widthMs, 300_000);
});

test("values that are not allowed keep their defaults", () => {
  const found = parse("#level=planet&width=9y&at=-5&hops=99&constructor=x&toString=y");

  assert.deepEqual(found, { ...parse(""), hops: 3 });
});

test("a state of defaults has no hash", () => {
  assert.equal(new State("").hash(), "");
});

test("listeners get the names of the fields that changed, and only those", () => {
  const state = new State("");
  const seen = [];
  state.onChange((names) => seen.push([...names]));

  state.set({ level: "host", group: "auto" });
  state.set({ level: "host" });

  assert.deepEqual(seen, [["level"]]);
});

test("the key of an edge is read back from JSON", () => {
  const edge = { client: "a", server: 'b "c"', transport: "tcp", server_port: 80 };

  assert.deepEqual(JSON.parse(edgeKey(edge)), ["a", 'b "c"', "tcp", 80]);
});

test("a group opens and closes, and with it those in it", () => {
  const open = toggled(toggled("", "a"), "a\nb");

  assert.deepEqual(opened(open), ["a", "a\nb"]);
  assert.equal(toggled(open, "a"), "");
  assert.deepEqual(opened("[not JSON"), []);
});

test("a line of one edge is that edge, and a line of several is its two cards", () => {
  const edge = { client: "a", server: "b", transport: "tcp", server_port: 80 };

  assert.equal(lineKey("a", "b", [edge]), edgeKey(edge));
  assert.deepEqual(lineEnds(lineKey("x", "y", [edge, edge])), ["x", "y"]);
  assert.equal(lineEnds(edgeKey(edge)), null);
});
