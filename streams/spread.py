"""Share out counters that cover several windows over these windows.

After a time in which nobody counted, the next counters cover all of that time. In one window they would be a peak, and
the windows before would seem idle. So each window gets its share by time, and the sum stays the same. Connections that
opened or closed in that time are placed evenly, in the order of their cookies. Sockets are made in about this order.
"""

from collections.abc import Sequence
from operator import add
from typing import Any

from msgspec.structs import replace

from schemas.counted import COUNTED, SUMS
from schemas.raw import Connections
from schemas.shares import shares, thinned
from streams.connection import Connection
from streams.ledger import Bytes, Hole

Values = dict[str, Any]
Past = dict[int, dict[int, tuple[Connection, Values]]]  # window -> cookie -> connection, and its non-blank values


def spread(
    windows: Sequence[int],
    width: int,
    found: Sequence[Connection],
    counted: Connections,
    idle: dict[int, Connection],
    past: Past,
) -> tuple[list[Connection], Connections]:
    """Share out a batch of connections over windows; return the part of the last window.

    The parts of the earlier windows are added to `past`, with the connections that are `idle`.
    """
    windows = thinned(windows, len(found) + len(idle))
    before, last = windows[:-1], len(windows) - 1
    opened, closed = _evenly(counted.opened, counted.cookie, last), _evenly(counted.closed, counted.cookie, last)
    columns = {name: getattr(counted, name) for name in COUNTED}
    kept, left = [], []
    for row, connection in enumerate(found):
        values = {name: column[row] for name, column in columns.items()}
        begin = max(opened.get(row, 0), _begun(connection, windows, width) if row in opened else 0)
        end = max(closed.get(row, last), begin)
        parts = {name: shares(values[name], [1] * (end - begin + 1)) for name in SUMS}
        placed = {at: {name: part[at - begin] for name, part in parts.items()} for at in range(begin, end + 1)}
        placed[begin]["opened"] = values["opened"]
        placed[end].update(closed=values["closed"], failed=values["failed"])
        for at, some in placed.items():
            if at < last:
                _add(past, before[at], counted.cookie[row], connection, some)
            else:
                kept.append(connection)
                left.append((row, {"opened": False, **some}))
    for at in before:
        for cookie, connection in idle.items():
            _add(past, at, cookie, connection, {})
    return kept, _picked(counted, left)


def caught_up(
    holes: Sequence[Hole],
    now: int,
    width: int,
    rows: Sequence[tuple[int, Connection, Connection | None]],
    behind: dict[int, Bytes],
    past: Past,
) -> dict[int, Bytes]:
    """Share out over holes what was counted in them; return the part of the window `now`, which emits it.

    A row is a cookie, its connection, and the connection as it was before the hole; None if it opened in the hole.
    """
    lost = _lost(holes, width, now)
    inside = thinned([at for at in lost if at < now], len(rows))
    places = [*inside, *([now] if now in lost or not inside else [])]
    new = sorted(cookie for cookie, _, before in rows if before is None)
    first = {cookie: number * len(places) // len(new) for number, cookie in enumerate(new)}
    kept = {}
    for cookie, connection, before in rows:
        begin = max(first.get(cookie, 0), _begun(connection, places, width) if before is None else 0)
        mine = places[begin:]
        weights = [lost.get(at, width) for at in mine]
        sent, received = (shares(value, weights) for value in behind.get(cookie, (0, 0)))
        for number, at in enumerate(mine):
            if at == now:
                kept[cookie] = (sent[number], received[number])
                continue
            some: Values = {"sent_bytes": sent[number], "received_bytes": received[number]}
            if before is None and number == 0:
                some["opened"] = True
            _add(past, at, cookie, before or connection, some)
    return kept


def _add(past: Past, at: int, cookie: int, connection: Connection, values: Values) -> None:
    """Add what belongs to a connection in a window; the sums of one already there grow."""
    rows = past.setdefault(at, {})
    _, held = rows.get(cookie, (connection, {}))
    sums = {name: held[name] + values[name] for name in SUMS if name in held and name in values}
    rows[cookie] = (connection, {**held, **values, **sums})


def _lost(holes: Sequence[Hole], width: int, now: int) -> dict[int, int]:
    """Return how much of each window is in a hole, ms, in order."""
    lost: dict[int, int] = {}
    for begin, end in holes:
        for at in range(begin - (begin - now) % width, min(end, now + width), width):
            lost[at] = lost.get(at, 0) + min(end, at + width) - max(begin, at)
    return dict(sorted(lost.items()))


def _evenly(flags: Sequence[bool], cookies: Sequence[int], last: int) -> dict[int, int]:
    """Return where each flagged row is placed, 0 to `last`: evenly, in the order of cookies."""
    rows = sorted((row for row, flag in enumerate(flags) if flag), key=lambda row: cookies[row])
    return {row: number * (last + 1) // len(rows) for number, row in enumerate(rows)}


def _begun(connection: Connection, windows: Sequence[int], width: int) -> int:
    """Return the first place at which the process that owns a connection had started."""
    started = connection.owner.started if connection.owner else 0
    at = next((at for at, window in enumerate(windows) if window + width > started), 0)
    return min(at, len(windows) - 1)


def _picked(counted: Connections, rows: Sequence[tuple[int, Values]]) -> Connections:
    """Return some rows, with other values in some columns."""
    picked = {}
    for name in counted.__struct_fields__:
        column = getattr(counted, name)
        picked[name] = [some.get(name, column[row]) for row, some in rows]
    return type(counted)(**picked)


def plus(counted: Connections, more: dict[int, Bytes]) -> Connections:
    """Return the columns with bytes added to some connections."""
    if not any(map(any, more.values())):
        return counted
    extra = [more.get(cookie, (0, 0)) for cookie in counted.cookie]
    sent, received = zip(*extra, strict=True)
    return replace(
        counted,
        sent_bytes=list(map(add, counted.sent_bytes, sent)),
        received_bytes=list(map(add, counted.received_bytes, received)),
    )
