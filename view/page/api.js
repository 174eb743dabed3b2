// Asking the server. Every failure is an ApiError whose message is a sentence for people.

export class ApiError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status; // 0: no answer at all
  }
}

/** GET api/<what> with parameters; those that are empty are left out. */
export function get(what, parameters = {}, signal = undefined) {
  return told(fetch(address(what, parameters), { signal, headers: { Accept: "application/json" } }));
}

/** What is told in answer to a request that is under way. */
export async function told(asked) {
  let response;
  try {
    response = await asked;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The server does not answer.", 0);
  }
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new ApiError(body?.error ?? `The server answered ${response.status}.`, response.status);
  if (body === null) throw new ApiError("The server's answer was cut off.", 0);
  return body;
}

export function address(what, parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value !== "" && value !== undefined);
  const query = new URLSearchParams(given).toString();
  return `api/${what}${query ? `?${query}` : ""}`;
}

/** Listen for newer windows; `onAway` gets a sentence when server or store are away, `onNewest` says they are back. */
export function listen(onNewest, onAway) {
  const source = new EventSource("api/stream");
  source.addEventListener("newest", (event) => onNewest(JSON.parse(event.data).newest));
  source.addEventListener("away", (event) => onAway(JSON.parse(event.data).error));
  source.addEventListener("error", () => {
    onAway("The server does not answer.");
    // A browser gives up for good on an answer that is no stream (a proxy's error page): try again all the same.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => listen(onNewest, onAway), 5_000);
  });
  return source;
}
