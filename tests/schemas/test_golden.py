"""Every schema ever published is kept, with messages that stay readable for ever."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from schemas.codec import decode, encode, known_version
from schemas.columns import Columns
from schemas.export import GOLDEN, path_of, schema_of
from schemas.merge import merges
from schemas.topics import ALL, Topic

EXAMPLES = sorted(path for path in GOLDEN.glob("*/v*/*.json") if path.name != "schema.json")
TOPIC = {topic.name: topic for topic in ALL}


def topic_of(path: Path) -> str:
    return path.parent.parent.name


def name_of(path: Path) -> str:
    return f"{topic_of(path)}-{path.stem}"


def column_sets() -> set[type[Columns]]:
    """Return every set of columns that a record of a topic holds."""
    blank = (field.default_factory for topic in ALL for field in msgspec.structs.fields(topic.record))
    return {kind for kind in blank if isinstance(kind, type) and issubclass(kind, Columns)}


@pytest.mark.parametrize("topic", ALL, ids=lambda topic: topic.name)
def test_the_kept_schema_is_the_one_of_the_records(topic: Topic) -> None:
    assert path_of(topic).read_bytes() == schema_of(topic), "run `make golden`, and mind that old messages must decode"


@pytest.mark.parametrize("topic", ALL, ids=lambda topic: topic.name)
def test_every_version_of_every_topic_has_an_example(topic: Topic) -> None:
    for version in range(1, known_version(topic) + 1):
        assert any(path.parent == GOLDEN / topic.name / f"v{version}" for path in EXAMPLES)


def test_every_kept_message_is_of_a_topic_that_is_still_known() -> None:
    assert {topic_of(path) for path in EXAMPLES} <= set(TOPIC)


@pytest.mark.parametrize("columns", sorted(column_sets(), key=str))
def test_every_column_declares_how_it_merges(columns: type[Columns]) -> None:
    assert list(merges(columns)) == list(columns.__struct_fields__)


@pytest.mark.parametrize("path", EXAMPLES, ids=name_of)
def test_an_example_decodes_and_is_the_same_record_after_another_trip(path: Path) -> None:
    record = decode(topic_of(path), path.read_bytes())
    assert decode(topic_of(path), encode(record)) == record


@pytest.mark.parametrize("path", EXAMPLES, ids=name_of)
def test_an_example_fits_its_schema(path: Path) -> None:
    schema = json.loads((path.parent / "schema.json").read_bytes())
    jsonschema.validate(json.loads(path.read_bytes()), schema)


def test_the_examples_show_every_field_of_every_topic() -> None:
    for topic in ALL:
        shown: dict[str, set[str]] = {}
        for path in EXAMPLES:
            if topic_of(path) == topic.name:
                for name, value in json.loads(path.read_bytes()).items():
                    shown.setdefault(name, set()).update(value if isinstance(value, dict) else ())
        assert set(topic.record.__struct_fields__) <= set(shown) | {"part", "seq"}, topic.name


def without(record: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    name, *rest = path
    return {
        key: without(value, tuple(rest)) if rest and key == name else value
        for key, value in record.items()
        if key != name or rest
    }


def defaulted(topic: Topic) -> list[tuple[str, ...]]:
    """Return the fields, and the columns in them, that a message of an older writer may lack."""
    paths: list[tuple[str, ...]] = []
    info = msgspec.inspect.type_info(topic.record)
    assert isinstance(info, msgspec.inspect.StructType)
    for field in info.fields:
        if not field.required:
            paths.append((field.encode_name,))
        if isinstance(field.type, msgspec.inspect.StructType):
            paths += [(field.encode_name, column.encode_name) for column in field.type.fields]
    return paths


@pytest.mark.parametrize("path", EXAMPLES, ids=name_of)
def test_a_message_without_a_newer_field_or_column_decodes_with_the_others_as_they_were(path: Path) -> None:
    written = json.loads(path.read_bytes())
    for missing in defaulted(TOPIC[topic_of(path)]):
        if missing == ("sides",) or missing == ("edges",):
            continue  # the columns of the key have been there from the beginning
        record = decode(topic_of(path), json.dumps(without(written, missing)).encode())
        for name in set(written) - {missing[0]}:
            assert getattr(record, name) == getattr(decode(topic_of(path), path.read_bytes()), name)


@pytest.mark.parametrize("path", EXAMPLES, ids=name_of)
def test_fields_and_columns_of_newer_writers_are_ignored(path: Path) -> None:
    written = json.loads(path.read_bytes())
    newer = {**written, "colour": {"of": ["the", "sea"]}}
    for name, value in written.items():
        if isinstance(getattr(decode(topic_of(path), path.read_bytes()), name), Columns):
            newer[name] = {**value, "taste": [1, 2, 3]}
    assert decode(topic_of(path), json.dumps(newer).encode()) == decode(topic_of(path), path.read_bytes())
