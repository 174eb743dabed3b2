// Cytoscape requests every frame, also while nothing moves. Without a graphics card that costs a tenth of a core. When
// nobody has touched the page for a while, and nothing is new, frames come four times a second instead.

const AWAKE_MS = 5_000; // with a thousand cards, Cytoscape prepares pictures for so long after a touch
const REST_MS = 250;
const TOUCHES = ["pointermove", "pointerdown", "wheel", "keydown", "resize"];
const frame = globalThis.requestAnimationFrame.bind(globalThis);
/** @type {Map<ReturnType<typeof setTimeout>, FrameRequestCallback>} */
const waiting = new Map(); // by their timers
let asleepFrom = 0;

globalThis.requestAnimationFrame = (then) => {
  if (performance.now() < asleepFrom) return frame(then);
  const timer = setTimeout(() => {
    waiting.delete(timer);
    frame(then);
  }, REST_MS);
  waiting.set(timer, then);
  return 0; // the page cancels no frames
};

/** Let every frame come for some milliseconds: something moves or is about to. */
export function wake(ms = AWAKE_MS) {
  asleepFrom = Math.max(asleepFrom, performance.now() + ms);
  for (const [timer, then] of waiting) {
    clearTimeout(timer);
    frame(then);
  }
  waiting.clear();
}

for (const touch of TOUCHES) addEventListener(touch, () => wake(), { capture: true, passive: true });
