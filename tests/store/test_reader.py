from pathlib import Path
from typing import Any, cast

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from sinks.embedded.engine import Session
from sinks.embedded.reader import check_statement


@pytest.mark.parametrize(
    "query",
    [
        "CREATE TABLE made (a Int8) ENGINE = Memory",
        "CREATE TEMPORARY TABLE made (a Int8)",
        "INSERT INTO readable SELECT 1",
        "INSERT INTO FUNCTION file('{out}', 'TSV') SELECT 1",
        "DROP TABLE readable",
        "SYSTEM SHUTDOWN",
        "KILL QUERY WHERE 1",
        "SET readonly = 0",
        "SELECT 1 SETTINGS readonly = 0",
        "SELECT 1 INTO OUTFILE '{out}'",
        "WITH 1 AS one SELECT one into/**/outfile'{out}' FORMAT TSV",
        "WITH found AS (SELECT 1) INSERT INTO readable SELECT * FROM found",
        "SELECT * FROM file('/etc/passwd', 'LineAsString')",
        "SELECT file('/etc/passwd')",
        "SELECT `file`('/etc/passwd')",
        "SELECT \"fi\\x6ce\"('/etc/passwd')",
        "SELECT * FROM (SELECT 1 WHERE (SELECT file/**/('/etc/passwd')) != '')",
        "EXPLAIN SELECT file('/etc/passwd')",
        "DESCRIBE (SELECT file('/etc/passwd'))",
        "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
        "SELECT * FROM remote('127.0.0.1:1', 'system.one')",
        "SELECT * FROM s3('http://a.127.0.0.1:1/b', 'TSV')",
        "DESCRIBE TABLE file('/etc/passwd', 'LineAsString')",
        "SELECT * FROM executable('ls', 'TSV', 'a String')",
        "SELECT * FROM Python(os)",
        "SELECT * FROM sqlite('{out}', 'x')",
        "SELECT 1 FORMAT Template SETTINGS format_template_row = '/etc/passwd'",
        "SELECT 1 SETTINGS format_template_row = '/etc/passwd' FORMAT Template",
        "SELECT 1 FROM readable SETTINGS additional_table_filters = {'readable': 'file(\\'/etc/passwd\\') != \\'\\''}",
        "SELECT 1 FROM readable SETTINGS additional_table_filters = {'readable': '\\tfile(''/etc/passwd'') != '''''}",
        "SELECT file(splitByChar('\\t', '/etc/passwd\\tx')[1])",
        "SELECT '\\t', \"\\x66ile\"('/etc/passwd')",
        "SELECT '\\\\t', `\\x66ile`('/etc/passwd')",
        "SELECT 1; DROP TABLE readable",
    ],
)
def test_a_reader_cannot_change_or_reach_anything(writer: Client, reader: Client, tmp_path: Path, query: str) -> None:
    writer.execute("CREATE TABLE IF NOT EXISTS readable (a Int8) ENGINE = MergeTree ORDER BY a")
    out = tmp_path / "out"

    with pytest.raises(ServerException) as caught:
        reader.execute(query.replace("{out}", str(out)))

    assert caught.value.code in (164, 62, 36), caught.value
    assert not out.exists()
    assert reader.execute("SELECT count() FROM readable") == [(0,)]


@pytest.mark.parametrize("query", ["SELECT 1", "WITH 1 AS one SELECT splitByChar('\\t', 'a\\tb')[one]"])
def test_a_plain_question_is_not_parsed_before_it_is_run(query: str) -> None:
    nobody_to_ask = cast(Session, None)

    check_statement(nobody_to_ask, query, {}, frozenset({"file"}))


def test_a_reader_may_set_what_only_concerns_its_query(reader: Client) -> None:
    setting = "SELECT getSetting('max_execution_time')"

    assert reader.execute(setting, settings={"max_execution_time": 5}) == [(5.0,)]
    assert reader.execute(f"{setting} SETTINGS max_execution_time = 6") == [(6.0,)]
    assert reader.execute(setting) == [(60.0,)]
    reader.execute("SET max_execution_time = 7")
    assert reader.execute(setting) == [(7.0,)]


def test_a_reader_cannot_lift_its_limits(reader: Client) -> None:
    for name, value, code in [
        ("max_execution_time", "for ever", 72),
        ("max_memory_usage", 0, 164),
    ]:
        with pytest.raises(ServerException) as caught:
            reader.execute("SELECT 1", settings={name: value})
        assert caught.value.code == code


@pytest.mark.parametrize("seconds", [0, 300, 301, 9999, 10**12, "inf", "nan", -1])
def test_a_reader_that_wants_more_time_than_there_is_has_all_there_is(reader: Client, seconds: Any) -> None:
    asked = "SELECT getSetting('max_execution_time')"

    assert reader.execute(asked, settings={"max_execution_time": seconds}) == [(300.0,)]
    assert reader.execute(f"{asked} SETTINGS max_execution_time = {seconds}") == [(300.0,)]


def test_a_question_too_large_for_its_memory_takes_longer_and_is_answered(reader: Client) -> None:
    groups = "SELECT leftPad(toString(number), 60, 'x') AS who, count() AS n FROM numbers(9000000) GROUP BY who"

    assert reader.execute(f"SELECT sum(n) FROM ({groups})") == [(9_000_000,)]


def test_grafanas_ad_hoc_filters_work(writer: Client, reader: Client) -> None:
    writer.execute("CREATE TABLE hosts_seen (host String) ENGINE = MergeTree ORDER BY host")
    writer.execute("INSERT INTO hosts_seen VALUES", [("a",), ("b",)])

    found = reader.execute(
        "SELECT host FROM hosts_seen settings additional_table_filters={'default.hosts_seen' : ' host = \\'b\\' '}"
    )

    assert found == [("b",)]


def test_a_reader_stays_in_the_database_it_uses(reader: Client) -> None:
    reader.execute("USE system")

    found = reader.execute("SELECT currentDatabase()", settings={"max_threads": 1})

    assert found == [("system",)]


def test_the_writers_password_is_for_its_owner_only(store: Any) -> None:
    assert (store.data / "store.token").stat().st_mode & 0o777 == 0o600
    assert len(store.token) >= 32


def test_a_text_too_long_to_be_looked_at_is_refused(reader: Client) -> None:
    with pytest.raises(ServerException) as caught:
        reader.execute("SELECT " + "(" * 600_000)

    assert caught.value.code == 223
