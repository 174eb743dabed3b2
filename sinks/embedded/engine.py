"""The only module that touches chdb: opens the engine, runs statements, names its errors.

The engine's extension module is loaded on its own. `import chdb` opens and closes an in-memory
engine and pulls helpers in; the extension alone starts in a fifth of a second and needs neither
pandas, pyarrow nor numpy. One process may open one data directory, and must not fork afterwards.
"""

import ctypes
import importlib.machinery
import importlib.util
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from sinks.embedded.memory import drop_clean_pages, touched_pages

# Small caches and pools: this engine serves one host's map, beside the host's own work. Measured:
# 210 MB resident after start instead of 245, 9 threads instead of 27, and 0.2 % less of a core at rest.
KNOBS = {
    "mark_cache_size": 32 << 20,
    "uncompressed_cache_size": 0,
    "index_mark_cache_size": 0,
    "mmap_cache_size": 0,
    "compiled_expression_cache_size": 0,
    "background_pool_size": 1,
    "background_merges_mutations_concurrency_ratio": 2,
    "background_schedule_pool_size": 2,
    "background_common_pool_size": 2,
    "background_move_pool_size": 1,
    "background_fetches_pool_size": 1,
    "tables_loader_foreground_pool_size": 1,
    "tables_loader_background_pool_size": 1,
    "max_thread_pool_free_size": 2,
    "max_io_thread_pool_size": 4,
    "max_io_thread_pool_free_size": 0,
    "memory_worker_period_ms": 2000,
    "memory_worker_use_cgroup": 0,  # its files are out of reach, and those of a whole machine count other programs too
}
# Of every session. To compile the views' expressions takes longer than to run them, and nothing compiled is kept.
SETTINGS = {
    "compile_expressions": 0,
    "compile_aggregate_expressions": 0,
    "compile_sort_description": 0,
    "optimize_and_compare_chain": 0,  # a third of the time in which long queries are planned, and ours have no chains
    "print_pretty_type_names": 0,  # types are sent to clients in one line
}
HOME = "servicemap"
_ERROR = re.compile(r"Code: (\d+)\. (.*)", re.S)
_NAME = re.compile(r"\(([A-Z][A-Z0-9_]+)\)(?:\s*\(version [^)]*\))?\s*$")
_SURROGATE = re.compile("[\udc80-\udcff]")
_MAX_BLOCK = 128 << 20  # bytes of a result at a time: it is copied on its way
_NOT_STREAMED = "Streaming query is not supported for query"


class EngineError(Exception):
    """What ClickHouse answers to a bad statement: its own code, error name and message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        found = _NAME.search(message)
        self.name = found[1] if found else ""


def _translate(error: Exception) -> EngineError:
    # A message quotes the statement, whatever its bytes are.
    text = decoded(error.object) if isinstance(error, UnicodeDecodeError) else str(error)
    found = _ERROR.search(text)
    if found:
        return EngineError(int(found[1]), found[2])
    return EngineError(1001, f"DB::Exception: {text}")


def _bytes(text: str) -> bytes:
    """Give the bytes that came: what is not UTF-8 among them survives in a text as surrogates."""
    return text.encode("utf-8", "surrogateescape")


def decoded(data: bytes) -> str:
    """Give bytes of the engine's as a text; those that are not UTF-8 survive."""
    return data.decode("utf-8", "surrogateescape")


def _escaped(parameters: Mapping[str, str]) -> dict[str, str]:
    """Write what is not UTF-8 in parameters as the escapes that the engine reads values with."""
    return {name: _SURROGATE.sub(_escape, value) for name, value in parameters.items()}


def _escape(found: re.Match[str]) -> str:
    return f"\\x{ord(found[0]) - 0xDC00:02X}"


class Extension(NamedTuple):
    """chdb's extension, and the pages that loading it has touched, to be given back."""

    module: Any
    pages: TextIO


def load_extension() -> Extension:
    """Load chdb's extension as chdb itself does: symbols bound deeply, from its own folder.

    It starts no thread yet, and opens all that the engine needs outside of its folder.
    """
    package = importlib.machinery.PathFinder.find_spec("chdb")
    if package is None or package.origin is None:
        raise RuntimeError("chdb is not installed: run `pip install chdb`.")
    path = str(Path(package.origin).with_name("_chdb.abi3.so"))
    here = Path.cwd()
    os.chdir(Path(path).parent)  # it finds its companion library by a relative path
    try:
        if sys.platform == "linux":
            ctypes.CDLL(path, mode=sys.getdlopenflags() | os.RTLD_DEEPBIND)
        loader = importlib.machinery.ExtensionFileLoader("_chdb", path)
        spec = importlib.util.spec_from_loader("_chdb", loader)
        assert spec is not None
        module = importlib.util.module_from_spec(spec)
        loader.exec_module(module)
    finally:
        os.chdir(here)
    module.set_signal_handlers_enabled(0)  # SIGTERM belongs to the server
    return Extension(module, touched_pages())


