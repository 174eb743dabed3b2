import errno
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collectors import discover_run
from collectors.discover_run import Account
from collectors.discovered import LOOK_S, MOST_FAILURES, MOST_NAMED, WHAT, DiscoveredCollector
from collectors.settings import Settings
from collectors.window import Window
from schemas.raw import Discovered
from tests.collectors.watching import eventually

WINDOW = Window("host", "boot", 1, 0, 0, 5_000, keyframe=False)
ROOT = os.geteuid() == 0
WHO = r"""
say() { printf '{"name": "%s", "value": "%s"}\n' "$1" "$(echo "$2" | tr '\n\t' ';,')"; }
say id "$(id -u)"
say folder "$(pwd)"
say nice "$(nice)"
say environment "$(env | cut -d= -f1 | sort)"
say open "$(ls /proc/self/fd)"
for line in $(grep -E '^(Uid|Gid|Groups|CapPrm|CapAmb|NoNewPrivs):' /proc/self/status | tr ' \t' ',,'); do
    say status.${line%%:*} "${line#*:,}"
done
"""


class Folder:
    """A folder of programs, and a collector that runs them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ahead = 0.0  # of the clock
        settings = Settings(discover=str(path), discover_timeout_seconds=1)
        self.collector = DiscoveredCollector(settings, lambda: time.monotonic() + self.ahead)

    def put(self, name: str, script: str, mode: int = 0o755) -> Path:
        """Write a program in the place of an earlier one."""
        path = self.path / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(mode)
        return path

    def run(self) -> dict[str, str]:
        """Run what is due; return the facts by their names."""
        if self.collector._looked < 0:
            self.collector.open(WINDOW)
        self.ahead += LOOK_S
        eventually(self._idle)
        return {row["name"]: row["value"] for row in self.rows()}

    def again(self) -> dict[str, str]:
        """Run all programs again."""
        self.ahead += 1_000
        return self.run()

    def rows(self, *, keyframe: bool = True) -> list[dict[str, Any]]:
        """Return what the next window reports."""
        batch = self.collector.collect(Window("host", "boot", 1, 0, 0, 5_000, keyframe=keyframe))
        return [dict(zip(Discovered.__struct_fields__, row, strict=True)) for row in batch.facts.rows()]

    def missing(self, name: str = "") -> str:
        """Return what a program needs, or the folder."""
        return self.collector.missing().get(f"{WHAT}: {name}" if name else WHAT, "")

    def _idle(self) -> bool:
        self.collector.drain()
        return self.collector._run is None


@pytest.fixture
def folder() -> Iterator[Folder]:
    """Yield a folder that the unprivileged user can enter, as one of pytest's cannot be."""
    path = Path(tempfile.mkdtemp(prefix="discover"))
    path.chmod(0o755)
    made = Folder(path)
    yield made
    made.collector.close()
    shutil.rmtree(path)


def fact(name: str, value: object, node: str = "") -> str:
    """Return a line of a shell that prints a fact."""
    text = f'"{value}"' if isinstance(value, str) else value
    return f"""echo '{{"name": "{name}", "value": {text}{f', "node": {node}' if node else ""}}}'"""


def alive(mark: str) -> list[bytes]:
    """Return the command lines of processes that have a mark."""
    found = subprocess.run(["ps", "-eo", "stat=,args="], capture_output=True, check=True).stdout.split(b"\n")
    return [line for line in found if mark.encode() in line and not line.startswith(b"Z")]


def test_what_a_program_prints_is_reported_with_its_node(folder: Folder) -> None:
    folder.put(
        "10-all",
        "\n".join([fact("os", "x"), fact("end", 3, '{"port": 443}'), fact("of", "y", f'{{"pid": {os.getpid()}}}')]),
    )
    folder.put(
        "20-array",
        """echo '[{"name": "a", "value": true, "node": {"service": "shop"}}, {"name": "b", "value": 1.5}]'""",
    )

    assert folder.run() == {"os": "x", "end": "3", "of": "y", "a": "true", "b": "1.5"}
    rows = {row["name"]: row for row in folder.rows()}
    assert rows["end"]["port"] == 443
    assert rows["of"]["pid"] == os.getpid()
    assert rows["of"]["start"] > 0
    assert rows["a"]["service"] == "shop"
    assert {row["program"] for row in rows.values()} == {"10-all", "20-array"}


