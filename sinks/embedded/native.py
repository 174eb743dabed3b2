"""Packets of ClickHouse's native protocol, read and written.

Layouts and revisions: ClickHouse's `src/Core/ProtocolDefines.h` and `src/Server/TCPHandler.cpp`.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from sinks.embedded.blocks import Block, Column
from sinks.embedded.engine import EngineError
from sinks.embedded.wire import Source, string, varint

# The newest revision spoken here: the first with {name:Type} parameters. It brings custom
# serialization (a byte a column, see blocks.py); later ones add nothing a client needs.
REVISION = 54459

HELLO, QUERY, DATA, CANCEL, PING, TABLES_STATUS, KEEP_ALIVE, SCALAR = range(8)  # from the client
_COMPLETE = 2  # the stage of a query that is run to its end
_TCP, _HTTP = 1, 2
_SECONDARY = 2  # of a query that a server asks for another one's client
_IMPORTANT = 1  # flag of a setting that a server must know
_MAX_TABLES = 1000
_TIMEZONE, _DISPLAY_NAME, _VERSION_PATCH = 54058, 54372, 54401
_CLIENT_INFO, _QUOTA_KEY, _WRITTEN = 54032, 54060, 54420
_STRING_SETTINGS, _SECRET, _TELEMETRY = 54429, 54441, 54442
_FORWARDED_FOR, _REFERER, _DEPTH, _START_TIME = 54443, 54447, 54448, 54449
_REPLICAS, _ADDENDUM, _PARAMETERS = 54453, 54458, 54459
_INSERT_EVENTS = 54456
_EVENTS = Block(
    0,
    (
        Column("host_name", "String"),
        Column("current_time", "DateTime"),
        Column("thread_id", "UInt64"),
        Column("type", "Enum8('increment' = 1, 'gauge' = 2)"),
        Column("name", "String"),
        Column("value", "Int64"),
    ),
)
# Types of settings that old clients send as numbers, by the names they have today.
_NUMBERS = {
    *("Bool", "BoolAuto", "Int32", "Int64", "UInt64", "UInt64Auto", "NonZeroUInt64"),
    *("Seconds", "Milliseconds", "MaxThreads"),
}


@dataclass(frozen=True)
class Hello:
    """What a client sends first; `revision` is what both sides know."""

    database: str
    user: str
    password: str
    revision: int


@dataclass(frozen=True)
class Query:
    """A query packet; settings and parameters are in plain text."""

    query_id: str
    secondary: bool  # another server asks
    whole: bool  # to its end, and not to some state that its asker would go on from
    text: str
    compressed: bool
    settings: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)


def read_hello(source: Source) -> Hello:
    """Read the packet after its type."""
    source.string()  # the client's name, then its version
    source.varint(), source.varint()
    revision = min(source.varint(), REVISION)
    return Hello(source.string(), source.string(), source.string(), revision)


def read_addendum(source: Source, revision: int) -> None:
    """Read what a newer client adds once it knows the server's revision: a quota key."""
    if revision >= _ADDENDUM:
        source.string()


def read_query(source: Source, revision: int, setting_types: Mapping[str, str]) -> Query:
    """Read the packet after its type; old clients encode settings by their types."""
    query_id = source.string()
    secondary = revision >= _CLIENT_INFO and _read_client_info(source, revision) == _SECONDARY
    if revision >= _STRING_SETTINGS:
        flagged = _read_strings(source)
        # A server sends all of its own: unknown ones are ignored, unless they change the result.
        settings = {
            name: value
            for name, (flags, value) in flagged.items()
            if name in setting_types or flags & _IMPORTANT or not secondary
        }
    else:
        settings = _read_typed(source, setting_types)
    if revision >= _SECRET:
        source.string()
    whole = source.varint() == _COMPLETE
    compressed = bool(source.varint())
    text = source.string()
    given = _read_strings(source) if revision >= _PARAMETERS else {}
    parameters = {name: unquote(value) for name, (_, value) in given.items()}
    return Query(query_id, secondary, whole, text, compressed, settings, parameters)


def read_tables_status(source: Source) -> list[tuple[str, str]]:
    """Read the packet after its type: tables that another server is about to ask for, each with its database."""
    count = source.varint()
    if count > _MAX_TABLES:
        raise EngineError(131, f"DB::Exception: The status of {count} tables. (TOO_LARGE_ARRAY_SIZE)")
    return [(source.string(), source.string()) for _ in range(count)]


