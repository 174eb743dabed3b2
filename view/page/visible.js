// Which nodes and edges of a map are to be seen: around a node, and matching what was searched for. Pure.

/** Return {nodes, edges, gone} of a map from /api/map; edges keep both their ends. */
export function visible(map, { focus, hops, q }) {
  let chosen = { nodes: map.nodes, edges: map.edges, gone: map.gone ?? [] };
  if (focus) chosen = within(chosen, around(chosen, focus, hops));
  return q.trim() ? matching(chosen, q) : chosen;
}

function around({ edges, gone }, focus, hops) {
  const next = new Map();
  for (const { client, server } of [...edges, ...gone]) {
    if (!next.has(client)) next.set(client, []);
    if (!next.has(server)) next.set(server, []);
    next.get(client).push(server);
    next.get(server).push(client);
  }
  let edge = [focus];
  const found = new Set(edge);
  for (let hop = 0; hop < hops; hop++) {
    edge = [...new Set(edge.flatMap((id) => next.get(id) ?? []))].filter((id) => !found.has(id));
    for (const id of edge) found.add(id);
  }
  return found;
}

function within({ nodes, edges, gone }, ids) {
  const both = (edge) => ids.has(edge.client) && ids.has(edge.server);
  return { nodes: nodes.filter((node) => ids.has(node.id)), edges: edges.filter(both), gone: gone.filter(both) };
}

/** Each word must be in a node (its names, address, host, …) or in an edge (port, transport, health). */
function matching({ nodes, edges, gone }, q) {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  const text = new Map(nodes.map((node) => [node.id, textOf(node)]));
  const hit = new Set(nodes.filter((node) => words.every((word) => text.get(node.id).includes(word))).map(({ id }) => id));
  const fits = (edge) => {
    if (hit.has(edge.client) || hit.has(edge.server)) return true;
    const ends = `${text.get(edge.client)} ${text.get(edge.server)}`;
    const own = `${edge.transport}/${edge.server_port} :${edge.server_port} ${edge.health} ${edge.new ? "new" : ""}`;
    return words.every((word) => `${ends} ${own}`.includes(word));
  };
  const [some, lost] = [edges.filter(fits), gone.filter(fits)];
  const ends = new Set([...hit, ...[...some, ...lost].flatMap((edge) => [edge.client, edge.server])]);
  return { nodes: nodes.filter((node) => ends.has(node.id)), edges: some, gone: lost, hit };
}

const SEARCHED = ["title", "subtitle", "hostname", "region", "zone", "service", "name", "user", "cmdline", "container", "unit", "address", "kind", "health"];

const textOf = (node) => SEARCHED.map((name) => node[name] ?? "").join(" ").toLowerCase();
