"""The columns of an edge between two processes: each with its type, its meaning and how it rolls up."""

from typing import NamedTuple

from graph.identity import WHO
from graph.sql import texts
from schemas.counted import COUNTERS, HAPPENED
from schemas.facts import Fact, Roll
from schemas.kinds import BOOL, LABEL, TIME, U16, U32, U64, Kind
from schemas.verdict import RULES

ENDS = {"client": "server", "server": "client"}  # each with the other
KEY = ("client", "server", "transport", "server_port")
STRENGTH = tuple(dict.fromkeys(RULES))  # rules from weak to strong


class EdgeColumn(NamedTuple):
    """A column of an edge."""

    name: str
    kind: Kind
    meaning: str
    roll: Roll | None = None  # None for a part of the key

    def rolled(self, rows: str, latest: str) -> str:
        """Return the SQL that rolls the column up over `rows` (an alias); `latest` is the column of their time."""
        value = f"{rows}.{self.name}"
        match self.roll:
            case None:
                return value
            case Roll.LATEST:
                return f"sumArgMax({value}, {rows}.{latest})"
            case Roll.LEAST:
                return f"minIf({value}, {value} > 0)"
            case Roll.EARLIEST:
                return f"min({value})"
            case Roll.STRONGEST:
                return f"{texts(STRENGTH)}[max(indexOf({texts(STRENGTH)}, {value}))]"
            case _:
                return f"{self.roll.value}({value})"


def _of_end(end: str, facts: dict[str, Fact]) -> list[EdgeColumn]:
    return [EdgeColumn(f"{end}_{name}", one.kind, one.meaning, one.roll) for name, one in facts.items()]


def _who(end: str) -> list[EdgeColumn]:
    meaning = "IPv4 or IPv6 address of the end; of a Unix socket the server's name"
    address = EdgeColumn(f"{end}_address", LABEL, meaning, Roll.MAX)
    *who, tied = _of_end(end, WHO)
    return [*who, address, tied]


_CLIENT, _SERVER = "node id of who connects", "node id of who is connected to"
WINDOW = EdgeColumn("window", TIME, "start of the window")
KEYS = (
    EdgeColumn("client", LABEL, _CLIENT),
    EdgeColumn("server", LABEL, _SERVER),
    EdgeColumn("transport", LABEL, "tcp, udp or unix"),
    EdgeColumn("server_port", U16, "the server's port; of a Unix socket a number made of its name"),
)
_HAPPENED = [EdgeColumn(f"connections_{name}", U64, one.meaning, one.roll) for name, one in HAPPENED.items()]
_ACTIVE = EdgeColumn("connections_active", U64, "open in the last window", Roll.LATEST)
_CONNECTIONS = (*_HAPPENED[:2], _ACTIVE, *_HAPPENED[2:])
FACTS = (
    EdgeColumn("width_ms", U32, "width of the window, ms", Roll.MAX),
    EdgeColumn("first", TIME, "first window with the edge", Roll.EARLIEST),
    EdgeColumn("last", TIME, "last window with the edge", Roll.MAX),
    EdgeColumn("protocol", LABEL, "what the server speaks: http, redis, tls 1.3; empty: unknown", Roll.MAX),
    EdgeColumn("tls_name", LABEL, "name that clients ask the server for by TLS; empty: unknown", Roll.MAX),
    EdgeColumn(
        "alias",
        LABEL,
        "another address and port of the server, if they are translated (NAT): the virtual ones that its clients ask "
        "for, or its own ones behind a mapped port",
        Roll.MAX,
    ),
    EdgeColumn("rule", LABEL, f"which evidence decided who serves: {', '.join(STRENGTH)}", Roll.STRONGEST),
    *(column for end in ENDS for column in _who(end)),
    *_CONNECTIONS,
    *(column for end in ENDS for column in _of_end(end, COUNTERS)),
    *(EdgeColumn(f"seen_by_{end}", BOOL, f"the {end}'s host reported it", Roll.MAX) for end in ENDS),
)
COLUMNS = (*KEYS, *FACTS)
