// Requests to the server. Every failure is an ApiError whose message is a sentence for people.

export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {number} status 0 for no answer at all
   */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/**
 * GET api/<what>. Empty parameters are left out.
 * @param {string} what
 * @param {Record<string, unknown>} [parameters]
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export function get(what, parameters = {}, signal = undefined) {
  return answerOf(fetch(address(what, parameters), { signal, headers: { Accept: "application/json" } }));
}

/**
 * Write to api/<what>, with the token for that.
 * @param {string} method
 * @param {string} what
 * @param {string} token
 * @param {Record<string, unknown>} parameters
 * @param {unknown} [body]
 * @returns {Promise<any>}
 */
export function send(method, what, token, parameters, body = undefined) {
  const headers = { Accept: "application/json", Authorization: `Bearer ${token}` };
  return answerOf(fetch(address(what, parameters), { method, headers, body: JSON.stringify(body) }));
}

/**
 * Read the answer to a request that was sent.
 * @param {Promise<Response>} request
 * @returns {Promise<any>}
 */
export async function answerOf(request) {
  let response;
  try {
    response = await request;
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new ApiError("The server does not answer.", 0);
  }
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new ApiError(body?.error ?? `The server answered ${response.status}.`, response.status);
  if (body === null) throw new ApiError("The server's answer was cut off.", 0);
  return body;
}

/** @param {unknown} error */
export const isAbort = (error) => error instanceof Error && error.name === "AbortError";

/**
 * @param {string} what
 * @param {Record<string, unknown>} parameters
 */
export function address(what, parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value !== "" && value !== undefined);
  const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return `api/${what}${query ? `?${query}` : ""}`;
}

/**
 * Listen for newer windows.
 * @param {(newest: number) => void} onNewest called with the end of the newest window; also when the server is back
 * @param {(sentence: string) => void} onAway called when the server or the store does not answer
 */
export function listen(onNewest, onAway) {
  const source = new EventSource("api/stream");
  source.addEventListener("newest", (event) => onNewest(JSON.parse(event.data).newest));
  source.addEventListener("away", (event) => onAway(JSON.parse(event.data).error));
  source.addEventListener("error", () => {
    onAway("The server does not answer.");
    // A browser gives up for good when the answer is not a stream, such as a proxy's error page. Try again anyway.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => listen(onNewest, onAway), 5_000);
  });
  return source;
}
