// Requests to the server, and their failures as sentences.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ApiError, address, answerOf } from "../../../view/page/api.js";

const answer = (body, status = 200) => Promise.resolve(new Response(body, { status }));

test("empty parameters are left out of an address", () => {
  assert.equal(
    address("map", { level: "service", from: "", to: undefined, changes: 0 }),
    "api/map?level=service&changes=0",
  );
  assert.equal(address("health", {}), "api/health");
});

test("names in an address are escaped", () => {
  assert.equal(address("node", { id: "service:a&b=c" }), "api/node?id=service%3Aa%26b%3Dc");
});

test("an answer is its JSON", async () => {
  assert.deepEqual(await answerOf(answer('{"newest": 5}')), { newest: 5 });
});

for (const [name, request, sentence, status] of [
  [
    "an error of the server",
    () => answer('{"error": "from: must be earlier than to"}', 400),
    "from: must be earlier than to",
    400,
  ],
  ["a failure without JSON", () => answer("<html>", 502), "The server answered 502.", 502],
  ["an answer that was cut off", () => answer('{"nodes": ['), "The server's answer was cut off.", 0],
  ["no answer at all", () => Promise.reject(new TypeError("network")), "The server does not answer.", 0],
]) {
  test(`${name} is a sentence`, async () => {
    await assert.rejects(
      answerOf(request()),
      (error) => error instanceof ApiError && error.message === sentence && error.status === status,
    );
  });
}

test("a request that was aborted stays an abort", async () => {
  await assert.rejects(answerOf(Promise.reject(new DOMException("gone", "AbortError"))), { name: "AbortError" });
});
