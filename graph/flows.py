"""Flows: add up the rows of `edges` with the same two ends, and make edges between processes from them.

A row of `edges` has the two ends of a flow side by side, a and b; either may serve. Rows are added up first, while an
identity is still one text, because that is fast. Then unknown ends are looked up in `places`, and a and b become client
and server.
"""

from collections.abc import Collection, Iterable
from functools import partial

from graph.columns import ENDS, KEY, STRENGTH
from graph.identity import address_id, part, process_id
from graph.orientation import oriented, seen, server_port, serves
from graph.packing import ABOUT, COUNTED, HAPPENINGS, LABELS, PACKED, Pack, plain
from graph.places import lost_end, resolved
from graph.sql import either, inside, select
from schemas.graph import bit
from schemas.verdict import RULES

_FLOW_SERVES = serves("flow")
_OF_END = ("scope", "address", "who")
_ENDPOINTS = {f"{end}_{name}": f"flow.{end}_{name}" for end in "ab" for name in _OF_END}
_OF_FLOW = ("width_ms", "first", "last", *LABELS, "happened", "active")


def packed_edges(
    when: str, moment: str, concerns: str = "", *, addresses: bool | str = False, names: Collection[str] = tuple(PACKED)
) -> str:
    """Return edges between processes, or addresses, as packed rows (graph/packing.py), of windows where `when` holds.

    Whether they are between addresses may be said by a constant of SQL, too.

    A row covers all windows with the same `moment`. One edge may have two rows, if the identities of its ends are known
    in two ways. `concerns` is a condition on the ends. All conditions use columns of `flow`. `names` are the columns
    besides the key.
    """
    columns = {
        **{end: either(addresses, address_id(end), process_id(end)) for end in ENDS},
        **{name: name for name in ("transport", "server_port", *_OF_FLOW)},
        "strength": f"toUInt8({[STRENGTH.index(rule) + 1 for rule in RULES]}[intDiv(verdict, 2) + 1])",
        **{f"{end}_about": ABOUT.array(partial(_about, end)) for end in ENDS},
        **{f"{end}_{pack.name}": f"{end}_{pack.name}" for end in ENDS for pack in COUNTED},
    }
    packs = [pack for pack in COUNTED if any(f"{end}_{pack.name}" in names for end in ENDS)]
    of_flow = [name for name in _OF_FLOW if name in names]
    rows = _oriented(resolved(_added_up(when, moment, concerns, of_flow, packs)), of_flow, packs)
    return select({name: columns[name] for name in (*KEY, *names)}, inside(rows))


def edges(when: str, moment: str, columns: Iterable[str]) -> str:
    """Return the same with plain columns (graph/columns.py)."""
    return select({name: plain(name) for name in columns}, inside(packed_edges(when, moment)))


def _about(end: str, name: str) -> str:
    return f"{end}_address" if name == "address" else part(f"{end}_who", name)


def _added_up(when: str, moment: str, concerns: str, of_flow: Iterable[str], packs: Iterable[Pack]) -> str:
    """Return flows between the same two ends at the same moment, their counters as arrays."""
    over = " OR ".join(f"flow.{end}_{name}" for name in ("closed", "failed") for end in "ab")
    added = {
        "width_ms": "toUInt32(max(flow.width_ms))",
        "first": "min(flow.window)",
        "last": "max(flow.window)",
        **{name: f"max(greatest(flow.a_{name}, flow.b_{name}))" for name in LABELS},
        "happened": HAPPENINGS.added_up(_once),
        "active": f"sumArgMax(NOT ({over}), flow.window)",
    }
    columns = {
        "transport": "flow.transport",
        "verdict": "flow.verdict",
        "server_port": server_port("flow"),
        **_ENDPOINTS,
        **lost_end(),
        **{name: added[name] for name in of_flow},
        **{f"{end}_{pack.name}": pack.added_up(f"flow.{end}_{{}}".format) for end in "ab" for pack in packs},
    }
    where = f"{when} AND {seen('flow')}" + (f" AND ({concerns})" if concerns else "")
    group = ("flow.transport", "flow.verdict", "server_port", *_ENDPOINTS.values(), *lost_end())
    return select(columns, "edges AS flow FINAL", where=where, group=(moment, *group))


def _once(name: str) -> str:
    """Count an event of a connection once: as its client saw it, or else as its server did.

    An event that the server saw does not count if the client saw it in another window (streams/meetings.py).
    """
    if name == "failed":
        return "greatest(flow.a_failed, flow.b_failed)"
    a_alone, b_alone = (f"bitAnd(flow.elsewhere, {bit(end, name)}) = 0 AND flow.{'ab'[end]}_{name}" for end in (0, 1))
    by_a, by_b = f"if(flow.a_seen, flow.a_{name}, {b_alone})", f"if(flow.b_seen, flow.b_{name}, {a_alone})"
    return f"if({_FLOW_SERVES}, {by_a}, {by_b})"


def _oriented(rows: str, of_flow: Iterable[str], packs: Iterable[Pack]) -> str:
    """Put client and server in the places of a and b."""
    columns = {name: name for name in ("transport", "server_port", "verdict", *of_flow)}
    return select(columns | oriented((*_OF_END, *(pack.name for pack in packs))), inside(rows))
