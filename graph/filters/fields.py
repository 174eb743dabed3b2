"""The fields of filters: what each is of, what it is compared with, and how it is read. Declared only here."""

from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any, Literal, NamedTuple

from msgspec import UNSET

from graph import counters
from graph.filters.seen import Seen
from graph.filters.times import DEFAULT
from graph.health import WORSE, share_of
from graph.infrastructure import KINDS
from graph.model import Edge, Node
from graph.node_texts import NODE_TEXTS, Texts, labelled
from graph.overlays import as_text, part
from graph.requests import key

Unit = Literal["", "%", "ms", "B"]


class Text(NamedTuple):
    """A field of texts, written `name:value`. Of an edge it is either its own, or that of either end.

    With `choices` there are no other values. A `flag` may stand alone: it means its `default`, or else any value.
    """

    name: str
    about: str
    example: str
    node: Callable[[Node, Seen], Texts] | None = None
    edge: Callable[[Edge, Seen], Texts] | None = None
    choices: tuple[str, ...] = ()
    flag: bool = False
    default: str = ""


class Named(NamedTuple):
    """A field of many: `label:NAME` for any value, `label:NAME=value` for one."""

    name: str
    about: str
    example: str
    node: Callable[[Node, Seen, str], Texts]
    edge: Callable[[Edge, str], Texts] | None = None


class Count(NamedTuple):
    """How much is kept of what matches, written `name:number`."""

    name: str
    about: str
    example: str
    most: int


class Number(NamedTuple):
    """A field of a number of an edge, written `name>number`. What is not known is None, and matches no comparison."""

    name: str
    about: str
    example: str
    edge: Callable[[Edge], float | None]
    unit: Unit = ""


def _of(name: str) -> Callable[[Node, Seen], Texts]:
    return lambda node, _: NODE_TEXTS[name](node)


def _called(node: Node, _: Seen) -> Texts:
    return [node.title, node.service, node.id, *node.names]


def _place(label: str) -> Callable[[Node, Seen], Texts]:
    return lambda node, seen: seen.place(node, label)


def _external(node: Node, _: Seen) -> Texts:
    if node.kind != "address" or node.host:
        return []
    try:
        return ["internet" if ip_address(node.address).is_global else "network"]
    except ValueError:  # the name of a Unix socket
        return []


def _crossed(edge: Edge, seen: Seen) -> Texts:
    client, server = seen.client(edge), seen.server(edge)
    sides: dict[str, tuple[Texts, Texts]] = {
        "host": (_hosts_of(client), _hosts_of(server)),
        "namespace": ([client.namespace], [server.namespace]),
        "zone": (seen.place(client, "zone"), seen.place(server, "zone")),
        "region": (seen.place(client, "region"), seen.place(server, "region")),
    }
    return [name for name, (one, other) in sides.items() if any(one) and any(other) and len({*one, *other}) > 1]


def _hosts_of(node: Node) -> Texts:
    return [node.hostname or node.host] if node.host else node.hosts


def _port(edge: Edge, _: Seen) -> Texts:
    return [str(edge.server_port), edge.port, *([edge.port_name] if edge.port_name else [])]


def _fresh(edge: Edge, seen: Seen) -> Texts:
    return [age for age, edges in seen.fresh.items() if key(edge) in edges]


def _infra(one: Node | Edge, seen: Seen) -> Texts:
    return [seen.infra(one)]


def _known(value: Any, times: float = 1) -> float | None:
    return None if value is UNSET or value is None else value * times


def _per_second(count: Callable[[Edge], float | None]) -> Callable[[Edge], float | None]:
    def rate(edge: Edge) -> float | None:
        counted = count(edge)
        return None if counted is None or not edge.recorded_s else counted / edge.recorded_s

    return rate


def _share(part: str) -> Callable[[Edge], float | None]:
    def percent(edge: Edge) -> float | None:
        happened = {"opened": edge.connections_opened, "failed": edge.connections_failed}
        return 100 * share_of(part, happened | counters.judged(edge.counters))

    return percent


def _bytes(edge: Edge) -> float | None:
    return counters.moved(edge.counters) if edge.counted else None


def _noted(annotations: Mapping[str, Any], name: str) -> Texts:
    found = part(annotations, name)
    if found is None or found is False:
        return []
    return [as_text(each) for each in (found if isinstance(found, list) else [found])]


