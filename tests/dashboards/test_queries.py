"""Every query of every dashboard, asked as Grafana asks it, gives what its panel takes."""

import re
from typing import Any

import pytest

from dashboards.grafana.build import dashboards
from dashboards.grafana.panels import Json
from dashboards.macros import grafana
from graph.node_graph_edges import graph_edges
from graph.node_graph_nodes import graph_nodes
from tests.dashboards.conftest import Answer, Recorded
from tests.dashboards.texts import text_of

pytestmark = pytest.mark.slow

VALUES = {
    "level": "service", "service": "api", "host": "back", "client": "service:nginx", "server": "service:api",
    "port": "", "focus": "", "hops": "1", "earlier": "0",
}  # fmt: skip
# Not everything happens to everybody: the first of these choices that gives anything is looked at.
CHOICES = [
    VALUES,
    {**VALUES, "service": "report", "client": "service:report", "server": "service:postgresql"},
    {**VALUES, "service": "", "host": "", "server": "network:10.0.0.0/24"},
]
# What the data source has a converter for (its types of columns), and a table or a label can show.
SHOWN = re.compile(r"(LowCardinality\(String\)|String|U?Int(8|16|32|64)|Float(32|64)|Bool|DateTime(64)?(\(.*\))?)")
NUMBERS = re.compile(r"U?Int(8|16|32|64)|Float(32|64)")
UNKNOWN = re.compile(r"Nullable\((Float64)\)")  # a number that there may be none of


def queries(kind: str) -> list[Any]:
    """Return each distinct query with its panel; the same query is asked once."""
    found = {}
    for board in dashboards():
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                if panel["type"] == kind:
                    name = f"{board['title']}-{panel['title']}"
                    found[target["rawSql"]] = pytest.param(panel, target["rawSql"], id=name)
    return list(found.values())


def answer_to(recorded: Recorded, sql: str) -> Answer:
    """Ask with each choice of values until there is something other than 0."""
    for values in CHOICES:
        answer = recorded.ask(sql, values)
        if any("value" not in answer.types or value for value in answer.column(list(answer.types)[-1])):
            return answer
    raise AssertionError("the recorded world has something of everything")


def texts() -> list[Any]:
    """Return everything that is ever asked, of panels, variables and annotations: each query of ours once."""
    found: dict[str, Any] = {}
    for board in dashboards():
        asked = [(panel["title"], t["rawSql"]) for panel in board["panels"] for t in panel.get("targets", [])]
        asked += [(one["name"], one["definition"]) for one in variables(board)]
        asked += [(one["name"], one["target"]["rawSql"]) for one in board["annotations"]["list"]]
        for name, sql in asked:
            found[sql] = pytest.param(sql, id=f"{board['title']}-{name}")
    return list(found.values())


def variables(board: Json) -> list[Json]:
    return [one for one in board["templating"]["list"] if one["type"] == "query"]


@pytest.mark.parametrize(("panel", "sql"), queries("timeseries"))
def test_a_line_has_one_finite_value_at_a_time_and_times_ascend(recorded: Recorded, panel: Json, sql: str) -> None:
    answer = answer_to(recorded, sql)

    assert answer.types == {"time": answer.types["time"], "series": "String", "value": "Float64"}
    assert answer.types["time"].startswith("DateTime")
    times = answer.column("time")
    assert times == sorted(times)
    points = list(zip(times, answer.column("series"), strict=True))
    assert len(points) == len(set(points))
    assert all(0 <= value < float("inf") for value in answer.column("value"))


@pytest.mark.parametrize(("panel", "sql"), queries("stat"))
def test_numbers_are_one_row_with_a_number_for_every_column(recorded: Recorded, panel: Json, sql: str) -> None:
    answer = recorded.ask(sql, VALUES)

    assert len(answer.rows) == 1
    assert list(answer.types) == overridden(panel)
    known = {one["matcher"]["options"] for one in panel["fieldConfig"]["overrides"] if "noValue" not in properties(one)}
    for name, kind in answer.types.items():
        assert NUMBERS.fullmatch(kind if name in known else UNKNOWN.sub(r"\1", kind)), (name, kind)


@pytest.mark.parametrize(("panel", "sql"), queries("table"))
def test_a_table_has_rows_and_columns_that_can_be_shown_and_linked(recorded: Recorded, panel: Json, sql: str) -> None:
    answer = answer_to(recorded, sql)

    assert list(answer.types) == overridden(panel)
    assert [kind for kind in answer.types.values() if not SHOWN.fullmatch(UNKNOWN.sub(r"\1", kind))] == []
    assert set(linked(panel)) <= set(answer.types)


