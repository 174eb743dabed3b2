import json
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from servicemap.asking import broken_off
from servicemap.cli import main
from tests.cli import town
from tests.cli.conftest import Run, Town


def ask(settled: Town, *arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, ["sql", *arguments, "--data", str(settled.data)], input=stdin)


def test_a_pipe_gets_tab_separated_values(run: Run) -> None:
    result = run("sql", "SELECT DISTINCT server_port, transport FROM process_edges ORDER BY ALL")
    assert result.stdout == "443\ttcp\n5432\ttcp\n8000\ttcp\n9000\ttcp\n"


def test_any_format_of_the_server_can_be_had(run: Run) -> None:
    assert run("sql", "--format", "CSV", "SELECT 1, 'a'").stdout == '1,"a"\n'
    assert json.loads(run("sql", "--json", "SELECT 1 AS one").stdout) == {"one": 1}
    assert "─" in run("sql", "SELECT 1 AS one FORMAT PrettyCompact").stdout
    assert run("sql", "--format", "Parquet", "SELECT 1").stdout_bytes.startswith(b"PAR1")


def test_a_statement_comes_from_stdin_or_a_file(settled: Town, tmp_path: Path) -> None:
    file = tmp_path / "report.sql"
    file.write_text("SELECT count() FROM edges\n")
    rows = f"{len(town.TALKS) * town.WINDOWS}\n"
    assert ask(settled, "--file", str(file)).stdout == rows
    assert ask(settled, "-f", "-", stdin=file.read_text()).stdout == rows
    assert ask(settled, stdin=file.read_text()).stdout == rows


def test_parameters_are_values_and_never_code(settled: Town) -> None:
    weird = "it's; DROP TABLE edges -- {x}"
    result = ask(settled, "SELECT {name:String}, {count:UInt8}", "--param", f"name={weird}", "--param", "count=3")
    assert result.stdout == weird.replace("'", "\\'") + "\t3\n"
    assert ask(settled, "SELECT 1", "--param", "nothing").exit_code == 2


def test_a_wrong_statement_gets_the_words_of_clickhouse(run: Run) -> None:
    result = run("sql", "SELECT FROM WHERE")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "SYNTAX_ERROR" in result.stderr


def test_nothing_can_be_changed(run: Run) -> None:
    result = run("sql", "INSERT INTO migrations (name) VALUES ('mine')")
    assert result.exit_code == 1
    assert "READONLY" in result.stderr


def test_a_result_that_breaks_off_shows_why_and_fails(run: Run) -> None:
    result = run("sql", "SELECT throwIf(number = 2000000) FROM numbers(3000000) SETTINGS max_threads = 1")
    assert result.exit_code == 1
    assert "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO" in result.stderr
    assert set(result.stdout.split()) == {"0"}


@pytest.mark.parametrize(
    ("end", "tag", "answer"),
    [
        (
            b"1\n2\n\r\n__exception__\r\nab\r\nCode: 395. Bad\n15 ab\r\n__exception__\r\n",
            "ab",
            (b"1\n2\n", "Code: 395. Bad"),
        ),
        (b"\r\n__exception__\r\nab\r\nCode: 1. A\nB\n12 ab\r\n__exception__\r\n", "ab", (b"", "Code: 1. A\nB")),
        (b"1\n2\n", "ab", (b"1\n2\n", "")),
        (b"1\n2\nCode: 395. Bad\n", "", (b"1\n2\n", "Code: 395. Bad")),
        (b"1\n2\n", "", (b"1\n2\n", "")),
    ],
)
def test_the_error_behind_rows_is_split_from_them(end: bytes, tag: str, answer: tuple[bytes, str]) -> None:
    assert broken_off(end, tag) == answer


@pytest.mark.parametrize("arguments", [["SELECT 1", "-f", "-"], [" "]])
def test_one_statement_is_wanted(settled: Town, arguments: list[str]) -> None:
    assert ask(settled, *arguments, stdin="SELECT 1").exit_code == 2


def test_a_store_by_its_address_is_asked_at_its_http_port(settled: Town) -> None:
    native = ["--store", f"clickhouse://127.0.0.1:{settled.native_port}/default"]
    result = CliRunner().invoke(
        main, ["sql", *native, "--http-port", str(settled.http_port), "SELECT currentDatabase()"]
    )
    assert result.stdout == "default\n"
    nobody = CliRunner().invoke(main, ["sql", *native, "--http-port", "1", "SELECT 1"])
    assert nobody.exit_code == 1
    assert "no ClickHouse answers HTTP at 127.0.0.1:1" in nobody.stderr


def test_ctrl_c_ends_a_statement_without_a_word(settled: Town) -> None:
    command = [sys.executable, "-m", "servicemap", "sql", "--data", str(settled.data)]
    endless = "SELECT number FROM system.numbers"
    with subprocess.Popen([*command, endless], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert select.select([process.stdout], [], [], 60)[0]
        assert process.stdout.read(100).startswith(b"0\n1\n2\n")
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert process.stderr.read() == b""
    assert process.returncode == 130
