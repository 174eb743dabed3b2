"""Agents of one host and log know of each other, and of nobody else."""

import os
import socket
import subprocess
import sys
import textwrap
from contextlib import closing, suppress
from secrets import token_hex

import pytest

from collectors.presence import BACKLOG, Company, Presence

HOLDER = """
    import sys, time
    from collectors.presence import Presence
    held = Presence(*sys.argv[1:])
    print(held.look().alone, flush=True)
    time.sleep(60)
"""


def test_the_first_is_alone_and_the_second_beside_it_until_it_ends() -> None:
    host, log = token_hex(8), "/a/log"
    program = [sys.executable, "-c", textwrap.dedent(HOLDER), host, log]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as other, closing(Presence(host, log)) as mine:
        assert other.stdout
        assert other.stdout.readline() == "True\n"
        for _ in range(3 * BACKLOG):  # who only looks takes no place for ever
            beside = mine.look()
            assert not beside.alone
            assert beside.beside in {other.pid, 0}
        other.kill()
        other.wait()
        assert mine.look() == Company(alone=True)


def test_agents_of_other_hosts_or_logs_do_not_meet() -> None:
    host = token_hex(8)
    with (
        closing(Presence(host, "a")) as one,
        closing(Presence(host, "b")) as two,
        closing(Presence(host + "x", "a")) as x,
    ):
        assert one.look().alone
        assert two.look().alone
        assert x.look().alone


def test_one_that_holds_the_name_sees_through_those_that_ask() -> None:
    host = token_hex(8)
    with closing(Presence(host, "a")) as first, closing(Presence(host, "a")) as second:
        assert first.look().alone
        for _ in range(5 * BACKLOG):
            assert second.look() == Company(beside=os.getpid())
            assert first.look().alone


@pytest.mark.skipif(os.geteuid() != 0, reason="changes the user")
def test_another_user_who_takes_the_name_is_not_believed() -> None:
    host = token_hex(8)
    code = """
        import os, sys, time
        from collectors.presence import Presence
        os.setuid(65534)
        held = Presence(*sys.argv[1:])
        print(held.look().alone, flush=True)
        time.sleep(60)
    """
    program = [sys.executable, "-c", textwrap.dedent(code), host, "log"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as other, closing(Presence(host, "log")) as mine:
        assert other.stdout
        assert other.stdout.readline() == "True\n"
        assert mine.look() == Company(alone=False, beside=0)
        other.kill()


def test_a_name_that_never_answers_delays_nobody() -> None:
    host = token_hex(8)
    with closing(Presence(host, "a")) as first, closing(Presence(host, "a")) as second:
        assert first.look().alone
        held = []
        for _ in range(4 * BACKLOG):
            one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            held.append(one)
            with suppress(OSError):
                one.connect(first._name)
        assert not second.look().alone
        assert first.look().alone
        for one in held:
            one.close()
