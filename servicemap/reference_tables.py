"""The reference of the store's tables and views, from the migrations and the schemas that fill them."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from msgspec.inspect import StructType, type_info

from schemas.graph import Edges, Ends, Events, FlowRequests, Identities, Nodes, Places
from schemas.raw import Heartbeat, HostFacts, Usage
from servicemap.reference_topics import described
from sinks.migrate import migrations
from sinks.tables import TABLES

_HEAD = """# Tables

What `servicemap sql` asks. For people there are the views [`service_edges`](#service_edges) and
[`process_edges`](#process_edges); the tables below them hold what the folds told, one row a key. Rows of one key are
merged by the table's engine, in the background and on reading: ask a table with `FINAL`, the views do so themselves.
Times are UTC. Hours are partitions, which is what `servicemap replay --promote` swaps.

The table `migrations` says which numbered files of `sinks/migrations` a store has had.

This page is generated from the code by `make golden`.
"""
_FACTS = {  # what the columns of a table are called in the schemas
    "edges": (Edges, Ends, Identities),
    "requests": (FlowRequests, Edges),
    "nodes": (Nodes,),
    "places": (Places,),
    "events": (Events,),
    "process_usage": (Usage, Edges),
    "host_usage": (Heartbeat,),
    "hosts": (HostFacts,),
    "edges_1m": (Ends, Identities),
    "edges_1h": (Ends, Identities),
    "requests_1m": (Identities,),
    "requests_1h": (Identities,),
}
_OWN = {  # columns that the sink makes of several fields
    "transport": "tcp or udp",
    "scope": "where the address means something: empty for everywhere, else a host, or one network namespace of it",
    "address": "IPv4 or IPv6 address of the end",
    "port": "its port",
    "who": "who is at the end, as one text that merges as a whole: start of the process, then the columns below",
    "width_ms": "width of the window, ms",
    "host": "host id",
    "node": "process node",
    "seen": "latest window that told of it",
    "addresses": "address/prefix of every interface",
    "minute": "start of the minute",
    "hour": "start of the hour",
    "client": "node id of who connects",
    "server": "node id of who is connected to",
    "first": "first window with the edge",
    "last": "last window with the edge",
    "rule": "which evidence decided who serves: unknown, port, connected, listener",
    "connections_opened": "opened in that time",
    "connections_closed": "closed in that time",
    "connections_active": "open in the last window",
    "connections_failed": "connects that failed in that time",
    "seen_by_client": "the client's host reported it",
    "seen_by_server": "the server's host reported it",
    "version": "when it was told; the latest telling stands",
    "measure": "facts_late and edges_late, s; dead_letters, refused and store_retries of the minute",
    "sink": "host and process id of the sink that tells",
    "value": "of the measure",
    "gone": "the edge is not there any more in the latest telling; FINAL leaves it out",
}
_REQUESTS = {  # columns of the view of requests, whose text says little
    "seen_by_server": "whether the server's host counted, or the client's",
    "sampling": "one of so many connections was looked at; the counts here are scaled",
    "requests": "answered and unanswered ones",
    "errors": "answers of class 5xx, and unanswered requests",
    "unanswered": "ended by the server without an answer",
    "given_up": "no answer before the client left, or for five minutes; neither requests nor errors",
    "by": "method and status class → answers: GET 2xx",
    "latency": "bucket of the time to answer → answers",
    "p50_ms": "time to answer that half of the answers kept, within 1 %",
    "p99_ms": "time to answer that 99 % of the answers kept, within 1 %",
}
_OTHERWISE = {"pipeline": "filled by each sink once a minute, from what it sees (`servicemap/metering.py`)"}
_ROLLED_UP = {
    "edges": "a roll-up of [`process_edges`](#process_edges); what an end did not see is 0",
    "requests": "a roll-up of [`process_requests`](#process_requests); where there is no HTTP it has no rows",
}
_TABLE = re.compile(r"CREATE TABLE IF NOT EXISTS (\w+)\n\((.*?)\n\)\n(.*)", re.S)
_ADDED = re.compile(r"ADD COLUMN IF NOT EXISTS (\w+) (.*?) AFTER (\w+)")
_VIEW = re.compile(r"CREATE OR REPLACE VIEW (\w+) AS\n(?:WITH\n.*?\n)?SELECT\n(.*?)\nFROM\n", re.S)
_MERGED = re.compile(r"SimpleAggregateFunction\((\w+), (.*)\)")


class View(NamedTuple):
    """A view and its columns, each with what it is made of."""

    name: str
    columns: dict[str, str]


def page() -> str:
    """Return the reference of the tables and views, in Markdown."""
    statements = [statement for _, found in migrations() for statement in found]
    views = [match for statement in statements if (match := _VIEW.match(statement))]
    tables = {match[1]: (match[2], match[3]) for statement in statements if (match := _TABLE.match(statement))}
    for statement in statements:
        if statement.startswith("ALTER TABLE"):
            name = statement.split()[2]
            tables[name] = _altered(tables[name][0], statement), tables[name][1]
    latest = {match[1]: _view(match) for match in views}
    return "\n".join(
        [
            _HEAD,
            *(line for view in reversed(latest.values()) for line in _view_lines(view)),
            *(line for name, (body, rest) in tables.items() for line in _table_lines(name, body, rest)),
        ]
    )


def _altered(body: str, statement: str) -> str:
    """Return the columns of a table with those that a migration adds."""
    for column, kind, before in _ADDED.findall(statement):
        body = re.sub(rf"^    {before} .*,$", rf"\g<0>\n    {column} {kind},", body, flags=re.MULTILINE)
    return body


def _view(match: re.Match[str]) -> View:
    columns = {}
    for line in match[2].splitlines():
        made, _, name = line.strip().rstrip(",").rpartition(" AS ")
        columns[name] = made
    return View(match[1], columns)


def _view_lines(view: View) -> Iterator[str]:
    yield f"## {view.name}\n"
    one = "services; an end without one is its host or address" if view.name == "service_edges" else "processes"
    more = "HTTP/1 requests and their answers" if view.name == "process_requests" else "What a side did not see is 0"
    yield f"A view: one row an edge and window, between {one}. {more}.\n"
    yield "| column | over the window's flows |"
    yield "|---|---|"
    for name, made in view.columns.items():
        yield f"| `{name}` | {(view.name == 'process_requests' and _REQUESTS.get(name)) or _how(made)} |"
    yield ""


def _how(made: str) -> str:
    """Say how a view's column is made, from the aggregate in its text."""
    found = re.match(r"(sum|max|minIf|any|uniqExact|uniqExactIf|rules)\b", made)
    words = {
        "sum": "sum",
        "max": "the greatest",
        "minIf": "the least that is known",
        "any": "of one of them",
        "uniqExact": "how many",
        "uniqExactIf": "how many are known",
        "rules": "which evidence decided who serves: unknown, port, connected, listener",
    }
    return words[found[1]] if found else "key"


def _table_lines(name: str, body: str, rest: str) -> Iterator[str]:
    topic = next((table.topic for table in TABLES if table.name == name), "")
    clauses = [line.strip() for line in rest.strip().splitlines() if not line.startswith("SETTINGS")]
    key = re.findall(r"\w+", next(clause for clause in clauses if clause.startswith("ORDER BY")))
    other = "last" if any("ReplacingMergeTree(" in clause for clause in clauses) else ""
    yield f"## {name}\n"
    otherwise = _OTHERWISE.get(name) or _ROLLED_UP.get(name.partition("_")[0], "")
    source = f"filled from the topic [`{topic}`](topics.md#{topic})" if topic else otherwise
    yield f"A table, {source}.\n"
    yield from (f"* `{clause}`" for clause in clauses)
    yield ""
    if name in {"edges", "requests"}:
        yield "End a is the lower endpoint of the flow. End b has the same columns, called `b_…`.\n"
    yield "| column | type | merge | what |"
    yield "|---|---|---|---|"
    facts = _facts(name)
    for line in body.strip().splitlines():
        column, declared = line.strip().rstrip(",").split(" ", 1)
        if column.startswith("b_"):
            continue
        kind = re.split(r" CODEC| ALIAS ", declared)[0]
        found = _MERGED.fullmatch(kind)
        merge = "key" if column in key else found[1] if found else other
        if " ALIAS " in declared:
            merge = "part of `a_who`"
        about = (name.startswith("requests_") and _REQUESTS.get(column)) or _about(column, kind, facts)
        yield f"| `{column}` | `{found[2] if found else kind}` | {merge} | {about} |"
    yield ""


def _facts(table: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for struct in reversed(_FACTS.get(table, ())):
        info = type_info(struct)
        assert isinstance(info, StructType)
        found |= {field.name: described(field) for field in info.fields}
    return found


def _about(column: str, kind: str, facts: dict[str, str]) -> str:
    bare = re.sub("^(a|client|server)_", "", column)
    text = facts.get(bare) or _OWN.get(bare, "")
    if bare == "who":
        text = _OWN[bare]
    return text.partition(", ms")[0] if kind.startswith("DateTime64") else text
