"""A program in a folder prints facts, and they are on the map: shown by `facts`, kept with their past."""

import json
import os
import socket
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from servicemap.cli import main
from tests.e2e.discover import discovering, put
from tests.e2e.running import up

pytestmark = pytest.mark.slow


def test_facts_are_on_their_nodes_now_and_in_the_past(tmp_path: Path) -> None:
    with (
        discovering() as folder,
        socket.create_server(("127.0.0.1", 0)) as server,
        up(tmp_path, "--window", "1s") as running,
    ):
        port = server.getsockname()[1]
        of_port = {"name": "tls.not_after", "value": "2027-01-01", "node": {"port": port}}
        put(folder, "ends", of_port, {"name": "team", "value": "blue", "node": {"pid": os.getpid()}})
        put(folder, "fails", {"name": "never", "value": 1})
        (folder / "fails").write_text("#!/bin/sh\necho oh no >&2\nexit 1\n")

        asked = "SELECT name, value, argMax(node, seen) FROM node_facts GROUP BY name, value ORDER BY name"
        mine = f":{os.getpid()}:"  # of the port too, once it is known who listens there
        rows = running.until(asked, lambda rows: len(rows) == 2 and all(mine in row[2] for row in rows), seconds=100)
        assert {row[:2] for row in rows} == {("team", "blue"), ("tls.not_after", "2027-01-01")}
        running.until(
            "SELECT missing FROM host_usage WHERE mapContains(missing, 'facts of your own programs: fails')"
            " AND missing['facts of your own programs: fails'] LIKE '%exit code 1: oh no' LIMIT 1"
        )
        found = CliRunner().invoke(main, ["facts", "--json", "--name", "tls.not_after", "--data", str(tmp_path)])
        (fact,) = map(json.loads, found.stdout.splitlines())
        assert (fact["value"], fact["port"], fact["program"]) == ("2027-01-01", port, "ends")

        put(folder, "ends", of_port | {"value": "2028-01-01"})
        running.until(asked, lambda rows: len(rows) == 3)
        now = [*running.sql("SELECT toUnixTimestamp64Milli(max(seen)) FROM node_facts")[0]]
        assert now[0] <= time.time() * 1000
