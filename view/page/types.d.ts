// The shapes that modules share: answers of the server, parts of the page, and the libraries that are loaded as globals.
// The type checker reads this file, and browsers do not.

import type cytoscape from "cytoscape";
import type { ELK as Elk, ELKConstructorArguments } from "elkjs/lib/elk-api.js";
import type UPlot from "uplot";
import type { Data } from "./data.js";
import type { Graph } from "./graph.js";
import type { State } from "./state.js";

export type Level = keyof typeof import("./levels.js").LEVEL_NAMES;
export type Health = "ok" | "warn" | "bad";

export interface Fault {
  measure: string;
  health: Health;
  text: string;
}

/** The edges of a node in one direction, added up. */
export interface Sums {
  edges: number;
  opened: number;
  closed: number;
  active: number;
  failed: number;
  requests: number;
  errors: number;
  unseen: number;
  given_up: number;
  /** Numbers of requests are estimates from one of so many connections; 1 where all were looked at. */
  sampling: number;
  conn_s: number;
  bytes_s: number;
  requests_s: number;
  failed_share: number;
  /** Null where nobody saw an answer. */
  error_share: number | null;
  counted: Counted;
  health: Health;
}

/** What a card stands for: a node of a level, or a group of nodes. */
export type CardKind = Level | "part";

export interface MapNode {
  id: string;
  kind: CardKind;
  title: string;
  subtitle: string;
  region: string;
  zone: string;
  /** The cluster that it is part of, where maps are asked for with clusters. */
  cluster?: string;
  /** The groups that it is in on a large map, the outermost first (graph/parts.py). */
  within?: string[];
  /** Further lines of its card, where it stands for a group of nodes. */
  notes?: string[];
  /** The kind of infrastructure that it is (graph/infrastructure.py). */
  infra?: string;
  health: Health;
  in: Sums;
  out: Sums;
  gone: boolean;
  /** It was not there at the time that the map is compared with. */
  fresh?: boolean;
  /** Its processes are new since then, or elsewhere. */
  changed?: boolean;
  host?: string;
  hostname?: string;
  hosts?: string[];
  pid?: number;
  started?: string;
  parent?: number;
  service?: string;
  name?: string;
  user?: string;
  exe?: string;
  cmdline?: string;
  container?: string;
  container_name?: string;
  namespace?: string;
  pod?: string;
  image?: string;
  unit?: string;
  address?: string;
  scope?: string;
  /** Names by which DNS led clients to an address, the latest first. */
  names?: string[];
  /** What held it back, where anything did: the share of the periods of its CPU quotas in which it was stopped, */
  throttled_share?: number;
  /** the share of a memory limit that it used at the most, */
  memory_share?: number;
  /** and its processes that the kernel killed for want of memory. */
  oom_kills?: number;
  why: Fault[];
  /** Values of overlays at the end of the range, by their names. */
  annotations?: Record<string, unknown>;
}

/** Counters of both ends by their names: those that each end counts of its own. */
export type Counted = Record<string, number>;

/** The name of what the host of one end counted or measured. */
export type Counter = `client_${string}` | `server_${string}`;

/** An edge of /api/map, and the facts of /api/edge, which lack some of these. */
export interface MapEdge {
  id: string;
  client: string;
  server: string;
  transport: string;
  server_port: number;
  /** What the server's Unix socket is called. */
  port_name?: string;
  rule: string;
  protocol: string;
  tls_name: string;
  alias: string;
  first: number;
  last: number;
  seen_by_client?: boolean;
  seen_by_server?: boolean;
  recorded_s: number;
  connections_opened: number;
  connections_closed?: number;
  connections_active?: number;
  connections_failed: number;
  /** Counters are numbers, or null where the kernel counts nothing. Others that are named so are declared here. */
  [counter: Counter]: number | string | boolean | null | undefined;
  client_provenance?: string;
  client_tied?: boolean;
  server_provenance?: string;
  server_tied?: boolean;
  self_loop?: boolean;
  /** Null where the kernel does not count them. */
  bytes_s: number | null;
  opened_s: number;
  failed_share: number;
  retransmit_share: number;
  rtt_ms?: number | null;
  health: Health;
  why: Fault[];
  /** Values of overlays at the end of the range, by their names. */
  annotations?: Record<string, unknown>;
  new?: boolean;
  /** What differs from the time that the map is compared with: whether it is new, */
  halo?: boolean;
  /** by how much it changed, in a few letters and in sentences, */
  change?: string;
  changes?: string[];
  /** and whether it is no longer seen because there is no agent. */
  unseen_now?: boolean;
  infra?: string;
  signals: "requests" | "tcp";
  requests?: number;
  errors?: number;
  /** Requests of which nobody saw how they ended, */
  unseen?: number;
  /** and the share of errors among the others; null if there are none. */
  error_share?: number | null;
  given_up?: number;
  /** Numbers of requests are estimates from one of so many connections; 1 where all were looked at. */
  sampling?: number;
  requests_s?: number;
  p50_ms?: number | null;
  p99_ms?: number | null;
  usual_ms?: number | null;
}

