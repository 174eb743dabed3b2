"""Queries by name: a file of ClickHouse SQL each, in queries/. Its first lines say what it gives and takes."""

from functools import cache
from importlib.resources import files


@cache
def query(name: str) -> str:
    """Return a query, with %(name)s where its parameters go; a percent sign of the SQL itself is doubled."""
    return (files("dashboards") / "queries" / f"{name}.sql").read_text()
