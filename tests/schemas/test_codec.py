"""A reader gets a record it can trust, or one sentence on why not."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import BadRecord, decode, encode
from schemas.export import GOLDEN
from schemas.graph import EdgeBatch, Ends, SideBatch, Sides
from schemas.raw import ConnectionBatch, Connections, Heartbeat
from schemas.topics import ALL, CONNECTIONS

HEAD: dict[str, Any] = {"host_id": "h1", "boot_id": "b", "run": 1, "window": 10_000, "width": 5_000}
EXAMPLES = {
    (path.parent.parent.name, path.stem): json.loads(path.read_bytes())
    for path in sorted(GOLDEN.glob("*/v*/*.json"))
    if path.stem != "schema"
}
NAMES = [topic.name for topic in ALL]
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=5), each, max_size=3),
    max_leaves=5,
)


def refused(topic: str, value: bytes | dict[str, Any], logged: int | None = None) -> str:
    with pytest.raises(BadRecord) as error:
        decode(topic, value if isinstance(value, bytes) else json.dumps(value).encode(), logged)
    return str(error.value)


def test_a_newer_version_is_refused_with_what_to_do() -> None:
    assert refused("connections", {**HEAD, "v": 2}) == "schema version 2 is newer than 1: upgrade this reader"


def test_a_newer_version_is_named_even_if_nothing_else_fits() -> None:
    assert "upgrade this reader" in refused("connections", {"v": 7, "rows": "packed"})


@pytest.mark.parametrize("value", [b"", None])
def test_an_empty_record_is_refused(value: bytes | None) -> None:
    with pytest.raises(BadRecord, match="the record is empty"):
        decode("connections", value)


@pytest.mark.parametrize("value", [b'{"v": 1, "host', b"\xff\xfe", b"[]", b"null", b"[" * 100_000])
def test_what_is_no_record_is_refused_with_its_topic(value: bytes) -> None:
    assert refused("connections", value).startswith("not a record of connections: ")


def test_a_wrong_type_is_refused_with_its_place() -> None:
    assert "$.connections.cookie[1]" in refused("connections", {**HEAD, "connections": {"cookie": [1, "two"]}})


def test_columns_of_unequal_length_are_refused_by_name() -> None:
    reported = refused("connections", {**HEAD, "connections": {"cookie": [1, 2], "transport": [6]}})
    assert "column 'transport' has 1 rows where others have 2" in reported


def test_a_window_off_its_grid_is_refused() -> None:
    assert refused("connections", {**HEAD, "window": 10_001}) == "window 10001 is not on the grid of 5000 ms"


def test_a_record_of_more_bytes_than_its_topic_takes_is_refused() -> None:
    assert f"more than the {CONNECTIONS.max_bytes}" in refused("connections", b" " * (CONNECTIONS.max_bytes + 1))


def test_a_window_of_the_far_future_is_refused_and_names_the_host_whose_clock_is_wrong() -> None:
    assert "set the clock of h1" in refused("connections", HEAD, logged=10_000 - 3_600_000)
    decode("connections", json.dumps(HEAD).encode(), logged=15_000 - 3_600_000)


@pytest.mark.parametrize("name", ["host_id", "boot_id"])
@pytest.mark.parametrize("value", ["", "a b", "../etc", "x" * 129, "a\n", "a:b"])
def test_a_host_or_boot_that_would_not_fit_an_id_is_refused(name: str, value: str) -> None:
    refused("connections", {**HEAD, name: value})


def test_ends_that_are_not_as_many_as_their_sides_are_refused() -> None:
    sides = {"width": 5_000, "sides": {"flow": ["f", "g"], "window": [1, 1]}, "ends": {"sent_bytes": [1]}}
    assert refused("sides", sides) == "'ends' has 1 rows, not 2"
    assert refused("edges", {"edges": {"flow": ["f"]}, "b": {"sent_bytes": [1, 2]}}) == "'b' has 2 rows, not 1"


def test_blank_ends_are_left_out_and_come_back_as_blank_rows() -> None:
    batch = SideBatch(width=5_000, sides=Sides(flow=["f", "g"]), ends=Ends.blank(2))
    assert b"ends" not in encode(batch).replace(b'"ends":{}', b"")
    assert decode("sides", encode(batch)) == batch
    nothing = decode("edges", b'{"edges": {"flow": ["f"], "window": [5]}}')
    assert isinstance(nothing, EdgeBatch)
    assert len(nothing.a) == len(nothing.b) == 1


def test_a_blank_column_is_not_written() -> None:
    batch = ConnectionBatch(**HEAD, connections=Connections(cookie=[1, 2], sent_bytes=[0, 0]))
    assert b"sent_bytes" not in encode(batch)
    assert decode("connections", encode(batch)).connections.sent_bytes == [0, 0]


@given(st.sampled_from(NAMES), st.binary(max_size=200))
def test_any_bytes_are_a_record_or_a_bad_record(topic: str, value: bytes) -> None:
    try:
        decode(topic, value)
    except BadRecord:
        return


@settings(max_examples=300)
@given(st.sampled_from(sorted(EXAMPLES)), st.data())
def test_an_example_with_anything_put_anywhere_is_a_record_or_a_bad_record(key: tuple[str, str], data: Any) -> None:
    record = json.loads(json.dumps(EXAMPLES[key]))
    place = record
    while True:
        name = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[name], dict | list) or not place[name] or data.draw(st.booleans()):
            place[name] = data.draw(junk)
            break
        place = place[name]
    try:
        decode(key[0], json.dumps(record).encode())
    except BadRecord:
        return


@given(st.sampled_from(sorted(EXAMPLES)), st.data())
def test_a_truncated_example_is_a_bad_record(key: tuple[str, str], data: Any) -> None:
    whole = json.dumps(EXAMPLES[key]).encode()
    refused(key[0], whole[: data.draw(st.integers(0, len(whole) - 1))] or b"{")


numbers = st.integers(-1, 2**63 - 1)
rows = st.lists(  # a row of blanks alone would vanish, but every row has a key
    st.tuples(st.integers(1, 2**63 - 1), numbers, numbers, st.text(max_size=3), st.booleans()), max_size=5
)


@given(rows)
def test_what_is_encoded_decodes_to_the_same(rows: list[tuple[int, int, int, str, bool]]) -> None:
    cookie, port, sent, address, closed = [list(column) for column in zip(*rows, strict=True)] or [[]] * 5
    columns = Connections(cookie=cookie, local_port=port, sent_bytes=sent, local_address=address, closed=closed)
    batch = ConnectionBatch(**HEAD, connections=columns)
    assert decode("connections", encode(batch)) == batch


def test_a_heartbeat_keeps_what_it_cannot_see() -> None:
    beat = Heartbeat(**HEAD, missing={"owners": "CAP_SYS_PTRACE"}, sent={"owners": 1}, load1=0.25)
    assert decode("heartbeats", encode(beat)) == beat


GOOD: dict[str, Any] = {"cookie": 7, "local_port": 80, "local_address": "10.0.0.1", "sent_bytes": 5, "closed": True}
BAD_VALUES: list[tuple[str, Any]] = [
    ("cookie", "two"), ("cookie", None), ("cookie", 1.5), ("local_port", {}), ("local_address", 7),
    ("local_address", None), ("sent_bytes", [1]), ("closed", "yes"), ("closed", 1),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), BAD_VALUES)
def test_a_bad_row_costs_itself_alone_where_rows_may_be_left_out(name: str, value: Any) -> None:
    rows = [{**GOOD, "cookie": n} for n in (1, 2, 3)]
    rows[1][name] = value
    columns = {each: [row[each] for row in rows] for each in rows[0]}
    left_out: list[str] = []
    batch = decode("connections", json.dumps({**HEAD, "connections": columns}).encode(), None, left_out)

    assert batch.connections.cookie == [1, 3]
    assert batch.connections.closed == [True, True]
    assert len(left_out) == 1
    assert f"connections.{name} of row 1" in left_out[0]


def test_bad_values_in_lists_and_tallies_cost_their_row_alone() -> None:
    left_out: list[str] = []
    gone = decode("listeners", json.dumps({**HEAD, "gone": [1, "x", 3]}).encode(), None, left_out).gone
    asked = {"client_port": [1, 2, 3], "latency": [{"5": 1}, {"x": 1}, {"7": 2}], "answered": [{"GET 2xx": 1}] * 3}
    requests = decode("requests", json.dumps({**HEAD, "requests": asked}).encode(), None, left_out).requests

    assert gone == [1, 3]
    assert requests.latency == [{5: 1}, {7: 2}]
    assert len(left_out) == 2


@pytest.mark.parametrize(
    "record",
    [
        {**HEAD, "connections": {"cookie": [1, 2], "local_port": ["x"]}},
        {**HEAD, "connections": {"cookie": "x"}},
        {**HEAD, "connections": [1]},
        {**HEAD, "host_id": "no id", "connections": {"cookie": [1, "x"]}},
        {**HEAD, "window": 10_001, "connections": {"cookie": [1, "x"]}},
        [1],
    ],
)
def test_what_is_wrong_with_the_whole_is_refused_as_a_whole(record: Any) -> None:
    with pytest.raises(BadRecord):
        decode("connections", json.dumps(record).encode(), None, [])


def test_rows_of_derived_records_stand_or_fall_together() -> None:
    with pytest.raises(BadRecord):
        decode("events", b'{"events": {"time": [1, "x"]}}', None, [])
