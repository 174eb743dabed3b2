"""Run both folds over a log in a chosen order, and merge the emissions into tables, as the store does."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from math import inf
from random import Random
from typing import Any

from log.protocol import Record
from schemas.codec import decode
from schemas.graph import (
    AddressNames,
    EdgeBatch,
    Edges,
    Ends,
    Events,
    FlowRequests,
    Identities,
    NodeFacts,
    Nodes,
    Places,
)
from schemas.merge import merge, merge_all
from streams.rewind import STRETCH_MS
from streams.stage import AttributeStage, Emission, PairStage, Stage

WHO, SEEN, PROTOCOL = (Ends.__struct_fields__.index(name) for name in ("who", "seen", "protocol"))
NOBODY = next(iter(Identities.blank(1).rows()))
Row = tuple[Any, ...]
Order = Callable[[list[Record]], list[Record]]
Tables = dict[str, dict[Row, Row]]
_KINDS = {
    "nodes": Nodes,
    "places": Places,
    "facts": NodeFacts,
    "names": AddressNames,
    "events": Events,
    "requests": FlowRequests,
}


def in_order(messages: list[Record]) -> list[Record]:
    """Read in the order of the log."""
    return messages


def shuffled(random: Random, by: Callable[[Record], Any], apart_ms: float = inf) -> Order:
    """Switch between queues at random (`by` names the queue of a message). Each queue keeps its order.

    No queue is read further ahead of the slowest one than `apart_ms`.
    """

    def order(messages: list[Record]) -> list[Record]:
        queues: dict[Any, list[Record]] = {}
        for message in messages:
            queues.setdefault(by(message), []).append(message)
        waiting = [queue[::-1] for queue in queues.values()]
        random.shuffle(waiting)
        burst = random.choice((1, 5, 10_000))
        read = []
        while waiting:
            reach = min(queue[-1].timestamp for queue in waiting) + apart_ms
            near = [queue for queue in waiting if queue[-1].timestamp <= reach]
            queue = random.choice(near) if burst == 1 else near[0]
            for _ in range(min(burst, len(queue))):
                if queue[-1].timestamp <= reach:
                    read.append(queue.pop())
            waiting = [queue for queue in waiting if queue]
            if burst > 1:
                random.shuffle(waiting)
        return read

    return order


def fold(make: Callable[[], Stage], messages: list[Record], restarts: Iterable[int] = ()) -> list[tuple[int, Emission]]:
    """Feed a stage. At each restart drop its state, and rebuild it from a stretch of what was read."""
    stage = make()
    cuts = set(restarts)
    out = []
    for number, message in enumerate(messages):
        if number in cuts:
            stage = make()
            for past in rewound(stage, messages[:number]):
                out += [(message.timestamp, emission) for emission in stage.feed(past)]
        out += [(message.timestamp, emission) for emission in stage.feed(message)]
    return out


def rewound(stage: Stage, read: list[Record]) -> list[Record]:
    """Return the records that a reader reads again, topic by topic, as streams.rewind does."""
    queues: dict[tuple[int, str], list[Record]] = defaultdict(list)
    for message in read:
        queues[message.partition, message.topic].append(message)
    return [
        message
        for key in sorted(queues)
        for message in queues[key]
        if message.timestamp >= queues[key][-1].timestamp - STRETCH_MS
    ]


def sides_of(emitted: list[tuple[int, Emission]]) -> list[Record]:
    """Return the sides as they are read from the log."""
    offsets: defaultdict[int, int] = defaultdict(int)
    sides = []
    for timestamp, emission in emitted:
        if emission.topic == "sides":
            partition = emission.partition or 0
            offset = offsets[partition]
            sides.append(Record("sides", partition, offset, timestamp, emission.key, emission.value))
            offsets[partition] += 1
    return sides


def tables(
    messages: list[Record],
    *,
    order: Order = in_order,
    pair_order: Order = in_order,
    partitions: int = 1,
    restarts: Iterable[int] = (),
    pair_restarts: Callable[[int], Iterable[int]] = lambda count: (),
    then: list[Record] = [],  # noqa: B006 - read only
) -> Tables:
    """Return the stored tables after all records were folded, and the records `then` again by new readers."""
    reported = fold(lambda: AttributeStage(partitions=partitions), order(messages), restarts)
    reported += fold(lambda: AttributeStage(partitions=partitions), then)
    sides = pair_order(sides_of(reported))
    edges = fold(PairStage, sides, pair_restarts(len(sides)))
    return stored([emission for _, emission in (*reported, *edges)])


def stored(emissions: Iterable[Emission]) -> Tables:
    """Merge all rows into tables, by the merges that their columns declare."""
    rows: dict[str, list[Row]] = {name: [] for name in _KINDS}
    edges: dict[Row, Row] = {}
    for emission in emissions:
        if emission.topic == "nodes":
            rows["nodes"] += decode("nodes", emission.value).nodes.rows()
        elif emission.topic == "places":
            rows["places"] += decode("places", emission.value).places.rows()
        elif emission.topic == "node-facts":
            rows["facts"] += decode("node-facts", emission.value).facts.rows()
        elif emission.topic == "address-names":
            rows["names"] += decode("address-names", emission.value).names.rows()
        elif emission.topic == "events":
            rows["events"] += decode("events", emission.value).events.rows()
        elif emission.topic == "flow-requests":
            rows["requests"] += decode("flow-requests", emission.value).requests.rows()
        elif emission.topic == "edges":
            _add(edges, decode("edges", emission.value))
    return {"edges": edges, **{name: merge_all(kind, rows[name]) for name, kind in _KINDS.items()}}


def edges_of(emissions: Iterable[Emission]) -> dict[Row, Row]:
    """Merge the rows of edges."""
    edges: dict[Row, Row] = {}
    for emission in emissions:
        _add(edges, decode("edges", emission.value))
    return edges


def _add(table: dict[Row, Row], batch: EdgeBatch) -> None:
    who = [NOBODY, *batch.identities.rows()]
    ends = (batch.a.who, batch.a.rows(), batch.b.who, batch.b.rows())
    for edge, a, of_a, b, of_b in zip(batch.edges.rows(), *ends, strict=True):
        row = (edge, who[a], _without_who(of_a), who[b], _without_who(of_b))
        held = table.get(edge[:3])
        kinds = (Edges, Identities, Ends, Identities, Ends)
        table[edge[:3]] = row if held is None else tuple(map(merge, kinds, held, row))


def _without_who(end: Row) -> Row:
    return (*end[:WHO], 0, *end[WHO + 1 :])


def difference(one: Tables, other: Tables) -> list[str]:
    """Describe the rows that differ."""
    return [
        f"{table} {key}:\n  {one[table].get(key)}\n  {other[table].get(key)}"
        for table in one
        for key in sorted(one[table].keys() | other[table].keys())
        if one[table].get(key) != other[table].get(key)
    ]
