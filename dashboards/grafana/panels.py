"""Panels of Grafana's classic dashboard JSON, as plain dicts.

The kind of a panel decides which columns its query gives; tests/dashboards hold every query to it:

    series        time (DateTime), series (text), value (Float64); ascending by time, a series once a time
    stats         one row; a number a column
    table         any columns but arrays and maps
    node_graph    nodes and edges (graph/node_graph.py)
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dashboards.macros import grafana
from graph.node_graph_edges import graph_edges
from graph.node_graph_nodes import graph_nodes

Json = dict[str, Any]

SOURCE: Json = {"type": "grafana-clickhouse-datasource", "uid": "servicemap"}
SERIES, TABLE = 0, 1  # the data source's formats
_EDITOR = {SERIES: "timeseries", TABLE: "table"}
PLUGIN_VERSION = "4.20.0"  # of the data source that these targets were written for
WINDOW = "5s"  # unless configured; points cannot lie closer


class Link(NamedTuple):
    """What a click on a value opens."""

    title: str
    url: str


def target(text: str, fixed: Mapping[str, str], ref: str = "A", form: int = TABLE) -> Json:
    """Return a query of a panel; a parameter in `fixed` has that value for good."""
    return {
        "refId": ref,
        "datasource": SOURCE,
        "editorType": "sql",
        "rawSql": grafana(text, **fixed),
        "format": form,
        "queryType": _EDITOR[form],
        "pluginVersion": PLUGIN_VERSION,
    }


def series(
    title: str,
    text: str,
    unit: str,
    about: str,
    *,
    stacked: bool = False,
    bars: bool = False,
    finest: str = WINDOW,
    **fixed: str,
) -> Json:
    """Return lines over time, one a value of `series`; points lie no closer than `finest`."""
    drawn = {
        "drawStyle": "bars" if bars else "line",
        "fillOpacity": 30 if stacked or bars else 5,
        "lineWidth": 1,
        "showPoints": "auto",  # a point without neighbours is no line
        "spanNulls": False,
        "stacking": {"mode": "normal" if stacked or bars else "none", "group": "A"},
    }
    defaults = {"unit": unit, "min": 0, "displayName": "${__field.labels.series}", "custom": drawn}
    options = {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    panel = _panel("timeseries", title, about, [target(text, fixed, form=SERIES)], defaults, [], options)
    return {**panel, "interval": finest}


def stats(title: str, text: str, about: str, columns: Mapping[str, Json], **fixed: str) -> Json:
    """Return numbers side by side: the columns of one row, each with its `column`."""
    options = {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "center",
        "orientation": "vertical",
        "textMode": "value_and_name",
        "wideLayout": True,
    }
    plain = {"color": {"mode": "fixed", "fixedColor": "text"}}
    return _panel("stat", title, about, [target(text, fixed)], plain, _overrides(columns), options)


def table(title: str, text: str, about: str, columns: Mapping[str, Json], **fixed: str) -> Json:
    """Return a table; of its columns, those named here look as their `column` declares."""
    defaults = {"custom": {"align": "auto", "filterable": True, "inspect": False}}
    options = {"showHeader": True, "cellHeight": "sm"}
    return _panel("table", title, about, [target(text, fixed)], defaults, _overrides(columns), options)


def node_graph(title: str, about: str, nodes: Sequence[Link], edges: Sequence[Link], arcs: Mapping[str, str]) -> Json:
    """Return the map: what a click on a node or an edge offers, and the colour of each share of a node's circle."""
    targets = [target(graph_nodes(), {}, "nodes"), target(graph_edges(), {}, "edges")]
    # The panel gathers the links of every field: one field each, and one that only nodes or only edges have.
    overrides = _overrides({"title": column(links=nodes), "source": column(links=edges)})
    options = {
        "zoomMode": "cooperative",
        "layoutAlgorithm": "layered",
        "nodes": {"arcs": [{"field": name, "color": color} for name, color in arcs.items()]},
        "edges": {},
    }
    return _panel("nodeGraph", title, about, targets, {}, overrides, options)


def column(
    title: str = "",
    unit: str = "",
    *,
    links: Sequence[Link] = (),
    red_from: float | None = None,
    hidden: bool = False,
    width: int = 0,
    decimals: int | None = None,
    nothing: str = "",
) -> Json:
    """Return how a column looks, as the properties of an override; `nothing` is what stands for no value."""
    properties: Json = {}
    if title:
        properties["displayName"] = title
    if unit:
        properties["unit"] = unit
    if decimals is not None:
        properties["decimals"] = decimals
    if width:
        properties["custom.width"] = width
    if nothing:
        properties["noValue"] = nothing
    if hidden:  # the first is Grafana 12's name of it, the second 13's
        properties |= {"custom.hidden": True, "custom.hideFrom.viz": True}
    if red_from is not None:
        steps = [{"color": "text", "value": None}, {"color": "red", "value": red_from}]
        properties["thresholds"] = {"mode": "absolute", "steps": steps}
        properties["color"] = {"mode": "thresholds"}
        properties["custom.cellOptions"] = {"type": "color-text"}
    if links:
        properties["links"] = [{"title": one.title, "url": one.url, "targetBlank": False} for one in links]
    return properties


def _overrides(columns: Mapping[str, Json]) -> list[Json]:
    return [
        {
            "matcher": {"id": "byName", "options": name},
            "properties": [{"id": key, "value": value} for key, value in properties.items()],
        }
        for name, properties in columns.items()
        if properties
    ]


def _panel(
    kind: str, title: str, about: str, targets: list[Json], defaults: Json, overrides: list[Json], options: Json
) -> Json:
    return {
        "type": kind,
        "title": title,
        "description": about,
        "datasource": SOURCE,
        "targets": targets,
        "fieldConfig": {"defaults": defaults, "overrides": overrides},
        "options": options,
        "transformations": [],
    }
