// What differs from an earlier map, on the map.

import assert from "node:assert/strict";
import { test } from "node:test";
import { amount, compared } from "../../../view/page/compared.js";
import { thenEnd } from "../../../view/page/compare.js";

const edge = (client, server, more = {}) => ({
  id: `${client} ${server}`,
  client,
  server,
  transport: "tcp",
  server_port: 80,
  ...more,
});
const node = (id, more = {}) => ({ id, title: id, kind: "service", ...more });
const differs = (client, server, change, more = {}) => ({
  ...edge(client, server),
  client_title: client.toUpperCase(),
  server_title: server.toUpperCase(),
  change,
  comes_and_goes: false,
  there_now: change === "appeared" || change === "changed",
  measures: [],
  because: [],
  agents: [],
  ...more,
});
const map = { nodes: [node("a"), node("b")], edges: [edge("a", "b", { new: true })], gone: [], level: "service" };

test("what is gone is a ghost, with its node", () => {
  const found = compared(map, { nodes: [], edges: [differs("a", "c", "vanished")] });
  assert.deepEqual(
    found.gone.map(({ client, server }) => [client, server]),
    [["a", "c"]],
  );
  assert.deepEqual(
    found.nodes.filter(({ gone }) => gone).map(({ id, title }) => [id, title]),
    [["c", "C"]],
  );
});

test("what is new has a halo, and only what the comparison says is new", () => {
  const found = compared(map, { nodes: [{ id: "b", change: "appeared" }], edges: [differs("a", "b", "appeared")] });
  assert.equal(found.edges[0].halo, true);
  assert.equal(found.nodes.find(({ id }) => id === "b").fresh, true);
  assert.equal(compared(map, { nodes: [], edges: [] }).edges[0].new, false);
});

test("what comes and goes as usual is neither a ghost nor new", () => {
  const found = compared(map, {
    nodes: [],
    edges: [
      differs("a", "c", "vanished", { comes_and_goes: true }),
      differs("a", "b", "appeared", { comes_and_goes: true }),
    ],
  });
  assert.deepEqual([found.gone.length, found.edges[0].new], [0, false]);
});

test("what nobody sees now is a ghost that says so", () => {
  const found = compared(map, { nodes: [], edges: [differs("a", "c", "unseen")] });
  assert.equal(found.gone[0].unseen_now, true);
});

test("a filter keeps ghosts at the nodes that it keeps", () => {
  const filter = { text: "a", nodes: ["a"], edges: [], hits: ["a"], hints: [] };
  const found = compared({ ...map, filter }, { nodes: [], edges: [differs("a", "c", "vanished")] });
  assert.deepEqual(found.filter.edges, [found.gone[0].id]);
  assert.deepEqual(found.filter.nodes, ["a", "c"]);
});

test("an amount is a few letters", () => {
  const of = (measure, before, after) => amount({ measures: [{ measure, before, after }] });
  assert.equal(of("p50", 2, 30), "×15 p50");
  assert.equal(of("requests", 100, 40), "÷2.5 requests");
  assert.equal(of("failing", 0, 0.25), "+25 % failing");
  assert.equal(of("opened", 0, 3), "new from 0");
  assert.equal(of("bytes", 3, 0), "traffic to 0");
  assert.equal(amount({ measures: [] }), "");
});

test("the earlier time never reaches into the map's", () => {
  assert.equal(thenEnd("before", 1_000, 2_000), 1_000);
  assert.equal(thenEnd("1h", 3_600_000, 7_200_000), 3_600_000);
  assert.equal(thenEnd("1h", 0, 7_200_000), 0);
  assert.equal(thenEnd("1700000000000", 1_800_000_000_000, 1_800_000_060_000), 1_700_000_000_000);
  for (const nothing of ["", "yesterday", "-1", "constructor"]) assert.equal(thenEnd(nothing, 1, 2), null);
});
