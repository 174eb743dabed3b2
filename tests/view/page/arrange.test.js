// Cards in a grid, and lines around them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Arrangement, routes } from "../../../view/page/arrange.js";
import { curve } from "../../../view/page/curve.js";
import { labels, meets } from "../../../view/page/labels.js";
import { columns, kept } from "../../../view/page/ranks.js";
import { crosses, holding } from "../../../view/page/ways.js";

const random = (seed) => () => {
  seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31; // eslint-disable-line no-param-reassign
  return seed / 2 ** 31;
};

/** A graph of so many cards by chance, the last of them in open groups. */
function drawing(count, seed) {
  const next = random(seed);
  const boxes = ["", "", "", "open", "open\ninner"];
  const nodes = Array.from({ length: count }, (_, nth) => ({ id: `n${nth}` }));
  const boxOf = new Map(nodes.map(({ id }) => [id, boxes[Math.floor(next() * boxes.length)]]));
  const all = [];
  for (const { id: client } of nodes) {
    const server = nodes[Math.floor(next() * count)].id;
    if (server !== client)
      all.push({ id: `${client}>${server}`, client, server, edges: [{ bytes_s: next() * 1e6 }], gone: false });
  }
  const cards = new Map(
    nodes.map(({ id }) => [id, { id, w: 120 + Math.floor(next() * 120), h: next() < 0.5 ? 51 : 66 }]),
  );
  return { drawn: { nodes, bundles: all, all, boxOf, stands: new Map(), began: new Set(), folded: true }, cards };
}

const boxOf = ({ w, h }, { x, y }) => ({ x1: x - w / 2, y1: y - h / 2, x2: x + w / 2, y2: y + h / 2 });

test("cards never overlap, and lines lead around all of them", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const { drawn, cards } = drawing(3 + seed, seed);
    const made = new Arrangement().of("map", drawn, cards);
    const boxes = new Map([...made.at].map(([id, at]) => [id, boxOf(cards.get(id), at)]));
    assert.equal(boxes.size, cards.size);
    for (const [a, one] of boxes)
      for (const [b, other] of boxes) assert.ok(a === b || !meets(one, other), `${a} on ${b}`);
    const ways = routes(drawn.bundles, cards, made);
    assert.equal(ways.size, drawn.bundles.length);
    for (const { id, client, server } of drawn.bundles) {
      for (const [other, box] of boxes) {
        if (other !== client && other !== server) assert.ok(!crosses(ways.get(id), box), `${id} crosses ${other}`);
      }
    }
  }
});

test("a group that opens leaves all others in their order", () => {
  const { drawn, cards } = drawing(20, 7);
  const closed = { ...drawn, boxOf: new Map([...drawn.boxOf].map(([id]) => [id, ""])) };
  const arrangement = new Arrangement();
  const before = arrangement.of("map", closed, cards);
  const opened = { ...closed, nodes: [...closed.nodes.filter(({ id }) => id !== "n3"), { id: "in1" }, { id: "in2" }] };
  opened.boxOf = new Map([...closed.boxOf, ["in1", "n3"], ["in2", "n3"]]);
  const more = new Map([...cards, ["in1", { id: "in1", w: 150, h: 51 }], ["in2", { id: "in2", w: 150, h: 51 }]]);
  more.delete("n3");
  const after = arrangement.of("map", opened, more);

  const others = [...before.at.keys()].filter((id) => id !== "n3");
  for (const a of others) {
    for (const b of others) {
      const [dx, dy] = [before.at.get(a).x - before.at.get(b).x, before.at.get(a).y - before.at.get(b).y];
      if (Math.abs(dx) > 100) assert.equal(Math.sign(after.at.get(a).x - after.at.get(b).x), Math.sign(dx));
      else if (dy) assert.equal(Math.sign(after.at.get(a).y - after.at.get(b).y), Math.sign(dy));
    }
  }
});

test("clients are left of their servers", () => {
  const made = columns(
    ["db", "web", "shop"],
    [
      ["web", "shop", 9],
      ["shop", "db", 9],
    ],
  );

  assert.deepEqual(made.flat(), ["web", "shop", "db"]);
});

test("a known column that is too long becomes several", () => {
  const all = ["shop", ...Array.from({ length: 24 }, (_, nth) => `n${nth}`)];
  const made = columns(all, [], new Map(all.map((id) => [id, Number(id !== "shop")])), 8);

  assert.deepEqual(
    made.map(({ length }) => length),
    [1, 8, 8, 8],
  );
});

test("columns that are known stay, without the cards that are gone", () => {
  assert.deepEqual(kept([["a", "b"], ["c"]], ["b", "c", "new"]), [["b", "new"], ["c"]]);
});

test("labels are on their lines, and on no card and no other label", () => {
  const line = (id, y, weight) => ({
    id,
    width: 60,
    weight,
    points: [
      { x: 0, y },
      { x: 200, y },
    ],
  });
  const card = { x1: 80, y1: -20, x2: 120, y2: 8 };
  const found = labels([line("low", 20, 1), line("high", 22, 2), line("under", 0, 3)], [card]);

  assert.deepEqual(found.get("high"), { x: 100, y: 22 });
  assert.ok(found.has("under") && found.get("under").x !== 100);
  assert.notDeepEqual(found.get("low"), { x: 100, y: 20 });
});

test("a line that leads through a card that came since is straight again", () => {
  const card = (id, x, y) => ({ id, x, y, w: 100, h: 40 });
  const ways = new Map([
    [
      "a\nb",
      [
        { x: 50, y: 0 },
        { x: 250, y: 0 },
      ],
    ],
  ]);
  const line = [{ id: "ab", client: "a", server: "b", edges: [], gone: false }];

  assert.equal(holding(line, ways, [card("a", 0, 0), card("b", 300, 0)]).size, 1);
  assert.equal(holding(line, ways, [card("a", 0, 0), card("b", 300, 0), card("c", 150, 0)]).size, 0);
  assert.equal(holding(line, ways, [card("a", 0, 90), card("b", 300, 0)]).size, 0);
});

test("bends are beside the straight line between the ends, an even number of them", () => {
  const made = curve(
    [
      { x: 50, y: 0 },
      { x: 100, y: 0 },
      { x: 100, y: 80 },
      { x: 150, y: 80 },
    ],
    { x: 0, y: 0 },
    { x: 200, y: 80 },
  );

  assert.equal(made.from, "50px 0px");
  assert.equal(made.to, "-50px 0px");
  assert.deepEqual(made.middle, { x: 100, y: 40 });
  assert.equal(
    curve(
      [
        { x: 0, y: 0 },
        { x: 9, y: 0 },
      ],
      { x: 0, y: 0 },
      { x: 9, y: 0 },
    ).weights.split(" ").length,
    2,
  );
});
