// Generated from graph/filters/ by `make golden`.

export const COMPLETIONS = [
  {
    text: "service:",
    about: "name of a service",
  },
  {
    text: "host:",
    about: "name or id of a host",
  },
  {
    text: "port:",
    about: "port of the server, with or without its transport",
  },
  {
    text: "protocol:",
    about: "what the server speaks, or the transport",
  },
  {
    text: "health:",
    about: "health of a node or an edge",
  },
  {
    text: "health:ok",
    about: "health of a node or an edge",
  },
  {
    text: "health:warn",
    about: "health of a node or an edge",
  },
  {
    text: "health:bad",
    about: "health of a node or an edge",
  },
  {
    text: "rps>",
    about: "requests a second",
  },
  {
    text: "errors>",
    about: "share of requests that fail",
  },
  {
    text: "p50>",
    about: "time within which half of the requests are answered",
  },
  {
    text: "p99>",
    about: "time within which 99 of 100 requests are answered",
  },
  {
    text: "bytes>",
    about: "bytes a second, both ways",
  },
  {
    text: "opened>",
    about: "new connections a second",
  },
  {
    text: "open>",
    about: "connections that are open",
  },
  {
    text: "failed>",
    about: "share of connections that fail",
  },
  {
    text: "retransmits>",
    about: "share of segments that are sent again",
  },
  {
    text: "rtt>",
    about: "round trip of TCP",
  },
  {
    text: "new",
    about: "first seen within ten minutes or the time that is given, and not in six times as long before",
  },
  {
    text: "new:1h",
    about: "first seen within ten minutes or the time that is given, and not in six times as long before",
  },
  {
    text: "new:today",
    about: "first seen within ten minutes or the time that is given, and not in six times as long before",
  },
  {
    text: "new:7d",
    about: "first seen within ten minutes or the time that is given, and not in six times as long before",
  },
  {
    text: "external",
    about: "an address of no known host: on the internet, or in a network of one's own",
  },
  {
    text: "external:internet",
    about: "an address of no known host: on the internet, or in a network of one's own",
  },
  {
    text: "external:network",
    about: "an address of no known host: on the internet, or in a network of one's own",
  },
  {
    text: "infra",
    about: "infrastructure, of any kind or of one",
  },
  {
    text: "infra:dns",
    about: "infrastructure, of any kind or of one",
  },
  {
    text: "infra:logs",
    about: "infrastructure, of any kind or of one",
  },
  {
    text: "infra:monitoring",
    about: "infrastructure, of any kind or of one",
  },
  {
    text: "infra:servicemap",
    about: "infrastructure, of any kind or of one",
  },
  {
    text: "cross:",
    about: "the ends are in different places",
  },
  {
    text: "cross:host",
    about: "the ends are in different places",
  },
  {
    text: "cross:namespace",
    about: "the ends are in different places",
  },
  {
    text: "cross:zone",
    about: "the ends are in different places",
  },
  {
    text: "cross:region",
    about: "the ends are in different places",
  },
  {
    text: "client:",
    about: "name or id of the client",
  },
  {
    text: "server:",
    about: "name or id of the server",
  },
  {
    text: "label:",
    about: "label of a host",
  },
  {
    text: "overlay:",
    about: "annotation of a node or an edge, or a part of one",
  },
  {
    text: "zone:",
    about: "zone of a host",
  },
  {
    text: "region:",
    about: "region of a host",
  },
  {
    text: "namespace:",
    about: "namespace of Kubernetes, or Compose project",
  },
  {
    text: "pod:",
    about: "name of a pod",
  },
  {
    text: "container:",
    about: "id or name of a container",
  },
  {
    text: "image:",
    about: "image of a container",
  },
  {
    text: "program:",
    about: "name of a program",
  },
  {
    text: "user:",
    about: "user of a process",
  },
  {
    text: "address:",
    about: "address of an end of which nothing else is known",
  },
  {
    text: "tls:",
    about: "name that clients ask for by TLS",
  },
  {
    text: "title:",
    about: "name on the map",
  },
  {
    text: "level:",
    about: "kind of a node",
  },
  {
    text: "id:",
    about: "id of a node",
  },
  {
    text: "top:",
    about: "of the edges that match, so many with the most bytes",
  },
  {
    text: "around:",
    about: "also what is so many steps around",
  },
];

export const OF_THE_MAP = new Set([
  "service",
  "host",
  "port",
  "protocol",
  "client",
  "server",
  "zone",
  "region",
  "namespace",
  "pod",
  "container",
  "image",
  "program",
  "user",
  "address",
  "tls",
  "title",
  "level",
  "id",
]);

export const PRESETS = [
  {
    title: "Trouble",
    filter: "health:bad,warn around:1",
    about: "what is not healthy, and what is one step around it",
  },
  {
    title: "New today",
    filter: "new:today",
    about: "what was first seen today",
  },
  {
    title: "Talks outside",
    filter: "external",
    about: "addresses of no known host, and who talks to them",
  },
  {
    title: "Across zones",
    filter: "cross:zone",
    about: "edges between zones",
  },
  {
    title: "Busiest",
    filter: "top:20",
    about: "the twenty edges with the most bytes",
  },
];

export const TROUBLE = "health:bad,warn around:1";
