// What is drawn of an edge.

import assert from "node:assert/strict";
import { test } from "node:test";

import { drawnEdge } from "../../../view/page/elements.js";

const EDGE = /** @type {import("../../../view/page/types.js").MapEdge} */ ({
  client: "a",
  server: "b",
  transport: "tcp",
});

test("the label of an edge is its port, with the transport unless that is TCP", () => {
  assert.equal(drawnEdge({ ...EDGE, server_port: 443 }, false).label, "443");
  assert.equal(drawnEdge({ ...EDGE, transport: "udp", server_port: 53 }, true).label, "gone 53/udp");
});

test("the label of an edge by a Unix socket is the last part of its name", () => {
  const label = (/** @type {string} */ name) =>
    drawnEdge({ ...EDGE, transport: "unix", server_port: 0, port_name: name }, false).label;
  assert.equal(label("/run/postgresql/.s.PGSQL.5432"), ".s.PGSQL.5432");
  assert.equal(label("@/tmp/.X11-unix/X0"), "X0");
  assert.equal(label("@bus"), "@bus");
});
