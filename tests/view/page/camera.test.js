// The part of the map that is in view.

import assert from "node:assert/strict";
import { test } from "node:test";

import { FARTHEST, fitting, revealing } from "../../../view/page/camera.js";

const size = { width: 1_000, height: 700 };

/** Where a point of the map is in the window. */
const inWindow = ({ x, y }, { zoom, pan }) => ({ x: x * zoom + pan.x, y: y * zoom + pan.y });

test("a box that fits is in the window as a whole", () => {
  const box = { x1: -4_000, y1: 200, x2: 6_000, y2: 3_000 };
  const view = fitting(box, size);
  assert.ok(view);
  const [from, to] = [inWindow({ x: box.x1, y: box.y1 }, view), inWindow({ x: box.x2, y: box.y2 }, view)];

  assert.ok(from.x >= 0 && from.y >= 0 && to.x <= size.width && to.y <= size.height);
  assert.ok(Math.abs(from.x + to.x - size.width) < 1e-6);
});

test("a small box is not blown up, and a huge one stays above the least zoom", () => {
  assert.equal(fitting({ x1: 0, y1: 0, x2: 10, y2: 10 }, size)?.zoom, 1.2);
  assert.equal(fitting({ x1: 0, y1: 0, x2: 1e9, y2: 10 }, size)?.zoom, FARTHEST);
});

test("without a window or a box there is no view", () => {
  assert.equal(fitting(null, size), null);
  assert.equal(fitting({ x1: 0, y1: 0, x2: 10, y2: 10 }, { width: 0, height: 700 }), null);
});

test("a node in view stays where it is, and one outside comes to the middle", () => {
  assert.equal(revealing({ x: 500, y: 300 }, { x: 0, y: 0 }, size), null);
  assert.deepEqual(revealing({ x: -100, y: 300 }, { x: 7, y: 0 }, size), { x: 607, y: 50 });
});
