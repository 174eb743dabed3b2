// The number on a line, by choice: of its edge, or of all its edges together. Pure.

import { port } from "./elements.js";
import { about, ms, percent, percentKnown, perSecond, rate } from "./format.js";

/** @import { MapEdge } from "./types.js" */

const DASH = "–";
const sum = (/** @type {MapEdge[]} */ edges, /** @type {(edge: MapEdge) => number | null | undefined} */ of) =>
  edges.reduce((total, edge) => total + (of(edge) ?? 0), 0);
const most = (/** @type {MapEdge[]} */ edges, /** @type {(edge: MapEdge) => number | null | undefined} */ of) => {
  const known = edges.map(of).filter((value) => typeof value === "number");
  return known.length ? Math.max(...known) : null;
};
const estimate = (/** @type {MapEdge[]} */ edges, /** @type {string} */ text) =>
  about(text, Math.max(...edges.map(({ sampling = 1 }) => sampling)));

/**
 * The share of the requests that failed, of those whose results are known; null if there are none.
 * @param {MapEdge[]} edges
 */
export function errorShare(edges) {
  const known = sum(edges, (edge) => (edge.requests ?? 0) - (edge.unseen ?? 0));
  return known > 0 ? sum(edges, (edge) => edge.errors) / known : null;
}

export const slowest = (/** @type {MapEdge[]} */ edges) => most(edges, (edge) => edge.p99_ms);

/**
 * Each with its title and its text.
 * @type {Record<string, { title: string, text: (edges: MapEdge[]) => string }>}
 */
export const NUMBERS = {
  port: { title: "ports", text: ports },
  protocol: {
    title: "protocols",
    text: (edges) => few([...new Set(edges.map((edge) => edge.protocol || edge.transport))], "protocols"),
  },
  requests: {
    title: "requests/s",
    text: (edges) =>
      edges.some(({ signals }) => signals === "requests")
        ? estimate(edges, perSecond(sum(edges, (edge) => edge.requests_s)))
        : DASH,
  },
  errors: { title: "errors", text: (edges) => estimate(edges, percentKnown(errorShare(edges))) },
  p99: {
    title: "p99",
    text: (edges) => {
      const value = slowest(edges);
      return value === null ? DASH : estimate(edges, ms(value));
    },
  },
  bytes: {
    title: "bytes/s",
    text: (edges) =>
      edges.every(({ bytes_s: own }) => own === null) ? DASH : rate(sum(edges, (edge) => edge.bytes_s)),
  },
  connections: { title: "connections/s", text: (edges) => perSecond(sum(edges, (edge) => edge.opened_s)) },
  failed: {
    title: "failed connections",
    text: (edges) => percent(most(edges, (edge) => edge.failed_share) ?? 0),
  },
};

/** @param {MapEdge[]} edges */
function ports(edges) {
  return few([...new Set(edges.map((edge) => (edge.port_name ? file(edge.port_name) : port(edge))))], "ports");
}

/**
 * @param {string[]} all
 * @param {string} name
 */
const few = (all, name) => (all.length < 3 ? all.join(", ") : `${all.length} ${name}`);

// A whole path covers the nodes at both ends of its edge; the panel has it.
const file = (/** @type {string} */ path) => path.slice(path.lastIndexOf("/") + 1);
