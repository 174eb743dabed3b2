"""Addresses that several hosts have, and hosts without an agent."""

import time

from tests.truth.hosts import BRIDGE, CABLE, SILENT, Host
from tests.truth.lab import Play
from tests.truth.programs.peers import served, talking
from tests.truth.scenario import scenario

SOURCE = 20_002


def _same_everywhere(play: Play, address: str, pairs: list[tuple[Host, Host]]) -> None:
    """Use one address, one port and one client's port on several pairs of hosts at once."""
    port = play.port()
    for _, server in pairs:
        served(play, server, port)
    long = [
        talking(play, client, server, port, address=address, source=SOURCE, rounds=8, pause=0.4, up=100 * (at + 1))
        for at, (client, server) in enumerate(pairs)
    ]
    short = [
        talking(play, client, server, port, address=address, times=30, gap=0.03, up=1000 * (at + 1), grow=1)
        for at, (client, server) in enumerate(pairs)
    ]
    for talk in long + short:
        talk.wait()


@scenario()
def bridges_with_one_address(play: Play) -> None:
    a, _, c, _ = play.hosts
    _same_everywhere(play, BRIDGE, [(a, a), (c, c)])


@scenario()
def cables_with_one_subnet(play: Play) -> None:
    a, b, c, d = play.hosts
    _same_everywhere(play, f"{CABLE}.2", [(a, b), (c, d)])


@scenario()
def loopback_on_every_host(play: Play) -> None:
    _same_everywhere(play, "127.0.0.1", [(host, host) for host in play.hosts])


@scenario()
def a_host_without_an_agent(play: Play) -> None:
    a, *_ = play.hosts
    e = play.outside
    served_here, served_there = play.port(), play.port()
    served(play, a, served_here)
    served(play, e, served_there)
    long = [
        talking(play, e, a, served_here, rounds=8, pause=0.3),
        talking(play, a, e, served_there, rounds=8, pause=0.3),
    ]
    talking(play, e, a, served_here, times=40, gap=0.03, end="reset").wait()
    talking(play, a, e, served_there, times=40, gap=0.03, six=True).wait()
    for talk in long:
        talk.wait()


@scenario()
def a_server_that_never_answers(play: Play) -> None:
    a, *_ = play.hosts
    clients = [talking(play, a, play.outside, play.port(), address=SILENT, times=2) for _ in range(3)]
    time.sleep(3)
    for client in clients:
        client.kill()