Field = Text | Named | Number | Count
FIELDS: dict[str, Field] = {
    field.name: field
    for field in (
        Text("service", "name of a service", "service:redis*", _of("service")),
        Text("host", "name or id of a host", "host:web1", _of("host")),
        Text("port", "port of the server, with or without its transport", "port:5432", edge=_port),
        Text("protocol", "what the server speaks, or the transport", "protocol:http",
             edge=lambda edge, _: [edge.protocol, edge.transport]),
        Text("health", "health of a node or an edge", "health:bad,warn",
             lambda node, seen: [seen.health(node)], lambda edge, _: [edge.health], choices=WORSE),
        Number("rps", "requests a second", "rps>10", _per_second(lambda edge: _known(edge.requests))),
        Number("errors", "share of requests that fail", "errors>1%", lambda edge: _known(edge.error_share, 100), "%"),
        Number("p50", "time within which half of the requests are answered", "p50>100ms",
               lambda edge: _known(edge.p50_ms), "ms"),
        Number("p99", "time within which 99 of 100 requests are answered", "p99>=1s",
               lambda edge: _known(edge.p99_ms), "ms"),
        Number("bytes", "bytes a second, both ways", "bytes>1MiB", _per_second(_bytes), "B"),
        Number("opened", "new connections a second", "opened>5",
               _per_second(lambda edge: edge.connections_opened)),
        Number("open", "connections that are open", "open>100", lambda edge: edge.connections_active),
        Number("failed", "share of connections that fail", "failed>0%", _share("failed"), "%"),
        Number("retransmits", "share of segments that are sent again", "retransmits>3%", _share("retransmits"), "%"),
        Number("rtt", "round trip of TCP", "rtt>5ms", lambda edge: counters.rtt_ms(edge.counters), "ms"),
        Text("new", "first seen within ten minutes or the time that is given, and not in six times as long before",
             "new:today", edge=_fresh, flag=True, default=DEFAULT),
        Text("external", "an address of no known host: on the internet, or in a network of one's own",
             "external:internet", _external, choices=("internet", "network"), flag=True),
        Text("infra", "infrastructure, of any kind or of one", "-infra", _infra, _infra,
             choices=tuple(kind.name for kind in KINDS), flag=True),
        Text("cross", "the ends are in different places", "cross:zone", edge=_crossed,
             choices=("host", "namespace", "zone", "region")),
        Text("client", "name or id of the client", "client:shop",
             edge=lambda edge, seen: _called(seen.client(edge), seen)),
        Text("server", "name or id of the server", "server:redis",
             edge=lambda edge, seen: _called(seen.server(edge), seen)),
        Named("label", "label of a host", "label:team=blue",
              lambda node, seen, name: labelled(node, seen.labels, name)),
        Named("overlay", "annotation of a node or an edge, or a part of one", "overlay:owner.team=blue",
              lambda node, _, name: _noted(node.annotations, name),
              lambda edge, name: _noted(edge.annotations, name)),
        Text("zone", "zone of a host", "zone:eu-1a", _place("zone")),
        Text("region", "region of a host", "region:eu", _place("region")),
        Text("namespace", "namespace of Kubernetes, or Compose project", "namespace:payments", _of("namespace")),
        Text("pod", "name of a pod", "pod:web-*", _of("pod")),
        Text("container", "id or name of a container", "container:web*",
             _of("container")),
        Text("image", "image of a container", "image:*nginx*", _of("image")),
        Text("program", "name of a program", "program:java", _of("program")),
        Text("user", "user of a process", "user:root", _of("user")),
        Text("address", "address of an end of which nothing else is known", "address:10.0.*", _of("address")),
        Text("tls", "name that clients ask for by TLS", "tls:*.example.com", edge=lambda edge, _: [edge.tls_name]),
        Text("title", "name on the map", "title:shop", _of("title")),
        Text("level", "kind of a node", "level:address", _of("level")),
        Text("id", "id of a node", "id:service:redis", _of("id")),
        Count("top", "of the edges that match, so many with the most bytes", "top:20", 10_000),
        Count("around", "also what is so many steps around", "around:1", 5),
    )
}  # fmt: skip
