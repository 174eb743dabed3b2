import json
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from collectors import tracing
from collectors.discovered import WHAT as OWN_FACTS
from collectors.networks import Networks
from collectors.settings import Settings
from collectors.window import Inert, Window
from schemas.codec import encode
from schemas.raw import Heartbeat, ListenerBatch, Listeners
from schemas.text import to_text
from schemas.topics import ALL, HEARTBEATS, LISTENERS
from servicemap import part_checks
from servicemap.binding import Place
from servicemap.check import Check
from servicemap.cli import main
from servicemap.config import Config, StoreConfig
from servicemap.connect import connect_log
from servicemap.doctor import verdict
from servicemap.host_checks import CAPABILITIES, ON_THE_HOST, collecting, interfaces, kernel, mended_by
from servicemap.options import Failure
from servicemap.store_clients import sentence
from tests.cli.conftest import Town

WINDOW = Window(host_id="h", boot_id="b", run=0, seq=0, start=0, width=5000, keyframe=True)
FREE_PORTS = {"SERVICEMAP_STORE__NATIVE_PORT": "0", "SERVICEMAP_STORE__HTTP_PORT": "0"}


class Blind(Inert):
    """A collector that sees two listeners and reports what it cannot see."""

    topic = LISTENERS

    def collect(self, window: Window) -> ListenerBatch:
        return window.batch(ListenerBatch, listeners=Listeners(cookie=[1, 2]))

    def missing(self) -> dict[str, str]:
        return {"the dark": "CAP_LIGHT (run as root)"}


class Limited(Blind):
    """A collector that looks at so many and no more."""

    def missing(self) -> dict[str, str]:
        return {"what is beyond": "no more than 2"}


class Failing(Blind):
    """A collector that the kernel refuses."""

    def collect(self, window: Window) -> ListenerBatch:
        raise PermissionError("no netlink here")


def ask(*arguments: str, **environment: str) -> Result:
    return CliRunner(env={**FREE_PORTS, **environment}).invoke(main, ["doctor", *arguments])


def by_name(result: Result) -> dict[str, dict[str, Any]]:
    return {check["name"]: check for check in json.loads(result.stdout)["checks"]}


def test_a_host_is_examined_without_leaving_anything_behind(tmp_path: Path) -> None:
    result = ask("--json", "--data", str(tmp_path / "none"))
    found = by_name(result)
    assert {"kernel", "versions", "host id", "interfaces", "connections", "processes", "owners", "disk", "log"} <= set(
        found
    )
    assert {found[name]["state"] for name in ("kernel", "connections", "listeners", "processes", "log", "store")} == {
        "ok"
    }
    assert result.exit_code in {0, 3}
    assert not list(tmp_path.iterdir())


def test_people_get_a_line_a_check_and_what_mends_it(tmp_path: Path) -> None:
    result = ask("--data", str(tmp_path), "--store", "clickhouse://127.0.0.1:1")
    assert result.exit_code == 1
    broken = result.stdout[result.stdout.index("broken   store") :].splitlines()
    assert "no ClickHouse answers at 127.0.0.1:1" in broken[0]
    assert [line.split(":")[0].strip() for line in broken[1:3]] == ["needs", "fix"]
    assert result.stderr == ""


