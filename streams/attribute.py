"""The fold of a host's raw records into sides: its connections, joined with the holders of their sockets.

Every open connection has a row in every window, idle or not. An owner that becomes known late is also emitted for
earlier windows, in rows that hold only the identity; they merge into the stored rows. A run emits nothing before its
first whole keyframe, because an incomplete state might name the wrong owner. A whole keyframe replaces all that is
known of connections, so that the emissions after it do not depend on when the reader started.

A topic whose collector failed is not restated, and its earlier state stays. Its connections are not emitted as idle,
because nobody has seen them, but their owners are emitted. An agent that starts after a long hole begins with an empty
state: a reader that starts then would not have the older state, and both must emit the same.
"""

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct, field

from schemas.graph import (
    AddressNameBatch,
    EventBatch,
    FlowRequestBatch,
    NodeBatch,
    NodeFactBatch,
    PlaceBatch,
    SideBatch,
)
from schemas.lives import MOST, Run, Spot
from schemas.raw import Batch, ConnectionBatch, Connections
from schemas.shares import covered
from streams.address_names import address_names
from streams.assembly import STATE, Window
from streams.connection import Connection
from streams.discovered import Discovered
from streams.events import Chronicle, sharing
from streams.host import Host, over
from streams.intake import Intake
from streams.ledger import CAUGHT_UP_MS, Behind, Bytes, Ledger
from streams.naming import NamingRule
from streams.nodes import nodes
from streams.places import places
from streams.requests import RequestFold
from streams.sides import SideRows, added, concatenated
from streams.spread import Past, caught_up, plus, spread

LATE_MS = 60_000  # how far back a late owner is emitted


class Folded(Struct, kw_only=True):
    """The emissions for one window of a host."""

    sides: list[tuple[int, SideBatch]] = field(default_factory=list)  # partition, batch
    nodes: NodeBatch = field(default_factory=NodeBatch)
    places: PlaceBatch = field(default_factory=PlaceBatch)
    events: EventBatch = field(default_factory=EventBatch)
    requests: list[FlowRequestBatch] = field(default_factory=list)
    facts: NodeFactBatch = field(default_factory=NodeFactBatch)
    names: AddressNameBatch = field(default_factory=AddressNameBatch)


class Attribution:
    """The fold over one host id. It takes batches of the raw topics in any interleaving, and emits whole windows."""

    def __init__(self, rules: Sequence[NamingRule] = (), partitions: int = 1) -> None:
        self.failure: Exception | None = None  # the error of a window that could not be folded; the caller resets it
        self._rules = rules
        self._partitions = partitions
        self._intake = Intake()
        self._folds: dict[Spot, HostFold] = {}

    @property
    def counters(self) -> Counter[str]:
        """Counts of repeated batches, incomplete windows and the like, since the fold began."""
        return self._intake.counters

    def feed(self, topic: str, batch: Batch) -> list[Folded]:
        """Take one batch; return the emissions of the windows that it completes.

        If a window cannot be folded, its spot loses that window and its state, which may be half changed. `failure`
        then holds the error.
        """
        emitted = []
        for spot, window in self._intake.add(topic, batch):
            try:
                folded = self._fold(spot).turn(window)
            except Exception as error:
                self.failure = error
                del self._folds[spot]
            else:
                emitted += [folded] if folded else []
        notices = self._intake.notices()
        if notices:
            emitted.append(Folded(events=EventBatch(events=sharing(notices))))
        return emitted

    def _fold(self, spot: Spot) -> "HostFold":
        if spot not in self._folds and len(self._folds) > MOST:
            del self._folds[next(iter(self._folds))]
        fold = self._folds.pop(spot, None) or HostFold(self.counters, self._rules, self._partitions)
        self._folds[spot] = fold  # at the end, so that the spot that has been idle longest comes first
        return fold


