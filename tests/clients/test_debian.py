"""Debian's clickhouse-client of 2018, which sends settings by their types and does not know many newer types."""

import os
import shutil
import subprocess

import pytest

from tests.clients.conftest import LATE, VIEWS
from tests.store.conftest import Store

pytestmark = pytest.mark.programs


def ask(store: Store, query: str, *options: str) -> tuple[int, str, str]:
    program = shutil.which("clickhouse-client")
    if program is None:
        pytest.skip(
            "clickhouse-client is not installed, and not every Debian has it: apt-get install clickhouse-client"
        )
    command = [program, "--port", str(store.native_port), "--query", query, *options]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, env={**os.environ, "HOME": "/nonexistent"}
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("options", [(), ("--compression", "0")])
def test_the_client_asks_with_settings(mapped: Store, options: tuple[str, ...]) -> None:
    query = "SELECT getSetting('max_block_size'), getSetting('max_execution_time'), 'ü'"

    result = ask(mapped, query, "--max_block_size", "77", "--max_execution_time", "900", *options)

    assert result == (0, "77\t300\tü\n", "")


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("SELECT number FROM numbers(300000) LIMIT 2 FORMAT JSONCompact", '"rows": 2,'),
        ("SELECT number % 2 AS k, count() FROM numbers(5) GROUP BY k WITH TOTALS ORDER BY k", "0\t3\n1\t2\n\n0\t5\n"),
        ("SELECT number FROM numbers(3) FORMAT TSV", "0\n1\n2\n"),
        (
            "SELECT toDate('2026-01-02'), toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0'), [1, NULL], (1, 'x')",
            "2026-01-02",
        ),
        *((f"SELECT count() FROM servicemap.{view}", "1\n") for view in VIEWS),
        ("SELECT client_service, server_port, width_ms, seen_by_client FROM servicemap.process_edges", "shop\t8000\t"),
        ("SHOW TABLES FROM servicemap LIKE 'process_e%'", "process_edges\n"),
    ],
)
def test_the_client_reads_answers(mapped: Store, query: str, answer: str) -> None:
    code, output, errors = ask(mapped, query)

    assert (code, errors) == (0, "")
    assert answer in output


@pytest.mark.parametrize(("query", "code"), [("SELECT * FROM nowhere", 60), (LATE, 395), ("DROP TABLE nowhere", 164)])
def test_the_client_reads_errors_as_errors(mapped: Store, query: str, code: int) -> None:
    ended, _, errors = ask(mapped, query)

    assert ended == code % 256
    assert f"Code: {code}. DB::Exception" in errors


def test_the_client_reads_the_error_of_a_wrong_password(mapped: Store) -> None:
    code, _, errors = ask(mapped, "SELECT 1", "--password", "guess")

    assert code == 516 % 256
    assert "Authentication failed" in errors
