import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from graph.map import map_edges
from graph.node_graph_edges import graph_edges
from graph.node_graph_nodes import graph_nodes
from sinks.embedded.allowed import Allowed
from sinks.embedded.engine import Session
from sinks.embedded.reader import Judge
from sinks.embedded.sql import settings_clause


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
        "SELECT arrayMap(file, ['/etc/passwd'])",
        "SELECT arrayMap((`file`), ['/etc/passwd'])",
        "SELECT arrayMap(\"fi\\x6ce\", ['/etc/passwd'])",
        "SELECT arrayFilter(FILE, ['/etc/passwd'])",
        "SELECT '/etc/passwd' AS a, * APPLY file",
        "SELECT * APPLY(file) FROM (SELECT '/etc/passwd')",
        "SELECT COLUMNS('.') APPLY file FROM (SELECT '/etc/passwd')",
        "WITH name -> file(name) AS read SELECT read('/etc/passwd')",
        "WITH file AS (SELECT 1) SELECT arrayMap(file, ['/etc/passwd'])",
        "SHOW TABLES WHERE 1 = file('/etc/passwd')",
        "SHOW INDEXES FROM readable WHERE 1 = file('/etc/passwd')",
        "SHOW COLUMNS FROM readable LIMIT toUInt64(file('/etc/passwd'))",
        "EXISTS (SELECT file('/etc/passwd'))",
        "EXISTS (SELECT * FROM sqlite('{out}', 't'))",
        "DESCRIBE TABLE sqlite('{out}', 't')",
        "DESCRIBE (SELECT (SELECT file('/etc/passwd')))",
        "EXPLAIN SYNTAX SELECT file('/etc/passwd')",
        "EXPLAIN TABLE OVERRIDE mysql('127.0.0.1:1', 'a', 'b', 'c', 'd') PARTITION BY 1",
        "EXPLAIN INSERT INTO FUNCTION file('{out}', 'TSV') SELECT 1",
        "SELECT * FROM eval('SELECT file(\\'/etc/passwd\\')')",
        "SELECT * FROM view(SELECT file('/etc/passwd'))",
        "SELECT 1 IN file('/etc/passwd')",
        "SELECT 1 FROM readable JOIN url('http://127.0.0.1:1/', 'LineAsString') ON 1",
        "SELECT * FROM merge('system', 'processes')",
        "SELECT * FROM loop('system', 'processes')",
        "SELECT * FROM cluster('default', 'system', 'processes')",
        "SELECT * FROM filesystem('/etc')",
        "SELECT * FROM mergeTreeIndex('default', 'readable')",
        "SELECT * FROM readable UUID '12345678-0000-0000-0000-000000000000'",
        "SELECT hasColumnInTable('127.0.0.1:1', 'default', 'readable', 'a')",
        "SELECT FQDN()",
        "SELECT getServerSetting('path')",
        "SELECT toDateTime(0, 'file:/etc/passwd')",
        "SELECT CAST(0, 'DateTime(\\'file:/etc/passwd\\')')",
        "SELECT 1 FROM (SELECT 1 SETTINGS format_schema = '/etc/passwd')",
        "SELECT 1 FROM (SELECT 1 SETTINGS max_memory_usage = 0)",
        "SELECT 1 FROM (SELECT 1 SETTINGS max_execution_time = DEFAULT)",
        "SELECT 1 SETTINGS dialect = 'kusto'",
        "SELECT 1 SETTINGS select = 'file(1)'",
        "SELECT 1 SETTINGS session_timezone = 'file:/etc/passwd'",
        "SELECT 1 SETTINGS implicit_select = 1",
        "SELECT 1 SETTINGS ast_fuzzer_runs = 10",
        "SELECT 1 SETTINGS additional_result_filter = 'arrayMap(file, [\\'/etc/passwd\\']) != []'",
        "SELECT 1 IN system.processes",
        "SELECT * FROM system.server_settings",
        "SELECT * FROM system.errors",
        'SELECT * FROM `system` . "query\\x5flog"',
        "SHOW PROCESSLIST",
        "SHOW MERGES",
        "SHOW TABLES WHERE data_paths[1] LIKE '/%'",
        "SHOW TABLES WHERE length(COLUMNS('data_paths')) > 0",
        "SHOW TABLES LIKE '\\' OR 1 OR \\''",
        "SET readonly = 0, max_threads = 2",
        "SET param_a = 'b'",
        "SET TRANSACTION SNAPSHOT 1",
        "EXECUTE AS servicemap SELECT 1",
        "BEGIN TRANSACTION",
        "CHECK TABLE readable",
        "OPTIMIZE TABLE readable",
        "BACKUP TABLE readable TO File('{out}')",
        "DETACH TABLE readable",
    ],
)
def test_a_reader_cannot_change_or_reach_anything(writer: Client, reader: Client, tmp_path: Path, query: str) -> None:
    writer.execute("CREATE TABLE IF NOT EXISTS readable (a Int8) ENGINE = MergeTree ORDER BY a")
    out = tmp_path / "out"

    with pytest.raises(ServerException) as caught:
        reader.execute(query.replace("{out}", str(out)))

    assert caught.value.code in (164, 62), caught.value
    assert not out.exists()
    assert reader.execute("SELECT count() FROM readable") == [(0,)]


