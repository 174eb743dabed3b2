// Cards in a grid. Between its columns and rows are channels for the edges. A cell may be a box with a grid of its own:
// when it opens, its column and row grow, and all others stay in their order. Pure.

/** @import { Box, Places } from "./types.js" */

/** @typedef {{ id: string, w: number, h: number, columns?: Cell[][] }} Cell a card, or with columns a box */
/** @typedef {{ at: Places, xs: number[], ys: number[], boxes: Map<string, Box> }} Grid the lines of the channels and rows */

const GAP = { x: 60, y: 26 }; // px, the channels
const PADDING = { x: 30, top: 44, bottom: 30 }; // px, of a box around its cards

/**
 * Place all cells around a middle.
 * @param {Cell[][]} columns
 * @returns {Grid}
 */
export function grid(columns) {
  /** @type {Grid} */
  const made = { at: new Map(), xs: [], ys: [], boxes: new Map() };
  const { w, h } = sizeOf(columns);
  fill(columns, -w / 2, -h / 2, made);
  return { ...made, xs: distinct(made.xs), ys: distinct(made.ys) };
}

/**
 * @param {Cell[][]} columns
 * @param {number} left
 * @param {number} top
 * @param {Grid} made
 */
function fill(columns, left, top, made) {
  const heights = rowHeights(columns);
  let x = left;
  made.xs.push(left - GAP.x / 2);
  for (const column of columns) {
    const width = Math.max(...column.map((cell) => outer(cell).w));
    const first = firstRow(column, heights.length);
    let y = top;
    for (let row = 0; row < heights.length; row++) {
      const cell = column[row - first];
      if (cell) put(cell, x + width / 2, y + heights[row] / 2, made);
      y += heights[row] + GAP.y;
    }
    x += width + GAP.x;
    made.xs.push(x - GAP.x / 2);
  }
  let y = top;
  made.ys.push(top - GAP.y / 2);
  for (const height of heights) {
    y += height + GAP.y;
    made.ys.push(y - GAP.y / 2);
  }
}

/**
 * @param {Cell} cell
 * @param {number} x
 * @param {number} y
 * @param {Grid} made
 */
function put(cell, x, y, made) {
  const { w, h } = outer(cell);
  if (!cell.columns) {
    made.at.set(cell.id, { x, y });
    made.ys.push(y);
    return;
  }
  made.boxes.set(cell.id, { x1: x - w / 2, y1: y - h / 2, x2: x + w / 2, y2: y + h / 2 });
  fill(cell.columns, x - w / 2 + PADDING.x, y - h / 2 + PADDING.top, made);
}

/**
 * The size of a cell with its box.
 * @param {Cell} cell
 * @returns {{ w: number, h: number }}
 */
function outer(cell) {
  if (!cell.columns) return cell;
  const { w, h } = sizeOf(cell.columns);
  return { w: w + 2 * PADDING.x, h: h + PADDING.top + PADDING.bottom };
}

/** @param {Cell[][]} columns */
function sizeOf(columns) {
  const widths = columns.map((column) => Math.max(...column.map((cell) => outer(cell).w)));
  return { w: total(widths, GAP.x), h: total(rowHeights(columns), GAP.y) };
}

/** @param {Cell[][]} columns */
function rowHeights(columns) {
  const count = Math.max(0, ...columns.map((column) => column.length));
  return Array.from({ length: count }, (_, row) =>
    Math.max(
      0,
      ...columns.map((column) =>
        column[row - firstRow(column, count)] ? outer(column[row - firstRow(column, count)]).h : 0,
      ),
    ),
  );
}

/**
 * A column that is shorter than others is in the middle.
 * @param {Cell[]} column
 * @param {number} rows
 */
const firstRow = (column, rows) => Math.floor((rows - column.length) / 2);
const total = (/** @type {number[]} */ sizes, /** @type {number} */ gap) =>
  sizes.reduce((sum, size) => sum + size, 0) + gap * Math.max(0, sizes.length - 1);
const distinct = (/** @type {number[]} */ values) => [...new Set(values)].sort((a, b) => a - b);
