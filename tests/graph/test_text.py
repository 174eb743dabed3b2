"""One text for clickhouse-driver and for Grafana."""

from types import SimpleNamespace

from clickhouse_driver.util.escape import escape_params

from dashboards.queries import grafana, names, parameters, query


def test_a_query_tells_which_parameters_it_takes() -> None:
    assert parameters("service_asked") >= {"from", "to", "service", "host"}


def test_our_client_fills_in_values() -> None:
    values = {"from": 1000, "to": 2000, "interval": 60, "service": "it's", "host": ""}

    text = query("service_asked") % escape_params(values, SimpleNamespace())

    assert "fromUnixTimestamp64Milli(toInt64(1000), 'UTC')" in text
    assert "it\\'s" in text


def test_grafana_fills_in_variables_and_times() -> None:
    text = grafana("graph_edges")

    assert "toInt64(toUnixTimestamp64Milli($__fromTime_ms))" in text
    assert "${service:singlequote}" in text
    assert "%(" not in text


def test_a_parameter_can_be_fixed_for_a_panel() -> None:
    text = grafana("graph_edges", level="host", service="it's")

    assert "'host' = 'service'" in text
    assert "'it\\'s'" in text
    assert "${level" not in text


def test_queries_are_listed_by_the_beginning_of_their_names() -> None:
    assert {"alert_host_silent"} <= set(names("alert_")) <= set(names())
