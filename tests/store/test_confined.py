"""What the kernel keeps from the store's process, whatever its engine is asked, and by whom."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from clickhouse_driver.errors import ServerException

from sinks.embedded import landlock, seccomp
from sinks.embedded.confine import lacking

confined = pytest.mark.skipif(landlock.abi() < landlock.OLDEST, reason="this kernel has no Landlock of ABI 2")
filtered = pytest.mark.skipif(not seccomp.known(), reason="system calls of this machine are not known")


@pytest.fixture(scope="module")
def bait(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that everybody may read, in a folder that everybody may write to."""
    folder = tmp_path_factory.mktemp("bait")
    folder.chmod(0o777)
    (folder / "bait.tsv").write_text("secret-of-the-host\n")
    return folder


@pytest.fixture(scope="module")
def port() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.05)
        yield listening


READS = [
    "SELECT file('{bait}/bait.tsv')",
    "SELECT arrayMap(file, ['{bait}/bait.tsv'])",
    "SELECT * FROM file('{bait}/bait.tsv', 'TSV', 'a String')",
    "SELECT * FROM file('{bait}/*', 'LineAsString')",
    "SELECT file('{data}/store.token')",
    "SELECT * FROM file('{data}/engine/../store.token', 'LineAsString')",
    "SELECT * FROM file('/proc/self/environ', 'RawBLOB', 'a String')",
    "SELECT * FROM file('/proc/self/mem', 'RawBLOB', 'a String')",
    "SELECT * FROM file('/proc/self/root{bait}/bait.tsv', 'LineAsString')",
    "SELECT * FROM file('/proc/1/cmdline', 'RawBLOB', 'a String')",
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM file('/etc/shadow', 'LineAsString')",
    "SELECT * FROM filesystem('{bait}')",
    "SELECT * FROM executable('cat {bait}/bait.tsv', 'TSV', 'a String')",
    "SELECT * FROM mergeTreeIndex('{bait}', 'bait')",
    "INSERT INTO FUNCTION null('a String') SELECT * FROM file('{bait}/bait.tsv', 'TSV', 'a String')",
    "CREATE TABLE taken ENGINE = File(TSV, '{bait}/bait.tsv') AS SELECT 'x' AS a",
    "CREATE DICTIONARY dict (a String) PRIMARY KEY a SOURCE(FILE(PATH '{bait}/bait.tsv' FORMAT 'TSV')) LIFETIME(0) "
    "LAYOUT(COMPLEX_KEY_DIRECT())",
]
WRITES = [
    "SELECT 'x' INTO OUTFILE '{bait}/written'",
    "SELECT 'x' INTO OUTFILE '{bait}/bait.tsv' TRUNCATE",
    "INSERT INTO FUNCTION file('{bait}/written', 'TSV', 'a String') VALUES ('x')",
    "SELECT * FROM sqlite('{bait}/written.db', 't')",
    "CREATE DATABASE lite ENGINE = SQLite('{bait}/written.db')",
    "CREATE TABLE out (a String) ENGINE = File(TSV, '{bait}/written')",
    "BACKUP DATABASE default TO File('{bait}/written')",
    "CREATE TABLE there (a String) ENGINE = MergeTree ORDER BY a "
    "SETTINGS disk = disk(type = local, path = '{bait}/d/')",
    "CREATE TABLE rocks (a String) ENGINE = EmbeddedRocksDB(0, '{bait}/written') PRIMARY KEY a",
]
CONNECTIONS = [
    "SELECT * FROM url('http://127.0.0.1:{port}/', 'TSV', 'a String')",
    "INSERT INTO FUNCTION url('http://127.0.0.1:{port}/', 'TSV', 'a String') VALUES ('x')",
    "SELECT * FROM remote('127.0.0.1:{port}', 'system.one')",
    "SELECT * FROM mysql('127.0.0.1:{port}', 'a', 'b', 'c', 'd')",
    "SELECT * FROM postgresql('127.0.0.1:{port}', 'a', 'b', 'c', 'd')",
    "SELECT * FROM s3('http://127.0.0.1:{port}/b/k', 'TSV', 'a String')",
    "SELECT * FROM redis('127.0.0.1:{port}', 'k', 'k String')",
    "SELECT * FROM mongodb('127.0.0.1:{port}', 'a', 'b', 'c', 'd', 'x String')",
]