export interface Life {
  time: number;
  kind: string;
  subject: string;
  service: string;
  detail: string;
}

export interface MapEvent extends Life {
  object: string;
  host: string;
}

/** The answer of /api/map. */
export interface MapAnswer {
  from: number;
  to: number;
  newest: number;
  width_ms: number;
  level: Level;
  changes: boolean;
  /** Whether its nodes have their clusters. */
  clusters: boolean;
  nodes: MapNode[];
  edges: MapEdge[];
  gone: MapEdge[];
  lives: Life[];
  /** What the filter keeps, where the map is asked for with one. */
  filter?: Kept;
}

/** The ids of what a filter keeps, and those of the nodes that it hits; `hints` say why it keeps nothing. */
export interface Kept {
  text: string;
  nodes: string[];
  edges: string[];
  hits: string[];
  hints: string[];
}

/** What happened to a node, and may explain what differs. */
export interface Happened {
  time: string;
  node: string;
  text: string;
}

export type Differs = "appeared" | "vanished" | "changed" | "unseen";

export interface DiffNode {
  id: string;
  title: string;
  change: Differs;
  because: Happened[];
}

export interface DiffEdge {
  client: string;
  server: string;
  client_title: string;
  server_title: string;
  label: string;
  transport: string;
  server_port: number;
  change: Differs;
  comes_and_goes: boolean;
  measures: { measure: string; before: number; after: number; out: number; text: string }[];
  carried: string;
  agents: string[];
  because: Happened[];
  /** Whether it is on the map. */
  there_now?: boolean;
}

/** The answer of /api/v1/diff. */
export interface DiffAnswer {
  level: Level;
  notes: string[];
  then_from: string;
  then_to: string;
  nodes: DiffNode[];
  edges: DiffEdge[];
  left_out: number;
}

/** A step of the time line; the counts are null where nothing was recorded. */
export interface Bucket {
  at: number;
  recorded_s: number;
  edges: number | null;
  opened: number | null;
  failed: number | null;
  bytes: number | null;
  counted: Counted | null;
  requests: number | null;
  errors: number | null;
  given_up: number | null;
  sampling: number;
}

/** The answer of /api/timeline. */
export interface TimelineAnswer {
  /** Windows before it were dropped to make room on the disk, ms; 0 where none were. */
  dropped: number;
  from: number;
  to: number;
  newest: number;
  step_ms: number;
  first: number;
  buckets: Bucket[];
  events: MapEvent[];
}

export interface Series {
  /** The title of its chart, which other series may share, and its name there. */
  chart: string;
  called: string;
  unit: string;
  /** Left out while all values are 0. */
  rare: boolean;
  points: [number, number | null][];
}

export interface Neighbour {
  id: string;
  title: string;
  kind: Level;
  hostname: string;
  direction: "in" | "out";
  transport: string;
  server_port: number;
  bytes_s: number;
  health: Health;
}

export type Facts = Record<string, unknown>;

interface Details {
  from: number;
  to: number;
  newest: number;
  step_ms: number;
  recorded: [number, number][];
  level: Level;
  series: Record<string, Series>;
  members: MapNode[];
  events: MapEvent[];
  sql: string;
}

/** A cluster that a node is part of. Members are nodes of the level of processes. */
export interface Cluster {
  name: string;
  kind: string;
  port: number;
  leaders: string[];
  members: { id: string; title: string; role: string }[];
  evidence: string[];
  confidence: number;
}

/** The answer of /api/node. */
export interface NodeAnswer extends Details {
  id: string;
  facts: Facts;
  clusters: Cluster[];
  /** Of how many connections one was looked at for its requests, at the most. */
  sampling: number;
  discovered: Discovered[];
  neighbours: Neighbour[];
}

/** A fact that a program of the operator's prints, and the hosts on which it does. `port` is 0 for none. */
export interface Discovered {
  name: string;
  value: string;
  port: number;
  hosts: string[];
}

/** What each side counted: the fields of an edge that have it. */
export interface Side {
  label: string;
  unit: string;
  client: Counter;
  server: Counter;
}

/** A share of an edge by which its health is judged, and the measure of the faults about it. */
export interface Judged {
  label: string;
  measure: string;
  field: "failed_share" | "retransmit_share";
}

/** The answer of /api/edge. */
export interface EdgeAnswer extends Details {
  facts: MapEdge;
  sides: Side[];
  judged: Judged[];
}

/** Infrastructure that is folded: its edges by kind, and how many nodes and edges. */
export interface Folded {
  kinds: Record<string, number>;
  nodes: number;
  edges: number;
}

/**
 * The part of a map that is shown. `hit` are the ids of nodes that a filter hits; it reduces the map (`by`), or what it
 * keeps is `marked`.
 */
