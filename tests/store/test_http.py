import gzip
import http.client
import json
import subprocess
from collections.abc import Iterator
from typing import Any

import clickhouse_connect
import pytest
import zstandard
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError


class Http:
    def __init__(self, store: Any) -> None:
        self._store = store

    def __call__(
        self, path: str, body: bytes = b"", method: str = "POST", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._store.http_port, timeout=20)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body, sent)
            with connection.getresponse() as answer:
                return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def write(self, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], bytes]:
        login = {"X_ClickHouse_User": "servicemap", "X_ClickHouse_Key": self._store.token}
        return self(path, body, **login, **headers)


@pytest.fixture
def http_client(store: Any) -> Http:
    return Http(store)


@pytest.fixture(params=[False, True, "lz4", "zstd", "gzip"])
def connected(store: Any, request: pytest.FixtureRequest) -> Iterator[Client]:
    client = clickhouse_connect.get_client(
        host="127.0.0.1",
        port=store.http_port,
        username="servicemap",
        password=store.token,
        compress=request.param,
    )
    yield client
    client.close()


def test_clickhouse_connect_inserts_and_selects(connected: Client) -> None:
    connected.command("CREATE OR REPLACE TABLE cc (a Int32, b LowCardinality(String), c Array(String)) ENGINE = Memory")
    rows = [[n, f"b{n % 5}", ["x"] * (n % 3)] for n in range(1000)]

    assert connected.insert("cc", rows, column_names=["a", "b", "c"]).written_rows == 1000

    found = connected.query("SELECT * FROM cc WHERE a < {n:Int32} ORDER BY a", parameters={"n": 500})
    assert [list(row) for row in found.result_rows] == rows[:500]
    assert connected.query("SELECT * FROM cc WHERE a < 0").column_names == ("a", "b", "c")
    with connected.query_row_block_stream("SELECT number FROM numbers(300000)") as blocks:
        assert sum(len(block) for block in blocks) == 300_000
    with pytest.raises(DatabaseError, match="code: 60"):
        connected.query("SELECT * FROM nowhere")


def test_curl_streams_a_big_result(store: Any) -> None:
    command = ["curl", "-sS", store.url, "--data-binary", "SELECT number FROM numbers(1000000)"]

    lines = subprocess.run(command, capture_output=True, check=True, timeout=30).stdout.split()

    assert len(lines) == 1_000_000
    assert lines[-1] == b"999999"


def test_fixed_pages_answer_without_login(http_client: Http) -> None:
    for path in ("/", "/ping", "/replicas_status"):
        assert http_client(path, method="GET")[::2] == (200, b"Ok.\n")
        assert http_client(path, method="HEAD")[::2] == (200, b"")
    assert http_client("/nothing", method="GET")[0] == 404
    assert http_client("/", method="OPTIONS")[0] == 204


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        ("SELEC 1", 400, "62"),
        ("SELECT * FROM nowhere", 404, "60"),
        ("SELECT throwIf(1)", 500, "395"),
        ("SELECT sleepEachRow(1) FROM numbers(9) SETTINGS max_execution_time = 1, max_block_size = 1", 408, "159"),
    ],
)
def test_errors_have_clickhouses_status_and_code(http_client: Http, text: str, status: int, code: str) -> None:
    found, headers, body = http_client("/", text.encode())

    assert (found, headers["X-ClickHouse-Exception-Code"]) == (status, code)
    assert body.startswith(f"Code: {code}. DB::Exception: ".encode())


def test_logins_come_by_headers_basic_or_url(http_client: Http, store: Any) -> None:
    command = b"CREATE TABLE IF NOT EXISTS logins (a Int8) ENGINE = Memory"

    assert http_client.write("/", command)[0] == 200
    assert http_client(f"/?user=servicemap&password={store.token}", command)[0] == 200
    assert http_client("/", command)[0] == 500  # the default user only reads
    assert http_client("/?user=servicemap&password=guess", command)[0] == 403


def test_get_changes_nothing_even_for_the_writer(http_client: Http, store: Any) -> None:
    path = f"/?user=servicemap&password={store.token}&query=CREATE+TABLE+got+(a+Int8)+ENGINE=Memory"

    assert http_client(path, method="GET")[1]["X-ClickHouse-Exception-Code"] == "164"


def test_data_may_follow_the_statement_or_come_alone(http_client: Http) -> None:
    http_client.write("/", b"CREATE TABLE data (a Int32, b String) ENGINE = Memory")
    insert = "/?query=INSERT+INTO+data+FORMAT+"
    packed = zstandard.ZstdCompressor().compress(b"INSERT INTO data FORMAT TSV\n5\tz\n")

    for status, _, _ in (
        http_client.write(f"{insert}CSV", b"1,a\n2,b\n"),
        http_client.write("/", b"INSERT INTO data VALUES (3, 'c;')"),
        http_client.write("/", 'INSERT INTO data FORMAT JSONEachRow {"a":4,"b":"ü"}'.encode()),
        http_client.write("/", packed, Content_Encoding="zstd"),
        http_client.write(f"{insert}TSV", gzip.compress(b"6\tg\n"), Content_Encoding="gzip"),
    ):
        assert status == 200

    body = http_client("/?query=SELECT+count(),sum(a)+FROM+data")[2]
    assert body == b"6\t21\n"


def test_nothing_of_a_broken_body_is_stored(http_client: Http) -> None:
    http_client.write("/", b"CREATE TABLE broken (a Int32) ENGINE = Memory")

    status, _, _ = http_client.write("/?query=INSERT+INTO+broken+FORMAT+TSV", b"1\n2\nthree\n")

    assert status == 400
    assert http_client("/?query=SELECT+count()+FROM+broken")[2] == b"0\n"


def test_formats_and_summaries_are_sent(http_client: Http) -> None:
    _, headers, body = http_client(
        "/?default_format=JSON&query_id=mine", b"SELECT number FROM numbers(3) WHERE number % 7 = 6"
    )

    assert json.loads(body)["rows"] == 0
    assert headers["X-ClickHouse-Format"] == "JSON"
    assert headers["X-ClickHouse-Query-Id"] == "mine"
    assert json.loads(headers["X-ClickHouse-Summary"])["read_rows"] == "3"
    assert headers["Content-Type"].startswith("application/json")


def test_an_error_in_the_middle_breaks_the_answer_off(http_client: Http) -> None:
    with pytest.raises(http.client.IncompleteRead) as caught:
        http_client("/", b"SELECT throwIf(number = 900000) FROM numbers(1000000)")

    assert b"Code: 395." in caught.value.partial[-600:]


def test_pages_of_other_sites_are_turned_away(http_client: Http) -> None:
    for headers in (
        {"Host": "evil.example"},
        {"Origin": "http://evil.example"},
        {"Sec_Fetch_Site": "cross-site"},
    ):
        assert http_client("/", b"SELECT 1", **headers)[0] == 403
    assert http_client("/", b"SELECT 1", Host="localhost:1")[0] == 200


def test_clickhouse_connect_sets_what_a_reader_may_set(store: Any) -> None:
    client = clickhouse_connect.get_client(host="127.0.0.1", port=store.http_port)

    found = client.query("SELECT getSetting('max_block_size')", settings={"max_block_size": 77, "max_threads": 1})

    client.close()
    assert found.result_rows == [(77,)]
