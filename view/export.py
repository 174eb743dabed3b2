"""Answers as files: JSON, or CSV for spreadsheets."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from graph.model import iso_ms
from schemas.text import cell


def as_json(answer: dict[str, Any]) -> bytes:
    """Return an answer as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(answer), indent=1)


def as_csv(answer: dict[str, Any]) -> bytes:
    """Return the edges of a map as rows, or the time series as columns with a row for each point."""
    rows = _edges(answer["edges"]) if "edges" in answer else _series(answer["series"])
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _edges(edges: Sequence[dict[str, Any]]) -> Iterator[Iterable[Any]]:
    if not edges:
        return
    names = [name for name in dict.fromkeys(name for edge in edges for name in edge) if name != "id"]
    yield names
    for edge in edges:
        yield (iso_ms(edge[name]) if name in {"first", "last"} else edge.get(name) for name in names)


def _series(series: dict[str, dict[str, Any]]) -> Iterator[Iterable[Any]]:
    yield "time", *(f"{name} ({each['unit']})" for name, each in series.items())
    for points in zip(*(each["points"] for each in series.values()), strict=True):
        yield iso_ms(points[0][0]), *(value for _, value in points)
