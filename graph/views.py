"""Views for people and for the roll-ups: edges and requests, one row an edge and window."""

from graph.address_lifetimes import address_lifetimes
from graph.annotations import overlays
from graph.asked import process_requests
from graph.columns import COLUMNS, ENDS, FACTS, KEY, WINDOW, EdgeColumn
from graph.flows import edges
from graph.identity import WHO
from graph.owners import owner_of
from graph.process_lifetimes import process_lifetimes, processes_at
from graph.service_map import service_map
from graph.spans import EACH_WINDOW
from graph.sql import inside, select
from schemas.facts import Roll
from schemas.kinds import LABEL, U64

_TIMES = ("first", "last")
_ORDER = ("width_ms", *KEY)
_BY_NAME = {column.name: column for column in COLUMNS}
PROCESS_EDGES = (
    WINDOW,
    *(_BY_NAME[name] for name in _ORDER),
    *(column for column in FACTS if column.name not in (*_ORDER, *_TIMES)),
)
_OF_WHO = {f"{end}_{name}" for end in ENDS for name in (*WHO, "address")}
_TITLES = tuple(EdgeColumn(f"{end}_title", LABEL, f"the {end}'s service, or its address", Roll.MAX) for end in ENDS)
_MEMBERS = tuple(
    EdgeColumn(f"{end}_{what}", U64, f"how many of the {end}'s {what} are seen")
    for what in ("processes", "hosts")
    for end in ENDS
)
SERVICE_EDGES = (
    WINDOW,
    *(_BY_NAME[name] for name in _ORDER),
    *_TITLES,
    *_MEMBERS,
    *(column for column in FACTS if column.name not in (*_ORDER, *_TIMES, "rule") and column.name not in _OF_WHO),
)


def process_edges() -> str:
    """Return edges between processes, window by window."""
    names = [column.name for column in PROCESS_EDGES if column is not WINDOW]
    rows = edges("1", EACH_WINDOW, [*names, "first"])
    columns = {"window": "row.first", **{name: _BY_NAME[name].rolled("row", "first") for name in names}}
    columns["connections_active"] = "sum(row.connections_active)"
    return select(columns, f"{inside(rows)} AS row", group=("row.first", *(f"row.{name}" for name in KEY)))


def service_edges() -> str:
    """Return edges between services, window by window; an end without a service is its host or address."""
    counted = {
        column.name: f"sum(edge.{column.name})" if column.roll is Roll.LATEST else column.rolled("edge", "window")
        for column in SERVICE_EDGES
        if column.name in _BY_NAME
    }
    for end in ENDS:
        counted[end] = f"if(edge.{end}_service != '', concat('service:', edge.{end}_service), edge.{end})"
        counted[f"{end}_title"] = f"max(if(edge.{end}_service != '', edge.{end}_service, edge.{end}_address))"
        counted[f"{end}_processes"] = f"uniqExact(edge.{end})"
        counted[f"{end}_hosts"] = f"uniqExactIf(edge.{end}_host, edge.{end}_host != '')"
    counted["window"] = "edge.window"
    columns = {column.name: counted[column.name] for column in SERVICE_EDGES}
    group = ("edge.window", *(counted[name] for name in KEY))
    return select(columns, "process_edges AS edge", group=group)


VIEWS = {
    "process_edges": process_edges,
    "service_edges": service_edges,
    "process_requests": process_requests,
    "overlays": overlays,
    "process_lifetimes": process_lifetimes,
    "address_lifetimes": address_lifetimes,
    "processes_at": processes_at,
    "owner_of": owner_of,
    "service_map": service_map,
}