class Engine:
    """One open data directory. Thread-safe; every session is its own engine connection."""

    def __init__(self, extension: Extension, data: Path, memory_bytes: int) -> None:
        """Open `data` by what `load_extension` gave, with at most `memory_bytes` for all queries and merges together.

        Raises EngineError when the directory cannot be opened, for example while another process
        has it open.
        """
        self.data = data
        self._chdb = extension.module
        knobs = {**KNOBS, "max_server_memory_usage": memory_bytes}
        self._target = f"{data}?" + "&".join(f"{name}={value}" for name, value in knobs.items())
        self._tags = count(1)
        self.changes = 0  # statements that may have changed a table, by any session
        self._lock = threading.Lock()
        self._control = self.session("server")
        self.version = self.text("SELECT version()")
        self.timezone = self.text("SELECT timezone()")
        with extension.pages as pages:
            drop_clean_pages("_chdb.abi3.so", pages)

    def tag(self) -> str:
        """Return a new name for sessions, by which `kill` finds what they run."""
        return f"client-{next(self._tags)}"

    def home(self) -> str:
        """Return the database of clients that name none: the map's, as soon as there is one."""
        return HOME if self.text(f"EXISTS DATABASE {HOME}") == "1" else "default"

    def session(self, tag: str) -> "Session":
        """Open a connection of its own; closing it is the caller's duty."""
        try:
            return Session(self._chdb.connect(self._target), tag)
        except RuntimeError as error:
            raise _translate(error) from error

    def text(self, statement: str) -> str:
        """Run a statement of the server's own and give its answer as TSV without the last newline."""
        with self._lock:
            return decoded(b"".join(self._control.run(statement, "TSV"))).rstrip("\n")

    def native(self, form: str, structure: str, data: bytes) -> bytes:
        """Read data of a format and give it as Native; raises EngineError. Nothing in it is evaluated."""
        asked = f"SELECT * FROM format({form}, {{structure:String}}, unhex({{data:String}}))"
        with self._lock:
            return b"".join(self._control.whole(asked, "Native", {"structure": structure, "data": data.hex()}))

    def kill(self, tag: str) -> None:
        """Ask the engine to stop what sessions with this tag are running."""
        with suppress(EngineError):
            self.text(f"KILL QUERY WHERE Settings['log_comment'] = '{tag}' ASYNC")

    def close(self) -> None:
        """Close the engine; every other session must be closed before."""
        with self._lock:
            self._control.close()


@dataclass
class Counts:
    """What a statement read, gave, and took."""

    read_rows: int = 0
    read_bytes: int = 0
    result_rows: int = 0
    result_bytes: int = 0
    seconds: float = 0.0