@confined
@pytest.mark.parametrize("statement", READS + WRITES + CONNECTIONS)
def test_not_even_the_writer_reaches_what_is_not_the_stores(
    store: Any, bait: Path, port: socket.socket, statement: str
) -> None:
    writer = store.writer(send_receive_timeout=30)
    text = statement.format(bait=bait, data=store.data, port=port.getsockname()[1])
    answer = ""
    settings = {"max_execution_time": 5, "http_max_tries": 1, "s3_max_connections": 1}
    with suppress(ServerException):
        answer = repr(writer.execute(text, settings=settings))
    for name in ("taken", "out", "there", "rocks"):
        with suppress(ServerException):  # what a table reads or writes only when it is used
            answer += repr(writer.execute(f"INSERT INTO {name} SELECT 'x'"))
            answer += repr(writer.execute(f"SELECT * FROM {name}"))
        writer.execute(f"DROP TABLE IF EXISTS {name}")
    for statement_ in ("DROP DICTIONARY IF EXISTS dict", "DROP DATABASE IF EXISTS lite"):
        with suppress(ServerException):
            writer.execute(statement_)
    writer.disconnect()

    assert "secret" not in answer
    assert store.token not in answer
    assert "root:" not in answer
    assert [each.name for each in bait.iterdir()] == ["bait.tsv"]
    assert (bait / "bait.tsv").read_text() == "secret-of-the-host\n"
    with pytest.raises(TimeoutError):
        port.accept()


@confined
def test_the_store_still_reads_and_writes_what_is_its_own(writer: Any) -> None:
    writer.execute("CREATE TABLE mine (n UInt64, s String) ENGINE = MergeTree ORDER BY n PARTITION BY n % 3")
    for _ in range(3):
        writer.execute("INSERT INTO mine SELECT number, toString(number) FROM numbers(50000)")
    writer.execute("OPTIMIZE TABLE mine FINAL")
    writer.execute("ALTER TABLE mine DELETE WHERE n % 2 SETTINGS mutations_sync = 1")
    writer.execute("CREATE TABLE other AS mine")
    writer.execute("ALTER TABLE other ATTACH PARTITION 1 FROM mine")
    writer.execute("EXCHANGE TABLES mine AND other")
    spilling = {"max_bytes_before_external_group_by": 1, "max_bytes_before_external_sort": 1}
    groups = "SELECT count() FROM (SELECT s, count() FROM other GROUP BY s ORDER BY s)"
    assert writer.execute(groups, settings=spilling) == [(25_000,)]
    writer.execute("DROP TABLE mine SYNC")
    writer.execute("DROP TABLE other SYNC")


def test_the_process_has_no_capability_and_gains_none(store: Any) -> None:
    for task in Path(f"/proc/{store.process.pid}/task").iterdir():
        try:
            lines = (task / "status").read_text().splitlines()
        except OSError:  # a thread that has ended
            continue
        status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {0}
        assert status["NoNewPrivs"] == "1"
        assert status["Seccomp"] == ("2" if seccomp.known() else "0")
        if os.geteuid() == 0:
            assert int(status["CapBnd"], 16) == 0


CHILD = """
import os, socket, sys
from pathlib import Path
from sinks.embedded.confine import confine
folder, outside = Path(sys.argv[1]), Path(sys.argv[2])
listening = socket.create_server(("127.0.0.1", 0))
assert confine(folder) == [], "something could not be done"
def refused(act):
    try:
        act()
    except PermissionError:
        return True
    return False
(folder / "a").mkdir()
(folder / "a" / "b").write_text("x")
(folder / "a" / "b").rename(folder / "c")
os.link(folder / "c", folder / "a" / "d")
acts = {
    "read": lambda: outside.read_text(), "write": lambda: outside.write_text("x"), "list": lambda: os.listdir("/"),
    "make": lambda: outside.with_name("made").touch(), "remove": outside.unlink,
    "move": lambda: outside.rename(folder / "moved"), "truncate": lambda: os.truncate(outside, 0),
    "link out": lambda: os.link(folder / "c", outside.with_name("linked")),
    "connect": lambda: socket.create_connection(listening.getsockname()),
    "datagram": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
    "unix": lambda: socket.socket(socket.AF_UNIX), "listen": lambda: socket.create_server(("127.0.0.1", 0)),
    "run": lambda: os.execv("/bin/true", ["true"]), "signal": lambda: os.kill(os.getppid(), 0),
    "own memory": lambda: open("/proc/self/mem", "rb"), "environment": lambda: open("/proc/self/environ", "rb"),
    "device": lambda: os.mknod(folder / "device", 0o600 | 0o60000, os.makedev(1, 1)),
}
print([name for name, act in acts.items() if not refused(act)])
"""


