"""A process gets the name that a person would give it."""

import json
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.text import to_text
from streams.naming import NamingRule, name_process
from streams.naming.programs import program
from streams.naming.words import fit, versionless
from tests.streams.naming_table import CASES, Case

_EXAMPLES = 200 * int(os.environ.get("SERVICEMAP_TEST_FUZZ", "1"))
_BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data" / "names" / "commands.json"  # beside the checkout
_GIVEN = Path(os.environ.get("SERVICEMAP_COMMAND_LINES", _BESIDE))
WORKER = [
    "/usr/bin/python3",
    "-c",
    "from multiprocessing.spawn import spawn_main; spawn_main(tracker_fd=5)",
    "--multiprocessing-fork",
]


def comm(exe: str) -> str:
    """Return the name that the kernel gives a process that executed a file."""
    return to_text(exe.removesuffix(" (deleted)").rpartition("/")[2].encode()[:15])


def facts(name: str = "orders", **given: Any) -> dict[str, Any]:
    row = {"comm": name, "exe": f"/usr/bin/{name}", "cmdline": [name], "container": "", "unit": "", "user": "shop"}
    return {**row, "cwd": "", "container_name": "", "lineage": [], "lead": [], **given}


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(case.argv)[:60] or case.comm)
def test_a_program_gets_the_name_that_people_use(case: Case) -> None:
    assert program(case.comm or comm(case.exe), case.exe, case.argv, case.cwd).name == case.name


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(case.argv)[:60] or case.comm)
def test_the_rule_that_named_shows_where_it_read_the_name(case: Case) -> None:
    found = program(case.comm or comm(case.exe), case.exe, case.argv, case.cwd)
    assert found.rule
    assert found.evidence


@pytest.mark.skipif(
    not _GIVEN.exists(), reason="no recorded command lines beside the checkout, or in SERVICEMAP_COMMAND_LINES"
)
def test_recorded_command_lines_get_the_names_that_people_wanted() -> None:
    rows = json.loads(_GIVEN.read_text())
    missed = []
    for row in rows:
        exe = row["exe"] if row["exe"].startswith("/") else f"/usr/bin/{row['exe']}"
        cwd = "/srv/project" if "relative" in row["case"] or "dist/" in row["case"] else ""
        lead = ["/usr/bin/python3", "/srv/parent's.py"] if row["wanted"] == "parent's" else []
        found = program(row["comm"] or comm(exe), exe, row["argv"], cwd, lead)
        nameless = row["wanted"] in {"?", "app name", "project"}
        if found.name != row["wanted"] and not (nameless and not re.search(r"\d{3}", found.name)):
            missed.append((row["case"], found.name))
    assert len(missed) <= 0.05 * len(rows), missed


CODED = [
    ("python3", "-c"),
    ("python3", "-uc"),
    ("ruby", "-e"),
    ("ruby", "-ne"),
    ("perl", "-e"),
    ("perl", "-lanE"),
    ("node", "-e"),
    ("node", "-pe"),
    ("node", "--eval"),
    ("php", "-r"),
    ("bash", "-c"),
    ("sh", "-exc"),
    ("lua", "-e"),
    ("R", "-e"),
    ("deno", "eval"),
    ("bun", "-e"),
    ("julia", "-e"),
    ("fish", "-c"),
]