def tables_status(tables: list[tuple[str, str]]) -> bytes:
    """Answer which of these tables there are; none is replicated."""
    return varint(9) + varint(len(tables)) + b"".join(string(d) + string(t) + b"\x00" for d, t in tables)


def _read_client_info(source: Source, revision: int) -> int:
    """Give the kind of the query: none, of a client, or of another server."""
    kind = source.number("<B")
    if not kind:
        return kind
    for _ in range(3):
        source.string()  # initial user, query id, address
    if revision >= _START_TIME:
        source.take(8)
    interface = source.number("<B")  # of the first client: others than these send nothing more
    if interface == _TCP:
        for _ in range(3):
            source.string()  # user of the system, host, program
        for _ in range(3):
            source.varint()  # version
    elif interface == _HTTP:
        source.take(1)  # method, then agent
        source.string()
        if revision >= _FORWARDED_FOR:
            source.string()
        if revision >= _REFERER:
            source.string()
    _read_client_info_tail(source, revision, tcp=interface == _TCP)
    return kind


def _read_client_info_tail(source: Source, revision: int, tcp: bool) -> None:
    if revision >= _QUOTA_KEY:
        source.string()
    if revision >= _DEPTH:
        source.varint()
    if tcp and revision >= _VERSION_PATCH:
        source.varint()
    if revision >= _TELEMETRY and source.number("<B"):
        source.take(24)  # trace and span
        source.string()
        source.take(1)
    if revision >= _REPLICAS:
        for _ in range(3):
            source.varint()


def _read_strings(source: Source) -> dict[str, tuple[int, str]]:
    """Return names with flags and values."""
    found = {}
    while name := source.string():
        found[name] = source.varint(), source.string()
    return found


def _read_typed(source: Source, types: Mapping[str, str]) -> dict[str, str]:
    found = {}
    while name := source.string():
        if name not in types:
            raise EngineError(115, f"DB::Exception: Unknown setting {name} (UNKNOWN_SETTING)")
        numeric = types[name] in _NUMBERS
        found[name] = str(source.varint()) if numeric else source.string()
    return found


def unquote(value: str) -> str:
    """Return the text of a parameter, which travels as a quoted field dump (`'it\\'s'`)."""
    if len(value) < 2 or value[0] != "'" or value[-1] != "'":
        return value
    out, escaped = [], False
    for char in value[1:-1]:
        if escaped or char != "\\":
            out.append(char if not escaped else _ESCAPES.get(char, char))
            escaped = False
        else:
            escaped = True
    return "".join(out)


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "f": "\f"}


def hello(revision: int, version: str, timezone: str, name: str) -> bytes:
    """Return the server's answer to a client of this revision."""
    major, minor, patch, *_ = (int(part) for part in version.split("."))
    parts = [varint(0), string("ClickHouse"), varint(major), varint(minor), varint(REVISION)]
    if revision >= _TIMEZONE:
        parts.append(string(timezone))
    if revision >= _DISPLAY_NAME:
        parts.append(string(name))
    if revision >= _VERSION_PATCH:
        parts.append(varint(patch))
    return b"".join(parts)


def exception(error: EngineError) -> bytes:
    """Return an exception packet, with ClickHouse's code and message."""
    head = varint(2) + struct.pack("<i", error.code)
    return head + string("DB::Exception") + string(error.message) + string("") + b"\x00"


def progress(rows: int, size: int, total: int, revision: int) -> bytes:
    """Return rows and bytes read since the last such packet, and how many more rows there are to read than it had."""
    packet = varint(3) + varint(rows) + varint(size) + varint(total)
    return packet + varint(0) + varint(0) if revision >= _WRITTEN else packet


def insert_events(revision: int) -> bytes:
    """Answer one block of an INSERT: profile events, of which there are none.

    From the revision that has them on, clients wait for this packet after every block.
    """
    if revision < _INSERT_EVENTS:
        return b""
    return varint(14) + string("") + _EVENTS.encode(revision)


def profile(rows: int, blocks: int, size: int) -> bytes:
    """Return the packet that sums the result up.

    The packet states that rows before a LIMIT were counted: else some clients count them, and fail at that.
    """
    return varint(6) + varint(rows) + varint(blocks) + varint(size) + b"\x00" + varint(rows) + b"\x01"


PONG = varint(4)
END_OF_STREAM = varint(5)
DATA_HEAD, TOTALS_HEAD, EXTREMES_HEAD = (varint(packet) + string("") for packet in (1, 7, 8))
