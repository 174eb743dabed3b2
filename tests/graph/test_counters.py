"""Every counter that is declared reaches what people read, without being named there."""

import pytest

from dashboards.grafana import edge, service
from graph.counters import NAMES, judged, moved, rtt_ms
from graph.statement import edge_statement, node_statement
from schemas.counted import COUNTERS, OWN
from schemas.facts import Chart
from view import facts, lines

CHARTED = [name for name, one in OWN.items() if one.chart is Chart.RATE]


@pytest.mark.parametrize("name", COUNTERS)
def test_sql_to_copy_selects_every_counter(name: str) -> None:
    rows_of_edges, rows_of_flows = node_statement("host:h", "host", 0, 1), node_statement("address:a", "address", 0, 1)

    assert f"client_{name}" in rows_of_edges
    assert f"server_{name}" in edge_statement("service:a", "service:b", "tcp", 1, "service", 0, 1)
    assert f"a_{name}" in rows_of_flows
    assert f"b_{name}" in rows_of_flows


@pytest.mark.parametrize("name", COUNTERS)
def test_the_page_shows_every_counter_for_each_side(name: str) -> None:
    shown = [column for side in facts.SIDES for column in (side["client"], side["server"])]

    assert shown.count(f"client_{name}") == shown.count(f"server_{name}") == 1
    assert all(side["client"].startswith("client_") and side["server"].startswith("server_") for side in facts.SIDES)


@pytest.mark.parametrize("name", CHARTED)
def test_every_counter_has_a_chart_in_the_page_and_a_panel_in_grafana(name: str) -> None:
    label = COUNTERS[name].label

    assert [line.called for line in lines.EDGE if line.chart == label] == ["client", "server"]
    assert [line.name for line in lines.TRAFFIC if line.chart == label] == [name]
    for dashboard in (edge.build(), service.build()):
        (panel,) = (each for each in dashboard["panels"] if each["title"] == label)
        assert COUNTERS[name].meaning in panel["description"].lower()


def test_counters_that_both_ends_share_count_once() -> None:
    counted = dict.fromkeys(NAMES, 0) | {"client_sent_bytes": 9, "server_received_bytes": 7, "server_sent_bytes": 4}

    assert moved(counted) == 13


def test_counters_of_each_end_alone_are_added() -> None:
    counted = dict.fromkeys(NAMES, 0) | {"client_retransmits": 2, "server_retransmits": 3, "client_sent_segments": 50}

    assert judged(counted) == {"retransmits": 5, "sent_segments": 50}


def test_the_round_trip_is_that_of_the_client_or_else_of_the_server() -> None:
    nothing = dict.fromkeys(NAMES, 0)

    assert rtt_ms(nothing) is None
    assert rtt_ms(nothing | {"server_rtt_us": 300}) == 0.3
    assert rtt_ms(nothing | {"client_rtt_us": 100, "server_rtt_us": 300}) == 0.1
