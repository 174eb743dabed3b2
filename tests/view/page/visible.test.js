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
const all = { focus: "", hops: 1, q: "", hits: "only", infra: "folded" };
const ids = ({ nodes }) => nodes.map(({ id }) => id).join("");

test("everything is shown without a focus and a filter", () => {
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

const FILTERED = {
  ...CHAIN,
  edges: CHAIN.edges.map((each) => ({ ...each, id: `${each.client}${each.server}` })),
  gone: [{ ...edge("a", "d"), id: "ad" }],
  filter: { text: "b", nodes: ["a", "b"], edges: ["ab"], hits: ["b"], hints: [] },
};

test("a filter keeps what the server says, and knows what it hits", () => {
  const found = visible(FILTERED, { ...all, q: "b" });

  assert.equal(ids(found), "ab");
  assert.deepEqual([...found.hit], ["b"]);
  assert.deepEqual([found.edges.length, found.gone.length, found.marked, found.by], [1, 0, undefined, "b"]);
});

test("hits that are marked leave the rest where it is", () => {
  const found = visible(FILTERED, { ...all, q: "b", hits: "marked" });

  assert.equal(found.nodes.length, 5);
  assert.deepEqual([...found.marked], ["a", "b", "ab"]);
});

test("a filter that is cleared, or that the server refused, keeps everything", () => {
  assert.equal(visible(FILTERED, { ...all, q: " " }).nodes.length, 5);
  assert.equal(visible(CHAIN, { ...all, q: "health:bda" }).nodes.length, 5);
});

const SHOP = {
  nodes: [
    node("web"),
    node("shop"),
    node("resolver", { infra: "dns" }),
    node("cron", { kind: "host" }),
    node("job"),
    node("quiet"),
  ].map((each) => ({
    health: "ok",
    ...each,
  })),
  edges: [
    edge("web", "shop"),
    edge("web", "resolver", { infra: "dns" }),
    edge("cron", "resolver", { infra: "dns" }),
    edge("job", "resolver", { infra: "dns" }),
  ],
};

test("infrastructure is folded, with what talks to nothing else, and it is said how much", () => {
  const found = visible(SHOP, all);

  assert.equal(ids(found), "webshopjobquiet");
  assert.deepEqual(found.folded, { kinds: { dns: 3 }, nodes: 2, edges: 3 });
  assert.equal(visible(SHOP, { ...all, infra: "shown" }).edges.length, 4);
});

test("infrastructure in trouble is shown", () => {
  const bad = {
    ...SHOP,
    edges: SHOP.edges.map((each) => (each.client === "cron" ? { ...each, health: "bad" } : each)),
  };

  assert.equal(ids(visible(bad, all)), "webshopresolvercronjobquiet");
  assert.equal(visible(bad, all).edges.length, 2);
});

test("who looks at a node or filters sees its infrastructure, and a map of nothing else is shown", () => {
  const only = { nodes: SHOP.nodes.slice(2, 4), edges: SHOP.edges.slice(2, 3) };

  assert.equal(ids(visible(SHOP, { ...all, focus: "cron" })), "resolvercron");
  assert.equal(visible(only, all).nodes.length, 2);
});