class Session:
    """One engine connection: a current database, settings, temporary tables. Not thread-safe."""

    def __init__(self, connection: Any, tag: str) -> None:
        self._connection = connection
        self.counts = Counts()  # of the statement, up to now
        # The tag is what `Engine.kill` looks for.
        settings = ", ".join(f"{name} = {value}" for name, value in SETTINGS.items())
        self._query(f"SET log_comment = '{tag}', {settings}", "Null", {})

    def run(self, statement: str, form: str, parameters: Mapping[str, str] | None = None) -> Iterator[bytes]:
        """Run one statement and yield its result, one block at a time, encoded in `form`.

        Statements that the engine cannot stream (DDL, SHOW, INSERT) run to their end first. Raises
        EngineError before or between blocks.
        """
        parameters = dict(parameters or {})
        try:
            stream = self._connection.send_query(_bytes(statement), _bytes(form), params=_escaped(parameters))
        except (RuntimeError, UnicodeDecodeError) as error:
            translated = _translate(error)
            if _NOT_STREAMED not in translated.message:
                raise translated from error
            yield from self.whole(statement, form, parameters)
            return
        yield from self._blocks(stream)

    def whole(self, statement: str, form: str, parameters: Mapping[str, str] | None = None) -> Iterator[bytes]:
        """Run one statement to its end and yield the result in one piece, if there is any.

        For formats with a head and a foot: a streamed JSON result has one of each per block.
        """
        result = self._query(statement, form, dict(parameters or {}))
        self._note(result)
        if result.size():
            yield bytes(result.bytes())

    def written(self, statement: str) -> int:
        """Run an INSERT and give the rows it wrote."""
        return int(self._query(statement, "Null", {}).rows_written())

    def kind(self, statement: str) -> tuple[str, int]:
        """Return what the engine's parser makes of a text: its class (READ_ONLY, …), statement count."""
        report = self._connection.classify_query(_bytes(statement))
        return report["query_class"].name, report["statement_count"]

    def insert(self, target: str, options: str, form: str) -> "Insert":
        """Begin an INSERT into `target` (`db.table (a, b)`) of bytes in the format `form`.

        `options` is empty or a SETTINGS clause.
        """
        return Insert(self, target, options, form)

    def close(self) -> None:
        """Give the connection back; what it still runs is cancelled."""
        self._connection.close()

    def _query(self, statement: str, form: str, parameters: dict[str, str]) -> Any:
        try:
            return self._connection.query(_bytes(statement), _bytes(form), params=_escaped(parameters))
        except (RuntimeError, UnicodeDecodeError) as error:
            raise _translate(error) from error

    def _blocks(self, stream: Any) -> Iterator[bytes]:
        finished = False
        try:
            while True:
                block = self._connection.streaming_fetch_result(stream)
                self._note(block)
                if block.rows_read() == 0:
                    finished = True
                    return
                if block.size() > _MAX_BLOCK:
                    raise EngineError(
                        396,
                        f"DB::Exception: A block of the result is larger than {_MAX_BLOCK} bytes: select shorter "
                        "values, or set max_block_size. (TOO_MANY_ROWS_OR_BYTES)",
                    )
                yield bytes(block.bytes())
        except (RuntimeError, UnicodeDecodeError) as error:
            finished = True
            raise _translate(error) from error
        finally:
            if not finished:
                self._connection.streaming_cancel_query(stream)

    @contextmanager
    def uncounted(self) -> Iterator[None]:
        """Leave the counts as they are, whatever is run in the body."""
        before = self.counts
        self.counts = Counts()
        try:
            yield
        finally:
            self.counts = before

    def on_progress(self, report: Callable[[Mapping[str, int]], None] | None) -> None:
        """Call this with ClickHouse's counts while statements run, in the thread that runs them; None ends it."""
        self._connection.set_progress_callback(report)

    def _note(self, result: Any) -> None:
        counts = self.counts
        counts.read_rows = max(counts.read_rows, result.storage_rows_read())
        counts.read_bytes = max(counts.read_bytes, result.storage_bytes_read())
        if rows := result.rows_read():
            counts.result_rows += rows
            counts.result_bytes += result.bytes_read()
        counts.seconds = max(counts.seconds, result.elapsed())


class Insert:
    """A running INSERT: bytes gather in memory, and nothing is stored before `flush` or `finish`.

    They reach the engine as an anonymous memory file. chdb's own streaming insert (`send_insert`)
    would need no gathering, but swallows what fails at its end: measured on 4.4, a broken
    constraint or a throwing materialized view is reported as rows written. And data behind the
    statement's text is cut at the first empty line, which binary data has anywhere.
    """

    def __init__(self, session: Session, target: str, options: str, form: str) -> None:
        self._session = session
        self._file = os.memfd_create("insert")
        source = f"FROM INFILE '/proc/self/fd/{self._file}' COMPRESSION 'none'"
        self._statement = f"INSERT INTO {target} {source} {options} FORMAT {form}"
        self._open = True
        self._rows = 0
        self.size = 0  # bytes gathered

    def append(self, data: bytes) -> None:
        """Gather bytes in the INSERT's format."""
        self.size += len(data)
        left = memoryview(data)
        while left:
            left = left[os.write(self._file, left) :]

    def flush(self) -> None:
        """Store what was gathered, which must end where a block or row ends. Raises EngineError."""
        self._rows += self._session.written(self._statement)
        os.ftruncate(self._file, 0)
        os.lseek(self._file, 0, os.SEEK_SET)
        self.size = 0

    def finish(self) -> int:
        """Store the rest; returns the rows written, those of materialized views included."""
        try:
            self.flush()
        finally:
            self.cancel()
        return self._rows

    def cancel(self) -> None:
        """Drop what was not stored. Harmless after `finish`."""
        if self._open:
            self._open = False
            os.close(self._file)
