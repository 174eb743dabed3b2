// Groups as cards, and edges between the same cards as one line.

import assert from "node:assert/strict";
import { test } from "node:test";

import { bundles, notable, withPicked } from "../../../view/page/bundle.js";
import { FITS, folded } from "../../../view/page/fold.js";
import { guilty, origins } from "../../../view/page/guilt.js";

const node = (id, more = {}) => ({ id, kind: "service", title: id, health: "ok", gone: false, ...more });
const edge = (client, server, more = {}) => ({
  id: `${client}>${server}${more.server_port ?? ""}`,
  client,
  server,
  transport: "tcp",
  server_port: 80,
  health: "ok",
  bytes_s: 1,
  opened_s: 0,
  ...more,
});
const crowd = Array.from({ length: FITS + 10 }, (_, nth) =>
  node(`n${nth}`, { within: nth % 2 ? ["odd", nth % 4 === 1 ? "one" : "three"] : ["even"] }),
);
const edges = [
  edge("n0", "n1"),
  edge("n2", "n3", { server_port: 443, health: "bad" }),
  edge("n1", "n3"),
  edge("n1", "n5"),
];
const chosen = { nodes: crowd, edges, gone: [] };
const ids = ({ nodes }) => nodes.map(({ id }) => id).sort();

test("a map that can be read is drawn as it is", () => {
  const few = { ...chosen, nodes: crowd.slice(0, FITS), edges: [] };

  assert.equal(folded(few, "auto", []).nodes.length, FITS);
  assert.equal(folded(few, "auto", []).folded, false);
});

test("a larger one is drawn as its groups, and the lines between them stand for all edges", () => {
  const made = folded(chosen, "auto", []);

  assert.deepEqual(ids(made), ["part\neven", "part\nodd"]);
  assert.deepEqual(
    made.bundles.map(({ client, server, edges: own }) => [client, server, own.length]),
    [["part\neven", "part\nodd", 2]],
  );
});

test("a group that is open shows the groups in it, and lines end at these", () => {
  const made = folded(chosen, "auto", ["odd"]);

  assert.deepEqual(ids(made), ["part\neven", "part\nodd\none", "part\nodd\nthree"]);
  assert.equal(made.boxOf.get("part\nodd\none"), "odd");
  assert.equal(made.stands.get("n3"), "part\nodd\nthree");
  assert.equal(made.bundles.length, 3);
});

test("nodes of open groups are drawn themselves", () => {
  const made = folded(chosen, "auto", ["odd", "odd\none"]);

  assert.ok(ids(made).includes("n1"));
  assert.equal(made.boxOf.get("n1"), "odd\none");
});

test("the card of a group has the worst health of its nodes, and how much trouble there is", () => {
  const [sick] = crowd.filter(({ id }) => id === "n3");
  const made = folded(
    { ...chosen, nodes: [...crowd.filter((each) => each !== sick), { ...sick, health: "bad" }] },
    "auto",
    [],
  );
  const card = made.nodes.find(({ id }) => id === "part\nodd");

  assert.equal(card.health, "bad");
  assert.match(card.notes.join(), /1 bad edge, 1 begin here/);
});

test("nobody's grouping folds nothing", () => {
  assert.equal(folded(chosen, "none", []).nodes.length, crowd.length);
});

test("edges to several ports are one line, and a line of one edge has its id", () => {
  const made = bundles(
    [edge("a", "b"), edge("a", "b", { server_port: 443 }), edge("b", "a"), edge("a", "a")],
    [],
    (id) => id,
  );

  assert.deepEqual(
    made.map(({ id, edges: own }) => [id.startsWith("bundle"), own.length]),
    [
      [true, 2],
      [false, 1],
    ],
  );
});

test("of too many lines those in trouble are drawn, and at least one of each card", () => {
  const cards = Array.from({ length: 10 }, (_, nth) => `c${nth}`);
  const all = bundles(
    cards.flatMap((a, x) => cards.map((b, y) => edge(a, b, { bytes_s: x * y, health: x + y === 3 ? "bad" : "ok" }))),
    [],
    (id) => id,
  );
  const made = notable(all, new Set(), 12);

  assert.equal(made.length, 12);
  assert.deepEqual(new Set(made.flatMap(({ client, server }) => [client, server])).size, cards.length);
  assert.ok(made.some(({ edges: own }) => own[0].health === "bad"));
});

test("trouble begins where the server has none with others", () => {
  const chain = [
    edge("web", "shop", { health: "bad", error_share: 0.9 }),
    edge("shop", "store", { health: "bad", error_share: 0.5 }),
    edge("web", "cache", { health: "warn" }),
    edge("shop", "cache"),
  ];
  const began = origins(chain);

  assert.deepEqual(
    [...began].map(({ id }) => id),
    ["shop>store", "web>cache"],
  );
  assert.deepEqual(
    guilty(chain, began).map(({ id }) => id),
    ["shop>store", "web>shop", "web>cache"],
  );
});

test("around a node, groups of what it needs are apart from those that need it, and it is in none", () => {
  const hops = new Map(crowd.map(({ id }, nth) => [id, nth === 0 ? 0 : nth < 20 ? 1 : -1]));
  const made = folded({ ...chosen, hops }, "auto", []);

  assert.deepEqual(ids(made), ["n0", "part\n← even", "part\n← odd", "part\n→ even", "part\n→ odd"]);
  assert.equal(made.columns.get("n0"), 0);
  assert.equal(made.columns.get("→ odd"), 1);
  assert.equal(made.columns.get("← odd"), -1);
});

test("a card that is picked has all of its lines", () => {
  const all = bundles([edge("a", "b"), edge("b", "c"), edge("c", "a")], [], (id) => id);
  const drawn = { ...folded(chosen, "auto", []), all, bundles: all.slice(0, 1) };

  assert.equal(withPicked(drawn, "c").bundles.length, 3);
  assert.equal(withPicked(drawn, "a").bundles.length, 2);
  assert.equal(withPicked(drawn, ""), drawn);
});