@pytest.mark.parametrize("sql", texts())
def test_nothing_stored_is_no_error(empty: Recorded, sql: str) -> None:
    empty.ask(sql, VALUES)


def test_names_with_quotes_are_only_names(recorded: Recorded) -> None:
    odd = {**VALUES, "service": "it's", "client": "service:it's", "host": "h'", "port": "' OR 1"}
    by_variables = {frozenset(re.findall(r"\$\{(\w+)", one.values[0])): one.values[0] for one in texts()}
    for sql in by_variables.values():
        recorded.ask(sql, odd)


@pytest.mark.parametrize("board", dashboards(), ids=lambda board: str(board["title"]))
def test_a_variable_gives_distinct_values_with_a_text_each(recorded: Recorded, board: Json) -> None:
    for one in variables(board):
        answer = recorded.ask(one["query"]["rawSql"], VALUES)

        assert answer.types == {"value": "String", "text": "String"}
        assert len(set(answer.column("value"))) == len(answer.rows)
        assert all(answer.column("text"))
        assert VALUES[one["name"]] in answer.column("value")


@pytest.mark.parametrize("board", dashboards(), ids=lambda board: str(board["title"]))
def test_annotations_have_a_time_a_text_and_an_id(recorded: Recorded, board: Json) -> None:
    for one in board["annotations"]["list"]:
        answer = answer_to(recorded, one["target"]["rawSql"])

        assert list(answer.types) == ["time", "title", "text", "tags", "id"]
        assert answer.types["time"].startswith("DateTime64")
        assert all(answer.column("text"))
        assert len(set(answer.column("id"))) == len(answer.rows)


def overridden(panel: Json) -> list[str]:
    return [one["matcher"]["options"] for one in panel["fieldConfig"]["overrides"]]


def properties(override: Json) -> set[str]:
    return {each["id"] for each in override["properties"]}


def linked(panel: Json) -> list[str]:
    properties = [each for one in panel["fieldConfig"]["overrides"] for each in one["properties"]]
    urls = [link["url"] for each in properties if each["id"] == "links" for link in each["value"]]
    return [name for url in urls for name in re.findall(r"\$\{__data\.fields\.(\w+)", url)]


TEXTS = re.compile(r"title|subtitle|mainstat|secondarystat|detail__\w+|id|source|target|color")


@pytest.mark.parametrize("level", ["service", "address"])
def test_the_map_has_every_end_of_an_edge_and_strings_for_what_people_read(recorded: Recorded, level: str) -> None:
    values = {**VALUES, "level": level, "host": "", "service": ""}
    nodes, edges = (recorded.ask(sql, values) for sql in map_queries())

    ids = nodes.column("id")
    assert ids == sorted(set(ids))
    assert 1 < len(ids) <= 200
    pairs = list(zip(edges.column("source"), edges.column("target"), strict=True))
    assert {end for pair in pairs for end in pair} <= set(ids)
    assert all(one != other for one, other in pairs), "Grafana draws no loop"
    assert edges.column("id") == sorted(set(edges.column("id")))
    for reply in (nodes, edges):
        assert {kind for name, kind in reply.types.items() if TEXTS.fullmatch(name)} == {"String"}
    for share in zip(nodes.column("arc__ok"), nodes.column("arc__failed"), strict=True):
        assert sum(share) == pytest.approx(1)


@pytest.mark.parametrize("level", ["service", "host"])
def test_whatever_the_map_links_to_is_there(recorded: Recorded, level: str) -> None:
    """Each node's service and host, and edges, are something that the other dashboards know."""
    (board,) = [board for board in dashboards() if board["title"] == "Service map"]
    (panel,) = [panel for panel in board["panels"] if panel["type"] == "nodeGraph"]
    values = {**VALUES, "level": level, "host": "", "service": ""}
    nodes, edges = (recorded.ask(sql, values) for sql in map_queries())
    assert set(linked(panel)) <= {*nodes.types, *edges.types}

    for linked_to, variable in (("detail__host_id", "var_hosts"), ("detail__service", "var_services")):
        there = recorded.ask(grafana(text_of(variable), any="no"), values).column("value")
        assert set(nodes.column(linked_to)) <= {*there, ""}
    for row in edges.dicts()[:2]:
        asked = {**values, "client": row["source"], "server": row["target"]}
        assert recorded.ask(grafana(text_of("edge_about")), asked).rows, row


def map_queries() -> tuple[str, str]:
    return grafana(graph_nodes()), grafana(graph_edges())
