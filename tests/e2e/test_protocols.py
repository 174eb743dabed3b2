"""Requests to a real Redis, PostgreSQL and memcached are counted as these programs count them themselves."""

import socket
import struct
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.running import Up, up
from tests.programs import HOST, Program, answers, folder_of_user, free_port, installed, postgres, redis, running

_SPOKEN = "SELECT DISTINCT protocol FROM process_edges WHERE server_port = {port} AND protocol != ''"
_BY = """SELECT by FROM process_requests WHERE server_port = {port}
AND (server_port != 53 OR server LIKE '%:{pid}:%')"""  # others ask other resolvers meanwhile
_LATENCY = """SELECT 1 FROM process_requests WHERE server_port IN ({ports}) AND notEmpty(latency)
AND NOT (0 < p50_ms AND p50_ms <= p99_ms AND p99_ms < 10000)"""
_UNSEEN = {"STATEMENT unseen": "SELECT ok"}  # where the end of a large result was beyond what is looked at
RESOLVER = "127.83.0.1"
SCRIPT = "INSERT INTO t VALUES (1);\nSELECT count(*) FROM t;\nUPDATE t SET a = 2 WHERE a = 0;\n"


@pytest.mark.root
@pytest.mark.programs
@pytest.mark.slow
def test_requests_are_counted_as_the_programs_count_them(tmp_path: Path) -> None:
    with (
        redis() as cache,
        postgres() as database,
        memcached() as store,
        dnsmasq() as resolver,
        up(tmp_path, "--window", "1s") as running,
    ):
        running.until("SELECT 1 FROM process_edges WHERE client_name = 'servicemap' LIMIT 1")
        _sql(database, "CREATE TABLE t (a int)")
        for protocol, program, ask in (
            ("redis", cache, lambda: _redis(cache, "ECHO hello")),
            ("postgresql", database, lambda: _sql(database, "SHOW server_version")),
            ("memcached", store, lambda: _memcached(store, b"touch none 0\r\n" * 2)),
        ):
            _speaks(running, program, protocol, ask)

        expected = {cache: _load_redis(cache), database: _load_postgres(database), store: _load_memcached(store)}
        expected[resolver] = _load_dns()
        for program, counts in expected.items():
            assert _counted(running, program, counts) == counts
        ports = ", ".join(str(program.port) for program in expected)
        running.until(_SPOKEN.format(port=53), lambda rows: rows == [("dns",)])
        assert running.sql(_LATENCY.format(ports=ports)) == []


def _speaks(running: Up, program: Program, protocol: str, ask: "Callable[[], object]") -> None:
    """Ask until it is known what a server speaks: from then on all of its requests are counted."""

    def known(rows: list[tuple[object, ...]]) -> bool:
        ask()
        return rows == [(protocol,)]

    running.until(_SPOKEN.format(port=program.port), known)


def _counted(running: Up, program: Program, expected: Counter[str]) -> Counter[str]:
    """Return what is stored of these operations, once there is as much as there should be."""
    counted: Counter[str] = Counter()

    def all_there(rows: list[tuple[dict[str, int]]]) -> bool:
        counted.clear()
        for (by,) in rows:
            for what, count in by.items():
                name = _UNSEEN.get(what, what)
                if name in expected:
                    counted[name] += count
        return counted.total() >= expected.total()

    running.until(_BY.format(port=program.port, pid=program.process.pid), all_there)
    return counted


