"""A client's session: its user, database and settings over one engine connection."""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager

from sinks.embedded import external, sql
from sinks.embedded.allowed import check_format
from sinks.embedded.blocks import Column
from sinks.embedded.engine import Counts, Engine, EngineError, Insert, Session, decoded
from sinks.embedded.query_ids import Kill, QueryIds, kill_of
from sinks.embedded.query_tree import EXPLAIN, columns_of
from sinks.embedded.reader import Judge
from sinks.embedded.reader_errors import for_reader
from sinks.embedded.reader_settings import LIMITS, PACKED_FORMATS, WHOLE_BYTES, WHOLE_BYTES_PACKED
from sinks.embedded.users import User

Columns = tuple[Column, ...]

_KEPT_COLUMNS = 64
# Parts of the protocol, not settings of the engine; clients send them with every query.
_NOT_SETTINGS = {"log_comment", "max_query_size", "replace_running_query"}
_MORE = re.compile(r"\b(totals|extremes)\b", re.I)


class Client:
    """Statements of one client, in order. Not thread-safe."""

    def __init__(self, engine: Engine, judge: Judge, ids: QueryIds, user: User, database: str) -> None:
        """Open an engine connection; raises EngineError for an unknown database."""
        self.user = user
        self.tag = engine.tag()
        self._engine = engine
        self._judge = judge
        self._ids = ids
        self._parser: Session | None = None  # without settings of the client's: for the judge
        self._database = database or engine.home()
        self._chosen: dict[str, str] = {}  # by SET statements
        self._applied: dict[str, str] = {}
        self._tables: list[external.External] = []  # that came with the statement
        self._stale = False  # the engine connection is not as the next statement needs it
        self._columns: dict[str, Columns] = {}  # by INSERT target, as of the engine's `changes`
        self._columns_at = 0
        self.deadline = float("inf")  # of the newest statement and its answer, in monotonic seconds
        self.session = self._open({})

    def run(
        self,
        text: str,
        form: str,
        settings: Mapping[str, str],
        parameters: Mapping[str, str],
        streamed: bool = True,
        progress: Callable[[Mapping[str, int]], None] | None = None,
    ) -> Iterator[bytes]:
        """Run a statement and yield its result in `form`, a block at a time if `streamed`.

        `settings` are for this statement alone, values in plain text; `progress` is called with its counts. Raises
        EngineError.
        """
        if kill := kill_of(sql.without_format(text)):
            text = self._killed(kill, sql.output_format(text)[0]) or text
        if self.user.reads_only and not streamed:
            most = WHOLE_BYTES_PACKED if form in PACKED_FORMATS else WHOLE_BYTES
            settings = {**settings, "max_result_bytes": str(most)}
        if self.user.reads_only:
            check_format(form)
        asked, database = text, self._database
        text = self.prepare(text, settings, parameters)
        if not text:
            return
        text = self._ids.shown(text)
        self.session.counts = Counts()  # not those of what prepared it
        self.deadline = self._deadline()
        streamed = streamed or not self.session.kind(text)[1]  # only so does what is no statement give its error
        if progress:
            self.session.on_progress(progress)
        run = self.session.run if streamed else self.session.whole
        try:
            with closing(run(text, form, parameters)) as result:  # type: ignore[type-var]
                for piece in result:
                    yield piece
                    if time.monotonic() > self.deadline:  # the engine counts only the time that it works itself
                        raise _overdue()
        except EngineError as error:
            self._database = database
            raise (for_reader(error, asked, self._engine.data) if self.user.reads_only else error) from None
        finally:
            if progress:
                self.session.on_progress(None)
            if not self.user.reads_only and self.session.kind(text)[0] != "READ_ONLY":
                self._engine.changes += 1

    def prepare(self, text: str, settings: Mapping[str, str], parameters: Mapping[str, str]) -> str:
        """Apply settings and, for a reader, judge the statement; gives what is left to run."""
        literals = {name: sql.literal(value) for name, value in settings.items() if name not in _NOT_SETTINGS}
        chosen = sql.set_statement(text)
        if not self.user.reads_only:
            self._chosen |= chosen or {}
            self._set_for_writer(literals)
            return text
        if chosen is not None:
            self._set_for_reader({**self._chosen, **chosen})
            self._chosen |= chosen
            return ""
        clause = sql.settings_clause(text)
        if clause:
            text, inline = clause
            literals |= inline
        self._set_for_reader({**self._chosen, **literals})
        judged = self._judge.judge(self._parsing, text, parameters, self._database)
        self._database = judged.database
        return judged.text

    def _killed(self, kill: Kill, form: str | None) -> str:
        """Stop a query by the id its client gave it; return a SELECT of the outcome, or nothing to leave it alone."""
        status = self._ids.stop(kill, self.user.name if self.user.reads_only else None)
        if not (status or self.user.reads_only):
            return ""  # the engine's own id, perhaps
        row = {"kill_status": status, "query_id": kill.query_id, "user": self.user.name}
        columns = ", ".join(f"{sql.quoted(value)} AS {name}" for name, value in row.items())
        return f"SELECT * FROM (SELECT {columns}) WHERE kill_status != ''" + (f" FORMAT {form}" if form else "")

    def may_have_totals(self, text: str, settings: Mapping[str, str]) -> bool:
        """Return whether totals or extremes may follow the rows; the engine gives these only for a whole result."""
        chosen = self._chosen.get("extremes", "0") != "0" if "extremes" not in settings else settings["extremes"] != "0"
        return chosen or bool(_MORE.search(text))

    def accepted(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Return those of another server's settings that this user may have and this engine takes.

        Servers send each other all they have, and ignore what they cannot use.
        """
        with closing(self._engine.session(self.tag)) as tried:
            return {
                name: value
                for name, value in settings.items()
                if self._may_set(name, sql.literal(value)) and _takes(tried, name, value)
            }

    def _may_set(self, name: str, literal: str) -> bool:
        try:
            return not self.user.reads_only or bool(self._judge.setting(self._parsing, name, literal))
        except EngineError:
            return False

    def has_table(self, database: str, table: str) -> bool:
        """Return whether there is such a table."""
        asked = "SELECT count() FROM system.tables WHERE database = {database:String} AND name = {name:String}"
        count = b"".join(self.session.whole(asked, "TSV", {"database": database, "name": table}))
        return count != b"0\n"

    def converted(self, form: str, structure: str, data: bytes) -> bytes:
        """Convert a result of the engine from some format to Native."""
        return self._engine.native(form, structure, data)

    @contextmanager
    def with_tables(self, tables: list[external.External]) -> Iterator[None]:
        """Have external tables for the statements of the body; raises EngineError for what cannot be one."""
        if not tables:
            yield
            return
        self._tables, self._stale = tables, True
        try:
            if not self.user.reads_only:
                external.create(self.session, tables)
            yield
        finally:
            self._tables, self._stale = [], True
            if not self.user.reads_only:
                external.drop(self.session, tables)

    def use(self, database: str) -> None:
        """Go to another database; raises EngineError when there is none of that name."""
        _discard(self.session, f"USE {external.quoted(database)}")
        self._database = database

    def insert(self, insert: sql.InsertText, form: str, settings: Mapping[str, str]) -> Insert:
        """Begin an INSERT; raises EngineError, always so for a reader."""
        self.prepare(f"INSERT INTO {insert.target} SELECT 1", settings, {})
        self.session.counts = Counts()
        return self.session.insert(insert.target, insert.options, form)

    def insert_columns(self, insert: sql.InsertText, settings: Mapping[str, str]) -> Columns:
        """Return names and types an INSERT takes, in its order; raises the INSERT's own EngineError.

        Asking the engine is a quarter of a small INSERT's cost, so its answer is kept until a statement may change it.
        """
        self.prepare(f"INSERT INTO {insert.target} SELECT 1", settings, {})
        if self._columns_at != self._engine.changes or len(self._columns) >= _KEPT_COLUMNS:
            self._columns.clear()
            self._columns_at = self._engine.changes
        if insert.target not in self._columns:
            try:
                self._columns[insert.target] = self.columns(sql.columns_of(insert.target))
            except EngineError:
                self.session.insert(insert.target, insert.options, "Native").finish()
                raise
        return self._columns[insert.target]

    def columns(self, select: str, parameters: Mapping[str, str] | None = None) -> Columns:
        """Return names and types that a SELECT would have, without running it."""
        answer = b"".join(self.session.whole(f"DESCRIBE ({select}\n)", "JSONCompactEachRow", parameters))
        rows = [json.loads(line) for line in decoded(answer).splitlines()]
        return tuple(Column(row[0], row[1]) for row in rows)

    def empty_columns(self, text: str, parameters: Mapping[str, str]) -> Columns:
        """Return names and types of a query that just gave no rows; none for what is not a query.

        The engine sends nothing for a result without rows, and clients want its columns.
        """
        if self.session.kind(text)[0] != "READ_ONLY":
            return ()
        with self.session.uncounted():
            try:
                return self._resolved(text, parameters) or self.columns(text, parameters)
            except EngineError:  # SHOW and the like: cheap to ask again, and harmless
                answer = b"".join(self.session.whole(text, "JSONCompact", parameters))
                return tuple(Column(each["name"], each["type"]) for each in json.loads(decoded(answer))["meta"])

    def _resolved(self, text: str, parameters: Mapping[str, str]) -> Columns:
        return columns_of(decoded(b"".join(self.session.whole(EXPLAIN + text, "TSVRaw", parameters))))

    def _deadline(self) -> float:
        seconds = float(self._applied.get("max_execution_time", "0").strip("'"))
        return time.monotonic() + seconds if seconds else float("inf")

    def close(self) -> None:
        """Give the engine connection back."""
        self.session.close()
        if self._parser:
            self._parser.close()

    def _parsing(self) -> Session:
        if self._parser is None:
            self._parser = self._engine.session(self.tag)
        return self._parser

    def _open(self, literals: Mapping[str, str]) -> Session:
        session = self._engine.session(self.tag)
        try:
            _discard(session, f"USE {external.quoted(self._database)}")
            for name, value in literals.items():
                _discard(session, f"SET {name} = {value}")
            if self.user.reads_only:
                external.create(session, self._tables)
                # The engine's own statements (KILL) still find the session by its tag.
                _discard(session, "SET readonly = 1")
        except EngineError:
            session.close()
            raise
        self._applied = dict(literals)
        return session

    def _set_for_reader(self, literals: Mapping[str, str]) -> None:
        """Set what is new. A connection with readonly = 1 takes no settings, so others mean a new one (0.4 ms)."""
        wanted = dict(LIMITS)
        for name, value in literals.items():
            if not name.isidentifier():
                raise _unknown_setting(name)
            wanted[name] = self._judge.setting(self._parsing, name, value)
        if wanted == self._applied and not self._stale:
            return
        fresh = self._open(wanted)
        self.session.close()
        self.session, self._stale = fresh, False

    def _set_for_writer(self, literals: Mapping[str, str]) -> None:
        for name in self._applied.keys() - literals.keys():
            _discard(self.session, f"SET {name} = DEFAULT")
            del self._applied[name]
        for name, value in literals.items():
            if not name.isidentifier():
                raise _unknown_setting(name)
            if self._applied.get(name) != value:
                _discard(self.session, f"SET {name} = {value}")
                self._applied[name] = value


def _unknown_setting(name: str) -> EngineError:
    return EngineError(115, f"DB::Exception: Unknown setting '{name}'. (UNKNOWN_SETTING)")


def _overdue() -> EngineError:
    return EngineError(
        159,
        "DB::Exception: Timeout exceeded: the result was taken too slowly to be sent within max_execution_time. "
        "(TIMEOUT_EXCEEDED)",
    )


def _takes(session: Session, name: str, value: str) -> bool:
    if not name.isidentifier():
        return False
    try:
        _discard(session, f"SET {name} = {sql.literal(value)}")
    except EngineError:
        return False
    return True


def _discard(session: Session, statement: str) -> None:
    for _ in session.whole(statement, "Null"):
        pass
