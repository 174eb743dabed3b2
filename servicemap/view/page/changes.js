// Edges that came and went, in words: a list over the map, and what a screen reader is told.

import { byId, el, replace } from "./dom.js";
import { port } from "./elements.js";
import { counted } from "./format.js";
import { edgeKey } from "./state.js";

const SHOWN = 40;

export function changes({ state, data, say }) {
  const place = byId("changes");
  let told = null; // ids of what was told of
  let asked = "";

  function update(what) {
    if (what === "theme" || !data.map) return;
    const titles = new Map(data.map.nodes.map((node) => [node.id, node.title]));
    const all = [
      ...data.map.edges.filter((edge) => edge.new).map((edge) => ({ edge, word: "new" })),
      ...data.map.gone.map((edge) => ({ edge, word: "gone" })),
    ].map((each) => ({ ...each, text: sentence(each.edge, titles) }));
    if (what === "data") announce(all);
    const ids = all.map(({ word, edge }) => word + edge.id).join("\n");
    if (place.dataset.ids === ids) return;
    place.dataset.ids = ids;
    const open = place.querySelector("details")?.open ?? all.length <= 6;
    replace(place, all.length ? drawn(all, open) : []);
  }

  function drawn(all, open) {
    const rows = all.slice(0, SHOWN).map(({ edge, word, text }) => el("li", {}, el("button", {
      type: "button", onclick: () => state.set({ edge: edgeKey(edge), node: "" }),
    }, el("span", { class: `badge ${word}` }, word), el("span", {}, text))));
    const more = all.length > SHOWN ? el("li", {}, `and ${all.length - SHOWN} more`) : null;
    return el("details", { open }, el("summary", {}, counted(all.length, "change")), el("ul", {}, rows, more));
  }

  function announce(all) {
    const key = `${state.level} ${state.at}`;
    const fresh = told && key === asked ? all.filter(({ edge, word }) => !told.has(word + edge.id)) : [];
    told = new Set(all.map(({ edge, word }) => word + edge.id));
    asked = key;
    if (fresh.length > 3) say(counted(fresh.length, "edge changed", "edges changed"));
    else if (fresh.length) say(fresh.map(({ word, text }) => `${word}: ${text}`).join("; "));
  }
  return { update };
}

/** An edge in words. */
export function sentence(edge, titles) {
  const [client, server] = [titles.get(edge.client) ?? edge.client, titles.get(edge.server) ?? edge.server];
  return `${client} → ${edge.client === edge.server ? "itself" : server} ${port(edge)}`;
}
