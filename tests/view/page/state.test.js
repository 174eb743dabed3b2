// The state and the hash of the address.

import assert from "node:assert/strict";
import { test } from "node:test";

import { State, edgeKey, parse } from "../../../view/page/state.js";

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

  state.set({ level: "host", group: "none" });
  state.set({ level: "host" });

  assert.deepEqual(seen, [["level"]]);
});

test("the key of an edge is read back from JSON", () => {
  const edge = { client: "a", server: 'b "c"', transport: "tcp", server_port: 80 };

  assert.deepEqual(JSON.parse(edgeKey(edge)), ["a", 'b "c"', "tcp", 80]);
});
