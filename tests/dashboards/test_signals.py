"""Traffic, errors and latency are of HTTP where it is seen, else of connections, and show of which."""

import pytest

from dashboards.macros import grafana
from schemas.latency import microseconds
from tests.dashboards.conftest import Recorded
from tests.dashboards.test_queries import VALUES
from tests.dashboards.test_rates import carried
from tests.dashboards.texts import text_of

pytestmark = pytest.mark.slow

API = VALUES  # its clients are seen to speak HTTP, and so is the cache that it asks; the database is not
DATABASE = {**VALUES, "service": "postgresql", "host": "db", "client": "service:api", "server": "service:postgresql"}
CACHE = {**VALUES, "service": "redis-server", "client": "service:api", "server": "service:redis-server"}
each_of = pytest.mark.parametrize("of", ["service", "host", "edge"])


def lines(recorded: Recorded, name: str, values: dict[str, str]) -> set[str]:
    """Return the names of a panel's lines without the role that follows a comma."""
    return {row["series"].partition(",")[0] for row in recorded.ask(grafana(text_of(name)), values).dicts()}


@each_of
def test_where_http_is_seen_requests_and_latency_are_of_http(recorded: Recorded, of: str) -> None:
    assert {"HTTP 2xx", "HTTP 5xx", "requests unanswered"} == lines(recorded, f"{of}_requests", API)
    assert lines(recorded, f"{of}_latency", API) == {"answers"}


@each_of
def test_where_none_is_seen_they_are_of_connections(recorded: Recorded, of: str) -> None:
    assert lines(recorded, f"{of}_requests", DATABASE) == {"connections opened"}
    assert lines(recorded, f"{of}_latency", DATABASE) == {"round trip"}


@each_of
def test_errors_of_connections_have_lines_everywhere_and_those_of_http_where_it_is_seen(
    recorded: Recorded, of: str
) -> None:
    requests = {"requests failed", "requests unanswered"}

    assert lines(recorded, f"{of}_errors", API) == {*requests, "connections failed"}
    assert lines(recorded, f"{of}_errors", DATABASE) == {"connections failed"}


@pytest.mark.parametrize("name", ["service_errors", "edge_errors"])
def test_http_without_an_error_is_lines_of_0_and_not_none(recorded: Recorded, name: str) -> None:
    answer = recorded.ask(grafana(text_of(name)), CACHE)

    assert {"requests failed", "requests unanswered"} < lines(recorded, name, CACHE)
    assert set(answer.column("value")) == {0}


@pytest.mark.parametrize("interval", [5, 60, 420])
@pytest.mark.parametrize(("name", "role"), [("edge_errors", ""), ("service_errors", ", to its clients")])
def test_the_area_under_errors_is_how_many_there_were(recorded: Recorded, name: str, role: str, interval: int) -> None:
    ((wrong, lost),) = recorded.sql(
        "SELECT sum(errors), sum(unanswered) FROM process_requests WHERE server_service = 'api' AND server_port = 8000 "
        f"AND toUnixTimestamp64Milli(window) BETWEEN {recorded.start} AND {recorded.end - 1}"
    )
    assert wrong > lost > 0
    assert carried(recorded, interval, f"requests failed{role}", name) == pytest.approx(wrong - lost)
    assert carried(recorded, interval, f"requests unanswered{role}", name) == pytest.approx(lost)


def test_what_a_service_gets_wrong_from_its_servers_is_shown_apart(recorded: Recorded) -> None:
    asks = carried(recorded, 60, "requests failed, from its servers", "service_errors")
    ((wrong,),) = recorded.sql(
        "SELECT sum(errors) FROM process_requests WHERE client_service = 'api' AND client_host = 'back' "
        f"AND toUnixTimestamp64Milli(window) BETWEEN {recorded.start} AND {recorded.end - 1}"
    )

    assert asks == pytest.approx(wrong)


def test_tables_show_http_of_the_edges_that_have_it_and_nothing_of_others(recorded: Recorded) -> None:
    everything = {**VALUES, "service": "", "host": ""}
    rows = recorded.ask(grafana(text_of("edge_top")), everything).dicts()
    by_edge = {(row["client_name"], row["server_name"]): row for row in rows}
    answered, silent = by_edge["nginx", "api"], by_edge["api", "postgresql"]

    assert answered["errors"] == pytest.approx(2 / 11)
    assert answered["latency"] == pytest.approx(microseconds(700) / 1000)
    whole = carried(recorded, 60, "HTTP 2xx", "edge_requests") * 11 / 9
    ((seconds,),) = recorded.sql(
        f"SELECT 5 * uniqExact(window) FROM host_usage "
        f"WHERE toUnixTimestamp64Milli(window) BETWEEN {recorded.start} AND {recorded.end - 1}"
    )
    assert answered["requests"] == pytest.approx(whole / seconds)
    assert [silent[name] for name in ("requests", "errors", "latency")] == [None] * 3
    assert by_edge["api", "redis-server"]["errors"] == 0


@pytest.mark.parametrize("name", ["service_peers", "edge_about", "edge_processes"])
def test_each_table_of_edges_shows_the_same_share_of_errors(recorded: Recorded, name: str) -> None:
    for values, share in ((API, pytest.approx(2 / 11)), (DATABASE, None), (CACHE, 0)):
        asked = {**values, "role": "clients"}
        shares = [row["errors"] for row in recorded.ask(grafana(text_of(name)), asked).dicts()]
        assert shares
        assert all(one == share for one in shares)


def test_requests_are_on_an_edge_between_addresses_too(recorded: Recorded) -> None:
    addresses = {**VALUES, "level": "address", "client": "address:10.0.0.1", "server": "address:10.0.0.2"}
    (by_address,) = recorded.ask(grafana(text_of("edge_about")), addresses).dicts()
    (by_service,) = recorded.ask(grafana(text_of("edge_about")), VALUES).dicts()

    assert by_address["requests"] == by_service["requests"] > 0
    assert lines(recorded, "edge_latency", addresses) == {"answers"}


def test_numbers_of_a_service_that_nobody_asks_over_http_are_unknown_and_not_0(recorded: Recorded) -> None:
    (asked,) = recorded.ask(grafana(text_of("service_asked")), API).dicts()
    (quiet,) = recorded.ask(grafana(text_of("service_asked")), DATABASE).dicts()
    (right,) = recorded.ask(grafana(text_of("service_asked")), CACHE).dicts()

    assert asked["errors"] == pytest.approx(2 / 11)
    assert (asked["half"], asked["most"]) == pytest.approx((microseconds(600) / 1000, microseconds(700) / 1000))
    assert set(quiet.values()) == {None}
    assert right["errors"] == 0 < right["requests"]
