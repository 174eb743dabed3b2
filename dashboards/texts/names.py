"""Hosts and services as values of a variable. With `any` "yes" the first stands for all of them."""

from graph.span import moment
from graph.sql import inside, select, union

_ANY = "SELECT '' AS value, 'any' AS text WHERE %(any)s = 'yes'"
_ORDER = "\nORDER BY value != '', lower(text), value\nLIMIT 5000"


def hosts() -> str:
    """Return hosts: id and name. Parameters: any."""
    name = "if(hostname = '', toString(host), hostname)"
    every = select({"value": "toString(host)", "text": name}, "hosts FINAL")
    return select(["value", "text"], inside(union(_ANY, every))) + _ORDER


def services() -> str:
    """Return services in a range. Parameters: any; from, to in ms."""
    where = f"service != '' AND hour >= toStartOfHour({moment('from')} - INTERVAL 2 HOUR) AND hour < {moment('to')}"
    every = select(["DISTINCT toString(service) AS value", "toString(service) AS text"], "nodes", where=where)
    return select(["value", "text"], inside(union(_ANY, every))) + _ORDER
