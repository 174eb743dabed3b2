// Cards, edges and boxes, without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";

import { drawing } from "../../../view/page/backdrop.js";
import { groupOf, port, sentence } from "../../../view/page/elements.js";
import { drawnLine } from "../../../view/page/line.js";
import { folded } from "../../../view/page/fold.js";
import { bounds, elements, near, plainElements, same, scene, towards } from "../../../view/page/scene.js";

const card = (id, more = {}) => ({
  id,
  kind: "service",
  health: "ok",
  ghost: false,
  group: "",
  w: 100,
  h: 40,
  title: id,
  titleX: 0,
  titleY: 0,
  lines: [],
  ...more,
});
const edge = (id, client, server, more = {}) => ({
  id,
  client,
  server,
  transport: "tcp",
  server_port: 80,
  health: "ok",
  bytes_s: 0,
  ...more,
});
const drawn = new Map([
  ["a", card("a", { group: "web1" })],
  ["b", card("b")],
  ["c", card("c")],
]);
const places = new Map([
  ["a", { x: 0, y: 0 }],
  ["b", { x: 300, y: 10 }],
  ["c", { x: 0, y: 200 }],
]);
const line = (one, gone = false) =>
  drawnLine({ id: one.id, client: one.client, server: one.server, edges: [one], gone }, new Set([one]));
const chosen = {
  nodes: [
    { id: "a", kind: "process", hostname: "web1" },
    { id: "b", kind: "process" },
    { id: "c", kind: "process" },
  ],
  edges: [edge("ab", "a", "b", { health: "bad" }), edge("aa", "a", "a")],
  gone: [edge("ac", "a", "c")],
};
const made = scene(folded(chosen, "host", []), drawn, places, new Map(), { numbers: "port", colour: "health" });
const colours = { muted: "#888", surface: "#fff", warn: "#fa0", bad: "#f00" };

test("a scene has its cards, boxes and edges, without edges of a node to itself", () => {
  assert.deepEqual([...made.edges.keys()], ["ab", "ac"]);
  assert.deepEqual(
    made.boxes.map(({ key }) => key),
    ["web1"],
  );
  assert.ok(made.edges.get("ac")?.gone);
});

test("the box of a scene holds all cards", () => {
  assert.deepEqual(bounds(made), { x1: -50, y1: -20, x2: 350, y2: 220 });
  assert.equal(bounds({ nodes: new Map(), edges: new Map(), boxes: [] }), null);
});

test("what is not near the picked node is faded", () => {
  const found = elements(made, { picked: "a", near: new Set(["a", "ab", "b"]) }, colours);
  const classes = new Map(found.map(({ data, classes: own }) => [data.id, own]));

  assert.match(classes.get("a") ?? "", /picked near/);
  assert.match(classes.get("ab") ?? "", /bad near/);
  assert.match(classes.get("c") ?? "", /far/);
});

test("near an edge are its ends, and near a node its edges with theirs", () => {
  assert.deepEqual(near(made, "ab"), new Set(["ab", "a", "b"]));
  assert.deepEqual(near(made, "a"), new Set(["a", "ab", "b", "ac", "c"]));
  assert.equal(near(made, "nothing"), null);
});

test("elements with the same data, classes and place are the same", () => {
  const [one] = elements(made, { picked: "", near: null }, colours).filter(({ data }) => data.id === "a");

  assert.ok(same(one, structuredClone(one)));
  assert.ok(!same(one, { ...one, classes: "card bad" }));
  assert.ok(!same(one, { ...one, position: { x: 1, y: 0 } }));
});

test("a plain map has elements for notable edges alone", () => {
  const many = { ...made, edges: new Map([["ok", line(edge("ok", "a", "b"))], ...made.edges]) };
  const found = plainElements(many, { picked: "", near: null }, "blob:picture").filter(
    ({ group }) => group === "edges",
  );

  assert.deepEqual(
    found.map(({ data }) => data.id),
    ["ab", "ac"],
  );
});

test("the backdrop draws every edge", () => {
  const box = bounds(made);
  assert.ok(box);

  assert.equal(drawing(made, box, "#000").match(/<path/g)?.length, 2);
});

test("arrow keys lead to the nearest card in their direction", () => {
  assert.equal(towards(made, "a", "right"), "b");
  assert.equal(towards(made, "a", "down"), "c");
  assert.equal(towards(made, "a", "left"), "a");
  assert.equal(towards(made, "", "left"), "a");
});

test("wider edges carry more, up to a limit", () => {
  const widths = [0, 10_000, 1e8, 1e12].map((bytes) => line(edge("e", "a", "b", { bytes_s: bytes })).width);

  assert.equal(widths[0], 1);
  assert.ok(widths[1] > 1 && widths[2] > widths[1]);
  assert.equal(widths[3], 7);
});

test("a port has its transport unless that is TCP", () => {
  assert.deepEqual(
    [port(edge("e", "a", "b")), port(edge("e", "a", "b", { transport: "udp", server_port: 53 }))],
    ["80", "53/udp"],
  );
  assert.equal(sentence(edge("e", "a", "a"), new Map([["a", "shop"]])), "shop → itself 80");
});

test("nodes are grouped by host or region, and what is outside apart", () => {
  const node = { kind: "process", hostname: "web1", region: "eu", zone: "a" };

  assert.equal(groupOf(node, "none"), "");
  assert.equal(groupOf(node, "host"), "web1");
  assert.equal(groupOf(node, "region"), "eu / a");
  assert.match(groupOf({ kind: "address" }, "host"), /outside/);
});
