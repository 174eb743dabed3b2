"""The regions and zones that hosts are in, by the labels `region` and `zone` of their agents, as last reported.

Zones of two regions may have equal names, so a zone is known by both. Hosts without the label stand together (NO_ZONE).
"""

from graph.sql import select

NO_REGION, NO_ZONE = "no region", "no zone"


def regions() -> str:
    """Return the region of each host that has one. A node's id has a colon after it, so it has none itself."""
    return _labelled("region", "replaceAll(known.labels['region'], ':', '.')")


def zones() -> str:
    """Return the zone of each host that has one."""
    return _labelled("zone", "known.labels['zone']")


def _labelled(name: str, label: str) -> str:
    columns = {"host": "toString(known.host)", name: label}
    return select(columns, "(SELECT host, labels FROM hosts FINAL) AS known", where=f"{name} != ''")


def place(region: str, zone: str) -> str:
    """Return the SQL of a zone's name for people: its region stands before it, unless it is in the zone's name."""
    alone = f"{region} = '{NO_REGION}' OR startsWith({zone}, {region})"
    return f"if({alone}, {zone}, concat({region}, '/', {zone}))"


def place_of(region: str, zone: str) -> str:
    """Return the same in Python."""
    return zone if region == NO_REGION or zone.startswith(region) else f"{region}/{zone}"