@pytest.mark.fuzz
@pytest.mark.parametrize(("name", "option"), CODED)
@given(code=st.text(min_size=1, max_size=40), more=st.lists(st.text(max_size=20), max_size=3))
@settings(max_examples=max(_EXAMPLES // 10, 5))
def test_code_on_the_command_line_never_becomes_a_name(name: str, option: str, code: str, more: list[str]) -> None:
    assert program(name, f"/usr/bin/{name}", [name, option, code, *more]).name == name


@pytest.mark.parametrize(
    "value", ["8080", "0.0.0.0:8000", "[::]:80", "--port=80", "-v", "http://h/x", "-p", "10.0.0.1"]
)
def test_arguments_of_a_script_do_not_change_its_name(value: str) -> None:
    for case in CASES:
        if case.argv and case.name not in {"bash", "fish", "sh", "pm2", "R"} and not re.search(r"[\s:]", case.argv[0]):
            argv = [*case.argv, value]
            assert program(case.comm or comm(case.exe), case.exe, argv, case.cwd).name == case.name


_WORDS = st.sampled_from(
    [
        "-c",
        "-m",
        "-e",
        "-jar",
        "-cp",
        "--",
        "-",
        "",
        "exec",
        "run",
        "8080",
        "a=b",
        "x.py",
        "/",
        "//",
        "/x/",
        "java",
        "node",
        "bundle",
        "python3",
        "ld-linux.so.2",
        "busybox",
        "wine",
        "beam.smp",
        "-s",
        "-boot",
        "/releases/1/x",
        "-name",
        "[a]",
        ":",
        "gunicorn",
        "puma: x [y]",
        "…",
        "\\x1b",
        "@",
        "$",
        "(",
        "org.apache.",
        "..",
        "com..x",
        "-extra",
        "/.bin/",
        "node_modules/",
    ]
)


@pytest.mark.fuzz
@given(
    st.lists(_WORDS | st.text(max_size=20), max_size=8),
    st.text(max_size=15) | _WORDS,
    st.text(max_size=30) | _WORDS,
    st.text(max_size=20),
)
@settings(max_examples=_EXAMPLES)
def test_every_command_line_with_a_word_gets_a_name(argv: list[str], called: str, exe: str, cwd: str) -> None:
    found = program(called, exe, argv, cwd, argv)
    assert found.name or not (called.strip("-") or exe.rpartition("/")[2])


@pytest.mark.parametrize(
    "part", ["1.", "-1.1", "a-", "-0a", "[a", "a.", "/", "/a", " a", ":", "@", "-", "a:b ", "=", "\\"]
)
def test_time_grows_with_the_length_of_a_command_line(part: str) -> None:
    def seconds(length: int) -> float:
        text = (part * length)[:length]
        lines = [
            [kind, *given, text, text] for kind in ("python3", "java", "node", "puma", text) for given in ([], ["-m"])
        ]
        started = time.process_time()
        for argv in lines:
            program(argv[0][:15], "", argv, f"/{text}")
        return time.process_time() - started

    short, long = (min(seconds(length) for _ in range(3)) for length in (1_000, 8_000))
    assert long < 24 * short + 0.01  # of the square it would be 64 times


@pytest.mark.parametrize(
    "raw", [b"x\xff", "Ünïcödé-Dienst".encode(), b"\xff" * 20, b"a\nb", b"host:web-1", b"a b", b"-", b"\\xff"]
)
def test_a_program_of_any_name_keeps_it(raw: bytes) -> None:
    text, short = to_text(raw), to_text(raw[:15])
    assert program(short, f"/usr/bin/{text}", [f"/usr/bin/{text}"]).name == text
    assert program(short, "", [text]).name in {text, re.split("[ :]", text.lstrip("-"))[0], short}
    assert program(short, "", []).name == short


@pytest.mark.parametrize(
    ("lead", "name"),
    [
        (["/usr/bin/python3", "/usr/bin/uvicorn", "shop.main:app", "--workers", "4"], "uvicorn/shop"),
        (["/usr/bin/python3", "/srv/pay.py"], "pay"),
        (["python3", "-m", "cart.worker"], "cart.worker"),
        ([], "python3"),
    ],
)
def test_a_worker_without_a_name_of_its_own_has_its_parents_name(lead: list[str], name: str) -> None:
    found = program("python3", "/usr/bin/python3.11", WORKER, "", lead)
    assert found.name == name
    assert found.rule == ("parent" if lead else "interpreter")


def test_a_program_with_its_own_command_line_keeps_its_name_under_any_parent() -> None:
    assert (
        program("python3", "/usr/bin/python3", ["python3", "/srv/pay.py"], "", ["python3", "/srv/x.py"]).name == "pay"
    )


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("pay-1.2.3", "pay"),
        ("pay_v1.2", "pay"),
        ("pay-1.2.3-SNAPSHOT", "pay"),
        ("pay-SNAPSHOT", "pay"),
        ("pay-1.2.3-rc1", "pay"),
        ("pay-20240102.150405-3", "pay"),
        ("pay-2024-01-02", "pay"),
        ("pay-3f2a9bc", "pay"),
        ("pay-2", "pay-2"),
        ("containerd-shim-runc-v2", "containerd-shim-runc-v2"),
        ("http.server", "http.server"),
        ("qemu-system-x86_64", "qemu-system-x86_64"),
        ("deadbeef", "deadbeef"),
        ("log4j", "log4j"),
        ("1.2.3", "1.2.3"),
        ("pay-6f9619ff-8b86-d011-b42d-00cf4fc964ff", "pay"),
        ("s3-proxy", "s3-proxy"),
        ("cart-feedback", "cart-feedback"),
    ],
)
def test_versions_are_no_part_of_a_name(name: str, plain: str) -> None:
    assert versionless(name) == plain


