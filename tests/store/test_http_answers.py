"""Answers as clients of ClickHouse look for them: errors wherever they come and as they are packed, sums, forms."""

import gzip
import http.client
import json
import re
import socket
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import cramjam
import lz4.frame
import pytest
import zstandard

from sinks.embedded.wire import Source, frames, read_frame
from tests.store.test_http import Http, http_client

__all__ = ["http_client"]
LATE = b"SELECT number, throwIf(number = 900000) FROM numbers(1000000) FORMAT TSV"


def unframe(data: bytes) -> bytes:
    pieces, source, out = iter([data]), Source(lambda: next(pieces, b""), 1 << 30), bytearray()
    while True:
        try:
            source.need(1)
        except EOFError:
            return bytes(out)
        out += read_frame(source, 1 << 30)


def unzstd(data: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompressobj().decompress(data)


def ungzip(data: bytes) -> bytes:
    return zlib.decompressobj(31).decompress(data)


def unbrotli(data: bytes) -> bytes:
    inner = cramjam.brotli.Decompressor()
    with suppress(OSError):  # it wants an end
        inner.decompress(data)
        return bytes(inner.flush())
    return bytes(cramjam.brotli.decompress(data + b"\x03"))


def unlz4(data: bytes) -> bytes:
    return bytes(lz4.frame.LZ4FrameDecompressor().decompress(data))


PACKED: list[tuple[str, str, Callable[[bytes], bytes]]] = [
    ("", "", lambda data: data),
    ("compress=1", "", unframe),
    *(
        ("enable_http_compression=1", name, unpack)
        for name, unpack in (("zstd", unzstd), ("gzip", ungzip), ("br", unbrotli), ("lz4", unlz4))
    ),
]


def late(store: Any, path: str, body: bytes, **headers: str) -> tuple[dict[str, str], bytes]:
    """Ask what fails after its head is sent; give the head and all that came until it broke off."""
    connection = http.client.HTTPConnection("127.0.0.1", store.http_port, timeout=20)
    connection.request("POST", path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    with connection.getresponse() as answer:
        assert answer.status == 200
        with pytest.raises(http.client.IncompleteRead) as caught:
            answer.read()
    connection.close()
    return dict(answer.getheaders()), caught.value.partial


@pytest.mark.parametrize(("values", "encoding", "unpack"), PACKED)
def test_an_error_comes_as_a_result_would(
    http_client: Http, values: str, encoding: str, unpack: Callable[[bytes], bytes]
) -> None:
    for text in (b"SELEC 1", b"SELECT * FROM nowhere", b"SELECT throwIf(1)"):
        status, headers, body = http_client(f"/?{values}", text, Accept_Encoding=encoding)

        assert status in (400, 404, 500)
        assert headers.get("Content-Encoding", "") == encoding
        assert unpack(body).startswith(f"Code: {headers['X-ClickHouse-Exception-Code']}. DB::Exception: ".encode())
    assert unpack(http_client(f"/?{values}", b"SELECT 7", Accept_Encoding=encoding)[2]) == b"7\n"


@pytest.mark.parametrize(("values", "encoding", "unpack"), PACKED)
def test_an_error_behind_the_head_ends_the_body_between_two_marks(
    store: Any, values: str, encoding: str, unpack: Callable[[bytes], bytes]
) -> None:
    headers, partial = late(store, f"/?{values}&buffer_size=1000", LATE, Accept_Encoding=encoding)

    tag, body = headers["X-ClickHouse-Exception-Tag"], unpack(partial)
    found = re.search(
        rb"\r\n__exception__\r\n%b\r\n(Code: 395\. .*\n)(\d+) %b\r\n__exception__\r\n$" % (tag.encode(), tag.encode()),
        body,
        re.S,
    )
    assert re.fullmatch("[a-z]{16}", tag)
    assert found
    assert len(found[1]) == int(found[2])
    assert body.startswith(b"0\t0\n1\t0\n")


def test_an_error_among_the_first_bytes_has_a_status_whatever_was_there_before_it(http_client: Http) -> None:
    text = b"SELECT throwIf(number = 100000) FROM numbers(1000000)"

    assert http_client("/", text)[0] == 500
    assert http_client("/?wait_end_of_query=1", LATE)[0] == 500


@pytest.mark.parametrize("form", ["JSON", "JSONEachRow", "JSONCompact"])
def test_an_error_may_be_sent_in_the_format_of_the_result(http_client: Http, form: str) -> None:
    path = f"/?http_write_exception_in_output_format=1&default_format={form}"

    assert "Code: 395." in json.loads(http_client(path, b"SELECT throwIf(1)")[2])["exception"]


@pytest.mark.parametrize(
    ("text", "rows"),
    [("SELECT 1", 1), ("SELECT number FROM numbers(70000)", 70000), ("SELECT 1 WHERE 0", 0), ("SHOW DATABASES", 2)],
)
@pytest.mark.parametrize("form", ["TSV", "JSON", "Native", "RowBinaryWithNamesAndTypes"])
def test_a_summary_has_how_many_rows_the_result_has(http_client: Http, text: str, rows: int, form: str) -> None:
    _, headers, _ = http_client(f"/?default_format={form}", text.encode())

    summary = json.loads(headers["X-ClickHouse-Summary"])
    assert int(summary["result_rows"]) == rows or (rows == 2 and int(summary["result_rows"]) > 0)
    assert int(summary["read_rows"]) >= (rows > 0)
    assert (int(summary["result_bytes"]) > 0) == (rows > 0)


def test_the_summary_of_an_insert_has_what_was_written(http_client: Http) -> None:
    http_client.write("/", b"CREATE TABLE IF NOT EXISTS summed (a Int32) ENGINE = Memory")

    _, headers, _ = http_client.write("/?query=INSERT+INTO+summed+FORMAT+TSV", b"1\n2\n3\n")

    summary = json.loads(headers["X-ClickHouse-Summary"])
    assert summary["written_rows"] == summary["result_rows"] == "3"
    assert summary["written_bytes"] == "6"


def test_progress_is_in_the_head_when_it_is_asked_for(http_client: Http, store: Any) -> None:
    values = "send_progress_in_http_headers=1&http_headers_progress_interval_ms=10&max_block_size=1"
    slow = b"SELECT sum(sleepEachRow(0.05)), throwIf(max(number) = %d) FROM numbers(8)"

    status, headers, body = http_client(f"/?{values}", slow % 9)
    assert (status, body) == (200, b"0\t0\n")
    assert 0 < int(json.loads(headers["X-ClickHouse-Progress"])["read_rows"]) <= 8

    status, headers, body = http_client(f"/?{values}", slow % 7)
    assert (status, headers["X-ClickHouse-Exception-Code"]) == (200, "395")
    assert b"Code: 395." in body


def form_of(fields: dict[str, str], files: dict[str, bytes], boundary: str = "xyz") -> bytes:
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{v}'.encode() for name, v in fields.items()]
    parts += [
        f'Content-Disposition: form-data; name="{name}"; filename="{name}"\r\nContent-Type: text/plain\r\n\r\n'.encode()
        + data
        for name, data in files.items()
    ]
    return b"".join(b"--%b\r\n%b\r\n" % (boundary.encode(), part) for part in parts) + b"--%b--\r\n" % boundary.encode()


FORM = {"Content_Type": 'multipart/form-data; boundary="xyz"'}


def test_a_form_brings_the_query_its_parameters_and_settings(http_client: Http) -> None:
    text = "SELECT {text:String}, getSetting('max_threads')"
    fields = {"query": text, "param_text": "it's\\ta\\\\n-- b", "max_threads": "1", "default_format": "JSONCompact"}

    status, _, body = http_client("/", form_of(fields, {}), **FORM)

    assert status == 200
    assert json.loads(body)["data"] == [["it's\ta\\n-- b", 1]]


@pytest.mark.parametrize("login", [False, True])
def test_a_form_brings_tables_for_the_query(http_client: Http, login: bool) -> None:
    ask = http_client.write if login else http_client
    values = {
        "query": "SELECT n, s, _2 FROM one JOIN two ON n = _1 ORDER BY n",
        "one_structure": "n UInt32, s Enum8('a, (' = 1)",
        "two_types": "Int64,String",
        "two_format": "CSV",
    }
    body = form_of({}, {"one": b"1\ta, (\n2\ta, (\n", "two": b'2,"x\r\n--xy"\n'})

    for _ in range(2):  # nothing of the first is left
        assert ask(f"/?{urlencode(values)}", body, **FORM)[2] == b"2\ta, (\tx\\r\\n--xy\n"
    assert ask("/", b"SELECT * FROM one")[0] == 404


@pytest.mark.parametrize(
    ("structure", "form", "code"),
    [
        ("", "TSV", "36"),
        ("n", "TSV", "36"),
        ("n Int8 DEFAULT file('/etc/passwd')", "TSV", "62"),
        ("n Int8) ENGINE = File(TSV", "TSV", "62"),
        ("n Enum8('a' = 1) DEFAULT file('/etc/passwd')", "TSV", "62"),
        ("n AggregateFunction(uniq, String)", "RowBinary", "48"),
        ("n Int8", "Values", "73"),
        ("n Int8", "Template", "73"),
        ("n Int8", "TSV", "27"),
    ],
)
def test_a_table_that_could_be_more_than_data_is_refused(
    http_client: Http, structure: str, form: str, code: str
) -> None:
    values = {"query": "SELECT * FROM one", "one_structure": structure, "one_format": form}
    body = form_of({}, {"one": b"file('/etc/hostname')\n"})

    status, headers, _ = http_client(f"/?{urlencode(values)}", body, **FORM)

    assert status >= 400
    assert headers["X-ClickHouse-Exception-Code"] == code


@pytest.mark.parametrize(
    "body", [b"", b"xyz", b"--xyz\r\n\r\n", b"--xyz\r\nno name\r\n\r\n1\r\n--xyz--\r\n", b"--xyz--"]
)
def test_a_broken_form_is_refused(http_client: Http, body: bytes) -> None:
    assert http_client("/?query=SELECT+1", body, **FORM)[0] in (400, 200)


def test_a_session_keeps_settings_database_and_temporary_tables(http_client: Http) -> None:
    session = "/?session_id=one&session_timeout=30"
    http_client.write(session, b"CREATE TEMPORARY TABLE kept_here (a Int8)")
    http_client.write(f"{session}&query=INSERT+INTO+kept_here+VALUES", b"(1),(2)")

    assert http_client.write(f"{session}&session_check=1", b"SELECT sum(a) FROM kept_here")[2] == b"3\n"
    assert http_client.write("/", b"SELECT sum(a) FROM kept_here")[0] == 404
    assert http_client.write("/?session_id=two", b"SELECT sum(a) FROM kept_here")[0] == 404
    http_client(session, b"USE system")
    http_client(session, b"SET max_block_size = 77")
    assert http_client(session, b"SELECT currentDatabase(), getSetting('max_block_size')")[2] == b"system\t77\n"
    http_client.write(f"{session}&close_session=1", b"SELECT 1")
    assert http_client.write(session, b"SELECT sum(a) FROM kept_here")[0] == 404


def test_a_user_has_so_many_sessions_and_the_one_longest_idle_goes_first(http_client: Http) -> None:
    for n in range(40):
        assert http_client(f"/?session_id=s{n}", b"SELECT 1")[0] == 200

    assert http_client("/?session_id=s39&session_check=1", b"SELECT 1")[0] == 200
    assert http_client("/?session_id=s0&session_check=1", b"SELECT 1")[1]["X-ClickHouse-Exception-Code"] == "372"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ("session_id=never&session_check=1", "372"),
        ("session_id=x&session_timeout=99999", "374"),
        ("session_id=x&session_timeout=soon", "72"),
        ("role=boss", "511"),
        ("client_protocol_version=new", "72"),
        ("buffer_size=-1", "72"),
        ("no_such_setting=1", "115"),
        ("default_format=NoSuch", "73"),
        ("database=nowhere", "81"),
    ],
)
def test_what_cannot_be_done_is_refused_and_not_passed_over(http_client: Http, values: str, code: str) -> None:
    status, headers, _ = http_client(f"/?{values}", b"SELECT 1")

    assert (headers["X-ClickHouse-Exception-Code"], status >= 400) == (code, True)


