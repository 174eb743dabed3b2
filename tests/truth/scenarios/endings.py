"""Every way a connection can end."""

import time

from tests.truth.lab import Play
from tests.truth.programs.peers import served, talking
from tests.truth.scenario import scenario


@scenario()
def short_and_persistent_connections(play: Play) -> None:
    a, b, *_ = play.hosts
    port = play.port()
    served(play, b, port)
    for six in (False, True):
        talking(play, a, b, port, six=six, rounds=8, pause=0.5, grow=1)
        talking(play, a, b, port, six=six, times=40, gap=0.05, up=1000, grow=1, down=3000).wait()


@scenario()
def clients_and_servers_that_reset(play: Play) -> None:
    a, b, *_ = play.hosts
    port = play.port()
    served(play, b, port)
    talking(play, a, b, port, times=30, gap=0.05, end="reset").wait()
    talking(play, a, b, port, times=30, gap=0.05, end="leave", then=2).wait()
    talking(play, a, b, port, rounds=6, pause=0.5, end="reset", together=3).wait()
    talking(play, a, b, port, rounds=6, pause=0.5, end="leave", then=2, together=3).wait()


@scenario()
def ends_that_are_killed(play: Play) -> None:
    a, b, *_ = play.hosts
    port = play.port()
    server = served(play, b, port)
    standing = talking(play, a, b, port, rounds=1000, pause=0.2, together=3)
    dying = talking(play, a, b, port, rounds=1000, pause=0.2, together=3)
    time.sleep(2.5)
    dying.kill()
    play.window(0.5)
    server.kill()
    play.window(0.5)
    standing.send(15)


@scenario()
def servers_that_are_killed_under_clients_that_go_on(play: Play) -> None:
    a, b, *_ = play.hosts
    for windows in (1, 2, 4, 6):
        port = play.port()
        server = served(play, b, port)
        talking(play, a, b, port, rounds=1000, pause=0.1, together=2)
        for _ in range(windows):
            play.window(0.4)
        server.kill()
        served(play, b, port)


@scenario()
def ends_that_half_close_and_wait(play: Play) -> None:
    a, b, *_ = play.hosts
    port = play.port()
    served(play, b, port)
    clients = [
        talking(play, a, b, port, together=3, end="half", then=4),
        talking(play, a, b, port, together=3, then=3, hold=2.3),
        talking(play, a, b, port, together=3, end="half", then=3, hold=2.3),
        talking(play, a, b, port, together=3, end="reset", then=3, hold=2.3),
    ]
    for client in clients:
        client.wait()


@scenario()
def ends_that_half_close_for_a_moment(play: Play) -> None:
    a, b, *_ = play.hosts
    port = play.port()
    served(play, b, port)
    for end, then in (("half", 0), ("half", 3), ("close", 3), ("reset", 3)):
        talking(play, a, b, port, times=15, gap=0.03, hold=0.02, end=end, then=then).wait()


@scenario()
def ends_that_close_at_the_same_time(play: Play) -> None:
    a, b, *_ = play.hosts
    port = play.port()
    served(play, b, port)
    for six in (False, True):
        talking(play, a, b, port, six=six, times=200, then=1, gap=0.002).wait()


@scenario()
def half_closed_ends_that_are_killed(play: Play) -> None:
    a, b, *_ = play.hosts
    port = play.port()
    server = served(play, b, port)
    first = talking(play, a, b, port, together=3, then=3, hold=60)
    second = talking(play, a, b, port, together=3, end="half", then=4)
    play.window(0.5)
    first.kill()
    play.window(0.5)
    server.kill()
    second.wait()


@scenario()
def connections_over_mptcp(play: Play) -> None:
    a, b, *_ = play.hosts
    for how in ("plain", "mptcp"):
        port = play.port()
        served(play, b, port, how)
        talking(play, a, b, port, times=10, gap=0.05, protocol=262).wait()
        talking(play, a, b, port, rounds=4, pause=0.5, protocol=262).wait()
