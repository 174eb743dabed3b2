"""A ruleset that `policy` writes, applied between hosts made of namespaces: peers get in, and others do not."""

import os
import subprocess
from pathlib import Path

import pytest

from graph.questions.policy import Rule
from servicemap.policies import text_of
from tests.graph.test_questions import node
from tests.programs import installed
from tests.truth.hosts import Host, switched

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.geteuid() != 0, reason="only root makes namespaces")]
PORT, OTHER = 8_080, 9_090
LISTEN = """
import socket, sys, threading
for port in map(int, sys.argv[1:]):
    server = socket.create_server(("", port))
    threading.Thread(target=lambda it: [it.accept() for _ in iter(int, 1)], args=[server]).start()
print("ready", flush=True)
"""
CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=1)"


def reaches(client: Host, server: Host, port: int) -> bool:
    command = [*client.inside("net"), "--", "python3", "-c", CONNECT, server.address, str(port)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_peers_get_in_and_nobody_else(tmp_path: Path) -> None:
    nft = installed("nft", "nftables")
    with switched(["web", "shop", "stranger"]) as (web, shop, stranger):
        running = web.start(["python3", "-c", LISTEN, str(PORT), str(OTHER)], tmp_path / "output")
        running.wait_for_lines(1)
        rule = Rule(
            node="service:web", direction="in", peer="service:shop", transport="tcp", port=PORT,
            node_addresses=[web.address], peer_addresses=[shop.address],
        )  # fmt: skip
        nodes = {one.id: one for one in (node("web"), node("shop"))}
        file = tmp_path / "rules.nft"
        file.write_text(text_of("nftables")([rule], nodes, "map of a test"))
        assert reaches(stranger, web, PORT)

        web.run([nft, "-f", str(file)])
        web.run([nft, "-f", str(file)])  # it replaces itself

        assert reaches(shop, web, PORT)
        assert not reaches(stranger, web, PORT)
        assert reaches(stranger, web, OTHER)  # nothing is known of that port
