// Asks for the first map before all else is loaded: half a second on a busy machine. A classic script, and ahead of the
// style sheets, which would hold it up. Any other stretch than the last minute needs to know first what is newest.
// What came and went is told by the next one.

(() => {
  const given = new URLSearchParams(location.hash.slice(1));
  if (given.has("at") || given.has("width")) return;
  const address = `api/map?${new URLSearchParams({ level: given.get("level") ?? "service", changes: 0 })}`;
  globalThis.early = { address, answer: fetch(address, { headers: { Accept: "application/json" } }) };
  globalThis.early.answer.catch(() => undefined); // whoever awaits it hears of it
})();
