// Where nodes go when nobody has seen the map yet: clients left, servers right, groups in boxes of their own.
// Written here because the libraries need seconds for 200 nodes and 600 edges, or do not keep groups together (ADR 9);
// this takes 0.3 s for 1,000 nodes and 5,000 edges. The same map gives the same picture: nothing is random.

const GAP_X = 84; // room for a port between two columns
const GAP_Y = 18;
const GROUP_PAD = 26;
const GROUP_GAP = 70;
const ASPECT = 1.9; // of the picture, as screens are
const SWEEPS = 12;

/** Place nodes [{id, w, h, group}] with edges [[client, server]]; returns Map id -> {x, y}, the middles. */
export function layout(nodes, edges) {
  const groups = new Map();
  for (const node of nodes) {
    if (!groups.has(node.group)) groups.set(node.group, []);
    groups.get(node.group).push(node);
  }
  if (groups.size <= 1 && !nodes.some((node) => node.group)) return components(nodes, edges, ASPECT).at;
  const groupOf = new Map(nodes.map((node) => [node.id, node.group]));
  const boxes = [];
  const inside = new Map();
  for (const [group, members] of groups) {
    const own = edges.filter(([a, b]) => groupOf.get(a) === group && groupOf.get(b) === group);
    const placed = components(members, own, 1.3);
    inside.set(group, placed.at);
    boxes.push({ id: group, w: placed.w + 2 * GROUP_PAD, h: placed.h + 2 * GROUP_PAD + 14 });
  }
  const between = edges.map(([a, b]) => [groupOf.get(a), groupOf.get(b)]);
  const outer = components(boxes, between, ASPECT, GROUP_GAP, GROUP_GAP);
  const at = new Map();
  for (const [group, places] of inside) {
    const middle = outer.at.get(group);
    for (const [id, place] of places) at.set(id, { x: middle.x + place.x, y: middle.y + place.y });
  }
  return at;
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

// Each connected part is laid out by itself; the parts are then put on shelves, the largest first.
function components(nodes, edges, aspect, gapX = GAP_X, gapY = GAP_Y) {
  const next = neighbours(nodes, edges);
  const seen = new Set();
  const parts = [];
  const alone = [];
  for (const { id } of nodes) {
    if (seen.has(id)) continue;
    const part = [id];
    seen.add(id);
    for (const one of part) {
      for (const other of [...next.get(one).out, ...next.get(one).in]) {
        if (!seen.has(other)) seen.add(other), part.push(other);
      }
    }
    if (part.length === 1) alone.push(id);
    else parts.push(part);
  }
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const placed = parts.map((part) => layered(part.map((id) => byId.get(id)), next, aspect, gapX, gapY));
  placed.push(...alone.map((id) => ({ at: new Map([[id, { x: 0, y: 0 }]]), w: byId.get(id).w, h: byId.get(id).h })));
  return shelves(placed, aspect, Math.min(gapX, 40), gapY);
}

function neighbours(nodes, edges) {
  const next = new Map(nodes.map(({ id }) => [id, { in: [], out: [] }]));
  for (const [a, b] of prevailing(edges)) {
    if (next.has(a) && next.has(b)) next.get(a).out.push(b), next.get(b).in.push(a);
  }
  return next;
}

function shelves(parts, aspect, gapX, gapY) {
  const area = parts.reduce((sum, part) => sum + (part.w + gapX) * (part.h + gapY), 0);
  const width = Math.max(Math.sqrt(area * aspect), ...parts.map((part) => part.w));
  const at = new Map();
  let [x, y, shelf, right] = [0, 0, 0, 0];
  for (const part of [...parts].sort((a, b) => b.h - a.h)) {
    if (x > 0 && x + part.w > width) [x, y, shelf] = [0, y + shelf + gapY, 0];
    for (const [id, place] of part.at) at.set(id, { x: x + part.w / 2 + place.x, y: y + part.h / 2 + place.y });
    x += part.w + gapX;
    [shelf, right] = [Math.max(shelf, part.h), Math.max(right, x - gapX)];
  }
  const height = y + shelf;
  for (const place of at.values()) (place.x -= right / 2), (place.y -= height / 2);
  return { at, w: right, h: height };
}

// Sugiyama's way: ranks, then order within a rank by the middle of a node's neighbours. A rank that is too tall for
// the picture becomes several columns.
function layered(nodes, next, aspect, gapX, gapY) {
  const area = nodes.reduce((sum, node) => sum + (node.w + gapX) * (node.h + gapY), 0);
  const mean = nodes.reduce((sum, node) => sum + node.w + gapX, 0) / nodes.length;
  const rank = squashed(ranks(nodes, next), Math.max(6, Math.ceil((1.3 * Math.sqrt(area * aspect)) / mean)));
  const tallest = Math.max(Math.sqrt(area / aspect), 5 * (nodes[0].h + gapY));
  const byRank = [];
  for (const node of nodes) (byRank[rank.get(node.id)] ??= []).push({ ...node, y: 0 });
  const all = byRank.flat();
  const known = new Map(all.map((node) => [node.id, node]));
  for (const column of byRank) stack(column, gapY);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const columns = sweep % 2 ? [...byRank].reverse() : byRank;
    const side = sweep >= SWEEPS - 2 ? "both" : sweep % 2 ? "out" : "in";
    for (const column of columns) settle(column, next, known, side, gapY);
  }
  const at = new Map();
  let x = 0;
  for (const column of byRank) {
    for (const part of wrapped(column, tallest, gapY)) {
      const width = Math.max(...part.map((node) => node.w));
      for (const node of part) at.set(node.id, { x: x + width / 2, y: node.y });
      x += width + gapX;
    }
  }
  return centred(at, known, x - gapX);
}

