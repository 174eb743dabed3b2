"""One text for clickhouse-driver and for Grafana."""

from types import SimpleNamespace

from clickhouse_driver.util.escape import escape_params

from dashboards.macros import grafana, parameters
from graph.node_graph_edges import graph_edges
from graph.panels import tables


def test_a_query_names_its_parameters() -> None:
    assert parameters(tables.asked()) >= {"from", "to", "service", "host"}


def test_our_client_fills_in_values() -> None:
    values = {"from": 1000, "to": 2000, "interval": 60, "service": "it's", "host": ""}

    text = tables.asked() % escape_params(values, SimpleNamespace())

    assert "fromUnixTimestamp64Milli(toInt64(1000), 'UTC')" in text
    assert "it\\'s" in text


def test_grafana_fills_in_variables_and_times() -> None:
    text = grafana(graph_edges())

    assert "toInt64(toUnixTimestamp64Milli($__fromTime_ms))" in text
    assert "${service:singlequote}" in text
    assert "%(" not in text


def test_a_parameter_can_be_fixed_for_a_panel() -> None:
    text = grafana(graph_edges(), level="host", service="it's")

    assert "'host' = 'service'" in text
    assert "'it\\'s'" in text
    assert "${level" not in text
