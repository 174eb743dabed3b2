"""Addresses that several hosts have at once, by mistake or because separate networks use the same numbers."""

from typing import NamedTuple

from graph.span import moment
from graph.sql import inside, select


class SharedRow(NamedTuple):
    """An address, and the hosts that had it in the same minute."""

    address: str
    hosts: list[str]


def shared_addresses() -> str:
    """Return the addresses that several hosts had in one minute of the hour of %(from)s, ms, or later."""
    held = select(
        {"address": "place.address", "host": "place.host", "minute": "arrayJoin(bitPositionsToArray(place.minutes))"},
        "places AS place",
        where=f"place.transport = '' AND place.scope = '' AND place.hour >= toStartOfHour({moment('from')})",
    )
    at_once = select(
        {"address": "address", "together": "groupUniqArray(host)"}, inside(held), group=("address", "minute")
    )
    columns = {"address": "address", "hosts": "arraySort(arrayDistinct(arrayFlatten(groupArray(together))))"}
    return select(columns, inside(at_once), where="length(together) > 1", group=("address",)) + "\nORDER BY address"
