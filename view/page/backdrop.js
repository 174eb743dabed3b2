// Thousands of edges as one picture behind the cards: as elements each they take Cytoscape seconds.

const TYPE = "image/svg+xml";

/** The picture of the edges of a scene within a box of the map, as SVG. */
export function drawing({ nodes, edges }, { x1, y1, x2, y2 }, colour) {
  const at = ({ x, y }) => `${Math.round(x - x1)} ${Math.round(y - y1)}`;
  const path = [...edges.values()].map(({ client, server }) => `M${at(nodes.get(client))}L${at(nodes.get(server))}`);
  const [w, h] = [Math.round(x2 - x1), Math.round(y2 - y1)];
  const faint = Math.min(0.4, Math.max(0.1, 500 / edges.size)).toFixed(2);
  const lines = path.map((d) => `<path d="${d}"/>`).join(""); // of one path, lines that cross would not add up
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}">
    <g stroke="${colour}" stroke-opacity="${faint}" stroke-width="${Math.max(1, w / 1600)}">${lines}</g></svg>`;
}

/** The address of the last picture drawn: one that is not shown any more is let go. */
export class Backdrop {
  constructor() {
    this.svg = this.url = "";
  }

  of(svg, letGo) {
    if (svg !== this.svg) {
      if (this.url) URL.revokeObjectURL(this.url), letGo(this.url);
      this.svg = svg;
      this.url = URL.createObjectURL(new Blob([svg], { type: TYPE }));
    }
    return this.url;
  }
}
