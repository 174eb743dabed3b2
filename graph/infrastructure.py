"""Infrastructure: what nearly everything talks to, and hardly anybody looks for. Declared only here.

An end is infrastructure by the name of its program, its service or its container. An edge is by an end that is, or by
its port or protocol. What has no such name, as an address, is infrastructure where all its edges are so by port or
protocol.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from graph.clustering.kinds import COMM
from graph.model import Edge, Node, ServiceMap
from graph.requests import Key, key


class Kind(NamedTuple):
    """A kind of infrastructure. `endings` are those of names of programs, `ports` those of its servers."""

    name: str
    label: str
    programs: frozenset[str]
    endings: tuple[str, ...] = ()
    protocols: frozenset[str] = frozenset()
    ports: frozenset[str] = frozenset()


KINDS = (
    Kind(
        "dns", "DNS",
        frozenset({
            "avahi-daemon", "bind9", "coredns", "dnscrypt-proxy", "dnsmasq", "kube-dns", "knotd", "kresd", "named",
            "node-local-dns", "nscd", "nsd", "pdns_recursor", "pdns_server", "pihole-ftl", "systemd-resolved",
            "unbound",
        }),
        protocols=frozenset({"dns"}),
        ports=frozenset({"udp/53", "tcp/53", "tcp/853", "udp/5353"}),
    ),
    Kind(
        "logs", "log shippers",
        frozenset({
            "filebeat", "fluent-bit", "fluentbit", "fluentd", "graylog", "journalbeat", "logstash", "loki", "promtail",
            "rsyslog", "rsyslogd", "splunkd", "syslog", "syslog-ng", "systemd-journal-remote", "systemd-journal-upload",
            "systemd-journald", "td-agent", "td-agent-bit", "vector",
        }),
        ports=frozenset({"udp/514", "tcp/514", "tcp/6514", "tcp/5044", "tcp/19532", "tcp/24224"}),
    ),
    Kind(
        "monitoring", "monitoring",
        frozenset({
            "alertmanager", "alloy", "cadvisor", "collectd", "datadog-agent", "grafana", "grafana-agent",
            "grafana-server", "icinga2", "jaeger", "jaeger-agent", "jaeger-collector", "kube-state-metrics",
            "metricbeat", "metrics-server", "mimir", "nagios", "netdata", "nrpe", "otel-collector", "otelcol",
            "otelcol-contrib", "packetbeat", "process-agent", "prometheus", "prometheus-pushgateway", "pushgateway",
            "snmpd", "statsd", "telegraf", "thanos", "trace-agent", "victoria-metrics", "vmagent", "vmalert",
            "zabbix-agent", "zabbix-agent2", "zabbix-server", "zabbix_agent2", "zabbix_agentd", "zabbix_server",
            "zipkin",
        }),
        ("_exporter", "-exporter"),
        ports=frozenset({
            "tcp/4317", "tcp/4318", "tcp/9100", "tcp/10050", "tcp/10051", "udp/161", "udp/162", "udp/8125",
        }),
    ),
    Kind(
        "servicemap", "servicemap itself",
        frozenset({"servicemap", "servicemap-agent", "servicemap-sink", "servicemap-worker", "sinks.embedded"}),
    ),
)  # fmt: skip
LABELS = {kind.name: kind.label for kind in KINDS}

_BY_PROGRAM = {name: kind.name for kind in KINDS for whole in kind.programs for name in (whole, whole[:COMM])}
_BY_PROTOCOL = {protocol: kind.name for kind in KINDS for protocol in kind.protocols}
_BY_PORT = {
    (transport, int(port)): kind.name
    for kind in KINDS
    for transport, _, port in (one.partition("/") for one in kind.ports)
}
_BY_ENDING = {ending: kind.name for kind in KINDS for ending in kind.endings}
_INSTANCE = re.compile(r"(@.*|[-_.]?\d+)$")


class Infrastructure(NamedTuple):
    """The nodes and edges of a map that are infrastructure, by their ids and keys, each with its kind."""

    nodes: Mapping[str, str]
    edges: Mapping[Key, str]


def infrastructure(of: ServiceMap) -> Infrastructure:
    """Find the infrastructure of a map."""
    uses = [kind_by_use(edge) for edge in of.edges]
    nodes = {node.id: kind for node in of.nodes if (kind := kind_by_name(node))}
    nodes |= _by_their_edges(of, uses, nodes)
    kinds = (
        (edge, use or nodes.get(edge.server) or nodes.get(edge.client, ""))
        for edge, use in zip(of.edges, uses, strict=True)
    )
    return Infrastructure(nodes, {key(edge): kind for edge, kind in kinds if kind})


def kind_by_name(node: Node) -> str:
    """Return the kind of a node by what it runs; "" for none."""
    return next((kind for name in _names(node) if (kind := _kind(name))), "")


def kind_by_use(edge: Edge) -> str:
    """Return the kind of an edge by its protocol, or by its port where no protocol is seen; "" for none."""
    if edge.protocol:
        return _BY_PROTOCOL.get(edge.protocol, "")
    return _BY_PORT.get((edge.transport, edge.server_port), "")


def _by_their_edges(of: ServiceMap, uses: Sequence[str], named: Mapping[str, str]) -> dict[str, str]:
    """Return the kinds of nodes without a program that serve infrastructure alone, and ask for nothing."""
    found = {node.id: set[str]() for node in of.nodes if node.id not in named and not any(_names(node))}
    for edge, use in zip(of.edges, uses, strict=True):
        if edge.server in found:
            found[edge.server].add(use)
        if edge.client in found:
            found[edge.client].add("")
    return {node: min(kinds) for node, kinds in found.items() if kinds and "" not in kinds}


def _names(node: Node) -> Iterator[str]:
    """Yield what a node may be known by: its program, its file, and the parts of its service and container."""
    found: Iterable[str] = (node.name, node.exe, *node.service.split("/"), node.container_name)
    yield from (name.rpartition("/")[2].lower() for name in found if name)


def _kind(name: str) -> str:
    plain = _INSTANCE.sub("", name)
    by_ending = (kind for ending, kind in _BY_ENDING.items() if plain.endswith(ending))
    return _BY_PROGRAM.get(name) or _BY_PROGRAM.get(plain) or next(by_ending, "")
