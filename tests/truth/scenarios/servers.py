"""Servers that are not the holder of their listener, or whose holder is gone."""

import time

from tests.truth.lab import Play
from tests.truth.programs.peers import served, talking
from tests.truth.scenario import scenario


def _short_and_long(play: Play, how: str, workers: int = 2) -> None:
    a, b, *_ = play.hosts
    port = play.port()
    served(play, b, port, how, workers)
    long = [talking(play, a, b, port, rounds=6, pause=0.5, six=bool(at % 2)) for at in range(4)]
    talking(play, a, b, port, times=60, gap=0.03, grow=1).wait()
    for client in long:
        client.wait()


@scenario()
def a_parent_that_holds_the_listener_of_its_child(play: Play) -> None:
    _short_and_long(play, "activate")


@scenario()
def workers_that_accept_from_their_parents_listener(play: Play) -> None:
    _short_and_long(play, "prefork", 3)


@scenario()
def siblings_with_listeners_of_one_port(play: Play) -> None:
    _short_and_long(play, "reuseport", 3)


@scenario()
def one_process_for_each_family_of_addresses(play: Play) -> None:
    _short_and_long(play, "families")


@scenario()
def two_programs_on_one_port(play: Play) -> None:
    a, b, *_ = play.hosts
    port = play.port()
    for name in ("alpha.py", "beta.py"):
        served(play, b, port, "shared", name=name)
    long = [talking(play, a, b, port, rounds=6, pause=0.5) for _ in range(4)]
    talking(play, a, b, port, times=60, gap=0.03).wait()
    for client in long:
        client.wait()


@scenario()
def an_acceptor_that_passes_sockets_on(play: Play) -> None:
    _short_and_long(play, "pass", 2)


@scenario()
def a_child_for_every_connection(play: Play) -> None:
    _short_and_long(play, "fork")


@scenario()
def siblings_with_one_listener_of_which_the_one_that_accepted_ends(play: Play) -> None:
    a, b, *_ = play.hosts
    for _ in range(3):
        port = play.port()
        server = served(play, b, port, "siblings", 2)
        play.window(0.05)
        talking(play, a, b, port, times=20, gap=0.01).wait()
        server.children()[0].kill()
    time.sleep(2)


@scenario()
def a_server_on_a_port_for_clients_that_exits(play: Play) -> None:
    b, c, d = play.hosts[1:]
    port = play.port(39472)
    server = served(play, b, port)
    play.window(0)
    clients = [talking(play, host, b, port, times=20_000, gap=0.002, give_up=True) for host in (c, d)]
    server.wait_for_lines(400)
    play.window(0.4)
    server.kill()
    for client in clients:
        client.wait()


@scenario()
def a_server_that_is_restarted_on_its_port(play: Play) -> None:
    a, b, *_ = play.hosts
    port = play.port()
    for _ in range(3):
        server = served(play, b, port)
        standing = talking(play, a, b, port, rounds=1000, pause=0.1)
        talking(play, a, b, port, times=40, gap=0.02).wait()
        play.window(0.4)
        talking(play, a, b, port, times=10).wait()
        server.kill()
        standing.wait()


@scenario()
def a_server_that_accepts_nothing(play: Play) -> None:
    a, b, *_ = play.hosts
    port = play.port()
    server = served(play, b, port, "deaf")
    clients = [talking(play, a, b, port, end=end, hold=1.5, down=0) for end in ("close", "reset")]
    standing = talking(play, a, b, port, down=0, hold=60)
    for client in clients:
        client.wait()
    server.kill()
    standing.kill()


@scenario()
def a_server_that_ends_before_it_has_accepted(play: Play) -> None:
    a, b, *_ = play.hosts
    for end in ("close", "reset", "leave"):
        port = play.port()
        server = served(play, b, port, "deaf")
        play.window(0.05)
        client = talking(play, a, b, port, together=5, end=end, down=0, hold=0.1 if end == "reset" else 30)
        server.kill()
        client.kill()


@scenario()
def a_server_that_is_not_there(play: Play) -> None:
    a, b, *_ = play.hosts
    never, gone = play.port(), play.port()
    talking(play, a, b, never, times=20, gap=0.1)
    server = served(play, b, gone)
    talking(play, a, b, gone, times=20, gap=0.02).wait()
    server.kill()
    talking(play, a, b, gone, times=20, gap=0.1, six=True).wait()
