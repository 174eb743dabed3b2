// Places of nodes.

import assert from "node:assert/strict";
import { test } from "node:test";

import { prevailing } from "../../../view/page/layout.js";
import { Places, beside } from "../../../view/page/place.js";

const sized = (id, group = "") => ({ id, w: 100, h: 40, group, title: id });

test("a new server is to the right of its client, and does not cover another node", () => {
  const known = new Map([
    ["client", { x: 0, y: 0 }],
    ["other", { x: 160, y: 0 }],
  ]);
  const nodes = ["client", "other", "server"].map((id) => sized(id));

  beside([nodes[2]], nodes, [["client", "server"]], known);

  const at = known.get("server");
  assert.ok(at && at.x > 0);
  assert.ok(Math.abs(at.x - 160) >= 100 || Math.abs(at.y) >= 40);
});

test("of edges in both directions the more frequent one counts", () => {
  const edges = [
    ["a", "b"],
    ["a", "b"],
    ["b", "a"],
    ["c", "c"],
  ];

  assert.deepEqual(prevailing(edges), [["a", "b"]]);
});

test("places outlast the page, and a broken memory does not matter", () => {
  const kept = new Map();
  const storage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
  new Places(storage, () => undefined).put("service none", new Map([["a", { x: 1.4, y: 2.6 }]]));

  assert.deepEqual(new Places(storage, () => undefined).at("service none").get("a"), { x: 1, y: 3 });
  kept.set("places service none", "broken");
  assert.equal(new Places(storage, () => undefined).at("service none").size, 0);
});

test("a few new nodes keep the others where they are", async () => {
  const places = new Places({ getItem: () => null, setItem: () => undefined }, () => undefined);
  places.put("key", new Map(["a", "b", "c"].map((id, nth) => [id, { x: 0, y: 100 * nth }])));

  const { at, moved, fresh } = await places.of(
    "key",
    ["a", "b", "c", "new"].map((id) => sized(id)),
    [["a", "new"]],
  );

  assert.deepEqual([moved, fresh], [false, true]);
  assert.deepEqual(at.get("b"), { x: 0, y: 100 });
  assert.ok((at.get("new")?.x ?? 0) > 0);
});
