// Mouse, pen and fingers on the map: pan, zoom, pinch, drag a node, point, pick.

const CLICK_PX = 5;
const WHEEL = 0.0016; // of zoom a pixel; a notch of a mouse is about 100
const UNITS = [1, 25, 500]; // px of what deltaMode counts: pixels, lines, pages (the units of d3-zoom)
const PINCH = 10; // a pinch on a trackpad comes as a wheel with ctrlKey that hardly turns (as d3-zoom has it)
const LEAP = 2; // most that one event zooms: ctrl and the wheel of a mouse are no pinch

export function pointer(graph, { onPick, onHover }) {
  const { canvas, camera } = graph;
  const down = new Map(); // pointer id -> {x, y}
  let start = null; // {x, y, node, moved, offset}
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || down.size === 2) return;
    canvas.setPointerCapture(event.pointerId);
    const at = place(event);
    down.set(event.pointerId, at);
    const { node } = down.size === 1 ? graph.at(at) : {};
    const from = node && graph.scene.nodes.get(node);
    const on = camera.toMap(at);
    start = { ...at, node, moved: down.size > 1, offset: from && { x: from.x - on.x, y: from.y - on.y } };
    onHover({}, at);
  });
  canvas.addEventListener("pointermove", (event) => {
    const at = place(event);
    if (!down.has(event.pointerId)) return point(at);
    const before = down.get(event.pointerId);
    if (down.size === 2) pinch(event.pointerId, before, at);
    else if (start.moved || Math.hypot(at.x - start.x, at.y - start.y) > CLICK_PX) move(before, at);
    else return undefined;
    down.set(event.pointerId, at);
    return undefined;
  });
  canvas.addEventListener("pointerup", (event) => {
    if (down.has(event.pointerId) && !start.moved) onPick(graph.at(place(event), event.pointerType === "mouse" ? 6 : 14));
  });
  canvas.addEventListener("lostpointercapture", (event) => { // after pointerup and pointercancel, and where neither comes
    down.delete(event.pointerId);
    canvas.classList.remove("dragging");
  });
  canvas.addEventListener("pointerleave", (event) => onHover({}, place(event)));
  canvas.addEventListener("dblclick", (event) => camera.zoomBy(1.6, place(event)));
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    graph.touched = true;
    const pixels = event.deltaY * UNITS[event.deltaMode] * (event.ctrlKey ? PINCH : 1);
    camera.zoomBy(Math.min(LEAP, Math.max(1 / LEAP, Math.exp(-pixels * WHEEL))), place(event));
  }, { passive: false });

  function move(before, at) {
    if (!start.moved) canvas.classList.add("dragging");
    start.moved = graph.touched = true;
    if (!start.node) return camera.pan(at.x - before.x, at.y - before.y);
    const on = camera.toMap(at);
    return graph.drag(start.node, { x: on.x + start.offset.x, y: on.y + start.offset.y });
  }

  // What was in the middle of the two fingers stays there.
  function pinch(id, before, at) {
    const [, other] = [...down].find(([one]) => one !== id);
    const apart = (one) => Math.hypot(one.x - other.x, one.y - other.y) || 1;
    graph.touched = true;
    camera.pan((at.x - before.x) / 2, (at.y - before.y) / 2);
    camera.zoomBy(apart(at) / apart(before), { x: (at.x + other.x) / 2, y: (at.y + other.y) / 2 });
  }

  function point(at) {
    const found = graph.at(at);
    canvas.classList.toggle("over", Boolean(found.node || found.edge));
    onHover(found, at);
  }
}
