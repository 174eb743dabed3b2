"""The collector alone is killed or stopped. By an exact oracle no byte is lost, doubled or part of a peak."""

import os
import random
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.running import Up, part, until, up

pytestmark = pytest.mark.slow

KILLS = 3
_STARTED = "SELECT count() FROM events WHERE kind = 'agent_started'"
RATE = 20_000  # bytes a connection and second, each way
PAUSED_S = 6.0


class Talker:
    """A lasting connection in one process. Both ends send at a steady rate, and count what they sent."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.client = socket.create_connection(("127.0.0.1", self.port))
        self.server, _ = self.listener.accept()
        self.asked = self.answered = 0

    def talk(self, count: int) -> None:
        """Send so many bytes from the client, and twice as many back."""
        self.client.sendall(b"q" * count)
        self.server.sendall(b"a" * (2 * count))
        self.asked, self.answered = self.asked + count, self.answered + 2 * count
        for end, most in ((self.server, count), (self.client, 2 * count)):
            while most:
                most -= len(end.recv(most))

    def close(self) -> None:
        """Close both ends."""
        for one in (self.client, self.server, self.listener):
            one.close()


@contextmanager
def talking(count: int) -> Iterator[list[Talker]]:
    """Run several connections that send until the end, and then rest, so that their counts are final."""
    talkers, over = [Talker() for _ in range(count)], threading.Event()

    def go_on() -> None:
        while not over.wait(0.05):
            for one in talkers:
                one.talk(RATE // 20)

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield talkers
    finally:
        over.set()
        thread.join()
        for one in talkers:
            one.close()


def stored(running: Up, talkers: list[Talker]) -> list[tuple[int, ...]]:
    """Return the bytes of each connection in the store, in both directions, by its client and by its server."""
    ports = ",".join(str(one.port) for one in talkers)
    rows = running.sql(
        "SELECT server_port, sum(client_sent_bytes), sum(client_received_bytes), sum(server_received_bytes), "
        f"sum(server_sent_bytes) FROM process_edges WHERE server_port IN ({ports}) GROUP BY server_port"
    )
    found = {row[0]: row[1:] for row in rows}
    return [found.get(one.port, ()) for one in talkers]


def carried(talkers: list[Talker]) -> list[tuple[int, ...]]:
    return [(one.asked, one.answered, one.asked, one.answered) for one in talkers]


def test_lasting_connections_lose_no_byte_when_the_collector_is_killed_and_the_gap_is_an_event(
    tmp_path: Path,
) -> None:
    chance = random.Random(3)
    with up(tmp_path, "--window", "1s") as running:
        running.until("SELECT 1 FROM host_usage LIMIT 1")
        with talking(4) as talkers:
            running.until(f"SELECT count() FROM process_edges WHERE server_port = {talkers[0].port}", _some)
            for kills in range(KILLS):
                running.until(_STARTED, partial(_is, kills + 1))
                time.sleep(chance.uniform(2.1, 3.5))
                pid = running.parts()["collect"]
                os.kill(pid, signal.SIGKILL)
                _restarted(running, pid)
            running.until(f"SELECT count() FROM host_usage WHERE window > {int(time.time()) + 2}", _some)
        until(lambda: stored(running, talkers), lambda rows: rows == carried(talkers), 45, str(carried(talkers)))
        running.until(_STARTED, partial(_is, KILLS + 1))
        lost = (
            "SELECT count() FROM events WHERE kind IN ('gap', 'host_silent') AND detail LIKE '%in windows%not known%'"
        )
        assert running.sql(lost) == [(KILLS,)]
        assert running.stop() == 0


def test_a_collector_that_was_stopped_makes_no_peak_and_no_hole(tmp_path: Path) -> None:
    with up(tmp_path, "--window", "1s") as running:
        running.until("SELECT 1 FROM host_usage LIMIT 1")
        with talking(2) as talkers:
            running.until(f"SELECT count() > 3 FROM process_edges WHERE server_port = {talkers[0].port}", _yes)
            pid = running.parts()["collect"]
            os.kill(pid, signal.SIGSTOP)
            time.sleep(PAUSED_S)
            os.kill(pid, signal.SIGCONT)
            running.until(f"SELECT count() FROM host_usage WHERE window > {int(time.time()) + 2}", _some)
        until(lambda: stored(running, talkers), lambda rows: rows == carried(talkers), 45, str(carried(talkers)))
        windows = running.sql(
            "SELECT toUnixTimestamp(window), sum(client_sent_bytes) FROM process_edges "
            f"WHERE server_port = {talkers[0].port} GROUP BY window ORDER BY window"
        )
        inner = windows[1:-1]
        assert [at for at, _ in inner] == list(range(inner[0][0], inner[-1][0] + 1))
        assert max(sent for _, sent in inner) < 2 * RATE
        assert running.sql("SELECT count() > 0 FROM events WHERE kind = 'host_silent'") == [(1,)]
        usage = running.sql("SELECT max(cpu_ms) FROM process_usage WHERE window > now() - INTERVAL 1 MINUTE")
        assert usage[0][0] < 4_000
        assert running.stop() == 0


def test_a_second_agent_beside_the_first_hides_nothing_and_is_named(tmp_path: Path) -> None:
    with up(tmp_path, "--window", "1s") as running, talking(2) as talkers:
        running.until(f"SELECT count() FROM process_edges WHERE server_port = {talkers[0].port}", _some)
        with part("collect", "--data", str(tmp_path), "--window", "1s"):
            running.until("SELECT count() FROM events WHERE kind = 'host_id_shared'", _some)
            began = int(time.time())
            running.until(f"SELECT count() > 4 FROM process_edges WHERE window > {began}", _yes)
        running.until("SELECT count() FROM events WHERE kind = 'host_id_unshared'", _some)
        left = int(time.time())
        running.until(f"SELECT count() > 3 FROM process_edges WHERE window > {left}", _yes)
        windows = running.sql(
            "SELECT toUnixTimestamp(window), sum(client_sent_bytes) FROM process_edges "
            f"WHERE server_port = {talkers[0].port} GROUP BY window ORDER BY window"
        )
        inner = windows[1:-1]
        assert [at for at, _ in inner] == list(range(inner[0][0], inner[-1][0] + 1))
        assert max(sent for _, sent in inner) < 2 * RATE
        assert running.stop() == 0


def _restarted(running: Up, old: int) -> None:
    until(lambda: running.parts().get("collect", old) != old, bool, 30, "the collector to be back")


def _is(count: int, rows: list[tuple[int]]) -> bool:
    return rows == [(count,)]


def _some(rows: list[tuple[int]]) -> bool:
    return bool(rows) and rows[0][0] > 0


def _yes(rows: list[tuple[int]]) -> bool:
    return rows == [(1,)]
