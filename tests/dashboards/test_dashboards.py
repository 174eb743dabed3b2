"""Dashboards are what Grafana takes: by its own schema where that is at hand, and by rules that it does not have."""

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest

from dashboards.grafana.build import dashboards
from dashboards.grafana.panels import SOURCE, Json
from tests.dashboards import grafana_schema
from tests.dashboards.plugin import Asked

BOARDS = dashboards()
BUILT_IN = {"__url_time_range", "__data", "__field"}
each_board = pytest.mark.parametrize("board", BOARDS, ids=lambda board: str(board["title"]))


def panels(board: Json) -> list[Json]:
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def targets(board: Json) -> Iterator[Json]:
    """Yield all that asks the store: panels' and annotations' targets."""
    for panel in panels(board):
        yield from panel["targets"]
    for one in board["annotations"]["list"]:
        yield one["target"]


def links(board: Json) -> Iterator[str]:
    for panel in panels(board):
        for override in panel["fieldConfig"]["overrides"]:
            for each in override["properties"]:
                if each["id"] == "links":
                    yield from (link["url"] for link in each["value"])


def variables(board: Json) -> set[str]:
    return {one["name"] for one in board["templating"]["list"]}


@each_board
def test_grafanas_own_schema_holds_nothing_against_a_dashboard(board: Json) -> None:
    schemas = grafana_schema.folder()
    if schemas is None:
        pytest.skip("Grafana's schemas are not here: name their folder in GRAFANA_SCHEMAS")
    assert list(grafana_schema.problems(board, schemas)) == []


@pytest.mark.parametrize(
    "break_it",
    [
        lambda board: board.update(nonsense=1),
        lambda board: board["panels"][0].update(titel="x"),
        lambda board: board["panels"][0]["gridPos"].update(w=25),
        lambda board: board["templating"]["list"][0].update(current={"value": []}),
    ],
)
def test_grafanas_own_schema_would_show(break_it: Any) -> None:
    schemas = grafana_schema.folder()
    if schemas is None:
        pytest.skip("Grafana's schemas are not here: name their folder in GRAFANA_SCHEMAS")
    (board,) = [one for one in dashboards() if one["title"] == "Edge"]
    break_it(board)
    assert list(grafana_schema.problems(board, schemas))


def test_uids_and_titles_are_distinct_and_short() -> None:
    assert len({board["uid"] for board in BOARDS}) == len({board["title"] for board in BOARDS}) == len(BOARDS)
    assert all(len(board["uid"]) <= 40 for board in BOARDS)


@each_board
def test_panels_have_distinct_ids_a_title_and_a_description(board: Json) -> None:
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    assert all(panel["title"] and panel["description"].endswith(".") for panel in panels(board))


@each_board
def test_panels_lie_side_by_side_and_not_on_each_other(board: Json) -> None:
    places = [panel["gridPos"] for panel in board["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    for one, other in combinations(places, 2):
        apart_x = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart_y = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart_x or apart_y, (one, other)


@each_board
def test_whatever_asks_names_the_data_source_and_a_format(board: Json) -> None:
    for target in targets(board):
        assert target["datasource"] == SOURCE
        assert target["refId"]
        assert (target["format"], target["queryType"]) in {(0, "timeseries"), (1, "table")}


@each_board
def test_lines_come_as_series_in_order_and_all_else_as_tables(board: Json) -> None:
    for panel in panels(board):
        for target in panel["targets"]:
            assert target["format"] == (0 if panel["type"] == "timeseries" else 1)
            if panel["type"] == "timeseries":
                assert target["rawSql"].rstrip().endswith("ORDER BY time, series")
                assert re.fullmatch(r"\d+[sm]", panel["interval"])


@each_board
def test_a_map_has_one_query_of_nodes_and_one_of_edges(board: Json) -> None:
    for panel in panels(board):
        if panel["type"] == "nodeGraph":
            assert [target["refId"] for target in panel["targets"]] == ["nodes", "edges"]
            linked = [one["matcher"]["options"] for one in panel["fieldConfig"]["overrides"]]
            assert linked == ["title", "source"], "links of several fields would be offered several times"


@each_board
def test_every_variable_that_is_asked_for_is_there_and_used(board: Json) -> None:
    asked = [target["rawSql"] for target in targets(board)]
    asked += [one.get("definition", "") for one in board["templating"]["list"]]
    used = {name for text in asked for name in re.findall(r"\$\{(\w+)", text)}
    assert used == variables(board)


@each_board
def test_every_macro_is_one_the_data_source_knows(board: Json) -> None:
    values = dict.fromkeys(variables(board), "")
    asked = [target["rawSql"] for target in targets(board)]
    for text in asked + [one.get("definition", "") for one in board["templating"]["list"]]:
        assert "$" not in Asked(0, 1000, 60, values).sql(text)


@each_board
def test_a_link_leads_to_a_dashboard_that_is_there_and_sets_variables_that_it_has(board: Json) -> None:
    there = {one["uid"]: variables(one) for one in BOARDS}
    for url in links(board):
        found = re.fullmatch(r"/d/([\w-]+)\?\$\{__url_time_range\}((?:&var-\w+=[^&]*)*)", url)
        assert found, url
        assert set(re.findall(r"&var-(\w+)=", found[2])) <= there[found[1]]
        assert set(re.findall(r"\$\{(\w+)", url)) <= BUILT_IN | variables(board), "else the link would be left out"


@each_board
def test_units_are_ones_that_grafana_knows(board: Json) -> None:
    known = {"binBps", "bytes", "cps", "dtdurations", "ms", "none", "percentunit", "reqps", "s", "short", "µs"}
    units = [str(panel["fieldConfig"]["defaults"].get("unit", "none")) for panel in panels(board)]
    for panel in panels(board):
        for override in panel["fieldConfig"]["overrides"]:
            units += [each["value"] for each in override["properties"] if each["id"] == "unit"]
    assert set(units) <= known