@pytest.mark.parametrize(
    "value",
    [
        "8080",
        "10.0.0.1",
        "10.0.0.1:80",
        "[::1]:80",
        "localhost:80",
        "http://x/y",
        "-v",
        "a=b",
        "",
        "3f2a9bc0d1",
        "6f9619ff-8b86-d011-b42d-00cf4fc964ff",
        "1.2.3",
        "v1.2",
        "1,024",
        "2024-01-02",
        "$HOME",
        "a b",
    ],
)
def test_values_are_no_names(value: str) -> None:
    assert not fit(value)


def named(**given: Any) -> str:
    return name_process((), facts(**given)).service.name


def test_a_systemd_unit_names_its_service() -> None:
    assert named(unit="shop-orders.service") == "shop-orders"
    assert name_process((), facts(unit="shop-orders.service")).service.rule == "unit"


@pytest.mark.parametrize(
    ("unit", "service"),
    [
        ("postgresql@15-main.service", "postgresql@15-main"),
        ("openvpn@office.service", "openvpn@office"),
        ("wg-quick@wg0.service", "wg-quick@wg0"),
        ("foo@bar:1-2.service", "foo"),
        ("foo@3-10.0.0.1:22-10.0.0.9:51514.service", "foo"),
        ("foo@12-::1:22-::1:40000.service", "foo"),
        ("foo@4-1234-1000.service", "foo"),
        ("foo@17.service", "foo"),
        ("foo@8080.service", "foo"),
        ("foo@3f2a9bc0d1e2.service", "foo"),
        ("foo@6f9619ff-8b86-d011-b42d-00cf4fc964ff.service", "foo"),
        ("foo@shop-3f2a9bc0d1e2.service", "foo@shop"),
        ("shop-1.4.2.service", "shop"),
        ("shop-20240312.service", "shop"),
        ("redis-6379.service", "redis"),
        ("php8.2-fpm.service", "php8.2-fpm"),
        ("worker-1.service", "worker-1"),
        ("snap.nextcloud.apache.service", "snap.nextcloud.apache"),
    ],
)
def test_a_unit_is_one_service_whatever_its_number_time_or_peer(unit: str, service: str) -> None:
    assert named(unit=unit) == service


