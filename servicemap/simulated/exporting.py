"""Writing simulations for other programs: each format whole, or not at all."""

import sys
from collections.abc import Callable, Iterable, Mapping
from io import StringIO, TextIOBase
from pathlib import Path
from typing import NamedTuple

from servicemap.options import Failure
from simulation.architecture import Architecture
from simulation.exports import gexf, graphjson, graphml, otlp, zipkin
from simulation.history import History
from simulation.traces import Span, Tracer
from simulation.truth import TrueWindow

GRAPHS: Mapping[str, Callable[[History, TextIOBase], None]] = {
    "graphjson": graphjson.write,
    "graphml": graphml.write,
    "gexf": gexf.write,
}
TRACES: Mapping[str, Callable[[Iterable[list[Span]], TextIOBase], None]] = {
    "zipkin": zipkin.write,
    "otlp": otlp.write,
}
FORMATS = (*GRAPHS, *TRACES)
STDOUT = "-"


class Export(NamedTuple):
    """A format, and the file that gets it; - is stdout."""

    form: str
    file: str


class Exporter:
    """Takes the truth window by window, and writes it at the end."""

    def __init__(self, exports: Iterable[Export], architecture: Architecture, seed: int) -> None:
        self._exports = tuple(exports)
        self._history = History(architecture)
        self._tracer = Tracer(seed)
        self._traces: list[list[Span]] = []

    def take(self, window: TrueWindow) -> None:
        """Add a window to what is to be written."""
        if any(export.form in GRAPHS for export in self._exports):
            self._history.take(window)
        if any(export.form in TRACES for export in self._exports):
            self._traces += self._tracer.traces(window)

    def write(self) -> None:
        """Write all files."""
        for export in self._exports:
            out = StringIO()
            if export.form in GRAPHS:
                GRAPHS[export.form](self._history, out)
            else:
                TRACES[export.form](self._traces, out)
            _put(out.getvalue(), export.file)


def _put(text: str, file: str) -> None:
    if file == STDOUT:
        sys.stdout.write(text)
        return
    fresh = Path(f"{file}.new")
    try:
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(file)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise Failure(f"cannot write {file} ({error.strerror}): give another file to --export") from None