def test_a_process_that_began_after_the_run_has_none_of_its_facts(folder: Folder) -> None:
    number = folder.path / ".number"
    number.touch(mode=0o644)
    late = """printf '{"name": "late", "value": "x", "node": {"pid": %s}}\\n' $(cat NUMBER)"""
    script = f"while [ ! -s NUMBER ]; do sleep 0.01; done\n{late}\n{fact('a', '1')}"
    path = folder.put("waits", script.replace("NUMBER", str(number)))
    folder.collector.open(WINDOW)
    folder.collector.drain()
    eventually(lambda: alive(f"/bin/sh {path}"))

    with subprocess.Popen(["sleep", "5"]) as process:
        number.write_text(f"{process.pid}\n")
        eventually(folder._idle)
        assert [row["name"] for row in folder.rows()] == ["a"]
        assert folder.again() == {"a": "1", "late": "x"}
        process.kill()


def test_facts_stay_while_the_folder_cannot_be_read(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.put("one", fact("a", "1"))
    assert folder.run() == {"a": "1"}

    def fails(path: Path) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", fails)
        assert folder.again() == {"a": "1"}
        assert folder.missing() == "it cannot be read: Too many open files"
    assert folder.run() == {"a": "1"}
    assert not folder.missing()


def test_facts_are_reported_when_they_change_and_on_keyframes(folder: Folder) -> None:
    folder.put("one", fact("a", "1"))
    folder.put("two", fact("b", "1"))
    folder.run()
    assert len(folder.rows(keyframe=False)) == 0  # a keyframe had them
    assert len(folder.rows()) == 2

    folder.put("two", fact("b", "2"))
    folder.ahead += LOOK_S
    eventually(folder._idle)
    changed = folder.collector.collect(WINDOW)

    assert sorted(changed.facts.value) == ["1", "2"]
    assert changed.keyframe  # it restates all
    assert not folder.collector.collect(WINDOW).keyframe
    (folder.path / "one").unlink()
    folder.ahead += LOOK_S
    folder.collector.drain()
    assert folder.collector.collect(WINDOW).facts.name == ["b"]


def test_a_program_runs_again_after_its_time_and_not_before(folder: Folder) -> None:
    folder.put("clock", 'echo "{\\"name\\": \\"at\\", \\"value\\": $(date +%s%N)}"')

    first = folder.run()
    assert folder.run() == first
    assert folder.again() != first


@pytest.mark.skipif(not ROOT, reason="another user takes root")
def test_a_program_runs_as_nobody_with_no_rights_and_the_least_priority(folder: Folder) -> None:
    folder.put("who", WHO)

    found = folder.run()

    nobody = pwd.getpwnam("nobody")
    uid, gid = nobody.pw_uid, nobody.pw_gid
    status = {name[7:]: found.pop(name).strip(";,") for name in list(found) if name.startswith("status.")}
    assert found == {
        "id": f"{uid};",
        "folder": "/;",
        "nice": "19;",
        "environment": "LANG;PATH;PWD;",  # the last is the shell's own
        "open": "0;1;2;3;",  # the last is that of `ls`
    }
    rights = {"CapPrm": "0" * 16, "CapAmb": "0" * 16, "NoNewPrivs": "1"}
    assert status == {"Uid": f"{uid},{uid},{uid},{uid}", "Gid": f"{gid},{gid},{gid},{gid}", "Groups": str(gid)} | rights


@pytest.mark.skipif(not (ROOT and shutil.which("setpriv")), reason="giving capabilities to another user takes root")
@pytest.mark.skipif(not Path("/usr/bin/python3").exists(), reason="the other user needs a Python that it can read")
def test_a_program_of_an_agent_with_capabilities_has_none(folder: Folder) -> None:
    program = folder.put("who", "grep -E '^(CapPrm|CapEff|CapAmb|Uid):' /proc/self/status")
    start = folder.path / ".start.py"
    start.write_text(discover_run.START.read_text())
    start.chmod(0o644)
    given = "+net_raw,+sys_admin"
    agent = ["setpriv", "--reuid", "65534", "--clear-groups", "--inh-caps", given, "--ambient-caps", given]
    shell = f"/usr/bin/python3 -I -S {start} $$ 5 -1 -1 '' {program}; grep CapEff /proc/self/status"

    found = subprocess.run([*agent, "sh", "-c", shell], capture_output=True, text=True, check=True).stdout.split()

    assert found[0] == "Uid:"
    assert set(found[1:5]) == {"65534"}
    assert found[5:11] == ["CapPrm:", "0" * 16, "CapEff:", "0" * 16, "CapAmb:", "0" * 16]
    assert int(found[12], 16) > 0  # of the agent


def test_a_program_that_hangs_is_killed_and_delays_nobody(folder: Folder) -> None:
    folder.put("10-hangs", f"sleep 4711.{os.getpid()} & trap '' TERM; sleep 4711.{os.getpid()}")
    folder.put("20-works", fact("a", "1"))
    folder.collector.open(WINDOW)
    before = time.monotonic()
    folder.collector.drain()
    folder.collector.drain()
    folder.collector.collect(WINDOW)
    assert time.monotonic() - before < 1

    folder.run()
    assert folder.run() == {"a": "1"}
    assert "longer than 1 s" in folder.missing("10-hangs")
    eventually(lambda: not alive(f"4711.{os.getpid()}"))
    assert folder.collector.counters()["discoveries_failed"] == 1


@pytest.fixture(params=["in a pid namespace", "without one"])
def either(request: pytest.FixtureRequest, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """Return the folder; its programs run in a pid namespace, if root allows it, and without one."""
    if request.param == "without one":
        without_namespace(folder, monkeypatch)
    elif not ROOT:
        pytest.skip("a pid namespace takes root")
    return folder


def without_namespace(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    start = folder.path / ".start.py"
    start.write_text(discover_run.START.read_text().replace("CLONE_NEWPID = 0x20000000", "CLONE_NEWPID = -1"))
    monkeypatch.setattr(discover_run, "START", start)


@pytest.mark.parametrize("how", ["", "setsid ", "setsid setsid -f "])
@pytest.mark.parametrize("output", ["", " >/dev/null 2>&1"])
def test_what_a_program_leaves_behind_is_killed(either: Folder, how: str, output: str) -> None:
    mark = f"4712.{os.getpid()}"
    until = f"while ! pgrep -f '^sleep {mark}' >&2; do :; done"
    either.put("forks", f"{fact('a', '1')}\n{how}sleep {mark}{output} &\n{until}")

    assert either.run() == {"a": "1"}
    assert not alive(mark)


@pytest.mark.skipif(not Path("/usr/bin/python3").exists(), reason="no Python that the other user can read")
def test_a_program_that_does_not_want_to_end_with_its_parent_is_killed(either: Folder) -> None:
    mark = f"4713.{os.getpid()}"
    path = either.put("stays", "")
    path.write_text(
        "#!/usr/bin/python3\nimport ctypes, os\n"
        "os.getpgrp() == os.getpid() or os.setsid()\nctypes.CDLL(None).prctl(1, 0)\n"
        f"os.dup2(os.open('/dev/null', 1), 1), os.dup2(1, 2)\nos.execlp('sleep', 'sleep', '{mark}')"
    )
    either.collector.open(WINDOW)
    either.collector.drain()
    eventually(lambda: alive(mark))

    assert either.run() == {}
    assert either.missing("stays") == "a run that succeeds: it takes longer than 1 s"
    assert not alive(mark)


@pytest.mark.skipif(not ROOT, reason="another agent's programs run as its own user anyway")
def test_a_program_that_kills_its_parent_is_not_run_again(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    without_namespace(folder, monkeypatch)
    folder.put("kills", "kill -9 $PPID; exec sleep 60")
    folder.collector.open(WINDOW)
    folder.collector._account = Account()

    folder.run()
    assert "may still run" in folder.missing("kills")
    folder.again()
    assert folder.collector.counters()["discoveries_failed"] == 1


def test_a_program_ends_as_a_shell_has_it(either: Folder) -> None:
    either.put("crashes", "kill -11 $$")

    assert either.run() == {}
    assert either.missing("crashes") == "a run that succeeds: exit code 139"


@pytest.mark.parametrize("where", ["", " >&2"])
def test_a_program_that_prints_without_end_is_killed_and_its_output_is_not_used(folder: Folder, where: str) -> None:
    folder.put("loud", f"{fact('a', '1')}\nhead -c 100000000 /dev/zero{where}\nsleep 60")

    assert folder.run() == {}
    assert "more than 256 KiB" in folder.missing("loud")


def test_items_that_are_no_facts_cost_themselves_alone(folder: Folder) -> None:
    bad = ["", "not JSON", '{"name": "c", "value": null}', '{"name": "d"}', "[1", '{"name": "e", "value": "\\377"}']
    bad += ['{"name": "f", "value": 1, "node": {"port": "x"}}', '{"name": "bad name", "value": 1}']
    bad += ['{"name": "g", "value": 1, "node": {"port": 1, "pid": 1}}', '{"name": "h", "value": "%01001d"}']
    folder.put("mixed", "\n".join([fact("a", "1"), *(f"printf '{item}\\n'" for item in bad), fact("b", "2")]))

    assert folder.run() == {"a": "1", "b": "2"}
    assert folder.collector.counters()["discoveries_refused"] == len(bad) - 1
    assert "9 items are not facts (item 2: " in folder.missing("mixed")


def test_the_error_of_an_item_is_cut(folder: Folder) -> None:
    folder.put("long", r"""printf '{"'; head -c 200000 /dev/zero | tr '\0' A; printf '": 1}\n'""")

    assert folder.run() == {}
    assert "output of facts only" in folder.missing("long")
    assert len(folder.missing("long")) < 300


def test_values_are_printable_text(folder: Folder) -> None:
    folder.put("odd", r"""printf '{"name": "a", "value": "x\\u001b[31m\\ny"}\n'""")

    assert folder.run() == {"a": r"x\x1b[31m\x0ay"}


def test_thousands_of_facts_are_cut_and_counted(folder: Folder) -> None:
    folder.put("many", """seq 3000 | sed 's/.*/{"name": "n&", "value": &}/'""")
    folder.put("more", """seq 900 | sed 's/.*/{"name": "m&", "value": &}/'""")
    folder.put("most", """seq 900 | sed 's/.*/{"name": "o&", "value": &}/'""")
    folder.run()
    folder.run()

    assert len(folder.run()) == 2_000
    assert folder.collector.counters()["discoveries_dropped"] >= 2
    assert folder.missing("many") == "no more than 1000 facts"
    assert folder.collector.missing()[f"some {WHAT}"] == "no more than 2000: 800 are left out"


def test_a_program_that_fails_keeps_its_facts_for_some_runs(folder: Folder) -> None:
    folder.put("fails", f"{fact('a', '1')}\n[ ! -e {folder.path}/broken ] || {{ echo no luck >&2; exit 3; }}")
    assert folder.run() == {"a": "1"}
    (folder.path / "broken").touch(mode=0o644)

    for _ in range(MOST_FAILURES - 1):
        assert folder.again() == {"a": "1"}
        assert folder.missing("fails") == "a run that succeeds: exit code 3: no luck"
    assert folder.again() == {}
    (folder.path / "broken").unlink()
    assert folder.again() == {"a": "1"}
    assert not folder.missing("fails")


def test_files_that_others_may_write_links_and_what_is_no_program_are_refused(folder: Folder) -> None:
    folder.put("writable", fact("a", "1"), mode=0o777)
    folder.put("plain", fact("b", "1"), mode=0o644)
    good = folder.put("good", fact("c", "1"))
    folder.put(".hidden", "exit 1")
    folder.put("backup~", "exit 1")
    (folder.path / "link").symlink_to(good)
    (folder.path / "folder").mkdir()
    (folder.path / "nothing").write_text("no program")
    (folder.path / "nothing").chmod(0o755)

    assert folder.run() == {"c": "1"}
    folder.run()
    assert "chmod go-w" in folder.missing("writable")
    assert "chmod +x" in folder.missing("plain")
    assert "symbolic link" in folder.missing("link")
    assert "not a regular file" in folder.missing("folder")
    assert "could not be started: Exec format error" in folder.missing("nothing")
    assert len(folder.collector.missing()) == 5


def test_of_many_files_that_are_no_programs_some_are_named(folder: Folder) -> None:
    for number in range(100):
        folder.put(f"plain-{number:02}", "", mode=0o644)

    folder.run()
    assert len(folder.collector.missing()) == MOST_NAMED + 1
    assert "90 more" in folder.collector.missing()[f"other {WHAT}"]


@pytest.mark.parametrize("mode", [0o777, 0o775])
def test_a_folder_that_others_may_write_is_refused(folder: Folder, mode: int) -> None:
    folder.put("good", fact("a", "1"))
    folder.path.chmod(mode)

    assert folder.run() == {}
    assert "write access for nobody else" in folder.missing()


def test_a_link_on_the_way_to_the_folder_is_refused(folder: Folder) -> None:
    below = folder.path / "below"
    below.mkdir()
    link = folder.path / "link"
    link.symlink_to(below)

    away = Folder(link)
    assert away.run() == {}
    assert "without symbolic links" in away.missing()


def test_a_folder_that_is_not_there_is_no_fault(folder: Folder) -> None:
    away = Folder(folder.path / "away")
    assert away.run() == {}
    assert away.collector.missing() == {}

    away.path.mkdir()
    away.path.chmod(0o755)
    away.put("late", fact("a", "1"))
    assert away.run() == {"a": "1"}


@pytest.mark.skipif(not ROOT, reason="another agent runs them as its own user")
@pytest.mark.parametrize("user", ["root", "no-such-user"])
def test_programs_do_not_run_as_root_nor_as_nobody_known(folder: Folder, user: str) -> None:
    folder.put("good", fact("a", "1"))
    folder.collector = DiscoveredCollector(Settings(discover=str(folder.path), discover_user=user))

    assert folder.run() == {}
    assert "discover_user" in folder.missing()


def test_closing_ends_what_runs(folder: Folder) -> None:
    folder.put("runs", f"sleep 4714.{os.getpid()}")
    folder.collector.open(WINDOW)
    folder.collector.drain()
    eventually(lambda: alive(f"4714.{os.getpid()}"))

    folder.collector.close()

    eventually(lambda: not alive(f"4714.{os.getpid()}"))


def test_what_runs_ends_with_an_agent_that_is_killed(folder: Folder) -> None:
    folder.put("runs", f"sleep 4715.{os.getpid()}")
    code = (
        "import time; from collectors.discovered import DiscoveredCollector; from collectors.settings import Settings;"
        f"c = DiscoveredCollector(Settings(discover='{folder.path}')); c.open(None); c.drain(); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as agent:
        eventually(lambda: alive(f"sleep 4715.{os.getpid()}"))
        agent.kill()

    eventually(lambda: not alive(f"4715.{os.getpid()}"))