@pytest.mark.parametrize(
    "unit",
    [
        "session-3.scope",
        "user@1000.service",
        "cron.service",
        "ssh.service",
        "init.scope",
        "supervisor.service",
        "supervisord.service",
        "pm2-deploy.service",
        "pm2.service",
        "runit.service",
        "runsvdir.service",
        "nomad.service",
        "garden.service",
        "k3s.service",
        "k3s-agent.service",
        "containerd.service",
        "docker.service",
        "s6-svscan.service",
        "tini.service",
        "dumb-init.service",
        "gdn.service",
        "run-u1234.service",
        "run-r3f2a9bc0d1e2f3a4b5c6d7e8f9a0b1c2.service",
        "run-p123-i456.service",
        "run-1234.scope",
        "sshd@3-10.0.0.1:22-10.0.0.9:51514.service",
        "gitlab-runsvdir.service",
        "kubelet.service",
        "rc-local.service",
        "3f2a9bc0d1e2f3a4.service",
        "actions.runner.shop.web1.service",
        "atd.service",
        "nomad-client.service",
    ],
)
def test_a_unit_that_holds_other_programs_names_nothing(unit: str) -> None:
    assert named(unit=unit) == "orders"


@pytest.mark.parametrize(
    "unit",
    [
        "monitoring",
        "gardener",
        "crunchy",
        "nomadnet",
        "lxcat",
        "perpetual",
        "runcloud",
        "userdb",
        "sessiond",
        "dockerhub-mirror2",
        "k3d",
    ],
)
def test_a_unit_that_only_begins_like_a_holder_is_a_service(unit: str) -> None:
    assert named(unit=f"{unit}.service") == unit


@pytest.mark.parametrize(
    "manager", ["supervisord", "runsv", "s6-supervise", "PM2 v5.3.0: God", "circusd", "nomad", "containerd-shim"]
)
def test_a_program_that_a_process_manager_starts_is_a_service_of_its_own(manager: str) -> None:
    assert named(unit="our-programs.service", lineage=[manager, "systemd"]) == "orders"
    assert named(unit="our-programs.service", lineage=["systemd"]) == "our-programs"


def test_a_container_that_runs_within_its_unit_is_called_by_it() -> None:
    assert named(unit="shop.service", container="3f2a" * 16, lineage=["conmon", "systemd"]) == "shop"


def test_a_container_names_a_program_whose_name_means_nothing() -> None:
    assert named(name="main", exe="/app/main", container="web1") == "web1/main"
    assert named(name="main", exe="/app/main", container="3f2a" * 16) == "main"
    assert named(name="main", exe="/app/main", container="3f2a" * 16, container_name="cart") == "cart/main"
    assert named(name="worker", exe="/app/worker", container="3f2a" * 16, container_name="worker") == "worker"
    java = ["java", "-jar", "/app.jar"]
    assert named(name="java", cmdline=java, container="3f2a" * 16, container_name="cart") == "cart/app"
    spring = ["java", "org.springframework.boot.loader.launch.JarLauncher"]
    assert named(name="java", cmdline=spring, container="3f2a" * 16, container_name="cart") == "cart"
    assert named(name="postgres", container="3f2a" * 16, container_name="cart") == "postgres"


def test_a_rule_of_the_user_comes_first_and_must_match_whole_facts() -> None:
    rules = [
        NamingRule(service="never", program="post"),
        NamingRule(service="shop-db", program="postgres", cmdline=".*shop.*"),
    ]
    db, other = (
        name_process(rules, facts("postgres", unit="postgresql.service", cmdline=["postgres:", which]))
        for which in ("shop", "other")
    )
    assert (db.service.name, db.service.rule, db.program.name) == ("shop-db", "user rule 2", "postgres")
    assert (other.service.name, other.service.rule) == ("postgresql", "unit")


def test_facts_of_an_older_agent_are_enough() -> None:
    from schemas.raw import Processes

    (row,) = Processes(pid=[1], start=[2], comm=["pay"], exe=["/srv/pay"], cmdline=[["/srv/pay"]]).rows()
    assert name_process((), dict(zip(Processes.__struct_fields__, row, strict=True))).service.name == "pay"
