"""The reference of the topics and of what their records hold, from the structs of the schemas."""

import inspect
from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from msgspec.inspect import DictType, Field, ListType, Metadata, StructType, type_info

from schemas.columns import BLANKS, Columns
from schemas.facts import Merge
from schemas.graph import Derived
from schemas.raw import Batch
from schemas.times import HOUR_MS
from schemas.topics import ALL, MiB, Topic

_HEAD = """# Topics

Every record is one JSON object, and all but dead letters, overlays and facts about a host are batches. A set of rows
is an object of equally long lists, one a column; a column of blanks ({blanks}) is left out. Times are milliseconds
since the epoch. Unknown fields are passed over, so that new ones can be added. How rows of one key merge stands with
each column: {merges}.

The JSON Schema and example messages of every version are in [schemas/golden](../../schemas/golden/). `servicemap log`
lists the topics with what is in them, and `servicemap log read TOPIC` prints one.

This page is generated from the code by `make golden`.
"""
_SHOWN = {"0": "0", "''": '""', "False": "false", "()": "empty list", "{}": "empty object"}
_MERGES: dict[Merge, str] = {
    Merge.KEY: "is the identity",
    Merge.MAX: "the greater",
    Merge.EACH: "the greater of each name",
    Merge.LAST: "from the row whose `time` is later",
    Merge.TIME: "the later",
}
_TYPES = {"IntType": "int", "StrType": "text", "BoolType": "bool", "FloatType": "float", "AnyType": "any"}
_HEADERS: dict[type[Struct], str] = {
    Batch: "Every record that collectors write begins with these fields.",
    Derived: "Every record that a fold writes, and every one about overlays, begins with this field.",
}


def page() -> str:
    """Return the reference of the topics, in Markdown."""
    overview = [
        "| topic | key | partition by | partitions (on Kafka) | kept | largest record | what |",
        "|---|---|---|---|---|---|---|",
        *(_line(topic) for topic in ALL),
        "",
    ]
    headers = [line for struct, text in _HEADERS.items() for line in _header(struct, text)]
    return "\n".join([_head(), *overview, *headers, *(line for topic in ALL for line in _topic(topic))])


def _head() -> str:
    blanks = ", ".join(_SHOWN[blank] for blank in dict.fromkeys(map(repr, BLANKS)))
    merges = ", ".join(f"`{merge}` {about}" for merge, about in _MERGES.items())
    return _HEAD.format(blanks=blanks, merges=merges)


def kept(topic: Topic) -> str:
    """Return how long a topic's records are kept."""
    if topic.compacted:
        return "last of key"
    hours = topic.retention_ms // HOUR_MS
    read = f" ({topic.read_ms // HOUR_MS} h once read)" if topic.read_ms else ""
    return f"{hours} h{read}, {topic.retention_bytes >> 30} GiB a partition"


def _line(topic: Topic) -> str:
    size = f"{topic.max_bytes // MiB} MiB"
    name = f"[`{topic.name}`](#{topic.name})"
    return f"| {name} | {topic.key} | {topic.spread} | {topic.partitions} | {kept(topic)} | {size} | {topic.about} |"


def _header(struct: type[Struct], text: str) -> Iterator[str]:
    whose = "raw records" if struct is Batch else "derived records"
    yield f"## Header of {whose}\n"
    yield f"{text}\n"
    yield from _fields(list(_info(struct).fields), struct)


def _topic(topic: Topic) -> Iterator[str]:
    yield f"## {topic.name}\n"
    yield f"`{topic.record.__name__}`: {inspect.getdoc(topic.record)}\n"
    header = next(struct for struct in _HEADERS if issubclass(topic.record, struct))
    inherited = set(header.__struct_fields__)
    own = [field for field in _info(topic.record).fields if field.name not in inherited]
    yield from _fields([field for field in own if _columns(field) is None], topic.record)
    for field in own:
        columns = _columns(field)
        if columns is not None:
            yield f"### {topic.name}: `{field.name}`\n"
            yield f"{inspect.getdoc(columns)}\n"
            yield from _fields(list(_info(columns).fields), columns)


def _fields(found: list[Field], struct: type[Struct]) -> Iterator[str]:
    if not found:
        return
    columns = issubclass(struct, Columns)
    yield f"| {'column' if columns else 'field'} | type |{' merge |' if columns else ''} what |"
    yield f"|---|---|{'---|' if columns else ''}---|"
    for field in found:
        merge = f" {_extra(field)['merge']} |" if columns else ""
        yield f"| `{field.name}` | {_type(field.type, column=columns)} |{merge} {described(field)} |"
    yield ""


def described(field: Field) -> str:
    """Return a schema's description of a field; empty where the name is enough."""
    about = (field.type.extra_json_schema or {}).get("description") if isinstance(field.type, Metadata) else None
    return str(about or "").replace("->", "→")


def _info(struct: type[Struct]) -> StructType:
    info = type_info(struct)
    assert isinstance(info, StructType)
    return info


def _extra(field: Field) -> dict[str, Any]:
    return (field.type.extra or {}) if isinstance(field.type, Metadata) else {}


def _columns(field: Field) -> type[Struct] | None:
    """Return the set of rows that a field is, if it is one."""
    kind = field.type
    return kind.cls if isinstance(kind, StructType) and issubclass(kind.cls, Columns) else None


def _type(kind: Any, *, column: bool = False) -> str:
    """Name a type as people do; of a column that of its values."""
    if isinstance(kind, Metadata):
        return _type(kind.type, column=column)
    if isinstance(kind, ListType):
        inner = _type(kind.item_type)
        return inner if column else f"list of {inner}"
    if isinstance(kind, DictType):
        return f"{_type(kind.key_type)} → {_type(kind.value_type)}"
    return _TYPES[type(kind).__name__]
