"""Read what programs ask: a question's parameters by their names, as text or as JSON values."""

from collections.abc import Mapping
from datetime import UTC
from typing import Annotated, Any, NamedTuple, TypeVar, get_args, get_origin

import msgspec
from msgspec import Meta, Struct, structs

from answers.faults import BadRequest
from answers.question import AnyQuestion
from answers.wrong import sentence
from schemas.moments import moment

Kind = TypeVar("Kind", bound=Struct)


class Limits(NamedTuple):
    """How much one answer has: rows of a page, unless fewer are asked for, at the most, and bytes."""

    rows: int
    most_rows: int
    most_bytes: int


class Paging(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of an answer is asked for."""

    limit: Annotated[int, Meta(ge=1, description="Rows of a page, at the most.")] = 0
    cursor: Annotated[
        str, Meta(pattern="^[A-Za-z0-9_-]{0,1000}$", description="The next page: what was `next` in the one before.")
    ] = ""


_AS_TEXT = {"type": "string", "maxLength": 40, "examples": ["10m", "2026-05-01T12:00Z", "now"]}
PAGING = frozenset(Paging.__struct_fields__)


def read(given: Mapping[str, Any], kind: type[Kind], now: int) -> Kind:
    """Read parameters, with times as people write them. BadRequest names a wrong one."""
    values = dict(given)
    for name in times_of(kind) & values.keys():
        if isinstance(values[name], str):
            try:
                values[name] = moment(values[name], now, UTC)
            except ValueError as error:
                raise BadRequest(f"{name}: {error}") from None
    return converted(values, kind)


def read_paging(given: Mapping[str, Any], limits: Limits) -> Paging:
    """Read which page is asked for."""
    found = converted(given, Paging)
    if found.limit > limits.most_rows:
        raise BadRequest(f"limit: at most {limits.most_rows:,} rows come at once: ask for the next page with cursor")
    return found if found.limit else structs.replace(found, limit=limits.rows)


def converted(values: Mapping[str, Any], kind: type[Kind]) -> Kind:
    """Make parameters of values; BadRequest names a wrong one."""
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise BadRequest(sentence(str(error), values, properties(kind))) from None


def parameters(question: AnyQuestion, limits: Limits) -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of each parameter of a question; those that must be given have no default."""
    found = properties(question.asks)
    if question.rows:
        paging = properties(Paging)
        paging["limit"] |= {"default": limits.rows, "maximum": limits.most_rows}
        found |= paging
    return found


def required(question: AnyQuestion) -> list[str]:
    """Return the parameters that must be given."""
    return [one.encode_name for one in structs.fields(question.asks) if one.required]


def properties(kind: type[Struct]) -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of each parameter of a record."""
    found: dict[str, dict[str, Any]] = msgspec.json.schema(kind)["$defs"][kind.__name__]["properties"]
    texts = dict.fromkeys(times_of(kind), _AS_TEXT)
    return {name: {**_plain(one), **texts.get(name, {})} for name, one in found.items()}


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter that may be left out: there is no null, and a choice needs no pattern."""
    if "enum" in schema:
        return {name: value for name, value in schema.items() if name != "pattern"}
    if "anyOf" not in schema:
        return schema
    (known,) = (one for one in schema["anyOf"] if one != {"type": "null"})
    return {**{name: value for name, value in schema.items() if name not in ("anyOf", "default")}, **known}


def times_of(kind: type[Struct]) -> set[str]:
    """Return the parameters that are times."""
    return {one.encode_name for one in structs.fields(kind) if _is_time(one.type)}


def _is_time(kind: Any) -> bool:
    metas = [each for each in get_args(kind)[1:] if isinstance(each, Meta)] if get_origin(kind) is Annotated else []
    return any((each.extra or {}).get("written") for each in metas) or any(map(_is_time, get_args(kind)))
