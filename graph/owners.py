"""Who owned an address and port at a time, and who may have: as far as that is certain to the minute.

An address is looked up as it stood then, in each scope that has it. Who listened on the port there goes before who had
the address, and a holder that is known before one that is not. Nothing belongs to a process that had exited or had not
started, and nothing to a host whose address another one has since. If several remain, all are listed: what changed
hands within a minute may be of either.
"""

from typing import NamedTuple

from graph.address_lifetimes import ADDRESS_LIFETIMES, address_lifetimes
from graph.lifetimes import STANDING, asked
from graph.model import iso_ms
from graph.process_lifetimes import running
from graph.sql import inside, select, text

_AT, _ADDRESS, _PORT = asked("at"), "{address:String}", "{port:UInt32}"
_LOOPBACK = f"match({_ADDRESS}, '^(127[.]|::1$)')"
# Loopback reaches what listens on any address: closest is the address itself, then any of its family, then of both.
_CLOSEST = f"[{_ADDRESS}, if(position({_ADDRESS}, ':') > 0, '::', '0.0.0.0'), '::']"
_RANK = f"if(port > 0, indexOf({_CLOSEST}, toString(address)), 9)"


def owner_of() -> str:
    """Return who owned {address} and {port} at {at}; a port of 0 asks for the address alone: the view."""
    alone = f"address = {_ADDRESS} AND port IN (0, {_PORT})"
    within = f"{_PORT} > 0 AND port = {_PORT} AND address IN ({_ADDRESS}, '0.0.0.0', '::')"
    lives = address_lifetimes(f"if({_LOOPBACK} AND {_PORT} > 0, {within}, {alone})")
    standing = f"since <= {_AT} AND {_AT} < until + {STANDING}"
    alive = inside(select([f"arrayJoin([{', '.join(_names().values())}]) AS holder"], inside(running(_AT))))
    known = ", ".join(f"{part} != '', {name}" for part, name in _names().items())
    found = select(["*", f"{_AT} < until AS present", f"multiIf({known}, '') AS holder"], inside(lives), where=standing)
    scoped = "OVER (PARTITION BY scope)"
    newest = select(
        ["*", f"max(present) {scoped} AS some", f"max(until) {scoped} AS newest"],
        inside(found),
        where=f"holder = '' OR holder IN {alive}",
    )
    hosts = "OVER (PARTITION BY scope, host"
    ranked = select(
        [
            "*",
            f"max(port > 0) {hosts}) AS listens",
            f"min({_RANK}) {hosts}, transport) AS nearest",
            f"max(holder != '') {hosts}, transport) AS named",
        ],
        inside(newest),
        where="if(some, present, until = newest)",
    )
    columns = [column.name for column in ADDRESS_LIFETIMES]
    best = f"if(port > 0, {_RANK} = nearest, NOT listens) AND (holder != '' OR NOT named)"
    chosen = select(columns, inside(ranked), where=best)
    return f"{chosen}\nORDER BY scope, host, transport, since DESC"


def _names() -> dict[str, str]:
    """Return by what a holder is found among the processes that ran: the best that is known of it."""
    return {
        "node": "node",
        **{part: f"concat('{part} ', host, ' ', {part})" for part in ("container", "pod", "service")},
    }


class OwnerRow(NamedTuple):
    """A row of `owners` and `held`: who has an address, or listens on a port of it. Times in ms."""

    address: str
    port: int
    transport: str
    scope: str
    host: str
    hostname: str
    node: str
    pid: int
    service: str
    name: str
    container: str
    container_name: str
    namespace: str
    pod: str
    tied: int
    since: int
    until: int


def owners() -> str:
    """Return who owned %(address)s and %(port)s at %(at)s, ms, on %(hosts)s; [""] for any host."""
    view = "owner_of(address = %(address)s, port = %(port)s, at = fromUnixTimestamp64Milli(%(at)s, 'UTC'))"
    return select(_COLUMNS, f"{view} AS life", where=_HOSTS)


def owner_statement(address: str, port: int, at: int) -> str:
    """Return the SQL for the owners of an address and port at a time, ms."""
    return f"SELECT * FROM owner_of(address = {text(address)}, port = {port}, at = '{iso_ms(at)}')\n"


def hosts_called() -> str:
    """Return the hosts that have, or had, the name or id %(host)s."""
    return select({"host": "host", "name": "any(hostname)"}, "process_lifetimes", where=_CALLED, group=("host",))


def held() -> str:
    """Return who owned them at the other times that are nearest to that: before, or else after."""
    where = f"life.address = %(address)s AND life.port IN (0, %(port)s) AND {_HOSTS}"
    ago = "toUnixTimestamp64Milli(life.until) - toInt64(%(at)s)"
    rows = select(_COLUMNS, "address_lifetimes AS life", where=where)
    return f"{rows}\nORDER BY port = 0, {ago} > 0, abs({ago}), scope, host\nLIMIT 1"


_CALLED = "host = %(host)s OR hostname = %(host)s"
_HOSTS = "('' IN %(hosts)s OR life.host IN %(hosts)s)"
_COLUMNS = {name: f"life.{name}" for name in OwnerRow._fields} | {
    name: f"toUnixTimestamp64Milli(life.{name})" for name in ("since", "until")
}
