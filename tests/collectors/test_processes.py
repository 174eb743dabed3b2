import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from collectors.exits import parse_status
from collectors.process_events import Exec, Exit, parse_event
from collectors.process_facts import Users, parse_cmdline, parse_passwd, parse_uid
from collectors.process_table import ProcessTable, parse_stat
from schemas.raw import ProcessBatch
from tests.collectors.watching import Watch, eventually

SLEEP = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read(); sys.exit(7)", "--password=hunter2"]


def started(command: list[str] = SLEEP, cwd: Path | None = None) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(command, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def reported(batch: ProcessBatch, pid: int) -> list[dict[str, object]]:
    names = batch.processes.__struct_fields__
    return [dict(zip(names, row, strict=True)) for row in batch.processes.rows() if row[0] == pid]


def exits(batch: ProcessBatch, pid: int) -> list[tuple[int, int]]:
    return [row[3:5] for row in batch.exits.rows() if row[0] == pid]


def test_a_process_is_reported_when_it_starts_and_on_keyframes(watch: Watch) -> None:
    with started() as process:
        (new,) = reported(watch.running(), process.pid)
        watch.running()
        assert reported(watch.running(), process.pid) == []
        assert reported(watch.running(keyframe=True), process.pid)

    assert new["parent"] == os.getpid()
    assert new["uid"] == os.geteuid()
    assert new["exe"] == str(Path(sys.executable).resolve())
    assert new["cmdline"] == [*SLEEP[:-1], "--password=***"]
    assert new["netns"] == Path("/proc/self/ns/net").stat().st_ino


def test_exit_codes_and_signals_are_reported(watch: Watch) -> None:
    with started() as ending, started() as killed:
        watch.running()
        killed.send_signal(signal.SIGTERM)
        assert ending.stdin is not None
        ending.stdin.close()
        ending.wait()
        killed.wait()
        batch = watch.running()

    assert exits(batch, ending.pid) == [(7, 0)]
    assert exits(batch, killed.pid) == [(-1, signal.SIGTERM)]


def test_a_process_not_yet_waited_for_is_gone(watch: Watch) -> None:
    with started() as process:
        watch.running()
        process.kill()
        eventually(lambda: Path(f"/proc/{process.pid}/stat").read_text().split()[2] == "Z")
        assert exits(watch.running(), process.pid) == [(-1, signal.SIGKILL)]
        assert exits(watch.running(), process.pid) == []


def test_without_the_connector_exits_are_found_by_scanning(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collectors.process_events.ProcessEvents.open", lambda self: None)
    watch: Watch = request.getfixturevalue("watch")
    with started() as process:
        watch.running()
        process.kill()
        process.wait()
        assert exits(watch.running(), process.pid) == [(-1, 0)]
    assert "exit codes, and what processes execute" in watch.processes.missing()


def test_a_program_executed_by_a_known_process_replaces_its_facts(watch: Watch) -> None:
    script = "import os, sys; print(flush=True); sys.stdin.readline(); os.execlp('sleep', 'sleep', '60')"
    with started([sys.executable, "-c", script]) as process:
        (before,) = reported(watch.running(), process.pid)
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
        eventually(lambda: Path(f"/proc/{process.pid}/comm").read_text() == "sleep\n")
        (after,) = reported(watch.running(), process.pid)
        process.kill()

    assert before["start"] == after["start"]
    assert (after["comm"], after["cmdline"]) == ("sleep", ["sleep", "60"])


def test_where_a_process_was_started_and_by_whom_is_reported_and_stays(watch: Watch, tmp_path: Path) -> None:
    script = "import os, sys; print(flush=True); sys.stdin.readline(); os.chdir('/'); print(flush=True); input()"
    with started([sys.executable, "-c", script], cwd=tmp_path) as process:
        (before,) = reported(watch.running(), process.pid)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
        process.stdout.readline()
        (after,) = reported(watch.running(keyframe=True), process.pid)
        process.kill()

    assert before["cwd"] == after["cwd"] == str(tmp_path)
    assert before["lineage"] == after["lineage"]
    assert before["lineage"][:1] == [Path("/proc/self/comm").read_text().rstrip("\n")]  # type: ignore[index]
    assert before["lead"] == []


def test_a_worker_that_knows_itself_only_as_one_is_reported_with_its_parent_s_arguments(watch: Watch) -> None:
    line = ["python3", "-c", "from multiprocessing.spawn import spawn_main; spawn_main(tracker_fd=5)"]
    worker = [sys.executable, "-c", f"print(flush=True); input(); {line[2]!r}"]
    with started(worker) as process:
        (row,) = reported(watch.running(), process.pid)
        process.kill()

    assert row["lead"] == parse_cmdline(Path("/proc/self/cmdline").read_bytes(), 1_024)


@pytest.mark.root
def test_a_daemon_that_drops_its_privileges_after_it_starts_is_reported_anew(watch: Watch) -> None:
    script = "import os, sys; print(flush=True); sys.stdin.readline(); os.setuid(65534); print(flush=True); input()"
    with started([sys.executable, "-c", script]) as process:
        (before,) = reported(watch.running(), process.pid)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
        process.stdout.readline()
        (after,) = reported(watch.running(), process.pid)
        process.kill()

    assert (before["uid"], after["uid"]) == (0, 65534)


def test_a_process_that_lives_between_two_windows_is_reported_with_its_exit(watch: Watch) -> None:
    with started() as process:
        watch.processes.drain()  # as between windows
        assert process.stdin is not None
        process.stdin.close()
        process.wait()
    batch = watch.running()

    assert len(reported(batch, process.pid)) == 1
    assert exits(batch, process.pid) == [(7, 0)]


def test_usage_is_of_the_window_and_only_where_it_changed(watch: Watch) -> None:
    burn = "import sys; print(flush=True)\nfor line in sys.stdin: sum(range(20_000_000)); print(flush=True)"

    def used(batch: ProcessBatch, pid: int) -> list[int]:
        return [row[2] for row in batch.usage.rows() if row[0] == pid]

    with started([sys.executable, "-c", burn]) as process:
        watch.running()
        watch.running()
        idle = used(watch.running(), process.pid)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
        process.stdout.readline()
        busy = used(watch.running(), process.pid)
        process.kill()

    assert idle == []
    assert len(busy) == 1
    assert 50 < busy[0] < 30_000


def test_kernel_threads_are_left_out(watch: Watch) -> None:
    assert 2 not in watch.running(keyframe=True).processes.pid or Path("/proc/2/exe").exists()


def test_a_name_may_hold_anything() -> None:
    rest = b" S 41 0 0 0 -1 4194304 0 0 0 0 11 22 0 0 20 0 3 0 987654 1000 250 0"
    stat = parse_stat(b"4242 (a) (b\n) c)" + rest)

    assert (stat.pid, stat.comm, stat.parent, stat.cpu, stat.threads, stat.start, stat.rss) == (
        (4242, "a) (b\\x0a) c", 41, 33, 3, 987654, 250)
    )  # fmt: skip


def test_a_leader_that_left_its_threads_behind_is_not_dead() -> None:
    line = b"1 (x) %s 1 0 0 0 -1 0 0 0 0 0 1 2 0 0 20 0 %d 0 5 0 0 0"

    assert not parse_stat(line % (b"Z", 4)).dead
    assert parse_stat(line % (b"Z", 1)).dead


def test_wait_statuses_are_codes_or_signals() -> None:
    assert parse_status(0) == (0, 0)
    assert parse_status(3 << 8) == (3, 0)
    assert parse_status(11 | 0x80) == (-1, 11)  # with a core dump


def test_a_process_that_vanishes_while_it_is_read_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "12").mkdir()
    (tmp_path / "self").mkdir()

    assert ProcessTable(str(tmp_path)).look(0) == {}


def test_a_title_written_by_the_program_itself_is_one_argument() -> None:
    assert parse_cmdline(b"nginx: master process --password hunter2\0\0\0", 4096) == [
        "nginx: master process --password ***"
    ]
    assert parse_cmdline(b"", 4096) == []


def test_long_command_lines_are_cut() -> None:
    assert parse_cmdline(b"java\0" + b"x" * 100, 20) == ["java", "x" * 15 + "…"]


def test_users_come_from_the_file_alone(tmp_path: Path) -> None:
    passwd = tmp_path / "passwd"
    passwd.write_text("root:x:0:0::/root:/bin/sh\n# comment\nweb:x:33:33::/:/bin/false\nalias:x:33:33::/:/bin/false\n")
    users = Users(str(passwd))
    users.reload()

    assert (users.name(0), users.name(33), users.name(99)) == ("root", "web", "")
    assert parse_passwd(b"+::::::\n") == {}
    assert parse_uid(b"Name:\tx\nUid:\t1\t2\t3\t4\n") == 2


def test_events_of_threads_and_unknown_events_are_left_out() -> None:
    head = b"\0" * 36

    def event(what: int, *values: int) -> bytes:
        numbers = b"".join(value.to_bytes(4, sys.byteorder) for value in values)
        return head + what.to_bytes(4, sys.byteorder) + b"\0" * 4 + (99).to_bytes(8, sys.byteorder) + numbers

    assert parse_event(event(0x8000_0000, 5, 5, 256, 17)) == Exit(5, 256, 99)
    assert parse_event(event(0x8000_0000, 6, 5, 256, 17)) is None
    assert parse_event(event(2, 5, 5)) == Exec(5)
    assert parse_event(event(1, 1, 1, 5, 5)) is None
    assert parse_event(head) is None
