"""What is said of nodes by command, file and HTTP is on the map of its time, and survives a replay and a rebuild."""

import json
import urllib.request
from pathlib import Path

import pytest

from tests.e2e.running import run, up
from tests.e2e.talk import asking, served

pytestmark = pytest.mark.slow

SAID = "SELECT overlay, target, text FROM overlays ORDER BY overlay, target"
FILE = """
schema.enum = ["high", "low"]
[[annotations]]
target = "*"
value = "low"
from = 2026-01-01T00:00:00Z
"""


def test_what_is_said_is_on_the_map_and_lasts(tmp_path: Path) -> None:
    data, folder = tmp_path / "data", tmp_path / "said"
    folder.mkdir()
    (folder / "criticality.toml").write_text(FILE)
    (folder / "owner.json").write_text('{"schema": {"required": ["team"]}}')
    said = [("criticality", "*", "low"), ("owner", "level=service", '{"team":"blue"}')]

    with (
        served("127.0.0.1") as port,
        asking("127.0.0.1", port, pause=0.05),
        up(data, "--window", "1s", "--view-port", "0") as running,
    ):
        running.until("SELECT count() FROM edges", lambda rows: bool(rows) and rows[0][0] > 5, 120)
        assert run("overlay", "apply", str(folder), "--data", str(data)).returncode == 0
        url = json.loads((data / "view.json").read_text())["url"]
        asked = urllib.request.Request(
            f"{url}api/overlays/owner/annotations",
            json.dumps({"target": "level=service", "value": {"team": "blue"}, "from": 1}).encode(),
            {"Authorization": f"Bearer {(data / 'view.write-token').read_text()}"},
        )
        with urllib.request.urlopen(asked, timeout=30) as answer:
            assert answer.status == 201
        running.until(SAID, lambda rows: rows == said)

        found = json.loads(run("map", "--json", "--level", "service", "--data", str(data)).stdout)
        services = [node for node in found["nodes"] if node["kind"] == "service"]
        assert services
        assert all(one["annotations"] == {"criticality": "low", "owner": {"team": "blue"}} for one in services)

        replayed = run("replay", "--from", "30s", "--to", "10s", "--promote", "--data", str(data))
        assert replayed.returncode == 0, replayed.stderr
        assert running.sql(SAID) == said
        assert running.stop() == 0

    rebuilt = run("store", "rebuild", "--yes", "--data", str(data))
    assert rebuilt.returncode == 0, rebuilt.stderr
    with up(data, "--window", "1s", "--view-port", "0") as running:
        assert running.until(SAID, seconds=60) == said
