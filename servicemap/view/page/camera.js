// Which part of the map is seen, and how near. Screen = map * zoom + (x, y).

const NEAREST = 3;
const FARTHEST = 0.02;
const GLIDE_MS = 220;
const STILL = matchMedia("(prefers-reduced-motion: reduce)");

export class Camera {
  constructor(onMove) {
    Object.assign(this, { zoom: 1, x: 0, y: 0, width: 0, height: 0, ratio: 1 });
    this.onMove = onMove;
    this.glide = 0;
  }

  size(width, height) {
    Object.assign(this, { width, height, ratio: Math.min(2, globalThis.devicePixelRatio || 1) });
  }

  toMap({ x, y }) {
    return { x: (x - this.x) / this.zoom, y: (y - this.y) / this.zoom };
  }

  toScreen({ x, y }) {
    return { x: x * this.zoom + this.x, y: y * this.zoom + this.y };
  }

  pan(dx, dy) {
    this.set({ zoom: this.zoom, x: this.x + dx, y: this.y + dy });
  }

  /** Zoom by a factor with the map staying where it is at a place of the screen, its middle unless said. */
  zoomBy(factor, at = { x: this.width / 2, y: this.height / 2 }) {
    const zoom = Math.min(NEAREST, Math.max(FARTHEST, this.zoom * factor));
    const kept = this.toMap(at);
    this.set({ zoom, x: at.x - kept.x * zoom, y: at.y - kept.y * zoom });
  }

  set({ zoom, x, y }) {
    cancelAnimationFrame(this.glide);
    Object.assign(this, { zoom, x, y });
    this.onMove();
  }

  /** Show all of a box with margins, no nearer than `nearest`. */
  fit({ x1, y1, x2, y2 }, { top, side, bottom }, nearest, smoothly) {
    const room = { w: Math.max(50, this.width - 2 * side), h: Math.max(50, this.height - top - bottom) };
    const zoom = Math.max(FARTHEST, Math.min(nearest, room.w / (x2 - x1), room.h / (y2 - y1)));
    const middle = top + room.h / 2;
    const to = { zoom, x: this.width / 2 - (zoom * (x1 + x2)) / 2, y: middle - (zoom * (y1 + y2)) / 2 };
    if (smoothly) this.glideTo(to);
    else this.set(to);
  }

  glideTo(to) {
    if (STILL.matches) return this.set(to);
    const from = { zoom: this.zoom, x: this.x, y: this.y };
    const began = performance.now();
    cancelAnimationFrame(this.glide);
    const step = () => {
      const t = Math.min(1, (performance.now() - began) / GLIDE_MS);
      const eased = 1 - (1 - t) ** 3;
      for (const name of ["zoom", "x", "y"]) this[name] = from[name] + (to[name] - from[name]) * eased;
      this.onMove();
      if (t < 1) this.glide = requestAnimationFrame(step);
    };
    this.glide = requestAnimationFrame(step);
    return undefined;
  }
}
