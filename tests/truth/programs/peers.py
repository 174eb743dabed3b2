"""Starts the Python server and client of this folder on hosts, and reads what they said."""

import json
import sys
from typing import Any

from tests.truth.claims import Claim
from tests.truth.hosts import Host, Running, waited
from tests.truth.lab import Play

_RUN = (sys.executable, "-m")


def served(play: Play, host: Host, port: int, how: str = "plain", workers: int = 2, address: str = "") -> Running:
    """Run a server to the end of the laboratory; return it when it listens."""
    output = play.output(host, "serve")
    command = [*_RUN, "tests.truth.programs.serve", address or "::", str(port), how, str(workers)]
    running = play.start(host, command, output)
    waited(lambda: running.listens(port), f"server on {port}")
    play.says(host, output, said)
    if how in {"plain", "mptcp", "deaf"}:
        play.claim(Claim(host.name, frozenset([running.pid]), local_port=port, since=running.began))
    return running


def talking(play: Play, host: Host, to: Host, port: int, *, six: bool = False, **wish: Any) -> Running:
    """Run a client of a server."""
    output = play.output(host, "talk")
    asked = {"address": to.address6 if six else to.address, "port": port, **wish}
    running = play.start(host, [*_RUN, "tests.truth.programs.talk", json.dumps(asked)], output)
    play.says(host, output, said)
    play.claim(Claim(host.name, frozenset([running.pid]), remote_port=port, since=running.began))
    if wish.get("times", 1) == 1:  # one that stays for a while
        wanted = int(wish.get("together", 1))
        waited(lambda: output.read_text().count("\n") >= wanted, f"connections to {port}")
    return running


def said(host: Host, text: str) -> list[Claim]:
    """Read the lines of a server or a client."""
    claims = []
    for line in text.splitlines():
        what, at, _, local_port, remote, remote_port, pid, held = line.split(" ")
        if what in {"accepted", "connected"}:
            claims.append(
                Claim(
                    host.name,
                    frozenset([int(pid)]),
                    frozenset([int(held)]) if int(held) else frozenset(),
                    local_port=int(local_port),
                    remote=(plain(remote), int(remote_port)),
                    since=float(at),
                )
            )
    return claims


def plain(address: str) -> str:
    """Return an address as the wire has it."""
    return address.removeprefix("::ffff:")
