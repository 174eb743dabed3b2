"""Sides as columns. They are built from connections column by column, and split by partition."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from schemas.columns import Columns
from schemas.counted import COUNTED, HAPPENED, SUMS
from schemas.graph import Ends, Identities, SideBatch, Sides
from schemas.raw import Connections
from streams.connection import Connection, Identity

BATCH_ROWS = 20_000  # the most rows of one message, so that it stays well below the topic's limit


class SideRows:
    """Collects the sides of one host in one window, and late facts about earlier windows."""

    def __init__(self, window: int) -> None:
        self._window = window
        self._who: dict[Identity, int] = {}
        self._found: list[Connection] = []
        self._sides: dict[str, list[Any]] = {name: [] for name in Sides.__struct_fields__}
        self._ends: dict[str, list[Any]] = {name: [] for name in Ends.__struct_fields__}

    def changed(self, found: Sequence[Connection], counted: Connections) -> None:
        """Add connections and their counters; both have the same rows."""
        self._identify(self._window, found, seen=True)
        for name in COUNTED:
            self._ends[name] += getattr(counted, name)

    def idle(self, found: Sequence[Connection], *, seen: bool) -> None:
        """Add open connections that counted nothing, or that could not be `seen` in this window."""
        self._identify(self._window, found, seen=seen)
        self._pad()

    def late(self, window: int, found: Sequence[Connection]) -> None:
        """Add only the owners of these connections, for an earlier window.

        The verdict about the server was emitted then. Now it might differ, and only in readers that started later.
        """
        self._identify(window, found, seen=False)
        self._sides["verdict"][len(self._sides["verdict"]) - len(found) :] = [0] * len(found)
        self._pad()

    def past(self, window: int, rows: Sequence[tuple[Connection, dict[str, Any]]]) -> None:
        """Add connections of an earlier window with their shares of the counters."""
        self._identify(window, [connection for connection, _ in rows], seen=True)
        numbers: dict[tuple[str, int], int] = {}
        for row, (connection, values) in enumerate(rows, len(self._ends["who"]) - len(rows)):
            flow = (connection.flow, connection.end)
            self._sides["nth"][row] = numbers[flow] = numbers.get(flow, -1) + 1
            for name in COUNTED:
                self._ends[name].append(values.get(name, name not in HAPPENED and 0))

    def batches(self, width: int, partitions: int) -> list[tuple[int, SideBatch]]:
        """Return the rows with their partition, in batches of at most BATCH_ROWS."""
        self._count_again()
        split: dict[int, list[int] | range] = {0: range(len(self._sides["flow"]))}
        if partitions > 1:
            split = _by_partition(self._found, partitions)
        identities = list(self._who)
        return [
            (partition, _batch(width, _take(self._sides, part), _take(self._ends, part), identities))
            for partition, rows in sorted(split.items())
            for start in range(0, len(rows), BATCH_ROWS)
            if (part := rows[start : start + BATCH_ROWS])
        ]

    def _identify(self, window: int, found: Sequence[Connection], *, seen: bool) -> None:
        who, sides, ends = self._who, self._sides, self._ends
        sides["window"] += [window] * len(found)
        sides["flow"] += [connection.flow for connection in found]
        sides["nth"] += [connection.nth if connection.nth_at == window else 0 for connection in found]
        self._found += found
        sides["end"] += [connection.end for connection in found]
        sides["verdict"] += [connection.verdict for connection in found]
        sides["stack"] += [connection.stack for connection in found]
        sides["link"] += [connection.cable for connection in found]
        ends["who"] += [who.setdefault(connection.who, len(who) + 1) for connection in found]
        ends["seen"] += [seen] * len(found)
        ends["since"] += [connection.since for connection in found]
        ends["fresh"] += [connection.fresh for connection in found]
        ends["alias"] += [connection.within and connection.alias for connection in found]
        ends["protocol"] += [connection.spoken.protocol for connection in found]
        ends["tls_name"] += [connection.spoken.tls_name for connection in found]

    def _pad(self) -> None:
        rows = len(self._sides["flow"])
        for name in COUNTED:
            column = self._ends[name]
            column += [name not in HAPPENED and 0] * (rows - len(column))

    def _count_again(self) -> None:
        """Give numbers to connections that share a flow, an end and a window, because a port was used again at once.

        The number is kept for late rows of the window.
        """
        sides = self._sides
        if len(set(sides["flow"])) == len(sides["flow"]):
            return
        keys = list(zip(sides["window"], sides["flow"], sides["end"], strict=True))
        if len(set(keys)) == len(keys):
            return
        rows: dict[tuple[int, str, int], list[int]] = {}
        for row, key in enumerate(keys):
            rows.setdefault(key, []).append(row)
        for (window, _, _), shared in rows.items():
            if len(shared) > 1 and window == self._window:
                self._number([self._found[row] for row in shared])
                for row in shared:
                    sides["nth"][row] = self._found[row].nth

    def _number(self, shared: list[Connection]) -> None:
        free = max([connection.nth + 1 for connection in shared if connection.nth_at == self._window], default=0)
        for connection in shared:
            if connection.nth_at != self._window:
                connection.nth, connection.nth_at = free, self._window
                free += 1


def _by_partition(found: list[Connection], partitions: int) -> dict[int, list[int] | range]:
    split: list[list[int]] = [[] for _ in range(partitions)]
    for row, connection in enumerate(found):
        split[connection.spread % partitions].append(row)
    return {partition: rows for partition, rows in enumerate(split) if rows}


def _take(columns: dict[str, list[Any]], rows: Sequence[int]) -> dict[str, list[Any]]:
    if isinstance(rows, range):
        return {name: column[rows.start : rows.stop] for name, column in columns.items()}
    if len(rows) == 1:
        return {name: [column[rows[0]]] for name, column in columns.items()}
    pick = itemgetter(*rows)  # three times as fast as a loop
    return {name: list(pick(column)) for name, column in columns.items()}


def _batch(width: int, sides: dict[str, Any], ends: dict[str, Any], identities: list[Identity]) -> SideBatch:
    used = sorted(set(ends["who"]))
    numbers = {old: new for new, old in enumerate(used, start=1)}
    ends = {**ends, "who": [numbers[old] for old in ends["who"]]}
    return SideBatch(
        width=width,
        sides=Sides(**sides),
        identities=Identities.of(identities[old - 1] for old in used),
        ends=Ends(**ends),
    )


def added(columns: Connections, before: Connections) -> Connections:
    """Return the columns with the counters of the same sockets in `before` added.

    A window is reported twice when an agent was restarted in it; its rows then hold the sum.
    """
    at = {cookie: row for row, cookie in enumerate(before.cookie)}
    rows = [at.get(cookie, -1) for cookie in columns.cookie]
    summed = {}
    for name in SUMS:
        old = [*getattr(before, name), 0]
        summed[name] = [value + old[row] for value, row in zip(getattr(columns, name), rows, strict=True)]
    return type(columns)(**{name: summed.get(name, getattr(columns, name)) for name in columns.__struct_fields__})


def concatenated(batches: Sequence[Columns]) -> dict[str, list[Any]]:
    """Return the columns of several batches as one."""
    if len(batches) == 1:
        return {name: getattr(batches[0], name) for name in batches[0].__struct_fields__}
    names = batches[0].__struct_fields__ if batches else ()
    return {name: [value for batch in batches for value in getattr(batch, name)] for name in names}
