"""Starts the Python server and client of this folder on hosts, and reads the claims that they print."""

import json
import sys
from pathlib import Path
from typing import Any

from tests.truth.claims import Claim
from tests.truth.hosts import Host, Running, waited
from tests.truth.lab import Play

_RUN = (sys.executable, "-m")
_NAMED = """
import sys
sys.path.insert(0, {root!r})
from tests.truth.programs.serve import main
main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
"""


def served(play: Play, host: Host, port: int, how: str = "plain", workers: int = 2, name: str = "") -> Running:
    """Run a server, under a name if one is given; return it when it listens."""
    output = play.output(host, "serve")
    program = [*_RUN, "tests.truth.programs.serve"]
    if name:
        script = play.place(host, "program") / name
        script.write_text(_NAMED.format(root=str(Path.cwd())))
        program = [sys.executable, str(script)]
    command = [*program, "::", str(port), how, str(workers)]
    running = play.start(host, command, output)
    waited(lambda: running.listens(port), f"server on {port}")
    play.claims_from(host, output, read_claims)
    if how in {"plain", "mptcp", "deaf", "shared"}:
        play.claim(Claim(host.name, frozenset([running.pid]), local_port=port, since=running.began))
    return running


def talking(
    play: Play, host: Host, to: Host, port: int, *, six: bool = False, address: str = "", **wish: Any
) -> Running:
    """Run a client of a server."""
    output = play.output(host, "talk")
    asked = {"address": address or (to.address6 if six else to.address), "port": port, **wish}
    running = play.start(host, [*_RUN, "tests.truth.programs.talk", json.dumps(asked)], output)
    play.claims_from(host, output, read_claims)
    play.claim(Claim(host.name, frozenset([running.pid]), remote_port=port, since=running.began))
    if wish.get("times", 1) == 1:  # one that stays for a while
        running.wait_for_lines(int(wish.get("together", 1)))
    return running


def read_claims(host: Host, text: str) -> list[Claim]:
    """Read the claims of a server or a client."""
    claims = []
    for line in text.splitlines():
        what, at, _, local_port, remote, remote_port, pid, held = line.split(" ")
        if what in {"accepted", "connected", "addressed"}:
            claims.append(
                Claim(
                    host.name,
                    frozenset([int(pid)]),
                    frozenset([int(held)]) if int(held) else frozenset(),
                    local_port=int(local_port),
                    remote=(plain(remote), int(remote_port)),
                    since=float(at),
                    transport="udp" if what == "addressed" else "tcp",
                )
            )
    return claims


def plain(address: str) -> str:
    """Return an address as the wire has it."""
    return address.removeprefix("::ffff:")