function centred(at, known, width) {
  let [top, bottom] = [Infinity, -Infinity];
  for (const [id, { y }] of at) {
    top = Math.min(top, y - known.get(id).h / 2);
    bottom = Math.max(bottom, y + known.get(id).h / 2);
  }
  for (const place of at.values()) (place.x -= width / 2), (place.y -= (top + bottom) / 2);
  return { at, w: width, h: bottom - top };
}

function stack(column, gapY) {
  const height = column.reduce((sum, node) => sum + node.h + gapY, -gapY);
  let y = -height / 2;
  for (const node of column) (node.y = y + node.h / 2), (y += node.h + gapY);
}

// Move a column's nodes to the middle of their neighbours, in that order, without overlaps.
function settle(column, next, known, side, gapY) {
  for (const node of column) {
    const { in: before, out: after } = next.get(node.id);
    const wanted = side === "in" ? before : side === "out" ? after : [...before, ...after];
    const near = wanted.length ? wanted : [...before, ...after];
    node.wish = near.reduce((sum, id) => sum + known.get(id).y, 0) / (near.length || 1);
  }
  column.sort((a, b) => a.wish - b.wish || (a.id < b.id ? -1 : 1));
  let floor = -Infinity;
  let slip = 0;
  for (const node of column) {
    node.y = Math.max(node.wish, floor + node.h / 2);
    slip += node.wish - node.y;
    floor = node.y + node.h / 2 + gapY;
  }
  for (const node of column) node.y += slip / column.length;
}

function wrapped(column, tallest, gapY) {
  const height = column.reduce((sum, node) => sum + node.h + gapY, 0);
  const count = Math.ceil(height / (tallest * 1.25));
  if (count < 2) return [column];
  const parts = Array.from({ length: count }, () => []);
  column.forEach((node, nth) => parts[nth % count].push(node));
  for (const part of parts) stack(part, gapY);
  return parts;
}

// Ranks by longest path, after the edges that close circles are turned round (Eades, Lin and Smyth 1993).
function ranks(nodes, next) {
  const order = new Map(sequence(nodes, next).map((id, nth) => [id, nth]));
  const sorted = [...order.keys()];
  const rank = new Map(sorted.map((id) => [id, 0]));
  const later = (id) => around(next, id).filter((other) => order.get(other) > order.get(id));
  for (const id of sorted) for (const other of later(id)) rank.set(other, Math.max(rank.get(other), rank.get(id) + 1));
  for (const id of sorted.reverse()) {
    const after = later(id).map((other) => rank.get(other));
    const hasBefore = around(next, id).length > after.length;
    if (after.length && !hasBefore) rank.set(id, Math.min(...after) - 1); // a client stands beside its first server
  }
  const used = [...new Set(rank.values())].sort((a, b) => a - b);
  return new Map([...rank].map(([id, at]) => [id, used.indexOf(at)]));
}

// A map of many that call each other in long chains would be a ribbon: neighbouring ranks share a column then.
function squashed(rank, most) {
  const count = Math.max(...rank.values()) + 1;
  return count <= most ? rank : new Map([...rank].map(([id, at]) => [id, Math.floor((at * most) / count)]));
}

const around = (next, id) => [...next.get(id).out, ...next.get(id).in];

// An order with few edges backwards: take sources first, sinks last, else whoever is most of a client.
function sequence(nodes, next) {
  const left = new Map(nodes.map(({ id }) => [id, { out: next.get(id).out.length, in: next.get(id).in.length }]));
  const [head, tail] = [[], []];
  const take = (id) => {
    left.delete(id);
    for (const other of next.get(id).out) if (left.has(other)) left.get(other).in--;
    for (const other of next.get(id).in) if (left.has(other)) left.get(other).out--;
  };
  while (left.size) {
    let best = null;
    let most = -Infinity;
    for (const [id, degree] of left) {
      const worth = degree.in === 0 ? Infinity : degree.out === 0 ? -Infinity : degree.out - degree.in;
      if (degree.out === 0 && degree.in > 0) {
        tail.unshift(id);
        take(id);
        best = null;
        most = NaN;
        break;
      }
      if (worth > most) [best, most] = [id, worth];
      if (worth === Infinity) break;
    }
    if (best !== null) head.push(best), take(best);
  }
  return [...head, ...tail];
}
