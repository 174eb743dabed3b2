// What lines show, and their colours, by choice.

import assert from "node:assert/strict";
import { test } from "node:test";

import { colourOf, colourings, heat, mixed, SCALES } from "../../../view/page/line_colours.js";
import { NUMBERS } from "../../../view/page/line_numbers.js";

const edge = (more = {}) => ({ transport: "tcp", server_port: 80, bytes_s: 0, opened_s: 0, signals: "tcp", ...more });
const asked = (requests, errors, more = {}) =>
  edge({ signals: "requests", requests, errors, requests_s: requests / 60, ...more });
const colours = { edge: "#000000", accent: "#0000ff", line: "#eeeeee", new: "#111111", ok: "#222222", warn: "#333333" };
const text = (name, ...edges) => NUMBERS[name].text(edges);

test("numbers of several edges are added up, and the slowest counts", () => {
  const [one, other] = [asked(60, 3, { p99_ms: 20 }), asked(540, 3, { p99_ms: 5 })];

  assert.equal(text("requests", one, other), "10/s");
  assert.equal(text("errors", one, other), "1 %");
  assert.equal(text("p99", one, other), "20 ms");
  assert.equal(text("connections", edge({ opened_s: 1 }), edge({ opened_s: 2 })), "3/s");
});

test("what nobody saw is a dash and not 0", () => {
  assert.deepEqual(
    ["requests", "errors", "p99"].map((name) => text(name, edge())),
    ["–", "–", "–"],
  );
  assert.equal(text("bytes", edge({ bytes_s: null })), "–");
});

test("results that are not known are in no share, and estimates are marked", () => {
  assert.equal(text("errors", asked(10, 1, { unseen: 8, sampling: 4 })), "~50 %");
});

test("two ports are named, and more are counted", () => {
  assert.equal(text("port", edge(), edge({ server_port: 443 })), "80, 443");
  assert.equal(text("port", edge(), edge({ server_port: 1 }), edge({ server_port: 2 })), "3 ports");
  assert.equal(text("protocol", edge({ protocol: "http" }), edge({ protocol: "http" })), "http");
});

test("a measure is coloured by its logarithm, and what has none is grey", () => {
  assert.deepEqual(
    [1, 10, 100, 1_000, 1e9].map((value) => Math.round(3 * heat(value, SCALES.latency))),
    [0, 1, 2, 3, 3],
  );
  assert.equal(colourOf([asked(1, 0, { p99_ms: 2_000 })], "latency", colours), "#0000ff");
  assert.equal(colourOf([edge()], "latency", colours), colours.line);
  assert.equal(colourOf([edge()], "health", colours), "");
  assert.equal(mixed("#000000", "#ff0080", 0.5), "#800040");
});

test("edges with the same word of an overlay have the same colour", () => {
  const owned = (team) => [edge({ annotations: { owner: { team } } })];

  assert.deepEqual(colourings(owned("blue")).at(-1), ["overlay owner", "overlay owner"]);
  assert.equal(colourOf(owned("blue"), "overlay owner", colours), colourOf(owned("blue"), "overlay owner", colours));
  assert.equal(colourOf([edge()], "overlay owner", colours), colours.line);
});
