"""The neighbours of a node: the other nodes on its edges, with the traffic."""

from collections.abc import Mapping
from typing import NamedTuple

from graph import traffic
from graph.columns import ENDS
from graph.packing import ABOUT, plain
from graph.sql import inside, select
from graph.steps import with_steps
from schemas.unix_names import TRANSPORT as UNIX
from schemas.unix_names import name_of


class NeighbourRow(NamedTuple):
    """A row of `neighbours`; `incoming` is 1 where the neighbour is the client, `rtt` in us.

    `counted` are the counters of both ends (traffic.OWN_SUMS).
    """

    other: str
    incoming: int
    transport: str
    port: int
    host: str
    service: str
    name: str
    container: str
    container_name: str
    opened: int
    failed: int
    active: int
    moved: int
    counted: Mapping[str, int]
    rtt: float
    server_address: str

    @property
    def port_name(self) -> str:
        """Return what the server's Unix socket is called; "" of other transports."""
        return name_of(self.server_address) if self.transport == UNIX else ""


_KEY = ("other", "incoming", "transport", "port")
_ABOUT = ("host", "service", "name", "container", "container_name")
_SUMS = ("opened", "failed", "moved")


def neighbours(level: str, *, rolled_up: bool = True) -> str:
    """Return the neighbours of the node %(node)s of a level in [from, to), ms: the %(most)s busiest."""
    edge = {
        **{f"{end}_about": f"row.{end}_about" for end in ENDS},
        **{name: plain(f"connections_{name}", "row") for name in ("opened", "failed", "active")},
        "moved": f"{traffic.to_server('row')} + {traffic.to_client('row')}",
        "counted": traffic.added("row"),
        "rtt_us": traffic.rtt_us("row"),
    }
    times = {
        "other": "if(edge.server = %(node)s, edge.client, edge.server)",
        "incoming": "toUInt8(edge.server = %(node)s)",
        "transport": "edge.transport",
        "port": "edge.server_port",
        "at": "edge.at",
        "about": "maxForEach(if(edge.server = %(node)s, edge.client_about, edge.server_about))",
        "served_at": f"max({ABOUT.member('edge.server_about', 'address')})",
        **{name: f"sum(edge.{name})" for name in (*_SUMS, "active")},
        "counted": "sumForEach(edge.counted)",
        "rtt_us": traffic.measured("edge.rtt_us"),
    }
    others = {
        **{name: f"time.{name}" for name in _KEY},
        "about": "maxForEach(time.about)",
        "server_address": "max(time.served_at)",
        **{name: f"sum(time.{name})" for name in _SUMS},
        "sums": "sumForEach(time.counted)",
        "active": "argMax(time.active, time.at)",
        "rtt": traffic.measured("time.rtt_us"),
    }
    columns = {name: name for name in NeighbourRow._fields} | {name: ABOUT.member("about", name) for name in _ABOUT}
    columns["counted"] = traffic.counted("sums")
    at_times = select(times, "edge", where="edge.client = %(node)s OR edge.server = %(node)s", group=(*_KEY, "edge.at"))
    begun = with_steps(level, edge, f"time AS {inside(at_times)}", narrowed=True, rolled_up=rolled_up)
    rows = select(columns, inside(select(others, "time", group=(f"time.{name}" for name in _KEY))))
    return f"{begun}\n{rows}\nORDER BY moved DESC, {', '.join(_KEY)}\nLIMIT %(most)s"
