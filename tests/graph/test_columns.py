"""The columns of each query are the fields of its row, with matching types."""

import pkgutil
import re
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any, get_origin, get_type_hints

import pytest

import graph
from graph.address_names import AddressNamesRow, address_names
from graph.annotations import AnnotationRow, SchemaRow, annotations, schemas
from graph.asked import any_requested
from graph.clocks import ClockRow, PairRow, clocks, pairs_of_clocks
from graph.concerns import concerned
from graph.edges import EdgeRow
from graph.hosts import AddressesRow, HostnameRow, HostRow, LabelsRow, addresses, hostnames, hosts, labels
from graph.known import known_edges
from graph.levels import LEVELS
from graph.links import LinkRow, links
from graph.listeners import ListenerRow, listeners
from graph.lives import LifeRow, lives
from graph.map import map_edges
from graph.neighbours import NeighbourRow, neighbours
from graph.node_events import EventRow, events
from graph.node_facts import NodeFactRow, node_facts
from graph.of_hosts import OF_HOST, PartRow, parts
from graph.owners import OwnerRow, held, hosts_called, owners
from graph.peers import PeersRow, peers
from graph.pressure import PressureRow, node_pressure
from graph.process_lifetimes import ProcessLifeRow, of_pid
from graph.processes import ProcessRow, members, processes
from graph.recording import RecordedRow, recorded, recorded_hours
from graph.requested import (
    AnyRow,
    RequestSeriesRow,
    RequestsRow,
    RequestStepRow,
    RequestTotalsRow,
    on_edges,
    on_edges_of,
    request_series,
    request_totals,
    requests_in_steps,
)
from graph.requests import Key
from graph.series import EdgeSeriesRow, NodeSeriesRow, edge_series, node_series
from graph.shared_addresses import SharedRow, shared_addresses
from graph.stored import (
    DroppedRow,
    FirstRow,
    ManyRow,
    NameRow,
    NewestEndsRow,
    NewestRow,
    RolledUpRow,
    Stored,
    dropped,
    every_name,
    many_windows,
    newest_ends,
    newest_roll_ups,
    newest_window,
    oldest_window,
    stored_range,
)
from graph.suspects import SuspectRow, suspects
from graph.timeline import TimelineRow, timeline
from graph.usage import UsageRow, host_usage, process_usage
from sinks.store import Store
from tests.rollups.conftest import Fresh

