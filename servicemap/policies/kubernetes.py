"""NetworkPolicies of Kubernetes, as a list in JSON, which kubectl reads as it does YAML.

A policy finds pods by their labels, and what runs on a host does not say which labels its pod has. So each service is
found by the label that Kubernetes recommends for its name (app.kubernetes.io/name); change it where yours differ.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_address
from itertools import groupby
from typing import Any

import msgspec

from graph.model import Node
from graph.questions.policy import DIRECTIONS, Rule

LABEL = "app.kubernetes.io/name"
_NAMESPACE = "kubernetes.io/metadata.name"
_SIDES = {"in": ("ingress", "from", "Ingress"), "out": ("egress", "to", "Egress")}


def text(rules: Sequence[Rule], nodes: Mapping[str, Node], made_from: str) -> str:
    """Return a list of policies, one for each node that runs in pods; "" where none does."""
    items = [
        _policy(nodes[node], list(of_node), nodes, made_from)
        for node, of_node in groupby(sorted(rules, key=lambda rule: rule.node), key=lambda rule: rule.node)
        if node in nodes and nodes[node].pod
    ]
    if not items:
        return ""
    found = {"apiVersion": "v1", "kind": "List", "items": items}
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n"


def _policy(node: Node, rules: Sequence[Rule], nodes: Mapping[str, Node], made_from: str) -> dict[str, Any]:
    spec: dict[str, Any] = {"podSelector": _labels(node), "policyTypes": []}
    for direction in DIRECTIONS:
        side, whom, kind = _SIDES[direction]
        of_side = [rule for rule in rules if rule.direction == direction]
        if of_side:
            spec["policyTypes"].append(kind)
            spec[side] = [one for rule in of_side for one in _allowed(rule, nodes, whom)]
    about = {"name": _name(node.title), "annotations": {"servicemap/made-from": made_from}}
    if node.namespace:
        about["namespace"] = node.namespace
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": about, "spec": spec}


def _allowed(rule: Rule, nodes: Mapping[str, Node], whom: str) -> Iterator[dict[str, Any]]:
    """Yield what allows a rule; nothing without a peer or its addresses, for an empty list would allow everybody."""
    if peers := list(_peers(rule, nodes.get(rule.peer))):
        yield {whom: peers, "ports": [{"protocol": rule.transport.upper(), "port": rule.port}]}


def _peers(rule: Rule, peer: Node | None) -> Iterator[dict[str, Any]]:
    """Yield a peer: its pods where it runs in pods, else the addresses at which it was seen."""
    if peer and peer.pod:
        yield {"namespaceSelector": {"matchLabels": {_NAMESPACE: peer.namespace}}, "podSelector": _labels(peer)}
    else:
        yield from ({"ipBlock": {"cidr": cidr}} for cidr in _blocks(rule.peer_addresses))


def _labels(node: Node) -> dict[str, Any]:
    """Return what selects the pods of a node; a value has letters, digits, dashes, dots and underscores alone."""
    value = re.sub(r"[^A-Za-z0-9_.-]+", "-", node.service or node.title)[:63]
    return {"matchLabels": {LABEL: value.strip("-_.")}}


def _blocks(addresses: Iterable[str]) -> list[str]:
    found = sorted({ip_address(text.partition("%")[0]) for text in addresses}, key=lambda one: one.packed)
    return [f"{one}/{one.max_prefixlen}" for one in found]


def _name(title: str) -> str:
    """Return a name as Kubernetes takes it: small letters, digits and dashes (RFC 1123)."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:50].strip("-") + "-as-seen"
