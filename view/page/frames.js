// Cytoscape asks for every frame there is, also while nothing moves: without a graphics card that is a tenth of a core.
// Once nobody has touched the page for a while, and nothing is new, frames come four times a second.

const AWAKE_MS = 5_000; // what it draws in advance of being moved takes it so long, for a thousand cards
const REST_MS = 250;
const TOUCHES = ["pointermove", "pointerdown", "wheel", "keydown", "resize"];
const frame = globalThis.requestAnimationFrame.bind(globalThis);
const waiting = new Map(); // timer -> what waits for a frame
let asleepFrom = 0;

globalThis.requestAnimationFrame = (then) => {
  if (performance.now() < asleepFrom) return frame(then);
  const timer = setTimeout(() => (waiting.delete(timer), frame(then)), REST_MS);
  waiting.set(timer, then);
  return 0; // nothing here is ever cancelled
};

/** Something moves, or is about to, for so many milliseconds. */
export function wake(ms = AWAKE_MS) {
  asleepFrom = Math.max(asleepFrom, performance.now() + ms);
  for (const [timer, then] of waiting) clearTimeout(timer), frame(then);
  waiting.clear();
}

for (const touch of TOUCHES) addEventListener(touch, () => wake(), { capture: true, passive: true });
