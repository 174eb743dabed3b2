"""`policy`: print the rules that a map implies for some nodes, or what given rules would have blocked."""

from typing import Any, BinaryIO

import click
import msgspec

from answers.asked import Drawing, OfMap
from answers.drawn import Drawn, drawn
from answers.policy import POLICY, NamedRule, PolicyAsked, policy
from graph.model import Edge
from graph.questions.policy import Rule, blocked
from schemas.matching import some
from schemas.text import shown
from servicemap.answering import ask, now, opened, print_note
from servicemap.columns import aligned
from servicemap.config import Config
from servicemap.options import NothingMatches, Refused
from servicemap.policies import FORMATS, text_of
from servicemap.printing import print_json

HEADINGS = ("NODE", "", "PEER", "PORT", "CONNECTIONS", "ADDRESSES")
BLOCKED_HEADINGS = ("CLIENT", "SERVER", "PORT", "CONNECTIONS", "LAST", "BLOCKED AT")
NOBODY = "nobody"
_ARROWS = {"in": "←", "out": "→"}
_AT = {"in": "the server", "out": "the client"}
_MOST_BYTES = 64 << 20
_REMEDY = "write it with `servicemap policy --format json`"


def run(config: Config, asked: PolicyAsked, form: str) -> None:
    """Print the rules that allow what was seen of some nodes."""
    if form in FORMATS:
        _print_for_firewalls(config, asked, form)
        return
    rules = ask(config, POLICY, asked).rules
    if form == "json":
        for rule in rules:
            print_json(rule)
    else:
        click.echo(aligned(HEADINGS, [_cells(rule) for rule in rules], right=(4,)), nl=False)


def _print_for_firewalls(config: Config, asked: PolicyAsked, form: str) -> None:
    with opened(config) as store:
        found = policy(store, asked, now())
    for note in (*found.on.of.notes, *found.notes):
        print_note(note)
    text = text_of(form)(found.rules, found.on.nodes, found.on.of.title)
    if not text:
        raise NothingMatches("none of these nodes runs in a pod: NetworkPolicies are about pods alone")
    click.echo(text, nl=False)


def check(config: Config, asked: OfMap, file: BinaryIO, *, as_json: bool) -> None:
    """Print what the rules of a file would have blocked; exit with 1 if there is any of it."""
    rules = read_rules(file)
    with opened(config) as store:
        on = drawn(store, Drawing(since=asked.since, at=asked.at, level=asked.level), now())
    for note in on.of.notes:
        print_note(note)
    if unknown := sorted({rule.node for rule in rules} - on.nodes.keys()):
        print_note(f"not on the map of this range, so nothing of them was blocked: {some([*map(shown, unknown)])}")
    found = blocked(on.of.found, rules)
    if as_json:
        for edge, rule in found:
            print_json(_fields(edge, rule))
    elif found:
        cells = [_blocked(on, edge, rule) for edge, rule in found]
        click.echo(aligned(BLOCKED_HEADINGS, cells, right=(3,)), nl=False)
    print_note(f"{len(rules)} rules would have blocked {len(found)} edges of the {on.of.title}")
    if found:
        raise SystemExit(1)


def read_rules(file: BinaryIO) -> list[Rule]:
    """Read rules, one a line; Refused with the line that is none."""
    text = file.read(_MOST_BYTES + 1)
    if len(text) > _MOST_BYTES:
        raise Refused(f"{file.name} has more than {_MOST_BYTES >> 20} MiB: give it the rules of fewer nodes")
    rules = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                rules.append(msgspec.json.decode(line, type=Rule))
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise Refused(f"{file.name}, line {number}: {error}; {_REMEDY}") from None
    if not rules:
        raise Refused(f"{file.name} has no rules: {_REMEDY}")
    return rules


def _cells(rule: NamedRule) -> tuple[str, ...]:
    arrow = _ARROWS[rule.direction]
    if not rule.peer:
        return rule.node_label, arrow, NOBODY, "", "", ""
    port = f"{rule.transport}/{rule.port}"
    return rule.node_label, arrow, rule.peer_label, port, f"{rule.connections:,}", some(rule.peer_addresses)


def _blocked(on: Drawn, edge: Edge, rule: Rule) -> tuple[str, ...]:
    connections = edge.connections_active + edge.connections_closed
    ends = on.labels[edge.client], on.labels[edge.server]
    return *ends, edge.port, f"{connections:,}", edge.last, _AT[rule.direction]


def _fields(edge: Edge, rule: Rule) -> dict[str, Any]:
    return {
        "client": edge.client,
        "server": edge.server,
        "transport": edge.transport,
        "port": edge.server_port,
        "connections": edge.connections_active + edge.connections_closed,
        "last": edge.last,
        "blocked_at": rule.node,
        "direction": rule.direction,
    }
