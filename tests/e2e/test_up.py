import json
import time
from pathlib import Path

from tests.e2e.running import run, until, up


def test_the_map_shows_real_processes_within_fifteen_seconds(tmp_path: Path) -> None:
    began = time.monotonic()
    with up(tmp_path) as running:
        running.until("SELECT 1 FROM process_edges WHERE client_name = 'servicemap' LIMIT 1")
        took = time.monotonic() - began

        printed = run("map", "--data", str(tmp_path), "--json")
        graph = json.loads(printed.stdout)
        assert running.stop() == 0

    assert took <= 15
    nodes = {node["id"]: node for node in graph["nodes"]}
    pairs = {(nodes[edge["client"]].get("service"), nodes[edge["server"]].get("service")) for edge in graph["edges"]}
    assert ("servicemap", "sinks.embedded") in pairs
    assert all(edge["client"] in nodes and edge["server"] in nodes for edge in graph["edges"])


def test_ctrl_c_stores_the_last_windows_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with up(tmp_path, "--window", "1s") as running:
        running.until("SELECT 1 FROM edges LIMIT 1")
        assert running.stop() == 0
        assert running.parts() == {}
    assert "no ClickHouse" not in tmp_path.with_suffix(".log").read_text()
    lag = [json.loads(line) for line in run("log", "lag", "--data", str(tmp_path), "--json").stdout.splitlines()]
    assert {(each["group"], each["records_behind"]) for each in lag} == {
        ("servicemap-attribute", 0),
        ("servicemap-pair", 0),
        ("servicemap-store", 0),
    }
    seen = json.loads(
        run("log", "read", "heartbeats", "--data", str(tmp_path), "--limit", "100000").stdout.splitlines()[-1]
    )

    with up(tmp_path, "--window", "1s") as again:
        newest = again.until("SELECT max(window) FROM host_usage WHERE window <= now64(3)")[0][0]
        stored = again.until(
            f"SELECT count() FROM host_usage WHERE window = fromUnixTimestamp64Milli({seen['value']['window']})",
            lambda rows: rows == [(1,)],
        )

    assert newest.year >= 2020
    assert stored == [(1,)]


def test_the_parts_end_when_their_supervisor_ends_or_is_killed(tmp_path: Path) -> None:
    with up(tmp_path, "--window", "1s") as running:
        running.until("SELECT 1 FROM edges LIMIT 1")
        running.process.kill()
        until(running.parts, lambda parts: not parts, 30, "parts to end")


def test_up_with_for_stops_by_itself(tmp_path: Path) -> None:
    with up(tmp_path, "--for", "4s") as running:
        assert running.process.wait(60) == 0


def test_a_second_up_in_the_same_directory_is_refused(tmp_path: Path) -> None:
    with up(tmp_path) as running:
        until((tmp_path / "run.json").exists, bool, 20, "first to start")
        second = run("up", "--data", str(tmp_path), "--native-port", "0", "--http-port", "0")

        assert second.returncode == 1
        assert f"already runs in {tmp_path} (pid {running.process.pid})" in second.stderr


def test_a_failed_start_is_one_sentence(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()

    unwritable = run("up", "--data", str(blocked / "inside"))
    unreachable = run("up", "--data", str(tmp_path), "--log", "kafka://127.0.0.1:1")
    unknown = run("up", "--data", str(tmp_path), "--store", "mysql://somewhere")

    assert (unwritable.returncode, unwritable.stderr.count("\n")) == (1, 1)
    assert "--data" in unwritable.stderr
    assert (unreachable.returncode, unreachable.stderr.count("\n")) == (1, 1)
    assert "127.0.0.1:1" in unreachable.stderr
    assert (unknown.returncode, unknown.stderr.count("\n")) == (1, 1)
    assert "clickhouse://" in unknown.stderr


def test_a_busy_port_is_named_and_up_gives_up(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = run("up", "--data", str(tmp_path), "--native-port", port, "--http-port", "0")

    assert refused.returncode == 1
    assert f"127.0.0.1:{port}" in refused.stderr
    assert "Traceback" not in refused.stderr
