"""The switches that hosts are connected to, as these announce themselves (LLDP, CDP).

A host is at one switch on the map: that of its first interface by name on which one announces itself. It is known as of
the end of a range, from a day before its beginning on: a host that fell silent stays where it was.
"""

from typing import NamedTuple

from graph.span import moment
from graph.sql import inside, select


class LinkRow(NamedTuple):
    """A row of `links`: an interface and what is at the other end of its cable. Time in ms."""

    host: str
    interface: str
    protocol: str
    chassis: str
    port: str
    port_description: str
    system_name: str
    management_address: str
    vlan: int
    forwards: int  # 1 if it forwards for others, or does not say
    seen: int

    @property
    def words(self) -> str:
        """Return the cable in words: eth0 → switch sw-rack-12, port Gi1/0/7."""
        name = self.system_name or self.chassis
        aside = f" ({self.port_description})" if self.port_description not in ("", self.port) else ""
        return f"{self.interface} → {'switch ' if self.forwards else ''}{name}, port {self.port}{aside}"


_SEEN = "toUnixTimestamp64Milli(link.seen)"
_IN_REACH = (
    f"link.hour >= toStartOfHour({moment('from')} - INTERVAL 1 DAY) AND link.hour < {moment('to')} "
    f"AND link.seen < {moment('to')}"
)
_ANY = "%(host)s IN ('', link.host) AND %(switch)s IN ('', link.chassis)"
# A switch goes before another neighbour, and the word of LLDP, which more devices have in common, before that of CDP.
_FIRST = "NOT link.forwards, link.protocol != 'lldp'"


def links(wanted: str = _ANY) -> str:
    """Return the links of the host %(host)s, or of all at the switch %(switch)s, as of a range.

    Either may be "". Of several neighbours of an interface there is one.
    """
    latest = select(["*", "max(seen) OVER (PARTITION BY host) AS newest"], "links AS link FINAL", where=_IN_REACH)
    columns = {name: f"link.{name}" for name in LinkRow._fields} | {"seen": _SEEN}
    rows = select(
        columns,
        f"{inside(latest)} AS link",
        where=f"link.seen = link.newest AND link.interface != '' AND ({wanted})",
    )
    order = f"link.host, link.interface, {_FIRST}, link.chassis, link.port"
    return f"{rows}\nORDER BY {order}\nLIMIT 1 BY link.host, link.interface"


def switches() -> str:
    """Return each host that is at a switch, and the chassis id of that."""
    chassis = "if(link.forwards, toString(link.chassis), '')"
    found = select(
        {"host": "toString(link.host)", "switch": f"argMin({chassis}, (-{_SEEN}, {_FIRST}, link.interface))"},
        "links AS link",
        where=_IN_REACH,
        group=("link.host",),
    )
    return select(["host", "switch"], inside(found), where="switch != ''")