def _load_redis(cache: Program) -> Counter[str]:
    """Ask in pipelines and one by one, rightly and wrongly; return what Redis has counted."""
    tool = [installed("redis-benchmark", "redis-tools"), "-p", str(cache.port), "-q", "-c", "10"]
    subprocess.run([*tool, "-n", "2000", "-t", "set,lpush"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([*tool, "-n", "4000", "-P", "16", "-t", "get,incr"], check=True, stdout=subprocess.DEVNULL)
    for _ in range(7):
        _redis(cache, "HSET mylist field value")
    counted: Counter[str] = Counter()
    for line in _redis(cache, "INFO commandstats").splitlines():
        name, _, stats = line.removeprefix("cmdstat_").partition(":")
        if name in ("set", "get", "lpush", "incr", "hset"):
            values = dict(pair.split("=") for pair in stats.split(","))
            failed = int(values["failed_calls"])
            counted[f"{name.upper()} ok"] = int(values["calls"]) - failed
            counted[f"{name.upper()} error"] = failed
    assert counted["HSET error"] == 7
    assert counted["GET ok"] == counted["INCR ok"] == 4000
    return +counted


def _load_postgres(database: Program) -> Counter[str]:
    """Run statements in every way that there is; return how many these were."""
    with folder_of_user() as folder:
        script = folder / "script.sql"
        script.write_text(SCRIPT)
        tool = [installed("pgbench", "postgresql"), "-h", HOST, "-p", str(database.port), "-U", "postgres", "-n"]
        for way in ("simple", "extended", "prepared"):
            command = [*tool, "-M", way, "-c", "3", "-t", "50", "-f", str(script), "postgres"]
            subprocess.run(command, check=True, capture_output=True)
    for _ in range(5):
        _sql(database, "SELECT 1/0", check=False)
    _sql(database, "SELECT repeat('x', 300) FROM generate_series(1, 2000)")
    each = 3 * 3 * 50
    assert _sql(database, "SELECT count(*) FROM t") == f"{each}\n"
    counted = Counter({f"{what} ok": each for what in ("INSERT", "SELECT", "UPDATE")})
    return counted + Counter({"SELECT ok": 2, "STATEMENT error": 5})


def _load_memcached(store: Program) -> Counter[str]:
    """Set and get; return what memcached has counted."""
    _memcached(store, b"set key 0 0 5\r\nvalue\r\nget key\r\nget none\r\n" * 200)
    for _ in range(50):
        _memcached(store, b"get key none key\r\nset key 0 0 1 noreply\r\nx\r\ndelete none\r\n")
    _memcached(store, b"incr none 1\r\nset key 0 0 1\r\nx\r\nincr key 1\r\n")
    lines = _memcached(store, b"stats\r\n").decode().splitlines()
    stats = {name: int(value) for _, name, value in map(str.split, lines[:-1]) if value.isdigit()}
    assert stats["cmd_set"] == 251
    gets = (stats["get_hits"] + stats["get_misses"] - 50 * 3) + 50
    counted = {"SET ok": 201, "SET noreply": 50, "GET ok": gets, "DELETE ok": stats["delete_misses"]}
    return Counter(counted | {"INCR ok": stats["incr_misses"], "INCR error": 1})


def _load_dns() -> Counter[str]:
    """Ask what is known and what is not, over one socket; return how often."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(10)
        asking.connect((RESOLVER, 53))
        for number in range(300):
            name, kind = ((b"known", 1), (b"known", 28), (b"other", 1))[number % 3]
            labels = b"".join(bytes((len(label),)) + label for label in (name, b"test"))
            asking.send(struct.pack("!HHHHHH", number, 0x0100, 1, 0, 0, 0) + labels + struct.pack("!BHH", 0, kind, 1))
            assert asking.recv(512)[:2] == struct.pack("!H", number)
    return Counter({"A ok": 100, "AAAA error": 100, "A error": 100})  # what it does not know it refuses


def _redis(cache: Program, words: str) -> str:
    tool = [installed("redis-cli", "redis-tools"), "-p", str(cache.port), *words.split()]
    return subprocess.run(tool, check=True, capture_output=True, text=True).stdout


def _sql(database: Program, statement: str, *, check: bool = True) -> str:
    tool = [installed("psql", "postgresql-client"), "-h", HOST, "-p", str(database.port), "-U", "postgres", "-tAc"]
    return subprocess.run([*tool, statement], check=check, capture_output=True, text=True).stdout


def _memcached(store: Program, commands: bytes) -> bytes:
    """Send commands and one more, whose answer ends the last one."""
    with socket.create_connection((HOST, store.port), timeout=10) as connection:
        connection.sendall(commands + b"version\r\n")
        answered = b""
        while b"VERSION" not in answered or not answered.endswith(b"\r\n"):
            answered += connection.recv(65_536)
    return answered[: answered.index(b"VERSION")]


@contextmanager
def dnsmasq() -> Iterator[Program]:
    """Run a resolver that knows one name, on port 53 of an address of loopback."""
    program = installed("dnsmasq", "dnsmasq-base")
    with folder_of_user() as folder:
        command = [program, "-k", "-p", "53", f"--listen-address={RESOLVER}", "--bind-interfaces", "--no-resolv"]
        command += ["--no-hosts", "--address=/known.test/10.1.2.3", "--conf-file=/dev/null", "--pid-file="]
        with running(command, folder, 53, _resolves, as_user={}) as up:
            yield up


def _resolves() -> bool:
    try:
        socket.create_connection((RESOLVER, 53), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def memcached() -> Iterator[Program]:
    """Run a memcached."""
    program = installed("memcached", "memcached")
    with folder_of_user() as folder:
        port = free_port()
        command = [program, "-l", HOST, "-p", str(port), "-U", "0"]
        with running(command, folder, port, lambda: answers(port, b"version\r\n")) as up:
            yield up
