"""Steps over a column in Native bytes, by its type, without decoding a value.

Layouts: ClickHouse's `src/DataTypes/Serializations/`. A column is the prefixes of all its parts, then their data. Of
JSON and Dynamic only these prefixes show the parts.
"""

import struct
from collections import Counter
from collections.abc import Callable
from functools import lru_cache

from sinks.embedded.engine import EngineError
from sinks.embedded.type_names import TypeName, TypeNameError, parse
from sinks.embedded.wire import Source

_MAX_PARTS = 10_000
_FEW = 16
_NONE = 255  # in the place of a part's number: no value
_WIDTHS = {
    **dict.fromkeys(("Int8", "UInt8", "Bool", "Enum8", "Nothing"), 1),
    **dict.fromkeys(("Int16", "UInt16", "Enum16", "Date", "BFloat16"), 2),
    **dict.fromkeys(("Int32", "UInt32", "Float32", "Date32", "DateTime", "IPv4", "Time"), 4),
    **dict.fromkeys(("Int64", "UInt64", "Float64", "DateTime64", "Time64"), 8),
    **dict.fromkeys(("Int128", "UInt128", "UUID", "IPv6"), 16),
    **dict.fromkeys(("Int256", "UInt256"), 32),
    **{"Decimal32": 4, "Decimal64": 8, "Decimal128": 16, "Decimal256": 32},
}
_GEOMETRY = {
    "Point": "Tuple(Float64, Float64)",
    "Ring": "Array(Point)",
    "LineString": "Array(Point)",
    "MultiLineString": "Array(LineString)",
    "Polygon": "Array(Ring)",
    "MultiPolygon": "Array(Polygon)",
}
_OTHERS = "SharedVariant"  # the place of rare types in a Dynamic
_KEPT_LENGTH = 1000  # of names whose steps are kept
_SHOWN_LENGTH = 200

Body = Callable[[Source, int], None]
Step = Callable[[Source], Body]  # over a column: first over its prefixes, then over a number of rows


def _plain(body: Body) -> Step:
    """Build the step of a column without prefixes."""
    return lambda source: body


def _fixed(width: int) -> Step:
    def body(source: Source, rows: int) -> None:
        source.position += rows * width
        source.need(source.position)

    return _plain(body)


def _strings(source: Source, rows: int) -> None:
    position, buffer = source.position, source.buffer
    if position + rows > source.limit:  # a byte each, at least
        source.need(position + rows)
    for _ in range(rows):
        if position >= len(buffer):
            source.need(position + 1)
        size = buffer[position]
        if size < 0x80:
            position += size + 1
        else:
            source.position = position
            size = source.varint()
            position = source.position + size
    source.need(position)
    source.position = position


def _nullable(inner: Step) -> Step:
    def begin(source: Source) -> Body:
        values = inner(source)

        def body(source: Source, rows: int) -> None:
            source.position += rows
            values(source, rows)

        return body

    return begin


def _low_cardinality(keys: Step) -> Step:
    def body(source: Source, rows: int) -> None:
        if not rows:
            return
        flags = source.number("<Q")
        if flags & 0x200:  # the keys of this block follow
            keys(source)(source, source.number("<Q"))
        indexes = source.number("<Q") << (flags & 0xFF)
        source.position += indexes
        source.need(source.position)

    def begin(source: Source) -> Body:
        source.take(8)
        return body

    return begin


def _array(inner: Step) -> Step:
    def begin(source: Source) -> Body:
        elements = inner(source)

        def body(source: Source, rows: int) -> None:
            if not rows:
                return
            end = source.position + 8 * rows
            source.need(end)
            total = struct.unpack_from("<Q", source.buffer, end - 8)[0]
            source.position = end
            elements(source, total)

        return body

    return begin


def _tuple(parts: list[Step]) -> Step:
    def begin(source: Source) -> Body:
        return _each([part(source) for part in parts])

    return begin if parts else _fixed(1)


def _each(bodies: list[Body]) -> Body:
    def body(source: Source, rows: int) -> None:
        for one in bodies:
            one(source, rows)

    return body


def _variant(parts: list[Step]) -> Step:
    """Build the step of a Variant: a byte for each row names its part, or none; then each part has its rows."""

    def begin(source: Source) -> Body:
        _expect(source.number("<Q"), {0}, "Variant")
        bodies = [part(source) for part in parts]

        def body(source: Source, rows: int) -> None:
            numbers = source.take(rows)
            counts = (
                Counter(numbers) if len(bodies) > _FEW else {n: numbers.count(n) for n in (*range(len(bodies)), _NONE)}
            )
            if sum(counts.get(number, 0) for number in (*range(len(bodies)), _NONE)) != rows:
                raise EngineError(117, "DB::Exception: A Variant has a part that its type has not. (INCORRECT_DATA)")
            for number, one in enumerate(bodies):
                one(source, counts.get(number, 0))

        return body

    return begin


