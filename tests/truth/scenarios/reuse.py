"""One pair of ports used again and again."""

from tests.truth.hosts import Host, Running
from tests.truth.lab import Play
from tests.truth.programs.peers import served, talking
from tests.truth.scenario import scenario

SOURCE = 20_001  # none that the kernel gives by itself


def _again(play: Play, to: Host, port: int, *, times: int, gap: float, up: int, end: str, then: int = 0) -> Running:
    client = play.hosts[0]
    running = talking(play, client, to, port, times=times, gap=gap, up=up, grow=1, end=end, then=then, source=SOURCE)
    running.wait()
    return running


@scenario()
def a_port_pair_used_again_within_a_window_after_a_reset(play: Play) -> None:
    b, port = play.hosts[1], play.port()
    served(play, b, port)
    _again(play, b, port, times=20, gap=0.13, up=1000, end="reset")


@scenario()
def a_port_pair_used_again_within_a_window_after_the_servers_close(play: Play) -> None:
    b, port = play.hosts[1], play.port()
    served(play, b, port)
    _again(play, b, port, times=20, gap=0.13, up=1000, end="leave", then=1)


@scenario()
def a_port_pair_used_by_one_client_after_another(play: Play) -> None:
    b, port = play.hosts[1], play.port()
    served(play, b, port)
    for number in range(8):
        _again(play, b, port, times=3, gap=0.05, up=1000 * (number + 1), end="leave", then=1)


@scenario()
def a_port_pair_used_to_one_server_after_another(play: Play) -> None:
    b, port = play.hosts[1], play.port()
    for number in range(4):
        server = served(play, b, port)
        _again(play, b, port, times=4, gap=0.05, up=1000 * (number + 1), end="reset")
        play.window(0.3)
        server.kill()


@scenario()
def a_port_pair_used_to_servers_that_live_for_a_moment(play: Play) -> None:
    a, b, *_ = play.hosts
    port = play.port()
    served(play, b, port, "relay", 12)
    talking(play, a, b, port, times=48, gap=0.04, up=1000, grow=1, end="reset", source=SOURCE, insist=True).wait()
