"""The columns of each query that maps and the live view read are the fields of its row, with matching types."""

import re
from collections.abc import Mapping
from typing import Any, get_origin, get_type_hints

import pytest

from dashboards.queries import names, query
from graph.edges import EdgeRow
from graph.levels import LEVELS
from graph.map import map_edges
from graph.processes import ProcessRow
from graph.reading import HostnameRow, NameRow, NewestRow, Stored
from graph.recorded import FirstRow, RecordedRow
from graph.requests import AnyRow, Key, RequestsRow, requests_sql
from sinks.store import Store
from tests.rollups.conftest import Fresh
from view import events, hosts, lines, neighbours, requests, rows, timeline

VALUES: dict[str, Any] = {
    "from": 1_000_000_000_000, "to": 1_000_000_060_000, "step": 5_000, "grain": 1_000, "level": "process",
    "service": "", "host": "h", "node": "process:h:1:1", "nodes": ["n"], "services": ["s"], "containers": ["c"],
    "hosts": ["h"], "subjects": ["n"], "all": 1, "everything": 1, "most": 10, "any": 1, "addresses": ["a"],
    "texts": ["t"], "hours_to": 1_000_000_000_000, "minutes_to": 1_000_000_000_000, "client": "c", "server": "s",
    "transport": "tcp", "port": 80,
}  # fmt: skip
PLAIN: dict[str, type] = {
    "map_newest": NewestRow,
    "map_stored": Stored,
    "map_names": NameRow,
    "map_hosts": HostnameRow,
    "map_processes": ProcessRow,
    "recorded": RecordedRow,
    "recorded_hours": RecordedRow,
    "many_windows": rows.ManyRow,
    "view_first": FirstRow,
    "view_rolled": rows.RolledRow,
    "view_requested": AnyRow,
    "view_known": Key,
    "view_known_addresses": Key,
    "view_members": ProcessRow,
    "view_events": events.EventRow,
    "view_lives": events.LifeRow,
    "view_hosts": hosts.HostRow,
    "view_host_usage": lines.HostUsageRow,
    "view_process_usage": lines.ProcessUsageRow,
}
OF_EDGES: dict[str, type] = {
    "view_timeline": timeline.TimelineRow,
    "view_node_series": lines.NodeSeriesRow,
    "view_edge_series": lines.EdgeSeriesRow,
    "view_neighbours": neighbours.NeighbourRow,
}
OF_REQUESTS: dict[str, type] = {
    "view_requests": RequestsRow,
    "view_requests_of": RequestsRow,
    "view_request_series": requests.SeriesRow,
    "view_request_totals": requests.TotalsRow,
}
PARTS = {
    "view_asked", "view_asked_addresses", "view_concerns", "view_ended", "view_said", "view_said_addresses",
    "view_told",
}  # fmt: skip

WRAPPED = re.compile(
    r"^(?:Nullable\(|LowCardinality\(|SimpleAggregateFunction\(\w+, )+"
)  # a scalar subquery is Nullable


def texts() -> dict[str, tuple[type, str]]:
    """Every query with its row, for the level of processes and that of addresses where they differ."""
    found: dict[str, tuple[type, str]] = {name: (kind, query(name)) for name, kind in PLAIN.items()}
    found |= {f"map_edges of {level}": (EdgeRow, map_edges(level)) for level in LEVELS}
    for level, source in (("processes", "view_said"), ("addresses", "view_said_addresses")):
        for name, kind in OF_EDGES.items():
            found[f"{name} {level}"] = (kind, f"WITH\n{query(source)}{query('view_ended')}{query(name)}")
    for level in ("process", "address"):
        for name, kind in OF_REQUESTS.items():
            found[f"{name} {level}"] = (kind, requests_sql(level, "view_told") + query(name))
    return found


def fits(declared: Any, column: str) -> bool:
    """Whether values of a type of ClickHouse are of a type of Python."""
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


@pytest.mark.parametrize("name", texts())
def test_columns_of_a_query_are_the_fields_of_its_row(store: Store, name: str) -> None:
    kind, text = texts()[name]

    assert store.rows(kind, text, VALUES) is not None  # an unknown column or field is an error
    columns = store.query(f"DESCRIBE ({text})", VALUES)
    types = {column[0]: column[1] for column in columns}

    wrong = {
        field: types[field] for field, declared in get_type_hints(kind).items() if not fits(declared, types[field])
    }
    assert not wrong


def test_no_query_of_the_view_is_without_a_row() -> None:
    assert (
        set(names("view_")) == {name for name in {*PLAIN, *OF_EDGES, *OF_REQUESTS} if name.startswith("view_")} | PARTS
    )


def test_a_row_with_other_fields_than_columns_is_refused(store: Store) -> None:
    with pytest.raises(TypeError, match=r"Key has the fields .* and its query the columns \['client'\]"):
        store.rows(Key, "SELECT 'a' AS client")


def test_columns_in_another_order_reach_their_fields(store: Store) -> None:
    (found,) = store.rows(Key, "SELECT toUInt16(80) AS server_port, 'tcp' AS transport, 'b' AS server, 'a' AS client")

    assert found == Key("a", "b", "tcp", 80)
