"""GraphJSON 0.4, as Spigo writes it: a log of what appeared and what went, in the order of time."""

from collections.abc import Iterator
from io import TextIOBase
from typing import Any

import msgspec

from simulation.exports.moments import rfc3339
from simulation.history import History, Life, Vertex

VERSION = "spigo-0.4"
_NODE, _EDGE, _FORGET, _DONE = range(4)  # of one moment, in this order

Entry = tuple[int, int, dict[str, Any]]


def write(history: History, out: TextIOBase) -> None:
    """Write the whole past, one entry a line. What lasts to the end says goodbye there, as in Spigo."""
    name = history.architecture.name
    about = {"arch": name, "version": VERSION, "args": f"servicemap simulate {name}", "date": rfc3339(history.start_ms)}
    out.write(f'{_json(about)[:-1]},\n"graph":[\n')
    entries = sorted(_entries(history), key=lambda entry: entry[:2])
    out.write(",\n".join(_json(entry | {"timestamp": rfc3339(at)}) for at, _, entry in entries))
    out.write("\n]}\n")


def _entries(history: History) -> Iterator[Entry]:
    for vertex in history.vertices.values():
        for life in vertex.lives:
            yield life.start_ms, _NODE, _node(vertex)
            exit_ = "killed" if life.killed else "normal"
            yield _end(life, history), _DONE, {"done": vertex.name, "exit": exit_}
    number = 0
    for arc in history.arcs.values():
        for life in arc.lives:
            number += 1
            ends = {"source": arc.pair.source, "target": arc.pair.target}
            yield life.start_ms, _EDGE, {"edge": f"e{number}", **ends}
            if life.end_ms is not None:
                yield life.end_ms, _FORGET, {"forget": f"e{number}", **ends}


def _node(vertex: Vertex) -> dict[str, str]:
    service = vertex.instance.service
    package = service.package or service.program.name
    return {"node": vertex.name, "package": package, "metadata": f"IP/{vertex.instance.address}"}


def _end(life: Life, history: History) -> int:
    return history.end_ms if life.end_ms is None else life.end_ms


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
