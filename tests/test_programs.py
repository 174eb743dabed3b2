import os
import subprocess
import urllib.request
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress

import psutil
import pytest

from tests.programs import Program, installed, nginx, postgres, redis

Start = Callable[[], AbstractContextManager[Program]]


@pytest.mark.programs
@pytest.mark.parametrize("start", [nginx, redis, postgres])
def test_a_program_listens_on_its_port_without_privileges_and_is_gone_afterwards(
    start: Start,
) -> None:
    with start() as program:
        processes = program.processes()
        owners = {
            listener.pid
            for listener in psutil.net_connections("tcp4")
            if listener.status == psutil.CONN_LISTEN and listener.laddr[1:] == (program.port,)
        }
        users = _users(processes)

    assert owners
    assert owners <= {process.pid for process in processes}
    assert users == {"nobody" if os.geteuid() == 0 else psutil.Process().username()}
    assert not any(process.is_running() for process in processes)


@pytest.mark.programs
def test_nginx_answers_with_what_the_test_wants() -> None:
    with (
        nginx('return 200 "upstream";') as upstream,
        nginx(f"proxy_pass http://127.0.0.1:{upstream.port};") as proxy,
        urllib.request.urlopen(f"http://127.0.0.1:{proxy.port}/any", timeout=10) as answer,
    ):
        assert answer.read() == b"upstream"


@pytest.mark.programs
def test_postgres_carries_pgbench() -> None:
    with postgres() as server:
        where = ["-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres", "postgres"]
        pgbench = installed("pgbench", "postgresql")

        subprocess.run([pgbench, "-i", "-q", *where], check=True, capture_output=True)
        done = subprocess.run([pgbench, "-t", "5", *where], check=True, capture_output=True, text=True)

    assert "processed: 5/5" in done.stdout


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_a_missing_program_skips_with_the_remedy_and_fails_in_ci(
    ci: str, outcome: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", ci)

    with pytest.raises(outcome, match="apt-get install nothing-like-it"):
        installed("no-such-program", "nothing-like-it")


def _users(processes: list[psutil.Process]) -> set[str]:
    users = set()
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # postgres has helpers that live for milliseconds
            users.add(process.username())
    return users
