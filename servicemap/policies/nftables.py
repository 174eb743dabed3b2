"""A ruleset of nftables (nft(8)): who may connect to a node's ports, and where the host of a node may connect to.

Packets do not say which process they are of. So rules about what goes out are written for nodes that are hosts alone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_address
from itertools import groupby

from graph.labels import printable
from graph.model import Node
from graph.questions.policy import Rule

_FAMILIES = {4: "ip", 6: "ip6"}
_LONGEST = 120  # bytes of a comment; nft takes 128


def text(rules: Sequence[Rule], nodes: Mapping[str, Node], made_from: str) -> str:
    """Return the ruleset. It replaces its own table alone, and `nft -c -f FILE` checks it without applying it."""
    head = [
        "#!/usr/sbin/nft -f",
        f"# The {made_from}. Nothing of this has been applied; check it with: nft -c -f FILE",
        "add table inet servicemap",
        "delete table inet servicemap",
        "table inet servicemap {",
    ]
    chains = [*_chain("input", _incoming(rules, nodes)), *_chain("output", _outgoing(rules, nodes))]
    return "\n".join([*head, *chains, "}", ""])


def _chain(hook: str, lines: Iterator[str]) -> Iterator[str]:
    made = list(lines)
    if made:
        side = {"input": "iif", "output": "oif"}[hook]
        yield f"    chain {hook} {{"
        yield f"        type filter hook {hook} priority filter; policy accept;"
        yield "        ct state established,related accept"
        yield f'        {side} "lo" accept'
        yield from (f"        {line}" for line in made)
        yield "    }"


def _incoming(rules: Sequence[Rule], nodes: Mapping[str, Node]) -> Iterator[str]:
    """Yield the rules of what comes in, node by node: its peers, then nobody else on these ports."""
    for node, of_node in groupby((rule for rule in rules if rule.direction == "in"), key=lambda rule: rule.node):
        several = list(of_node)
        yield f"# {_name(node, nodes)}"
        for rule in several:
            yield from _accepted(rule, nodes)
        for transport, port, family, there in _ports(several):
            yield f"{family} daddr {there} {transport} dport {port} counter drop"


def _outgoing(rules: Sequence[Rule], nodes: Mapping[str, Node]) -> Iterator[str]:
    for node, of_node in groupby((rule for rule in rules if rule.direction == "out"), key=lambda rule: rule.node):
        several = list(of_node)
        own = _by_family({address for rule in several for address in rule.node_addresses})
        if nodes[node].kind != "host" or not own:
            continue
        yield f"# {_name(node, nodes)}"
        for rule in several:
            yield from _accepted(rule, nodes)
        for family, there in own.items():
            yield f"{family} saddr {there} ct state new counter drop"


def _accepted(rule: Rule, nodes: Mapping[str, Node]) -> Iterator[str]:
    """Yield what accepts a rule's connections, in each family of addresses that both ends have."""
    if not rule.peer:
        return
    comment = _name(rule.peer, nodes).replace('"', "'").encode()[:_LONGEST].decode(errors="ignore")
    node, peer = _by_family(rule.node_addresses), _by_family(rule.peer_addresses)
    for family in _FAMILIES.values():
        if family in node and family in peer:
            source, target = (peer, node) if rule.direction == "in" else (node, peer)
            yield (
                f"{family} saddr {source[family]} {family} daddr {target[family]} "
                f'{rule.transport} dport {rule.port} accept comment "{comment}"'
            )


def _ports(rules: Iterable[Rule]) -> Iterator[tuple[str, int, str, str]]:
    """Yield the ports of a node at each family of its addresses."""
    found: dict[tuple[str, int], set[str]] = {}
    for rule in rules:
        if rule.peer:
            found.setdefault((rule.transport, rule.port), set()).update(rule.node_addresses)
    for (transport, port), addresses in sorted(found.items()):
        for family, there in _by_family(addresses).items():
            yield transport, port, family, there


def _by_family(addresses: Iterable[str]) -> dict[str, str]:
    """Return addresses as a set of nftables, for each family that has any."""
    found: dict[str, list[str]] = {}
    for one in sorted({ip_address(text.partition("%")[0]) for text in addresses}, key=lambda each: each.packed):
        found.setdefault(_FAMILIES[one.version], []).append(str(one))
    return {family: "{ " + ", ".join(each) + " }" for family, each in found.items()}


def _name(node: str, nodes: Mapping[str, Node]) -> str:
    return printable(nodes[node].title if node in nodes else node)
