"""Rates on the dashboards are those of what is stored, however wide the points are and wherever the range begins."""

from typing import Any

import pytest

from dashboards.macros import grafana
from schemas.latency import microseconds
from schemas.times import HOUR_MS
from tests.dashboards.conftest import Recorded
from tests.dashboards.test_queries import VALUES
from tests.dashboards.texts import text_of

pytestmark = pytest.mark.slow

BY_CLIENT = "to the server, by the client"


def carried(recorded: Recorded, interval: int, series: str, name: str = "edge_bytes") -> float:
    """Return the area under a line: points are `interval` seconds, of which those count that were recorded."""
    answer = recorded.ask(grafana(text_of(name)), VALUES, interval)
    rates: dict[float, float] = {
        row["time"].timestamp(): row["value"] for row in answer.dicts() if row["series"] == series
    }
    seconds: dict[float, float] = dict(
        recorded.sql(
            f"SELECT intDiv(toUnixTimestamp(window), {interval}) * {interval} AS at, 5 * uniqExact(window) "
            f"FROM host_usage WHERE toUnixTimestamp64Milli(window) BETWEEN {recorded.start} AND {recorded.end - 1} "
            f"GROUP BY at"
        )
    )
    return sum(seconds[at] * rate for at, rate in rates.items())


@pytest.mark.parametrize("interval", [5, 35, 60, 420])
def test_the_area_under_a_rate_is_what_was_carried(recorded: Recorded, interval: int) -> None:
    ((whole,),) = recorded.sql(
        f"SELECT sum(client_sent_bytes) FROM process_edges WHERE client_service = 'nginx' "
        f"AND server_service = 'api' AND toUnixTimestamp64Milli(window) BETWEEN {recorded.start} AND {recorded.end - 1}"
    )
    assert carried(recorded, interval, BY_CLIENT) == pytest.approx(whole)


def test_hours_of_the_roll_up_and_windows_after_them_carry_what_windows_alone_do(recorded: Recorded) -> None:
    hours = Recorded(recorded.client, recorded.start // HOUR_MS * HOUR_MS, recorded.end)
    assert carried(hours, 3600, BY_CLIENT) == pytest.approx(carried(hours, 5, BY_CLIENT))
    assert recorded.sql("SELECT count() FROM edges_1h")[0][0] > 0


def test_a_point_that_is_not_over_yet_is_no_dip(
    recorded: Recorded,
) -> None:
    late = Recorded(recorded.client, recorded.start, recorded.end + 600_000)
    answer = late.ask(grafana(text_of("service_open")), VALUES, 300)
    held = [row["value"] for row in answer.dicts() if row["series"] == "with its clients"]
    assert held[-1] == pytest.approx(held[-2], rel=0.1)


@pytest.mark.parametrize("interval", [5, 35, 60, 420])
@pytest.mark.parametrize("name", ["edge_requests", "service_requests"])
def test_the_area_under_requests_is_how_many_there_were(recorded: Recorded, name: str, interval: int) -> None:
    client = "AND client_service = 'nginx'" if name == "edge_requests" else "AND server_host = 'back'"
    ((whole,),) = recorded.sql(
        f"SELECT sum(by['GET 2xx']) FROM process_requests WHERE server_service = 'api' {client} "
        f"AND toUnixTimestamp64Milli(window) BETWEEN {recorded.start} AND {recorded.end - 1}"
    )
    assert whole
    assert carried(recorded, interval, "HTTP 2xx", name) == pytest.approx(whole)


def test_hours_of_requests_and_windows_after_them_are_what_windows_alone_are(recorded: Recorded) -> None:
    hours = Recorded(recorded.client, recorded.start // HOUR_MS * HOUR_MS, recorded.end)
    for name in ("edge_requests", "service_requests"):
        assert carried(hours, 3600, "HTTP 5xx", name) == pytest.approx(carried(hours, 5, "HTTP 5xx", name))
    slow = [row["value"] for row in _rows(hours, "edge_latency", 3600) if row["series"] == "answers, 99 % within"]
    assert slow == pytest.approx([microseconds(700) / 1000] * len(slow))
    assert recorded.sql("SELECT count() FROM requests_1h")[0][0] > 0


def _rows(recorded: Recorded, name: str, interval: int) -> list[dict[str, Any]]:
    return recorded.ask(grafana(text_of(name)), VALUES, interval).dicts()


def test_requests_are_shown_by_class_and_answers_by_the_sketch_of_their_times(recorded: Recorded) -> None:
    rates = recorded.ask(grafana(text_of("service_requests")), VALUES, 60).dicts()
    sums = {
        name: sum(row["value"] for row in rates if row["series"] == name)
        for name in ("HTTP 2xx", "HTTP 5xx", "requests unanswered")
    }
    times = {
        row["series"]: row["value"] for row in recorded.ask(grafana(text_of("service_latency")), VALUES, 60).dicts()
    }

    assert sums["HTTP 2xx"] == pytest.approx(9 * sums["HTTP 5xx"])
    assert sums["requests unanswered"] == pytest.approx(sums["HTTP 5xx"])
    assert times["answers, half within"] == pytest.approx(microseconds(600) / 1000)
    assert times["answers, 99 % within"] == pytest.approx(microseconds(700) / 1000)
