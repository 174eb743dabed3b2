// What is drawn of an edge.

import assert from "node:assert/strict";
import { test } from "node:test";

import { drawnLine } from "../../../view/page/line.js";

const EDGE = /** @type {import("../../../view/page/types.js").MapEdge} */ ({
  client: "a",
  server: "b",
  transport: "tcp",
});

const label = (edge, gone = false) =>
  drawnLine({ id: "e", client: "a", server: "b", edges: [edge], gone }, new Set()).label;

test("the label of an edge is its port, with the transport unless that is TCP", () => {
  assert.equal(label({ ...EDGE, server_port: 443 }), "443");
  assert.equal(label({ ...EDGE, transport: "udp", server_port: 53 }, true), "gone 53/udp");
});

test("the label of an edge by a Unix socket is the last part of its name", () => {
  const named = (/** @type {string} */ name) => label({ ...EDGE, transport: "unix", server_port: 0, port_name: name });
  assert.equal(named("/run/postgresql/.s.PGSQL.5432"), ".s.PGSQL.5432");
  assert.equal(named("@/tmp/.X11-unix/X0"), "X0");
  assert.equal(named("@bus"), "@bus");
});
