// The part of a map that is shown.

import assert from "node:assert/strict";
import { test } from "node:test";

import { visible } from "../../../view/page/visible.js";

const node = (id, more = {}) => ({ id, kind: "service", title: id, ...more });
const edge = (client, server, more = {}) => ({
  client,
  server,
  transport: "tcp",
  server_port: 80,
  health: "ok",
  ...more,
});
const CHAIN = {
  nodes: [node("a"), node("b"), node("c", { hostname: "web1" }), node("d"), node("alone")],
  edges: [edge("a", "b"), edge("b", "c"), edge("c", "d", { server_port: 5432, health: "bad" })],
  gone: [edge("a", "d")],
};
const all = { focus: "", hops: 1, q: "" };
const ids = ({ nodes }) => nodes.map(({ id }) => id).join("");

test("everything is shown without a focus and a search", () => {
  assert.equal(visible(CHAIN, all).nodes.length, 5);
});

test("a focus shows what is within its hops, over edges that are gone as well", () => {
  assert.equal(ids(visible(CHAIN, { ...all, focus: "a" })), "abd");
  assert.equal(ids(visible(CHAIN, { ...all, focus: "a", hops: 2 })), "abcd");
});

test("a focus has what it depends on, and who depends on it, by hops", () => {
  const { hops } = visible(CHAIN, { ...all, focus: "b", hops: 2 });

  assert.deepEqual(Object.fromEntries(hops), { b: 0, a: -1, c: 1, d: 2 });
});

test("neighbours of a focus that only share it are not shown as its neighbours' neighbours", () => {
  const fan = {
    nodes: [node("x"), node("y"), node("shop"), node("db")],
    gone: [],
    edges: [edge("x", "shop"), edge("x", "y"), edge("shop", "db")],
  };
  const found = visible(fan, { ...all, focus: "shop", hops: 2 });

  assert.equal(ids(found), "xshopdb");
  assert.equal(found.edges.length, 2);
});

test("both ends of an edge are shown", () => {
  const { edges, nodes } = visible(CHAIN, { ...all, focus: "b" });
  const there = new Set(nodes.map(({ id }) => id));

  assert.ok(edges.every(({ client, server }) => there.has(client) && there.has(server)));
});

test("a search for a node also shows its neighbours", () => {
  const found = visible(CHAIN, { ...all, q: "WEB1" });

  assert.deepEqual([...found.hit], ["c"]);
  assert.equal(ids(found), "bcd");
});

test("a search finds edges by port and by health", () => {
  assert.equal(ids(visible(CHAIN, { ...all, q: ":5432" })), "cd");
  assert.equal(ids(visible(CHAIN, { ...all, q: "bad" })), "cd");
});

test("a search finds edges by the virtual address that clients ask for", () => {
  const translated = edge("a", "b", { alias: "10.96.0.10:80" });

  assert.equal(ids(visible({ ...CHAIN, edges: [translated] }, { ...all, q: "10.96.0.10" })), "ab");
});

test("every word of a search must match", () => {
  assert.equal(ids(visible(CHAIN, { ...all, q: "web1 nothing" })), "");
});

test("a search finds an address by any of its names", () => {
  const outside = node("d", {
    kind: "address",
    title: "api.example.com",
    names: ["api.example.com", "www.example.com"],
  });
  const named = { ...CHAIN, nodes: [...CHAIN.nodes.filter(({ id }) => id !== "d"), outside] };

  assert.deepEqual([...visible(named, { ...all, q: "www.example" }).hit], ["d"]);
});
