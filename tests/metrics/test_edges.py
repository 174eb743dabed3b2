"""Edges as metrics of a running store: scraped as Prometheus does, and pushed to a receiver of OTLP."""

import gzip
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families

from schemas.times import MINUTE_MS
from servicemap.cli import main
from servicemap.config import Config
from tests.cli import town
from tests.view.serving import Past, remembered


class Receiver(BaseHTTPRequestHandler):
    """Takes what is pushed."""

    bodies: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        body = gzip.decompress(self.rfile.read(int(self.headers["Content-Length"])))
        self.bodies.append(json.loads(body))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def receiver() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/metrics"
        server.shutdown()


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    """A town whose last whole minutes can be counted."""
    with remembered(tmp_path_factory.mktemp("edges")) as found:
        minute = found.now // MINUTE_MS * MINUTE_MS
        for end in (minute - MINUTE_MS, minute):
            found.store_minute(end)
            found.store_requests(end)
        yield found


@contextmanager
def counting(past: Past, *flags: str, **environment: str) -> Iterator[str]:
    """Run `servicemap metrics` on a free port."""
    command = [sys.executable, "-m", "servicemap", "metrics", "--data", str(past.data), *flags]
    more = {"SERVICEMAP_METRICS__PORT": "0", **environment}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **more}) as process:
        assert process.stderr is not None
        try:
            line = process.stderr.readline()
            assert "edges are metrics at http://" in line, line
            yield line.split(" at ")[1].split()[0]
        finally:
            process.terminate()
            assert "Traceback" not in process.stderr.read()


def scraped(url: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    with urllib.request.urlopen(url, timeout=10) as answer:
        text = answer.read().decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def until_counted(url: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Return what is scraped once a minute is counted."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = scraped(url)
        if found.get(("servicemap_edge_series", ())):
            return found
        time.sleep(0.2)
    raise AssertionError("no edge was counted")


def labels(**wanted: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(wanted.items()))


def test_edges_are_scraped_under_the_names_that_others_draw(past: Past) -> None:
    with counting(past) as url:
        found = until_counted(url)
    shop = labels(client="nginx", server=town.WEIRD.replace("\x1b", "�"), connection_type="")
    requests = found["traces_service_graph_request_total", shop]
    assert requests > 0
    assert found["traces_service_graph_request_failed_total", shop] == requests / 4
    histogram = "traces_service_graph_request_server_seconds"
    assert found[f"{histogram}_count", shop] == requests
    assert found[f"{histogram}_bucket", labels(**dict(shop), le="+Inf")] == requests
    assert found[f"{histogram}_sum", shop] == pytest.approx(0.002 * requests, rel=0.02)
    of_requests = [dict(of) for name, of in found if name == "traces_service_graph_request_total"]
    assert ("postgres", "database") in {(of["server"], of["connection_type"]) for of in of_requests}


def test_what_finds_no_room_is_counted_and_said(past: Past) -> None:
    with counting(past, "--most-edges", "1") as url:
        found = until_counted(url)
    names = {of for name, of in found if name == "traces_service_graph_request_total"}
    assert len(names) == 1
    assert found["servicemap_edges_left_out_total", ()] > 0


def test_edges_are_pushed_by_otlp(past: Past, receiver: str) -> None:
    Receiver.bodies.clear()
    with counting(past, "--otlp", receiver) as url:
        found = until_counted(url)
        deadline = time.monotonic() + 30
        while not Receiver.bodies and time.monotonic() < deadline:
            time.sleep(0.1)
    (scope,) = Receiver.bodies[0]["resourceMetrics"][0]["scopeMetrics"]
    metrics = {metric["name"]: metric for metric in scope["metrics"]}
    total = metrics["traces_service_graph_request_total"]["sum"]
    assert (total["isMonotonic"], total["aggregationTemporality"]) == (True, 2)
    for point in total["dataPoints"]:
        of = labels(**{one["key"]: one["value"]["stringValue"] for one in point["attributes"]})
        assert int(point["asInt"]) == found["traces_service_graph_request_total", of]
        assert int(point["startTimeUnixNano"]) < int(point["timeUnixNano"])
    for point in metrics["traces_service_graph_request_server_seconds"]["histogram"]["dataPoints"]:
        assert len(point["bucketCounts"]) == len(point["explicitBounds"]) + 1
        assert sum(map(int, point["bucketCounts"])) == int(point["count"])


def test_a_receiver_that_is_not_there_is_counted_and_stops_nothing(past: Past) -> None:
    with counting(past, "--otlp", "http://127.0.0.1:9/v1/metrics") as url:
        until_counted(url)
        deadline = time.monotonic() + 30
        while not (failed := scraped(url)["servicemap_edge_push_failures_total", ()]) and time.monotonic() < deadline:
            time.sleep(0.1)
    assert failed >= 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--otlp", "collector:4318"), "edge_metrics.otlp"),
        (("--most-edges", "0"), "most-edges"),
        (("--level", "galaxy"), "level"),
    ],
)
def test_what_cannot_be_is_refused(arguments: tuple[str, ...], sentence: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["metrics", "--data", str(tmp_path), *arguments])
    assert (result.exit_code, sentence in result.stderr) == (2, True), result.stderr


def test_they_are_off_unless_they_are_wanted() -> None:
    assert not Config().edge_metrics.enabled