def test_headers_come_before_the_url(http_client: Http) -> None:
    path = "/?database=default&default_format=CSV"
    headers = {"X_ClickHouse_Database": "system", "X_ClickHouse_Format": "JSONEachRow"}

    assert json.loads(http_client(path, b"SELECT currentDatabase() AS d", **headers)[2]) == {"d": "system"}


def test_a_connection_goes_on_behind_an_error_and_takes_requests_in_a_row(store: Any) -> None:
    ask = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%b"
    with socket.create_connection(("127.0.0.1", store.http_port), timeout=20) as peer:
        peer.sendall(b"".join(ask % (len(text), text) for text in (b"SELEC 1", b"SELECT 5", b"SELECT throwIf(1)")))
        peer.sendall(b"GET /ping HTTP/1.0\r\n\r\n")
        received = b"".join(iter(lambda: peer.recv(65536), b""))

    assert [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+)", received)] == [400, 200, 500, 200]
    assert received.endswith(b"Ok.\n")


def test_a_client_of_http_1_0_is_sent_no_chunks(store: Any) -> None:
    text = b"SELECT number FROM numbers(400000)"
    with socket.create_connection(("127.0.0.1", store.http_port), timeout=20) as peer:
        peer.sendall(b"POST / HTTP/1.0\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text))
        received = b"".join(iter(lambda: peer.recv(65536), b""))

    head, _, body = received.partition(b"\r\n\r\n")
    assert b"chunked" not in head
    assert body.endswith(b"\n399999\n")
    assert body.startswith(b"0\n1\n")


def test_a_client_that_waits_for_leave_to_send_gets_it(store: Any) -> None:
    with socket.create_connection(("127.0.0.1", store.http_port), timeout=20) as peer:
        peer.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\nExpect: 100-continue\r\n\r\n")
        assert peer.recv(100).startswith(b"HTTP/1.1 100 ")
        peer.sendall(b"SELECT 6")
        answer = b""
        while not answer.endswith(b"\r\n\r\n6\n"):
            more = peer.recv(4096)
            assert more
            answer += more


def test_a_chunked_packed_query_is_read(http_client: Http) -> None:
    packed = gzip.compress(b"SELECT 1 + 1")
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(packed[n : n + 7]), packed[n : n + 7]) for n in range(0, len(packed), 7))

    answer = http_client("/", chunks + b"0\r\n\r\n", Transfer_Encoding="chunked", Content_Encoding="gzip")

    assert answer[::2] == (200, b"2\n")


def test_totals_and_extremes_stand_behind_a_text(http_client: Http) -> None:
    text = b"SELECT number % 2 AS k, count() FROM numbers(5) GROUP BY k WITH TOTALS ORDER BY k"

    assert http_client("/", text)[2] == b"0\t3\n1\t2\n\n0\t5\n"
    assert http_client("/?extremes=1", b"SELECT number FROM numbers(3)")[2] == b"0\n1\n2\n\n0\n2\n"


@pytest.mark.parametrize("body", [b"SELECT 1", bytes(40), frames(b"SELECT 1")[:-1]])
def test_a_body_that_is_no_compressed_block_is_refused(http_client: Http, body: bytes) -> None:
    assert http_client("/?decompress=1", body)[0] == 400
    assert http_client("/?decompress=1", frames(b"SELECT 1"))[::2] == (200, b"1\n")
