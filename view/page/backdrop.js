// Thousands of edges as one picture behind the cards. As single elements they would take Cytoscape seconds.

/** @import { Box, Scene } from "./types.js" */

const TYPE = "image/svg+xml";

/**
 * The picture of a scene's edges within a box of the map, as SVG.
 * @param {Scene} scene
 * @param {Box} box
 * @param {string} colour
 */
export function drawing({ nodes, edges }, { x1, y1, x2, y2 }, colour) {
  const at = (/** @type {string} */ id) => {
    const { x, y } = nodes.get(id) ?? { x: x1, y: y1 };
    return `${Math.round(x - x1)} ${Math.round(y - y1)}`;
  };
  const path = [...edges.values()].map(({ client, server }) => `M${at(client)}L${at(server)}`);
  const [w, h] = [Math.round(x2 - x1), Math.round(y2 - y1)];
  const faint = Math.min(0.4, Math.max(0.1, 500 / edges.size)).toFixed(2);
  const lines = path.map((d) => `<path d="${d}"/>`).join(""); // a path each, so that lines that cross look darker there
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}">
    <g stroke="${colour}" stroke-opacity="${faint}" stroke-width="${Math.max(1, w / 1600)}">${lines}</g></svg>`;
}

/** The address of the current picture. An older one is revoked. */
export class Backdrop {
  constructor() {
    this.svg = this.url = "";
  }

  /**
   * @param {string} svg
   * @param {(url: string) => void} revoked called with the address of the older picture
   */
  of(svg, revoked) {
    if (svg !== this.svg) {
      if (this.url) {
        URL.revokeObjectURL(this.url);
        revoked(this.url);
      }
      this.svg = svg;
      this.url = URL.createObjectURL(new Blob([svg], { type: TYPE }));
    }
    return this.url;
  }
}
