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


@scenario(
    missing="a socket that its own program resets loses its peer before the kernel tells of it",
    bytes="a socket that its own program resets loses what it counted in its last window",
)
def clients_and_servers_that_reset(play: Play) -> None:
    a, b, *_ = play.hosts
    port = play.port()
    served(play, b, port)
    talking(play, a, b, port, times=30, gap=0.05, end="reset").wait()
    talking(play, a, b, port, times=30, gap=0.05, end="leave", then=2).wait()
    talking(play, a, b, port, rounds=6, pause=0.5, end="reset", together=3).wait()
    talking(play, a, b, port, rounds=6, pause=0.5, end="leave", then=2, together=3).wait()


@scenario(bytes="a FIN is counted as a byte, or one that never came is not, where an end is killed and then reset")
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
