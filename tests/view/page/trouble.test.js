// Trouble, in the order in which keys lead through it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { toTrouble, troubles } from "../../../view/page/trouble.js";

const node = (id, ...why) => ({ id, title: id, why });
const edge = (client, health, error_share) => ({
  ...{ id: client, client, server: "db", transport: "tcp", server_port: 80, health, error_share },
  why: [{ measure: "errors", health, text: "5 % of requests fail" }],
});
const MAP = {
  nodes: [node("db"), node("shop"), node("worker", { measure: "kills", health: "warn", text: "killed" })],
  edges: [edge("a", "warn", 0.9), edge("b", "bad", 0.1), edge("c", "bad", 0.5), edge("d", "ok", 0)],
};

function page(map, chosen = map) {
  const state = { node: "", edge: "", q: "", set: (changes) => Object.assign(state, changes) };
  const said = [];
  return { state, data: { map }, chosen, announce: (sentence) => said.push(sentence), said };
}

test("the guilty edges come first, and nodes have trouble of their own", () => {
  assert.deepEqual(
    troubles(MAP).map(({ words }) => words),
    [
      "c → db 80: 5 % of requests fail",
      "b → db 80: 5 % of requests fail",
      "a → db 80: 5 % of requests fail",
      "worker: killed",
    ],
  );
});

test("keys lead round through all trouble, both ways", () => {
  const one = page(MAP);
  const seen = [1, 1, 1, 1, 1, -1, -1].map((step) => {
    toTrouble(one, step);
    return one.state.node || JSON.parse(one.state.edge)[0];
  });

  assert.deepEqual(seen, ["c", "b", "a", "worker", "c", "worker", "a"]);
  assert.equal(one.said[0], "1 of 4, bad: c → db 80: 5 % of requests fail");
  assert.equal(one.state.q, "");
});

test("trouble that is not shown is shown first", () => {
  const one = page(MAP, { nodes: [], edges: [] });
  toTrouble(one, 1);

  assert.equal(one.state.q, "health:bad,warn around:1");
});

test("a map without trouble says so", () => {
  const one = page({ nodes: [], edges: [] });
  toTrouble(one, 1);

  assert.deepEqual(one.said, ["Nothing on the map is in trouble."]);
});