def test_a_reader_may_set_what_only_concerns_its_query(reader: Client) -> None:
    setting = "SELECT getSetting('max_execution_time')"

    assert reader.execute(setting, settings={"max_execution_time": 5}) == [(5.0,)]
    assert reader.execute(f"{setting} SETTINGS max_execution_time = 6") == [(6.0,)]
    assert reader.execute(setting) == [(60.0,)]
    reader.execute("SET max_execution_time = 7")
    assert reader.execute(setting) == [(7.0,)]


def test_a_reader_is_shown_which_settings_are_its_own(reader: Client) -> None:
    shown = {
        name: (value, fixed)
        for name, value, fixed in reader.execute("SELECT name, value, readonly FROM system.settings")
    }

    assert shown["readonly"] == ("2", 1)
    assert reader.execute("SELECT getSetting('readonly'), getSetting('readonly') AS wall") == [(2, 2)]
    for name, (_, fixed) in shown.items():
        if name in ("max_memory_usage", "allow_ddl", "max_block_size", "max_execution_time", "extremes"):
            assert fixed == (name in ("max_memory_usage", "allow_ddl"))
    with pytest.raises(ServerException) as caught:
        reader.execute("SET readonly = 2")
    assert caught.value.code == 164


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


@pytest.mark.parametrize(
    "query",
    [
        "SELECT data_paths, metadata_path FROM system.tables",
        "SELECT * FROM system.tables",
        "SELECT t.data_paths[1] AS d FROM system.tables AS t",
        "SELECT data_path FROM system.databases",
        "SELECT * FROM system.databases",
        "SELECT * FROM system.disks",
        "SELECT * FROM system.storage_policies",
        "SELECT path FROM system.parts",
        "SELECT path, cache_path FROM system.disks",
        "SELECT * FROM (SELECT * FROM system.parts AS a JOIN system.tables AS b ON a.table = b.name)",
        "WITH t AS (SELECT data_paths FROM system.tables) SELECT * FROM t",
        "DESCRIBE (SELECT toFixedString('a', length((SELECT any(data_paths[1]) FROM system.tables)) + 1))",
        "SHOW CREATE TABLE readable",
        "SELECT create_table_query, engine_full FROM system.tables WHERE name = 'readable'",
        "SELECT * FROM system.settings WHERE changed",
        "SELECT * FROM information_schema.tables",
    ],
)
def test_a_reader_does_not_see_where_the_store_is(store: Any, writer: Client, reader: Client, query: str) -> None:
    writer.execute("CREATE TABLE IF NOT EXISTS readable (a Int8) ENGINE = MergeTree ORDER BY a")
    writer.execute("CREATE TABLE IF NOT EXISTS filled (a Int8) ENGINE = MergeTree ORDER BY a")
    writer.execute("INSERT INTO filled VALUES", [(1,)])

    answer = str(reader.execute(query))

    assert str(store.data) not in answer
    assert f"FixedString({len(str(store.data))}" not in answer


def test_a_table_of_which_a_reader_sees_some_may_be_named_in_any_way(reader: Client) -> None:
    for query in (
        "SELECT system.tables.name, t.database FROM system.tables AS t "
        "JOIN system.databases ON system.tables.database = system.databases.name WHERE t.name = 'one'",
        "SELECT `system`.tables.name, tables.database FROM system.tables WHERE system.tables.name = 'one'",
    ):
        assert reader.execute(query) == [("one", "system")]