@confined
@filtered
def test_a_confined_process_keeps_its_folder_and_nothing_else(tmp_path: Path) -> None:
    folder, outside = tmp_path / "own", tmp_path / "outside"
    folder.mkdir()
    outside.write_text("kept")
    child = [sys.executable, "-c", CHILD, str(folder), str(outside)]
    ended = subprocess.run(child, capture_output=True, text=True, timeout=30, check=False)
    assert (ended.stdout, ended.stderr) == ("[]\n", "")
    assert outside.read_text() == "kept"


@pytest.mark.parametrize("version", [0, 1])
def test_a_kernel_without_landlock_is_reported(monkeypatch: pytest.MonkeyPatch, version: int) -> None:
    monkeypatch.setattr(landlock, "abi", lambda: version)
    assert "Landlock" in lacking()[0]


@pytest.mark.parametrize("version", range(landlock.OLDEST, 8))
def test_every_older_landlock_is_asked_for_what_it_knows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: int
) -> None:
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(landlock, "abi", lambda: version)

    def call(*arguments: Any) -> int:
        asked.append(arguments)
        return os.open("/dev/null", os.O_RDONLY)

    monkeypatch.setattr(landlock, "_call", call)
    landlock.restrict(tmp_path, [])
    handled = int.from_bytes(asked[0][1][:8], "little")
    assert handled.bit_length() == {2: 14, 3: 15, 4: 15}.get(version, 16)
    assert len(asked[0][1]) == (8 if version < 4 else 16 if version < 6 else 24)


def test_a_store_of_an_earlier_version_goes_on(start: Any, tmp_path: Path) -> None:
    store = start(tmp_path / "data")
    client = store.writer()
    client.execute("CREATE DATABASE servicemap")
    client.execute("CREATE TABLE servicemap.kept (n UInt64) ENGINE = MergeTree ORDER BY n")
    client.execute("INSERT INTO servicemap.kept SELECT * FROM numbers(7)")
    client.disconnect()
    store.end(signal.SIGTERM)
    for entry in (store.data / "engine").iterdir():  # as it was before there was a folder for the engine alone
        entry.rename(store.data / entry.name)
    (store.data / "engine").rmdir()
    (store.data / "run").rmdir()
    for path in [*store.data.rglob("*"), store.data]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)
        if os.geteuid() == 0 and path != store.data:
            os.lchown(path, 1234, 1234)

    client = start(tmp_path / "data").reader()
    assert client.execute("SELECT count() FROM servicemap.kept") == [(7,)]
    client.disconnect()
    assert (store.data.stat().st_mode & 0o777, (store.data / "engine").stat().st_mode & 0o777) == (0o700, 0o700)


def test_an_engine_that_leads_elsewhere_is_refused(start: Any, tmp_path: Path) -> None:
    store = start(tmp_path / "data")
    store.end(signal.SIGTERM)
    (tmp_path / "elsewhere").mkdir()
    (store.data / "engine" / "store").symlink_to(tmp_path / "elsewhere")
    command = [sys.executable, "-m", "sinks.embedded", "--data", str(store.data), "--native-port", "0"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "leads out of the folder" in ended.stderr


def test_a_store_reached_through_a_link_of_ones_own_works(start: Any, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "disk")
    client = start(tmp_path / "data").reader()
    assert client.execute("SELECT 1") == [(1,)]
    client.disconnect()


def test_a_store_that_starts_again_is_found_where_it_was(start: Any, tmp_path: Path) -> None:
    first = start(tmp_path / "data")
    first.end(signal.SIGKILL)
    second = start(tmp_path / "data")
    assert (second.native_port, second.http_port) == (first.native_port, first.http_port)
    second.end(signal.SIGTERM)
    assert not (second.data / "store.json").exists()
    with socket.create_server(("127.0.0.1", first.native_port)):
        third = start(tmp_path / "data")
    assert third.native_port != first.native_port
    assert third.http_port == first.http_port
