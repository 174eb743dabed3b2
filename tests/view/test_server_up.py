import re
import socket
from pathlib import Path
from urllib.parse import urlsplit

from servicemap.viewing import address
from tests.e2e.running import until, up
from tests.view.serving import View


def test_up_prints_the_address_of_a_view_that_shows_this_machine(tmp_path: Path) -> None:
    log = tmp_path / "up.log"
    with up(tmp_path / "up", "--view-port", "0", "--window", "1s"):
        greeting = until(log.read_text, lambda text: "view    http://" in text, 30, "greeting")
        url = re.search(r"http://127\.0\.0\.1:\d+/", greeting)
        assert url is not None
        view = View(url[0], 0)
        found = until(lambda: view.get("/api/map", level="process").json, lambda found: found.get("edges"), 30, "edges")
        assert {"servicemap", "sinks.embedded"} <= {node.get("service") for node in found["nodes"]}


def test_the_address_is_one_that_a_browser_can_open() -> None:
    assert address("::1", 80) == "http://[::1]:80/"
    assert urlsplit(address("0.0.0.0", 80)).hostname == socket.gethostname().lower()