def test_a_readers_condition_on_hidden_columns_finds_nothing(reader: Client) -> None:
    assert reader.execute("SELECT count() FROM system.tables WHERE arrayExists(p -> p != '', data_paths)") == [(0,)]
    reader.execute("USE system")
    assert reader.execute("SELECT count() FROM tables WHERE metadata_path != ''") == [(0,)]
    for query in (
        "SELECT * FROM errors",
        "SELECT 1 IN errors",
        "SELECT 1 IN processes",
        "SELECT * FROM {t:Identifier}",
    ):
        with pytest.raises(ServerException) as caught:
            reader.execute(query, {"t": "errors"}, settings={"server_side_params": True})
        assert caught.value.code == 164


@pytest.mark.parametrize("table", ["system.processes", "`system`.processes AS p", "{t:Identifier}", "processes"])
def test_a_reader_sees_what_readers_run_and_not_what_the_writer_does(store: Any, writer: Client, table: str) -> None:
    reader = store.reader(database="system", settings={"server_side_params": True})
    running = threading.Thread(
        target=writer.execute, args=("SELECT sleepEachRow(0.3) FROM numbers(3) -- of the writer",)
    )
    running.start()

    seen = []
    while running.is_alive():
        seen += reader.execute(f"SELECT query FROM {table}", {"t": "processes"})
    reader.disconnect()

    assert seen
    assert not [text for (text,) in seen if "of the writer" in text]


@pytest.mark.parametrize("name", ["system.errors", "errors", "file"])
def test_names_that_parameters_give_are_judged_too(store: Any, name: str) -> None:
    reader = store.reader(database="system", settings={"server_side_params": True})
    query = "SELECT arrayMap({n:Identifier}, ['/etc/passwd'])" if name == "file" else "SELECT * FROM {n:Identifier}"

    for _ in range(2):  # what is remembered of a text is not what one parameter made of it
        with pytest.raises(ServerException) as caught:
            reader.execute(query, {"n": name})
        assert caught.value.code == 164
        reader.execute(query, {"n": "toString" if name == "file" else "one"})
    reader.disconnect()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT toUInt8(secret) FROM secrets",
        "SELECT toIPv6(secret) FROM secrets",
        "SELECT toUUID(secret) FROM secrets",
        "SELECT 1 FROM secrets WHERE number = (SELECT any(secret) FROM secrets)",
        "SELECT toTimeZone(now(), (SELECT any(secret) FROM secrets))",
        "SELECT getSetting((SELECT any(secret) FROM secrets))",
        "SELECT match('x', concat('(', secret)) FROM secrets",
        "SELECT base64Decode(secret) FROM secrets",
        "SELECT secret::JSON FROM secrets",
        "SELECT CAST(secret, 'Enum8(\\'a\\' = 1)') FROM secrets",
        "SELECT dateDiff((SELECT any(secret) FROM secrets), now(), now())",
    ],
)
def test_errors_show_no_values(writer: Client, reader: Client, query: str) -> None:
    writer.execute(
        "CREATE TABLE IF NOT EXISTS secrets (number UInt8, secret String) ENGINE = MergeTree ORDER BY number"
    )
    writer.execute("INSERT INTO secrets VALUES", [(1, "root:x:0:0")])

    with pytest.raises(ServerException) as caught:
        reader.execute(query)

    assert "root:x" not in caught.value.message.lower()


@pytest.mark.parametrize(
    ("query", "code", "help"),
    [
        ("SELECT a,, b", 62, "failed at position 12"),
        ("SELECT hots FROM hints", 47, "Maybe you meant: ['host']"),
        ("SELECT host FROM hint", 60, "Maybe you meant default.hints"),
        ("SELECT lenght(host) FROM hints", 46, "Maybe you meant length()"),
        ("SELECT host + 1 FROM hints", 43, "Illegal types String and UInt8"),
        ("SELECT toUInt8('abc')", 6, "Cannot parse string 'abc' as UInt8"),
        ("SELECT 1 SETTINGS max_thread = 1", 115, "Unknown setting 'max_thread'"),
        ("SELECT file('x')", 164, "Cannot call file() in readonly mode: use the writer's login"),
    ],
)
def test_errors_explain_what_is_wrong(writer: Client, reader: Client, query: str, code: int, help: str) -> None:
    writer.execute("CREATE TABLE IF NOT EXISTS hints (host String) ENGINE = MergeTree ORDER BY host")

    with pytest.raises(ServerException) as caught:
        reader.execute(query)

    assert caught.value.code == code
    assert help in caught.value.message