export interface Chosen {
  nodes: MapNode[];
  edges: MapEdge[];
  gone: MapEdge[];
  hit?: Set<string>;
  /** Of how many hops nodes are from the focus, where there is one: 1 for what it depends on, -1 for who depends on it. */
  hops?: Map<string, number>;
  marked?: Set<string>;
  by?: string;
  folded?: Folded;
}

/** A line between two cards: an edge, or several of them. Its id is that of its only edge, if it has only one. */
export interface Bundle {
  id: string;
  client: string;
  server: string;
  edges: MapEdge[];
  gone: boolean;
}

/**
 * What is drawn of a chosen part of a map. Some nodes stand for groups, and `stands` has the card of each node. `boxOf` has
 * the box that a card is in, "" for none. `all` are the lines there are, and `bundles` those that are drawn.
 */
export interface Drawn {
  nodes: MapNode[];
  bundles: Bundle[];
  all: Bundle[];
  /** The edges with which trouble began (guilt.js). */
  began: Set<MapEdge>;
  stands: Map<string, string>;
  boxOf: Map<string, string>;
  folded: boolean;
  /** The column of each card, where that is known. */
  columns?: Map<string, number>;
}

export interface Point {
  x: number;
  y: number;
}

export interface Box {
  x1: number;
  y1: number;
  x2: number;
  y2: number;
}

export type Places = Map<string, Point>;

/** The points of lines, by their clients and servers. */
export type Ways = Map<string, Point[]>;

/** A node as it is drawn. `titleX` and `titleY` lead from its middle to that of its title. */
export interface Card {
  id: string;
  kind: CardKind;
  health: Health;
  ghost: boolean;
  fresh: boolean;
  changed: boolean;
  group: string;
  w: number;
  h: number;
  title: string;
  titleX: number;
  titleY: number;
  lines: string[];
}

export type PlacedCard = Card & Point;

/** An edge as it is drawn. */
export interface Line {
  id: string;
  client: string;
  server: string;
  health: Health;
  /** Its trouble began elsewhere. */
  passed: boolean;
  fresh: boolean;
  gone: boolean;
  /** It is new, or has changed, since the time that the map is compared with. */
  halo: boolean;
  changed: boolean;
  width: number;
  label: string;
  /** Its way around the cards, where one is known. */
  points?: Point[];
  /** The middle of its label, where there is room for one. */
  at?: Point;
}

/** A line with its edges, and by what it is coloured. */
export type ColouredLine = Line & { edges: MapEdge[]; colour: string };

/** A box around cards: a group, in another one or in none (""). */
export interface Frame {
  key: string;
  label: string;
  parent: string;
}

export interface Scene {
  nodes: Map<string, PlacedCard>;
  edges: Map<string, ColouredLine>;
  boxes: Frame[];
}

export interface Marks {
  picked: string;
  near: Set<string> | null;
}

/** An element as Cytoscape takes it. */
export interface Element {
  group: "nodes" | "edges";
  data: Record<string, unknown> & { id: string };
  classes: string;
  position?: Point;
}

export type Colours = Record<string, string>;

/**
 * A node or an edge that somebody points at or picks, by its id; neither for the background. `part` is the key of a group
 * to open or close.
 */
export interface Target {
  part?: string;
  node?: string;
  edge?: string;
}

export type Direction = "left" | "right" | "up" | "down";

export interface Memory {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

export type Change = "state" | "data" | "wait" | "theme";

/** A part of the page. `names` are the fields of the state that changed. */
export interface Part {
  update(what: Change, names: Set<string>): unknown;
}

export interface Page {
  state: State;
  data: Data;
  storage: Memory;
  announce(sentence: string): void;
  chosen: Chosen | null;
  graph: Graph;
  tidy(): void;
  pause(): void;
  step(by: number): void;
  why(about: Record<string, string | number>): Promise<void>;
}

/** The answer of /api/why. */
export interface Why {
  began: number;
  to: number;
  symptom: string;
  suspects: { subject: string; kind: string; blame: number; path: string[] }[];
  /** Sentences, as `servicemap why` prints them. */
  words: Record<"because" | "way" | "others" | "ruled_out" | "not_known" | "standing" | "witnesses", string[]> & {
    culprit: string;
  };
}

export type Leaf = Node | string | number | boolean | null | undefined;
export type Child = Leaf | Leaf[];
export type Properties = Record<string, string | number | boolean | null | undefined | ((event: any) => unknown)>;

declare global {
  // Libraries, from vendor/.
  var cytoscape: typeof import("cytoscape");
  var ELK: new (args?: ELKConstructorArguments) => Elk;
  var uPlot: typeof UPlot;
  // From early.js, theme.js and app.js.
  var early: { address: string; answer: Promise<Response> } | undefined;
  var switchTheme: () => void;
  var servicemap: Page;
}

export type Core = cytoscape.Core;
