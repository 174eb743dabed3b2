// Sends the queries on standard input to a store with ClickHouse's own client for Node; prints each result as a line.
import { createClient } from "@clickhouse/client";

const { url, password, compressed, asked } = JSON.parse(await text(process.stdin));
const quiet = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };
const client = createClient({
  url,
  password,
  compression: { response: compressed, request: compressed },
  log: {
    LoggerClass: class {
      constructor() {
        return quiet;
      }
    },
  },
});

async function text(stream) {
  let all = "";
  for await (const piece of stream) all += piece;
  return all;
}

async function answer({ streamed, ...query }) {
  const result = await client.query({ format: "JSONCompactEachRow", ...query });
  if (!streamed) return await result.json();
  let rows = 0;
  for await (const some of result.stream()) rows += some.length;
  return rows;
}

for (const one of asked) {
  let result;
  try {
    result = { rows: await answer(one) };
  } catch (error) {
    result = { error: error.constructor.name, code: error.code, message: error.message };
  }
  console.log(JSON.stringify(result));
}
await client.close();
