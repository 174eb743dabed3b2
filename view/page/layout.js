// Where nodes go when nobody has seen the map yet: ELK lays it out, in a worker, so that the page never waits for it.
// The same map gives the same picture: the nodes are told in one order, and ELK's seed is fixed.

const GROUP = "group\n"; // ahead of a group's name: no node's id begins so
const SOON = 300; // pairs up to which clients and servers are told apart before anything is shown: half a second
const MOST = 2_500; // pairs from which on that takes too long to be tried
const LIMIT_MS = 10_000;
const ASPECT = 1.9; // of the picture, as screens are
const SPACES = { "elk.spacing.nodeNode": "18", "elk.padding": "[top=40,left=22,bottom=22,right=22]", "elk.aspectRatio": String(ASPECT) };
const LAYERED = {
  ...SPACES,
  "elk.algorithm": "layered",
  "elk.direction": "RIGHT",
  "elk.hierarchyHandling": "INCLUDE_CHILDREN",
  "elk.edgeRouting": "POLYLINE",
  "elk.layered.spacing.nodeNodeBetweenLayers": "110",
  "elk.layered.spacing.edgeNodeBetweenLayers": "20",
  "elk.spacing.edgeNode": "12",
  "elk.spacing.edgeEdge": "6",
  "elk.spacing.componentComponent": "40",
};
// Five times as fast as ELK's own choice for hundreds of nodes, with some more crossings.
const QUICK = {
  "elk.layered.thoroughness": "1",
  "elk.layered.nodePlacement.strategy": "SIMPLE",
  "elk.layered.layering.strategy": "LONGEST_PATH",
};
const BOXES = { ...SPACES, "elk.algorithm": "box", "elk.interactive": "true" }; // rows, in the order told
const CELL = { x: 60, y: 44 }; // px between cards in rows: lines are seen between them

export class Layout {
  constructor() {
    this.elk = null; // started when there is something to lay out: it is 1.6 MB
  }

  /** Place nodes [{id, w, h, group, title}] with edges [[client, server]]: Map id -> {x, y}, the middles. Where telling
   * clients from servers takes long they stand in rows at first, and `better` is called with places should it succeed. */
  async of(nodes, edges, better) {
    const ordered = [...nodes].sort((a, b) => compare(a.group, b.group) || compare(a.title, b.title) || compare(a.id, b.id));
    const pairs = prevailing(edges);
    try {
      if (pairs.length <= SOON) return await this.ask(ordered, pairs, LAYERED);
      const first = ordered.some(({ group }) => group) ? await this.ask(ordered, [], BOXES) : rows(ordered);
      if (pairs.length <= MOST) within(ordered, pairs).then((at) => at && better(at), warn);
      return first;
    } catch (error) {
      warn(error);
      return rows(ordered);
    }
  }

  ask(nodes, pairs, how) {
    this.elk ??= started();
    return answer(this.elk, nodes, pairs, how);
  }
}

// In a worker of its own, which is given up when it takes too long: others must not wait for it.
async function within(nodes, pairs) {
  const elk = started();
  let timer = 0;
  const late = new Promise((done) => (timer = setTimeout(done, LIMIT_MS)));
  try {
    return await Promise.race([answer(elk, nodes, pairs, { ...LAYERED, ...QUICK }), late]);
  } finally {
    clearTimeout(timer);
    elk.terminateWorker();
  }
}

async function answer(elk, nodes, pairs, how) {
  return new Map(places((await elk.layout(told(nodes, pairs, how))).children));
}

const started = () => new globalThis.ELK({ workerUrl: "assets/vendor/elk-worker.min.js" });
const warn = (error) => console.warn("ELK could not lay the map out; nodes stand in rows.", error);
const compare = (a, b) => (a < b ? -1 : Number(a > b));

function told(nodes, pairs, layoutOptions) {
  const root = { id: "root", layoutOptions, children: [], edges: [] };
  const groups = new Map();
  nodes.forEach(({ id, w, h, group }, y) => {
    if (group && !groups.has(group)) {
      groups.set(group, { id: GROUP + group, y, layoutOptions, children: [] });
      root.children.push(groups.get(group));
    }
    (group ? groups.get(group) : root).children.push({ id, y, width: w, height: h });
  });
  root.edges = pairs.map(([client, server], nth) => ({ id: `edge\n${nth}`, sources: [client], targets: [server] }));
  return root;
}

function* places(children, x = 0, y = 0) {
  for (const each of children) {
    if (each.children?.length) yield* places(each.children, x + each.x, y + each.y);
    else yield [each.id, { x: x + each.x + each.width / 2, y: y + each.y + each.height / 2 }];
  }
}

function rows(nodes) {
  const [w, h] = [Math.max(...nodes.map((node) => node.w)) + CELL.x, Math.max(...nodes.map((node) => node.h)) + CELL.y];
  const columns = Math.ceil(Math.sqrt((nodes.length * ASPECT * h) / w));
  return new Map(nodes.map(({ id }, nth) => [id, { x: (nth % columns) * w, y: Math.floor(nth / columns) * h }]));
}

// Who asks whom, each pair once. Where both ask the other, whoever asks more often is the client: between hosts there is
// nearly always an edge back, and one of a monitor must not outweigh those of forty users.
function prevailing(edges) {
  const asked = new Map(); // client -> server -> how many edges
  for (const [a, b] of edges) {
    if (a === b) continue;
    if (!asked.has(a)) asked.set(a, new Map());
    asked.get(a).set(b, (asked.get(a).get(b) ?? 0) + 1);
  }
  const back = (a, b) => asked.get(b)?.get(a) ?? 0;
  return [...asked].flatMap(([a, servers]) => [...servers].filter(([b, count]) => count >= back(a, b)).map(([b]) => [a, b]));
}
