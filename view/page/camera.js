// Which part of the map is in view: the zoom, and where the map's origin is in the window (pan, px). Pure.

/** @import { Box, Point } from "./types.js" */

/** @typedef {{ width: number, height: number }} Size of the window, px */

const MARGINS = { top: 72, side: 44, bottom: 52 }; // px, for the controls over the map
const EDGE = 40; // px from the border within which a node counts as out of view
const NEAR = 1.2; // the most zoom to fit: three nodes need not fill the screen
export const [FARTHEST, NEAREST] = [0.02, 3];
export const LEGIBLE = 0.86; // of names, and the least zoom at which a map opens

/**
 * The view that shows all of a box, or its middle where it is larger than what can be shown at the least zoom; null where
 * there is no window.
 * @param {Box | null} box
 * @param {Size} size
 * @param {number} [least]
 * @returns {{ zoom: number, pan: Point } | null}
 */
export function fitting(box, { width, height }, least = FARTHEST) {
  if (!box || !width || !height) return null;
  const room = { w: Math.max(50, width - 2 * MARGINS.side), h: Math.max(50, height - MARGINS.top - MARGINS.bottom) };
  const zoom = Math.max(least, Math.min(NEAR, room.w / (box.x2 - box.x1), room.h / (box.y2 - box.y1)));
  const pan = {
    x: width / 2 - (zoom * (box.x1 + box.x2)) / 2,
    y: MARGINS.top + room.h / 2 - (zoom * (box.y1 + box.y2)) / 2,
  };
  return { zoom, pan };
}

/**
 * The pan that moves a place of the window to its middle; null where the place is in view already.
 * @param {Point} at
 * @param {Point} pan
 * @param {Size} size
 * @returns {Point | null}
 */
export function revealing(at, pan, { width, height }) {
  if (at.x > EDGE && at.y > EDGE && at.x < width - EDGE && at.y < height - EDGE) return null;
  return { x: pan.x + width / 2 - at.x, y: pan.y + height / 2 - at.y };
}