@pytest.mark.parametrize(
    "query",
    [
        "WITH (a, b) -> a + b AS total SELECT total(1, 2)",
        "SELECT file FROM (SELECT 1 AS file) WHERE file = 1",
        "SELECT arrayMap(negate, [1]), arrayFold((a, b) -> a + b, [1], toUInt64(0))",
        "SELECT sumIf(number, number > 1), quantilesExactIf(0.5)(number, 1), uniqOrNull(number) FROM numbers(3)",
        "SELECT row_number() OVER (ORDER BY number) FROM numbers(3)",
        "SELECT * EXCEPT (a) REPLACE (b + 1 AS b) APPLY toString FROM (SELECT 1 AS a, 2 AS b)",
        "SELECT 'profile: 1', 'a/*', $$it's$$ -- file('x')",
        "(SELECT 1) UNION ALL (SELECT 2)",
        "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t WHERE n < 3) SELECT sum(n) FROM t",
        "SELECT name FROM system.columns WHERE table = 'one'",
        "SELECT database, name FROM system.tables ORDER BY name LIMIT 1",
        "SHOW TABLES FROM system LIKE '%one%'",
        "SHOW DATABASES",
        "SHOW COLUMNS FROM one FROM system",
        "SHOW CREATE TABLE information_schema.tables",
        "DESCRIBE TABLE system.one",
        "DESC `system`.`one` FORMAT TSV",
        "DESCRIBE (SELECT 1 AS a)",
        "EXISTS TABLE system.one",
        "EXISTS system.one",
        "EXPLAIN SELECT 1",
        "EXPLAIN PLAN indexes = 1 SELECT 1",
        "SHOW SETTINGS LIKE 'max_threads'",
        "SHOW FUNCTIONS LIKE 'plus'",
        "SELECT 1 FROM (SELECT 1 SETTINGS max_threads = 1)",
    ],
)
def test_a_reader_may_ask_what_stays_inside(reader: Client, query: str) -> None:
    reader.execute(query)


def parsed(*queries: str) -> list[str]:
    """Judge queries one after another; return those that were parsed for it."""
    texts: list[str] = []

    class Parser:
        def whole(self, statement: str, form: str, given: dict[str, str]) -> Iterator[bytes]:
            texts.append(given["text"])
            yield b'{"type": "SelectWithUnionQuery"}'

    judge = Judge(cast(Allowed, None))
    for query in queries:
        judge.judge(cast(Callable[[], Session], Parser), query, {}, "default")
    return texts


def test_a_text_is_judged_once_whatever_its_numbers() -> None:
    assert parsed("SELECT 1, 'at 10:15'", "SELECT 22, 'at 9:00'", "SELECT 22, x9") == [
        "SELECT 1, 'at 10:15'",
        "SELECT 22, x9",
    ]


def test_numbers_that_are_letters_are_judged_each_time() -> None:
    assert len(parsed(r"SELECT '\t', '\\x', 1", r"SELECT '\t', '\\x', 2")) == 1
    assert len(parsed(r"SELECT '\1'", r"SELECT '\2'")) == 2
    assert len(parsed(r"SELECT '\x-4', 1", r"SELECT '\x-5', 1", r"SELECT '\\\x-4', 1", r"SELECT '\\\x-5', 1")) == 4


@pytest.mark.parametrize("query", [map_edges("service"), graph_edges(), graph_nodes()])
def test_a_map_is_judged_once_whatever_its_times(query: str) -> None:
    names = dict.fromkeys(("level", "service", "host", "focus", "hops"), "''")
    clauses = [settings_clause(query % (names | {"from": start, "to": start + 60_000})) for start in (5_000, 10_000)]
    assert len(parsed(*(clause[0] for clause in clauses if clause))) == 1


@pytest.mark.parametrize("form", ["Protobuf", "ProtobufSingle", "CapnProto", "Template", "nothing"])
def test_a_format_with_a_schema_in_a_file_is_none_for_readers(store: Any, form: str) -> None:
    for query, url in (
        (f"SELECT 1 AS a FORMAT {form}", store.url),
        ("SELECT 1 AS a", f"{store.url}?default_format={form}"),
        (f"DESCRIBE TABLE system.one FORMAT {form}", store.url),
    ):
        answer = subprocess.run(["curl", "-s", url, "--data-binary", query], capture_output=True, text=True, check=True)
        assert answer.stdout.startswith("Code: 73. DB::Exception: There is no format"), (query, answer.stdout)