def _dynamic(source: Source) -> Body:
    """Build the step of a variant of the types that the prefix names, and of all others as texts."""
    if _expect(source.number("<Q"), {1, 2}, "Dynamic") == 1:
        source.varint()  # how many types there might be
    names = [*_names(source), _OTHERS]
    return _variant([skip("String" if name == _OTHERS else name) for name in sorted(names)])(source)


def _json(typed: dict[str, Step]) -> Step:
    """Paths of known types, paths that the prefix names, and all others as pairs of texts."""

    def begin(source: Source) -> Body:
        version = _expect(source.number("<Q"), {0, 1, 2}, "JSON")
        if version == 1:  # as one text
            return _strings
        if version == 0:
            source.varint()  # how many paths there might be
        paths = _names(source)
        bodies = [typed[path](source) for path in sorted(typed)]
        bodies += [_dynamic(source) for _ in paths]
        return _each([*bodies, _array(_tuple([_plain(_strings)] * 2))(source)])

    return begin


def _names(source: Source) -> list[str]:
    count = source.varint()
    if count > _MAX_PARTS:
        raise EngineError(131, f"DB::Exception: A column of {count} parts. (TOO_LARGE_ARRAY_SIZE)")
    return [source.string() for _ in range(count)]


def _expect(version: int, known: set[int], kind: str) -> int:
    if version not in known:
        raise EngineError(48, f"DB::Exception: Send {kind} in another version than {version}. (NOT_IMPLEMENTED)")
    return version


@lru_cache(maxsize=1024)
def _known(type_name: str) -> Step:
    return _skip(parse(type_name))


def skip(type_name: str) -> Step:
    """Build the step for a type; raises EngineError for one whose length only its values show."""
    try:
        return _known(type_name) if len(type_name) <= _KEPT_LENGTH else _skip(parse(type_name))
    except (TypeNameError, ValueError):
        shown = type_name if len(type_name) <= _SHOWN_LENGTH else f"{type_name[:_SHOWN_LENGTH]}…"
        raise EngineError(
            50,
            f"DB::Exception: This server sends and takes no {shown} in blocks: select toString() of the column, of an "
            "aggregate function's state finalizeAggregation(). (UNKNOWN_TYPE)",
        ) from None


def _skip(kind: TypeName) -> Step:
    if kind.name in _WIDTHS:
        return _fixed(_WIDTHS[kind.name])
    if kind.name in _GEOMETRY:
        return skip(_GEOMETRY[kind.name])
    if kind.name.startswith("Interval"):
        return _fixed(8)
    match kind.name, kind.arguments:
        case "String", []:
            return _plain(_strings)
        case "FixedString", [width]:
            return _fixed(int(width.name))
        case "Decimal", [precision, *_]:
            digits = int(precision.name)
            return _fixed(4 if digits < 10 else 8 if digits < 19 else 16 if digits < 39 else 32)
        case "Nullable", [inner]:
            return _nullable(_skip(inner))
        case "LowCardinality", [inner]:
            nullable = inner.name == "Nullable" and len(inner.arguments) == 1  # a null is one of the keys
            return _low_cardinality(_skip(inner.arguments[0] if nullable else inner))
        case "Array", [inner]:
            return _array(_skip(inner))
        case "Map", [key, value]:
            return _array(_tuple([_skip(key), _skip(value)]))
        case "Tuple", elements:
            return _tuple([_skip(element) for element in elements])
        case "Nested", elements:
            return _array(_tuple([_skip(element) for element in elements]))
        case "SimpleAggregateFunction", [_, inner]:
            return _skip(inner)
        case "Variant", [_, *_]:
            return _variant([_skip(part) for part in kind.arguments])
        case "Dynamic", _:
            return _dynamic
        case "JSON", parts:
            paths = {part.label.strip("`"): _skip(part) for part in parts if _is_path(part)}
            return _json(paths)
    raise TypeNameError(kind.name)


def _is_path(part: TypeName) -> bool:
    """Return whether a part of JSON(…) is a path with its type, and not a limit (`max_dynamic_paths=8`) or SKIP."""
    return bool(part.label) and not part.label.endswith("=") and not part.label.upper().startswith("SKIP")
