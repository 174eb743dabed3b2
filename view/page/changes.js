// Edges, processes and agents that came and went, in words: a list over the map, and what a screen reader is told.

import { byId, el, replace } from "./dom.js";
import { sentence } from "./elements.js";
import { counted } from "./format.js";
import { edgeKey } from "./state.js";

const SHOWN = 40;
const LIVES = {
  process_exited: { word: "exited", mark: "bad" },
  process_started: { word: "started", mark: "new" },
  host_silent: { word: "silent", mark: "bad", todo: "Does its agent run? servicemap doctor on that host says what is missing." },
  gap: { word: "gap", mark: "bad", todo: "Nothing to do, unless it happens again: then the host or its agent is overloaded." },
  window_incomplete: { word: "incomplete", mark: "bad" },
  host_id_shared: { word: "shared id", mark: "bad", todo: "Give one of them an id of its own (--host-id), or stop the second agent." },
  host_id_unshared: { word: "id of one", mark: "new" },
  agent_started: { word: "agent", mark: "new" },
  collector_failed: { word: "failed", mark: "bad", todo: "servicemap doctor on that host says what it needs." },
  collector_recovered: { word: "recovered", mark: "new" },
};

export function changes({ state, data, say }) {
  const place = byId("changes");
  let told = null; // ids of what was told of
  let asked = "";

  function update(what) {
    if (what === "theme" || what === "wait" || !data.map) return;
    const titles = new Map(data.map.nodes.map((node) => [node.id, node.title]));
    const all = [
      ...data.map.lives.map((life) => ({ ...LIVES[life.kind], id: `${life.kind} ${life.subject} ${life.detail}`, text: life.detail, pick: lived(life) })),
      ...data.map.edges.filter((edge) => edge.new).map((edge) => changed(edge, "new", titles)),
      ...data.map.gone.map((edge) => changed(edge, "gone", titles)),
    ];
    if (what === "data") announce(all);
    const ids = all.map(({ id }) => id).join("\n");
    if (place.dataset.ids === ids) return;
    place.dataset.ids = ids;
    const open = place.querySelector("details")?.open ?? (all.length <= 6 || all.some(({ todo }) => todo));
    replace(place, all.length ? drawn(all, open) : []);
  }

  function drawn(all, open) {
    const rows = [...all.filter(({ todo }) => todo), ...all.filter(({ todo }) => !todo)].slice(0, SHOWN).map(({ pick, word, mark, text, todo }) => el("li", {}, el("button", {
      type: "button", onclick: () => state.set(pick),
    }, el("span", { class: `badge ${mark}` }, word), el("span", {}, text, todo && el("span", { class: "todo" }, todo)))));
    const more = all.length > SHOWN ? el("li", {}, `and ${all.length - SHOWN} more`) : null;
    return el("details", { open }, el("summary", {}, counted(all.length, "change")), el("ul", {}, rows, more));
  }

  function announce(all) {
    const key = `${state.level} ${state.at} ${data.map.changes}`;
    const fresh = told && key === asked ? all.filter(({ id }) => !told.has(id)) : [];
    told = new Set(all.map(({ id }) => id));
    asked = key;
    if (fresh.length > 3) say(counted(fresh.length, "change"));
    else if (fresh.length) say(fresh.map(({ word, text }) => `${word}: ${text}`).join("; "));
  }
  // At the levels of processes and services what lived is a node that can be picked.
  function lived({ subject, service }) {
    const id = state.level === "service" && service ? `service:${service}` : subject;
    return { node: id, edge: "" };
  }
  return { update };
}

function changed(edge, word, titles) {
  return { id: word + edge.id, word, mark: word, text: sentence(edge, titles), pick: { edge: edgeKey(edge), node: "" } };
}
