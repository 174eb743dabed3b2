"""A capture of a short run, and of a simulated fleet, that somebody opens: the same rows, and the map of its time."""

import json
import signal
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from servicemap.config import Config
from servicemap.parts import store_address
from servicemap.store_alone import store_alone
from sinks.store import Store
from sinks.tables import TABLES
from tests.e2e.running import SERVICEMAP, Up, run, until, up
from tests.e2e.talk import asking, served

pytestmark = pytest.mark.slow

SAID = '{"schema": {"type": "string"}, "annotations": [{"target": "*", "value": "blue"}]}'
ANY_PORTS = ("--native-port", "0", "--http-port", "0", "--view-port", "0")


def tables(data: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return what the store of a data directory holds, in which nothing runs."""
    config = Config(data=str(data))
    with store_alone(config), closing(Store(store_address(config, write=True))) as store:
        return {table.name: store.query(f"SELECT * FROM {table.name} FINAL ORDER BY ALL") for table in TABLES}


def exported(data: Path, file: Path) -> dict[str, Any]:
    done = run("log", "export", str(file), "--data", str(data), "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_capture_of_a_short_run_opens_as_it_was(tmp_path: Path) -> None:
    data, file, there, folder = (tmp_path / name for name in ("data", "run.capture", "there", "said"))
    folder.mkdir()
    (folder / "owner.json").write_text(SAID)
    with (
        served("127.0.0.1") as port,
        asking("127.0.0.1", port, pause=0.05),
        up(data, "--window", "1s", "--view-port", "0") as running,
    ):
        running.until("SELECT count() FROM edges", lambda rows: bool(rows) and rows[0][0] > 20, 120)
        assert run("overlay", "apply", str(folder), "--data", str(data)).returncode == 0
        assert running.stop() == 0
    assert exported(data, file)["records"] > 20

    with up(there, "--from", str(file), "--view-port", "0") as shown:
        url = until(lambda: address(there), bool, 120, "the view")
        found = json.loads(run("map", "--json", "--data", str(there)).stdout)
        newest = shown.sql("SELECT max(toUnixTimestamp64Milli(window) + width_ms) FROM edges")[0][0]
        assert found["edges"]
        assert until(lambda: asked(f"{url}api/map")["edges"], bool, 30, "a map in the view")
        assert in_ms(found["to"]) in range(newest - 1000, newest + 1000)
        assert {node["annotations"]["owner"] for node in found["nodes"]} == {"blue"}
        assert writes(url) == 403
        assert shown.stop() == 0

    original, opened = tables(data), tables(there)
    for name, rows in original.items():
        assert opened[name] == rows, name
    assert original["edges"]
    refused = run("up", "--data", str(there))
    assert refused.returncode == 1
    assert "holds a capture: look at it with --from" in refused.stderr


def test_a_capture_of_a_simulated_fleet_opens_as_it_was(tmp_path: Path) -> None:
    data, file, there = tmp_path / "data", tmp_path / "fleet.capture", tmp_path / "there"
    assert run("simulate", "lamp", "--for", "3m", "--data", str(data)).returncode == 0
    exported(data, file)

    with up(there, "--from", str(file), "--view-port", "0", "--for", "1s") as shown:
        assert shown.process.wait(120) == 0

    assert tables(there) == tables(data)


def test_a_capture_that_is_looked_at_without_a_place_leaves_nothing(tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "fleet.capture"
    assert run("simulate", "lamp", "--for", "1m", "--data", str(data)).returncode == 0
    exported(data, file)
    folder = tmp_path / "temporary"
    folder.mkdir()

    for moment in ("folding", "see "):  # Ctrl-C while it is opened, and when it is
        command = [*SERVICEMAP, "up", "--from", str(file), *ANY_PORTS]
        with subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env={"TMPDIR": str(folder)}, start_new_session=True
        ) as process:
            running = Up(folder, process)
            assert process.stderr is not None
            assert any(moment in line for line in process.stderr)
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == (130 if moment == "folding" else 0)
            until(running.parts, lambda parts: not parts, 20, "parts to end")
        assert list(folder.iterdir()) == []


def address(data: Path) -> str:
    try:
        return str(json.loads((data / "view.json").read_text())["url"])
    except (OSError, ValueError):
        return ""


def asked(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.loads(answer.read())


def writes(url: str) -> int:
    """Return the status that writing an annotation gets."""
    wish = urllib.request.Request(f"{url}api/overlays/owner/annotations", b"{}", method="POST")
    try:
        with urllib.request.urlopen(wish, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def in_ms(text: str) -> int:
    return int(time.mktime(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone) * 1000
