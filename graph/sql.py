"""Small functions that write SQL, so that a query names what it reads and a statement stays readable.

Texts are for clickhouse-driver and for Grafana both (dashboards/macros.py): parameters are %(name)s.
"""

from collections.abc import Iterable, Mapping
from string import Formatter
from textwrap import indent


def inside(query: str) -> str:
    """Write a query as a source of another."""
    return f"(\n{indent(query.strip(), '    ')}\n)"


def listed(columns: Iterable[str]) -> str:
    """Write a list of columns, one a line."""
    return ",\n".join(f"    {column}" for column in columns)


def named(columns: Mapping[str, str]) -> list[str]:
    """Write columns from their names and what they are made of."""
    return [name if made == name else f"{made} AS {name}" for name, made in columns.items()]


def select(
    columns: Iterable[str] | Mapping[str, str], source: str, *rest: str, where: str = "", group: Iterable[str] = ()
) -> str:
    """Write a SELECT; `rest` are joins and what comes last."""
    if isinstance(columns, Mapping):
        columns = named(columns)
    grouped = ", ".join(group)
    parts = ["SELECT", listed(columns), f"FROM {source}", *rest]
    if where:
        parts.append(f"WHERE {where}")
    if grouped:
        parts.append(f"GROUP BY {grouped}")
    return "\n".join(parts)


def defined(**queries: str) -> list[str]:
    """Write queries by their names, as parts of `within`."""
    return [f"{name} AS {inside(query)}" for name, query in queries.items()]


def within(parts: Iterable[str], query: str) -> str:
    """Write a query with what is defined before it: scalars (`value AS name`) and queries."""
    return "WITH\n" + ",\n".join(parts) + f"\n{query}"


def union(*queries: str) -> str:
    """Write rows of several queries, one after another."""
    return "\nUNION ALL\n".join(query.strip() for query in queries)


def either(which: bool | str, one: str, other: str) -> str:
    """Write one of two expressions; if a constant of SQL decides `which`, the other one is left out of the plan."""
    return f"if({which}, {one}, {other})" if isinstance(which, str) else one if which else other


def text(value: str) -> str:
    """Write a text as SQL."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def templated(template: str, parts: Mapping[str, str]) -> str:
    """Write a text whose {parts} are SQL."""
    pieces: list[str] = []
    for literal, part, _, _ in Formatter().parse(template):
        pieces += [text(literal)] if literal else []
        pieces += [parts[part]] if part else []
    return f"concat({', '.join(pieces)})" if len(pieces) > 1 else pieces[0]


def texts(values: Iterable[str]) -> str:
    """Write texts as an array."""
    return f"[{', '.join(map(text, values))}]"