VALUES: dict[str, Any] = {
    "from": 1_000_000_000_000, "to": 1_000_000_060_000, "step": 5_000, "grain": 1_000, "service": "", "host": "h",
    "node": "process:h:1:1", "nodes": ["n"], "services": ["s"], "containers": ["c"], "hosts": ["h"], "subjects": ["n"],
    "most": 10, "hours_to": 1_000_000_000_000, "minutes_to": 1_000_000_000_000, "client": "c", "server": "s",
    "name": "", "switch": "", "transport": "tcp", "port": 80,
    "address": "10.0.0.5", "pid": 7, "at": 1_000_000_000_000, **concerned(["process:h:1:1"]),
}  # fmt: skip
PLAIN: dict[str, tuple[type, str]] = {
    "newest window": (NewestRow, newest_window()),
    "newest ends": (NewestEndsRow, newest_ends()),
    "dropped": (DroppedRow, dropped()),
    "pairs of clocks": (PairRow, pairs_of_clocks()),
    "clocks": (ClockRow, clocks()),
    "shared addresses": (SharedRow, shared_addresses()),
    "oldest window": (FirstRow, oldest_window()),
    "stored range": (Stored, stored_range()),
    "many windows": (ManyRow, many_windows()),
    "newest roll-ups": (RolledUpRow, newest_roll_ups()),
    "names": (NameRow, every_name()),
    "hosts": (HostRow, hosts()),
    "hostnames": (HostnameRow, hostnames()),
    "links": (LinkRow, links()),
    **{f"{name} of hosts": (PartRow, parts(name)) for name in OF_HOST},
    "suspects": (SuspectRow, suspects()),
    "labels": (LabelsRow, labels()),
    "addresses": (AddressesRow, addresses()),
    "listeners": (ListenerRow, listeners()),
    "processes": (ProcessRow, processes(everything=False)),
    "all processes": (ProcessRow, processes(everything=True)),
    "members": (ProcessRow, members()),
    "recorded": (RecordedRow, recorded()),
    "recorded hours": (RecordedRow, recorded_hours()),
    "events": (EventRow, events(everything=False)),
    "all events": (EventRow, events(everything=True)),
    "names of addresses": (AddressNamesRow, address_names()),
    "facts of nodes": (NodeFactRow, node_facts(everything=False)),
    "all facts of nodes": (NodeFactRow, node_facts(everything=True)),
    "lives": (LifeRow, lives()),
    "host usage": (UsageRow, host_usage()),
    "pressure of nodes": (PressureRow, node_pressure("service")),
    "process usage": (UsageRow, process_usage()),
    "any requests": (AnyRow, any_requested()),
    "annotations": (AnnotationRow, annotations()),
    "owners": (OwnerRow, owners()),
    "hosts of a name": (HostnameRow, hosts_called()),
    "owners at other times": (OwnerRow, held()),
    "processes of a pid": (ProcessLifeRow, of_pid(then=True)),
    "processes of a pid at other times": (ProcessLifeRow, of_pid(then=False)),
    "schemas of overlays": (SchemaRow, schemas()),
}
OF_A_LEVEL: dict[str, tuple[type, Callable[[str], str]]] = {
    "map": (EdgeRow, map_edges),
    "known edges": (Key, known_edges),
    "peers": (PeersRow, peers),
    "time line": (TimelineRow, timeline),
    "series of a node": (NodeSeriesRow, node_series),
    "series of an edge": (EdgeSeriesRow, edge_series),
    "neighbours": (NeighbourRow, neighbours),
    "requests": (RequestsRow, on_edges),
    "requests of a node": (RequestsRow, on_edges_of),
    "requests to a node": (RequestSeriesRow, partial(request_series, one_edge=False)),
    "requests on an edge": (RequestSeriesRow, partial(request_series, one_edge=True)),
    "requests in total": (RequestTotalsRow, request_totals),
    "requests in steps": (RequestStepRow, requests_in_steps),
    "requests of parts in steps": (RequestStepRow, partial(requests_in_steps, parts=True)),
}
QUERIES = PLAIN | {
    f"{name} of level {level}": (kind, text(level)) for name, (kind, text) in OF_A_LEVEL.items() for level in LEVELS
}

WRAPPED = re.compile(
    r"^(?:Nullable\(|LowCardinality\(|SimpleAggregateFunction\(\w+, )+"
)  # a scalar subquery is Nullable


def fits(declared: Any, column: str) -> bool:
    """Return whether values of a type of ClickHouse are of a type of Python."""
    kind = WRAPPED.sub("", column)
    plain = get_origin(declared) or declared
    if plain is int:
        return kind.startswith(("Int", "UInt"))
    if plain is float:
        return kind.startswith("Float")
    if plain is str:
        return kind.startswith("String")
    return kind.startswith("Array(") if plain is list else kind.startswith("Map(") and plain in (dict, Mapping)


@pytest.fixture(scope="module")
def store(fresh: Fresh) -> Store:
    return fresh()


@pytest.mark.parametrize("name", QUERIES)
def test_columns_of_a_query_are_the_fields_of_its_row(store: Store, name: str) -> None:
    kind, text = QUERIES[name]

    assert store.rows(kind, text, VALUES) is not None  # an unknown column or field is an error
    columns = store.query(f"DESCRIBE ({text})", VALUES)
    types = {column[0]: column[1] for column in columns}

    wrong = {
        field: types[field] for field, declared in get_type_hints(kind).items() if not fits(declared, types[field])
    }
    assert not wrong


def rows_of_queries() -> set[type]:
    """Return the rows that modules of graph/ declare."""
    modules = (import_module(f"graph.{module.name}") for module in pkgutil.iter_modules(graph.__path__))
    return {
        found
        for module in modules
        for found in vars(module).values()
        if isinstance(found, type) and found.__name__.endswith("Row") and found.__module__ == module.__name__
    }


def test_every_row_is_compared_with_its_query() -> None:
    assert rows_of_queries() - {kind for kind, _ in QUERIES.values()} == set()


def test_a_row_with_other_fields_than_columns_is_refused(store: Store) -> None:
    with pytest.raises(TypeError, match=r"Key has the fields .* and its query the columns \['client'\]"):
        store.rows(Key, "SELECT 'a' AS client")


def test_columns_in_another_order_reach_their_fields(store: Store) -> None:
    (found,) = store.rows(Key, "SELECT toUInt16(80) AS server_port, 'tcp' AS transport, 'b' AS server, 'a' AS client")

    assert found == Key("a", "b", "tcp", 80)
