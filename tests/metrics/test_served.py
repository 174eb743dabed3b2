"""Metrics of real parts, scraped as Prometheus does it."""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from schemas.metrics import METRICS
from servicemap.config import Config, MetricsConfig
from servicemap.exposing import FIRST_PORT, PARTS, exposed, noted, place
from tests.e2e.running import SERVICEMAP, Up, until, up

PARTS_OF_UP = {"collect", "work", "sink", "view", "up"}


def scrape(url: str) -> dict[str, Metric]:
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        return {family.name: family for family in text_string_to_metric_families(answer.read().decode())}


def value(families: dict[str, Metric], name: str, **labels: str) -> float:
    samples = [one for family in families.values() for one in family.samples if one.name == name]
    return sum(one.value for one in samples if labels.items() <= one.labels.items())


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    data = tmp_path_factory.mktemp("metrics") / "data"
    data.mkdir()
    with up(data, "--window", "1s", "--view-port", "0", "--quiet") as found:
        found.until("SELECT count() FROM edges", lambda rows: bool(rows) and rows[0][0] > 0)
        yield found


def urls(running: Up) -> dict[str, str]:
    found: dict[str, str] = until(
        lambda: {each.part: each.url for each in noted(Config(data=str(running.data)))},
        lambda found: found.keys() == PARTS_OF_UP,
        30,
        "the parts note where their metrics are",
    )
    return found


def test_every_part_of_up_serves_its_metrics(running: Up) -> None:
    found = {part: scrape(url) for part, url in urls(running).items()}

    for part, families in found.items():
        assert value(families, "servicemap_build_info", part=part) == 1
        assert value(families, "process_resident_memory_bytes") > 1_000_000
    assert value(found["collect"], "servicemap_agent_windows_total") > 0
    assert value(found["collect"], "servicemap_collector_success", collector="connections") == 1
    assert 0 < value(found["collect"], "servicemap_collector_duration_seconds", collector="connections") < 10
    assert time.time() - value(found["collect"], "servicemap_agent_window_end_seconds") < 30
    assert value(found["work"], "servicemap_stage_records_total", stage="attribute") > 0
    assert value(found["work"], "servicemap_stage_edges_total", stage="pair") > 0
    assert value(found["sink"], "servicemap_sink_rows_total") > 0
    assert {one.labels["group"] for one in found["sink"]["servicemap_log_lag_records"].samples} == {"servicemap-store"}
    assert value(found["up"], "servicemap_part_up") == 5


def test_all_that_is_served_is_declared(running: Up) -> None:
    declared = {metric.full_name: metric for metric in METRICS}

    for url in urls(running).values():
        for family in scrape(url).values():
            for sample in family.samples:
                if sample.name.startswith("servicemap_"):
                    assert set(sample.labels) == set(declared[sample.name].labels)
                    assert family.documentation == declared[sample.name].meaning


def test_the_view_counts_its_answers(running: Up) -> None:
    view = json.loads((running.data / "view.json").read_text())["url"]
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(f"{view}nothing", timeout=10)

    assert value(scrape(urls(running)["view"]), "servicemap_view_answers_total", code="404") >= 1


def test_the_store_serves_its_metrics_on_its_http_port(running: Up) -> None:
    port = json.loads((running.data / "store" / "store.json").read_text())["http_port"]

    families = scrape(f"http://127.0.0.1:{port}/metrics")

    assert value(families, "servicemap_build_info", part="store") == 1
    assert value(families, "servicemap_store_connections") >= 1


def test_doctor_shows_where_the_metrics_are(running: Up) -> None:
    command = [*SERVICEMAP, "doctor", "--json", "--data", str(running.data)]
    checks = json.loads(subprocess.run(command, capture_output=True, text=True, timeout=60).stdout)["checks"]

    found = {check["name"]: check["found"] for check in checks}
    assert all(found[f"metrics of {part}"].startswith(url) for part, url in urls(running).items())


def test_a_port_that_is_given_is_that_of_collect_and_the_others_follow(tmp_path: Path) -> None:
    config = Config(data=str(tmp_path), metrics=MetricsConfig(port=7000))

    assert [place(config, part).port for part in PARTS] == [7000, 7001, 7002, 7003, 7004, 7005, 7006]
    assert {place(Config(metrics=MetricsConfig(port=0)), part).port for part in PARTS} == {0}
    assert [place(Config(), part).usual for part in PARTS] == [FIRST_PORT + at for at in range(7)]


def test_nothing_listens_and_nothing_is_noted_where_metrics_are_off(tmp_path: Path) -> None:
    config = Config(data=str(tmp_path), metrics=MetricsConfig(enabled=False))

    with exposed(config, "collect", list):
        assert noted(config) == []
        assert not (tmp_path / "metrics").exists()


def test_a_port_that_cannot_be_had_keeps_no_part_from_its_work(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        config = Config(data=str(tmp_path), metrics=MetricsConfig(port=taken.getsockname()[1]))
        with exposed(config, "collect", list):
            assert noted(config) == []
    assert "no metrics of collect: the metrics of collect cannot listen on" in caplog.text


def test_clients_that_are_slow_or_odd_keep_nobody_from_an_answer(tmp_path: Path) -> None:
    config = Config(data=str(tmp_path), metrics=MetricsConfig(port=0))
    with exposed(config, "collect", list):
        (where,) = noted(config)
        host, port = where.url.removeprefix("http://").removesuffix("/metrics").split(":")
        for request in (
            b"",
            b"\x16\x03\x01 \xff\r\n\r\n",
            b"POST /metrics HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.0\r\n\r\n",
        ):
            with socket.create_connection((host, int(port)), timeout=10) as client:
                client.sendall(request)
                client.shutdown(socket.SHUT_WR)
                answer = b"".join(iter(lambda: client.recv(4096), b""))  # used at once
                assert answer.startswith(b"HTTP/1.1 404 ")
        assert value(scrape(where.url), "servicemap_build_info") == 1
    assert noted(config) == []


def test_an_agent_loads_no_client_library_before_somebody_asks() -> None:
    code = "import sys, servicemap.collecting; print('prometheus_client' in sys.modules, 'http' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False False\n"