class HostFold:
    """The fold over what was seen in one spot, window by window."""

    def __init__(self, counters: Counter[str], rules: Sequence[NamingRule], partitions: int) -> None:
        self.counters = counters
        self._name = ""  # of the host, by its last whole keyframe
        self._rules = rules
        self._partitions = partitions
        self._host: Host | None = None
        self._chronicle = Chronicle()
        self._requests = RequestFold(counters)
        self._discovered = Discovered()
        self._last: tuple[int, Connections] = (-1, Connections())
        self._ledger = Ledger()
        self._ledger_run: Run | None = None
        self._run: Run | None = None  # the run whose state is complete
        self._until = 0  # end of the last emitted window
        self._missed = False  # connections may have closed unseen since all were restated

    def turn(self, window: Window) -> Folded | None:
        """Return the emissions of a window; None before the first whole keyframe."""
        header = window.any()
        run = (header.boot_id, header.run)
        if window.keyframe():
            hole = run != self._run and header.window - self._until > CAUGHT_UP_MS
            if hole or (self._host is not None and self._host.outdated(window, STATE & self._host.restated.keys())):
                self._host, self._discovered = None, Discovered()
            self._run = run
            self._name = window.name or self._name or header.host_id
        if run != self._run:
            self.counters["windows_before_a_keyframe"] += 1
            return None
        host = self._at(header)
        processes = host.learn(window)
        sides = self._sides(host, header, window)
        events = self._chronicle.turn(host, header, window)
        requests = self._requests.turn(host, header, window)
        held = places(host, header, window)
        facts = self._discovered.turn(host, header, window)
        host.forget(window)
        self._until = header.window + header.width
        return Folded(
            sides=sides,
            nodes=nodes(host, header, processes),
            places=held,
            events=EventBatch(events=events),
            requests=requests,
            facts=facts,
            names=address_names(host, header, window),
        )

    def _at(self, header: Batch) -> Host:
        if self._host is None or self._host.name != self._name:
            self._host = Host(header.host_id, header.boot_id, self._rules, self._name)
        return self._host

    def _sides(self, host: Host, header: Batch, window: Window) -> list[tuple[int, SideBatch]]:
        batches: list[ConnectionBatch] = window.batches("connections")
        rows = SideRows(header.window)
        counted = Connections(**concatenated([batch.connections for batch in batches]))
        restated = window.restates("connections")
        before = host.connections.copy() if restated else {}
        moved = host.outside.take(batches, restated=restated)
        reported = [connection for batch in batches for connection in host.admit(batch, moved, restated=restated)]
        counting = set(counted.cookie)
        if restated:
            host.connections = {cookie: held for cookie, held in host.connections.items() if cookie in counting}
        self._succeeded(host, window, reported, counting, restated=restated)
        found = self._resolved(host, header, window, set(over(counted)))
        for at, connections in self._late(host, header, found).items():
            rows.late(at, connections)
        others: dict[int, Connection] = {}
        if len(host.connections) > len(counting):
            others = {cookie: held for cookie, held in host.connections.items() if cookie not in counting}
        grid = covered(header.window, header.width, batches[0].covers if batches else 0)
        past: Past = {}
        behind = self._enter(window, batches, restated=restated)
        kept = self._catch_up(behind, header, reported, counted, before, past) if behind else {}
        if len(grid) > 1:
            reported, counted = spread(grid, header.width, reported, counted, others, past)
        counted = plus(counted, kept)
        last, counted_then = self._last
        if last == header.window:
            counted = added(counted, counted_then)
        self._last = (header.window, counted)
        for at, shared in sorted(past.items()):
            rows.past(at, list(shared.values()))
        rows.changed(reported, counted)
        rows.idle(list(others.values()), seen="connections" not in window.lacks())
        return rows.batches(header.width, self._partitions)

    def _succeeded(
        self, host: Host, window: Window, reported: Sequence[Connection], counting: set[int], *, restated: bool
    ) -> None:
        """Drop connections whose close was missed, once another connection has the same addresses and ports."""
        seen = window.complete() and "connections" not in window.lacks()
        self._missed = not restated and (self._missed or not seen)
        if self._missed and reported:
            flows = {connection.flow for connection in reported}
            host.connections = {
                cookie: held
                for cookie, held in host.connections.items()
                if cookie in counting or held.flow not in flows
            }

    def _enter(self, window: Window, batches: Sequence[ConnectionBatch], *, restated: bool) -> Behind | None:
        """Enter what a window counted into the ledger; return what has to be caught up."""
        header, beat = window.any(), window.heartbeat
        if self._ledger_run != (header.boot_id, header.run):
            self._ledger.doubt()
            self._ledger_run = (header.boot_id, header.run)
        end = header.window + header.width
        if batches:
            self._ledger.resume(end - (batches[0].covers or header.width))
        until = beat.stopped or end if beat is not None else end
        if restated:
            return self._ledger.restate(batches, until, whole=beat is not None and beat.booted > 0)
        whole = window.complete() and "connections" not in window.lacks()
        self._ledger.enter(batches, until if whole else None)
        return None

    def _catch_up(
        self,
        behind: Behind,
        header: Batch,
        found: list[Connection],
        counted: Connections,
        before: dict[int, Connection],
        past: Past,
    ) -> dict[int, Bytes]:
        """Share out what was counted in holes; return the part of this window."""
        latest = max((end for _, end in behind.holes), default=0)
        rows = []
        for cookie, opened, connection in zip(counted.cookie, counted.opened, found, strict=True):
            was = before.get(cookie) if cookie in behind.known else None
            there = was is not None and was.flow == connection.flow and was.since < latest
            if cookie in behind.bytes or there or (cookie in behind.opened and not opened):
                rows.append((cookie, connection, was or (connection if cookie in behind.known else None)))
        self.counters["bytes_caught_up"] += sum(map(sum, behind.bytes.values()))
        return caught_up(behind.holes, header.window, header.width, rows, behind.bytes, past)

    def _resolved(self, host: Host, header: Batch, window: Window, closed: set[int]) -> list[Connection]:
        """Find the owners of sockets that changed hands or have none; return the connections whose owner is new.

        A socket without an owner is examined when it is new, when it closes, and when the processes have changed.
        """
        found = []
        held = {cookie for batch in window.batches("owners") for cookie in (*batch.owners.cookie, *batch.gone.cookie)}
        moved = (held & host.connections.keys()) | (host.shared(held) if held else set())
        unresolved = {cookie for cookie, connection in host.connections.items() if connection.owner is None}
        again = unresolved
        if not host.stirred:
            new = {cookie for cookie in unresolved if host.connections[cookie].unowned == header.window}
            again = unresolved & (new | closed | moved)
        host.stirred = False
        for cookie in sorted(again | moved):
            connection = host.connections[cookie]
            host.resolve(cookie, connection, header)
            if cookie in unresolved and connection.owner is not None:
                found.append(connection)
        for cookie in sorted(closed & unresolved):
            connection = host.connections[cookie]
            if connection.owner is None and not connection.among:
                host.accept(connection, header.window)
                if connection.owner is not None:
                    found.append(connection)
        return found

    def _late(self, host: Host, header: Batch, found: list[Connection]) -> dict[int, list[Connection]]:
        """Return the earlier windows for which new owners are emitted, with their connections.

        Windows from before this reader knew all owners are left out, because another reader may have known others.
        """
        late: dict[int, list[Connection]] = {}
        if host.owned_since is None:
            return late
        for connection in found:
            assert connection.owner is not None
            first = max(
                connection.unowned,
                host.owned_since,
                header.window - LATE_MS // header.width * header.width,
                connection.owner.started // header.width * header.width,
            )
            for at in range(first, header.window, header.width):
                late.setdefault(at, []).append(connection)
        return late
