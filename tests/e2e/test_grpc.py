"""Calls of the real library of gRPC are counted by method and status."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import grpc
import pytest

from collectors.protocols.first_bytes import HTTP2_PREFACE
from tests.e2e.running import Up, up
from tests.programs import HOST, answers, folder_of_user, free_port, running

METHODS = {"Say": 300, "Fail": 40, "Watch": 25, "None": 10}
COUNTED = Counter({"Greeter/Say ok": 300, "Greeter/Fail error": 40, "Greeter/Watch ok": 25, "other error": 10})
_SPOKEN = "SELECT DISTINCT protocol FROM process_edges WHERE server_port = {port} AND protocol != ''"
_IDLE = """SELECT 1 FROM process_edges HAVING max(window) >=
(SELECT max(window) + INTERVAL 3 SECOND FROM process_requests WHERE server_port = {port})"""
_BY = "SELECT by FROM process_requests WHERE server_port = {port}"


@pytest.mark.root
@pytest.mark.slow
def test_calls_are_counted_by_method_and_status(tmp_path: Path) -> None:
    with served(tmp_path) as (here, port):
        call(port, METHODS)
        _counts(here, port, COUNTED)


@pytest.mark.root
@pytest.mark.slow
def test_calls_are_counted_so_after_windows_in_which_nothing_happened(tmp_path: Path) -> None:
    """A busy machine loses packets; fewer connections are then looked at, perhaps not this one: another is tried."""
    with served(tmp_path) as (here, port):
        assert any(_pausing_is_counted(here, port) for _ in range(4))


@pytest.mark.root
@pytest.mark.slow
def test_large_calls_are_counted_so_and_the_ones_behind_them(tmp_path: Path) -> None:
    with served(tmp_path) as (here, port), channel_to(port) as channel:
        call_over(channel, {"Fail": 20}, b"x" * 20_000)
        call_over(channel, {"Say": 3, "Fail": 3})
        call_over(channel, {"Fail": 5}, b"x" * 300_000)
        call_over(channel, {"Say": 4, "Fail": 4})
        _counts(here, port, Counter({"Greeter/Fail error": 32, "Greeter/Say ok": 7}))


@contextmanager
def served(tmp_path: Path) -> Iterator[tuple[Up, int]]:
    """Run servicemap and a server of gRPC, of which it is known what it speaks; yield its port too."""
    port = free_port()
    command = [sys.executable, str(Path(__file__).with_name("grpc_server.py")), str(port)]
    with (
        folder_of_user() as folder,
        running(command, folder, port, lambda: answers(port, HTTP2_PREFACE), as_user={}),
        up(tmp_path, "--window", "1s") as here,
    ):
        here.until("SELECT 1 FROM process_edges WHERE client_name = 'servicemap' LIMIT 1")
        _speaks(here, port)
        yield here, port


def channel_to(port: int) -> grpc.Channel:
    """Return a channel with a connection of its own."""
    return grpc.insecure_channel(f"{HOST}:{port}", [("grpc.use_local_subchannel_pool", 1)])


def call(port: int, methods: dict[str, int]) -> None:
    """Call methods so many times, over a channel of its own."""
    with channel_to(port) as channel:
        call_over(channel, methods)


def call_over(channel: grpc.Channel, methods: dict[str, int], request: bytes = b"hello") -> None:
    for method, times in methods.items():
        path = f"/shop.v1.Greeter/{method}"
        for _ in range(times):
            with suppress(grpc.RpcError):
                if method == "Watch":
                    assert len(list(channel.unary_stream(path)(request))) == 3
                else:
                    channel.unary_unary(path)(request)


def _speaks(running: Up, port: int) -> None:
    """Call until it is known what the server speaks: from then on the calls of new channels are counted."""

    def known(rows: list[tuple[object, ...]]) -> bool:
        call(port, {"Hello": 1})
        return rows == [("grpc",)]

    running.until(_SPOKEN.format(port=port), known)


def _pausing_is_counted(running: Up, port: int) -> bool:
    """Return whether all calls over a channel are counted on which there are windows without a call."""
    before = _counted(running, port)
    with channel_to(port) as channel:
        for times in range(1, 4):
            call_over(channel, {"Fail": 2, "Say": 1})
            expected = before + Counter({"Greeter/Fail error": 2 * times, "Greeter/Say ok": times})
            with suppress(AssertionError):
                running.until(_BY.format(port=port), lambda _: _counted(running, port) >= expected, seconds=20)  # noqa: B023
            running.until(_IDLE.format(port=port))
            if _counted(running, port) != expected:
                return False
    return True


def _counts(running: Up, port: int, expected: Counter[str]) -> None:
    """Wait until so much is stored; there is nothing else."""
    running.until(_BY.format(port=port), lambda _: _counted(running, port) >= expected)
    assert _counted(running, port) == expected


def _counted(running: Up, port: int) -> Counter[str]:
    """Return what is stored of the methods that only `call` of the test calls."""
    counted: Counter[str] = Counter()
    for (by,) in running.sql(_BY.format(port=port)):
        counted.update({what: count for what, count in by.items() if what in COUNTED})
    return counted