def test_collectors_report_themselves_what_they_cannot_see(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    seen, missing = collecting(lambda: [Blind()], WINDOW, Networks(Settings()))
    assert (seen.name, seen.state, seen.found) == ("listeners", "ok", "2 seen")
    assert (missing.name, missing.state, missing.needs) == ("the dark", "missing", "CAP_LIGHT (run as root)")
    assert missing.fix.startswith("sudo servicemap")


def test_a_collector_that_fails_hides_no_other() -> None:
    broken, seen, *_ = collecting(lambda: [Failing(), Blind()], WINDOW, Networks(Settings()))
    assert (broken.state, broken.found) == ("broken", "PermissionError: no netlink here")
    assert seen.state == "ok"


@pytest.mark.parametrize(
    ("system", "release", "state"),
    [
        ("Linux", "6.1.0-13-amd64", "ok"),
        ("Linux", "4.3", "ok"),
        ("Linux", "4.2.9", "missing"),
        ("Darwin", "23.1", "broken"),
    ],
)
def test_old_and_other_kernels_are_reported(system: str, release: str, state: str) -> None:
    assert kernel(system, release).state == state


def test_an_unreadable_list_of_interfaces_is_broken() -> None:
    def refused() -> Any:
        raise PermissionError("no")

    assert interfaces(refused).state == "broken"


@pytest.mark.parametrize(("free", "state"), [(50 << 20, "broken"), (500 << 20, "missing"), (5 << 30, "ok")])
def test_a_disk_that_fills_up_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, state: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    assert part_checks.disk(tmp_path / "to" / "be" / "made").state == state


def test_a_port_that_is_taken_is_reported_with_the_option_that_fixes_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        asked = Place("the store", "127.0.0.1", number, 9000, "--native-port", "store.native_port")
        check = part_checks.port("native port", asked)
        usual = part_checks.port("native port", asked._replace(port=None, usual=number))
    assert check.state == "broken"
    assert check.fix == "servicemap up --native-port 0"
    assert (usual.state, "the next that is free" in usual.found) == ("ok", True)
    assert part_checks.port("native port", asked).state == "ok"


def test_who_can_read_the_store_is_reported() -> None:
    open_ = part_checks.readers(Config(store=StoreConfig(host="0.0.0.0")))
    assert (open_.state, "READER_PASSWORD" in open_.fix) == ("broken", True)
    known = part_checks.readers(Config(store=StoreConfig(host="0.0.0.0", reader_password="x")))
    assert (known.state, "plain text" in known.found) == ("ok", True)
    assert part_checks.readers(Config()).found == "everybody on this machine"


def test_a_kernel_that_cannot_confine_the_store_is_reported() -> None:
    assert part_checks.confinement([]).state == "ok"
    check = part_checks.confinement(["Landlock (Linux 5.19 or later)"])
    assert (check.state, check.needs) == ("missing", "Landlock (Linux 5.19 or later)")
    assert "only people you trust" in check.fix


def test_a_running_store_is_asked_for_its_version(settled: Town) -> None:
    check, clients, room, clocks, addresses, switches = part_checks.store(Config(data=str(settled.data)))
    assert check.state == "ok"
    assert check.found.endswith(f"127.0.0.1:{settled.native_port}")
    assert (clients.name, clients.state) == ("store's clients", "ok")
    assert "connected" in clients.found
    assert (room.name, room.state) == ("room on the disk", "ok")
    assert "(20 % of the disk)" in room.found
    assert (clocks.name, clocks.state) == ("clocks of hosts", "ok")
    assert (addresses.name, addresses.state) == ("addresses", "ok")
    assert "sw-rack-12, port Gi1/0/7" in switches.found


def test_a_file_that_is_no_log_is_broken(tmp_path: Path) -> None:
    (tmp_path / "log.sqlite").write_text("not a log " * 100)
    (check,) = part_checks.log(Config(data=str(tmp_path)), 0)
    assert check.state == "broken"
    assert "is not a servicemap log" in check.found


def test_a_log_that_was_damaged_is_reported_until_it_is_removed(tmp_path: Path) -> None:
    config = Config(data=str(tmp_path))
    connect_log(config).close()
    (tmp_path / "log.sqlite-damaged").touch()
    with pytest.raises(Failure, match="is damaged"):
        connect_log(config, create=False)
    connect_log(config).close()

    (answer, *_) = part_checks.log(config, 0)

    assert (answer.name, answer.state) == ("damaged log", "missing")
    (kept,) = tmp_path.glob("log.sqlite-damaged-*")
    assert str(kept) in answer.found
    assert answer.fix == f"rm {kept}*"


@pytest.mark.parametrize(("ahead", "state"), [(0, "ok"), (60_000, "missing")])
def test_a_log_from_the_future_is_a_clock_gone_wrong(tmp_path: Path, ahead: int, state: str) -> None:
    config, now = Config(data=str(tmp_path)), int(time.time() * 1000)
    with closing(connect_log(config)) as log:
        log.append(HEARTBEATS.name, b"h", b"{}", timestamp=now + ahead)
    opened, clock = part_checks.log(config, now)
    assert opened.found.startswith(f"1 records in {len(ALL)} topics")
    assert (clock.name, clock.state) == ("clock", state)


def test_the_exit_code_is_that_of_the_worst() -> None:
    ok, missing, broken = (Check("x", state, "") for state in ("ok", "missing", "broken"))
    assert verdict([ok]) == 0
    assert verdict([ok, missing]) == 3
    assert verdict([missing, broken, ok]) == 1


@pytest.mark.root
def test_a_person_without_privileges_is_advised_to_be_root(tmp_path: Path) -> None:
    if os.geteuid():
        pytest.skip("needs root to become nobody")
    # The interpreter may live where only root may look, so it becomes nobody once it has imported what it needs.
    script = (
        "import os, pyroute2, servicemap.doctor, servicemap.commands.doctor\nfrom servicemap.cli import main\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "main(['doctor', '--json', '--data', '/nonexistent'])"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    checks = {check["name"]: check for check in json.loads(result.stdout)["checks"]}
    assert checks["owners of other users' sockets"]["fix"] == "sudo servicemap up"
    assert checks["connections"]["state"] == "ok"


@pytest.mark.parametrize("error", [UnicodeEncodeError("utf-8", "\udcff", 0, 1, "no"), KeyError("x"), MemoryError()])
def test_whatever_a_collector_fails_with_hides_no_other(error: Exception) -> None:
    class Odd(Blind):
        def collect(self, window: Window) -> ListenerBatch:
            raise error

        def missing(self) -> dict[str, str]:
            raise error

    broken, seen, *_ = collecting(lambda: [Odd(), Blind()], WINDOW, Networks(Settings()))
    assert broken.state == "broken"
    assert broken.found.startswith(type(error).__name__)
    assert seen.state == "ok"


def test_collectors_that_fail_elsewhere_are_named(tmp_path: Path) -> None:
    def beat(host: str, ago: int, failed: dict[str, str]) -> bytes:
        window = int(time.time() - ago) * 1000 // 5000 * 5000
        return encode(
            Heartbeat(
                host_id=host, boot_id="b", run=0, window=window, width=5000, hostname=f"{host}\x1b", failed=failed
            )
        )

    config = Config(data=str(tmp_path))
    with closing(connect_log(config)) as log:
        for host, ago, failed in (
            ("web", 20, {"hosts": "old"}),
            ("web", 5, {"owners": "OSError: \x1b[2Jno", "requests": "KeyError: 1"}),
            ("db", 20, {"owners": "OSError: no"}),
            ("db", 5, {}),
        ):
            log.append(HEARTBEATS.name, host.encode(), beat(host, ago, failed))
        log.append(HEARTBEATS.name, b"web", b"{")
        log.flush()

    result = ask("--json", "--data", str(tmp_path))
    found = {name: check for name, check in by_name(result).items() if name.endswith((r"web\x1b", r"db\x1b"))}
    assert found.keys() == {r"owners of web\x1b", r"requests of web\x1b"}
    assert found[r"owners of web\x1b"]["state"] == "broken"
    assert found[r"owners of web\x1b"]["found"].endswith(r"OSError: \x1b[2Jno")


def test_agents_under_one_host_id_are_named_until_one_of_them_leaves(tmp_path: Path) -> None:
    def beat(at: int, boot: str, run: int, seq: int, **more: Any) -> bytes:
        window = int(time.time()) * 1000 // 5000 * 5000 - 60_000 + 5000 * at
        head: dict[str, Any] = {"host_id": "web", "boot_id": boot, "run": run, "seq": seq, "window": window}
        return encode(Heartbeat(**head, width=5000, hostname=f"host{run}", keyframe=seq == 0, **more))

    config = Config(data=str(tmp_path))
    with closing(connect_log(config)) as log:
        for at in range(6):
            log.append(HEARTBEATS.name, b"web", beat(at, "b007", 1, at, booted=1))
            if at > 1:
                log.append(HEARTBEATS.name, b"web", beat(at, "c10e", 2, at - 2, booted=2))
        log.flush()
        found = by_name(ask("--json", "--data", str(tmp_path)))["host id web"]
        assert found["state"] == "broken"
        assert "host1" in found["found"]
        assert "host2" in found["found"]
        assert "--host-id" in found["fix"]

        log.append(HEARTBEATS.name, b"web", beat(6, "c10e", 2, 4, booted=2, stopped=9))
        for at in range(6, 8):
            log.append(HEARTBEATS.name, b"web", beat(at, "b007", 1, at, booted=1))
        log.flush()
        assert "host id web" not in by_name(ask("--json", "--data", str(tmp_path)))

        for at in range(8, 11):
            log.append(HEARTBEATS.name, b"web", beat(at, "b007", 1, at, booted=1, alone=True))
            log.append(HEARTBEATS.name, b"web", beat(at, "b007", 3, at - 8, booted=1, beside=4711))
        log.flush()
        found = by_name(ask("--json", "--data", str(tmp_path)))["host id web"]
        assert found["state"] == "missing"
        assert "4711" in found["fix"]


def test_what_an_agent_drops_is_reported_while_it_does(tmp_path: Path) -> None:
    config = Config(data=str(tmp_path))
    with closing(connect_log(config)) as log:
        for seq, dropped in enumerate((7, 7, 19)):
            window = int(time.time()) * 1000 // 5000 * 5000 - 15_000 + 5000 * seq
            head: dict[str, Any] = {"host_id": "web", "boot_id": "b", "run": 0, "seq": seq, "window": window}
            value = encode(Heartbeat(**head, width=5000, counters={"windows_dropped": dropped, "errors_hosts": 4}))
            log.append(HEARTBEATS.name, b"web", value)
        log.flush()
    found = by_name(ask("--json", "--data", str(tmp_path)))["agent of web"]
    assert found["found"].endswith("windows_dropped 12")


@pytest.mark.parametrize(
    ("needs", "failed", "state"),
    [
        ("a run that succeeds: exit code 3: no luck", 7, "missing"),
        ("output of facts only: 2 items are not facts (item 1: x)", 0, "missing"),
        ("to be executable (chmod +x)", 7, "ok"),  # the host's own checks have that
        ("", 7, "ok"),
    ],
)
def test_programs_whose_last_run_failed_are_reported_with_the_reason(
    tmp_path: Path, needs: str, failed: int, state: str
) -> None:
    with closing(connect_log(Config(data=str(tmp_path)))) as log:
        window = int(time.time()) * 1000 // 5000 * 5000 - 15_000
        counters = {"discoveries_failed": failed, "discoveries_refused": 2}
        missing = {f"{OWN_FACTS}: team": needs} if needs else {}
        head: dict[str, Any] = {"host_id": "web", "boot_id": "b", "run": 0, "window": window, "width": 5000}
        log.append(HEARTBEATS.name, b"web", encode(Heartbeat(**head, counters=counters, missing=missing)))
        log.flush()

    found = by_name(ask("--json", "--data", str(tmp_path)))[f"{OWN_FACTS} on web"]

    assert found["state"] == state
    assert f"{failed} runs failed and 2 items were not facts" in found["found"]
    if state == "missing":
        assert found["found"].endswith(f"team: {needs.partition(': ')[2]}")
        assert "facts-of-your-own.md" in found["fix"]


@pytest.mark.parametrize("name", [b"\xff", b"a\nb", b"\x1b[2J"])
def test_a_directory_of_any_name_is_examined(tmp_path: Path, name: bytes) -> None:
    for form in ([], ["--json"]):
        folder = os.fsdecode(bytes(tmp_path) + b"/" + name)
        answer = subprocess.run(
            [sys.executable, "-m", "servicemap", "doctor", *form, "--data", folder],
            capture_output=True,
            env={**os.environ, **FREE_PORTS},
            check=False,
        )
        assert answer.returncode in {0, 3}, answer.stderr
        assert to_text(name).encode() in answer.stdout.replace(b"\\\\", b"\\")
        assert name not in answer.stdout


def test_what_became_of_the_stores_clients_is_reported_the_most_frequent_first() -> None:
    assert sentence({"readers": 3, "strangers": 1}, {}) == "4 connected"
    answer = sentence({"readers": 1}, {"too slow": 2, "broke the protocol": 1200})
    assert answer == "1 connected; 1,200 broke the protocol; 2 too slow"


def test_a_limit_of_the_agent_is_named_as_one() -> None:
    *_, beyond = collecting(lambda: [Limited()], WINDOW, Networks(Settings()))
    assert (beyond.needs, beyond.fix) == ("nothing: the agent has a limit here, no more than 2", "")


def test_what_takes_a_newer_kernel_is_mended_by_one() -> None:
    assert mended_by("sockets in 3 other network namespaces", "Linux 5.3 or later") == "upgrade the kernel"
    assert mended_by(tracing.WHAT, tracing.NEWER) == "upgrade the kernel"


def test_what_a_kernel_refuses_can_be_left_out() -> None:
    assert "SERVICEMAP_COLLECTORS__BPF" in mended_by(tracing.WHAT, tracing.UNTYPED)
    assert mended_by(tracing.WHAT, "CAP_BPF (run as root)") == CAPABILITIES or os.geteuid()
    assert mended_by(tracing.WHAT, tracing.ELSEWHERE) == ON_THE_HOST
