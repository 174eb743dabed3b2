"""What a reader may ask: what stays inside the store, and nothing that cannot be judged.

The engine's own `readonly = 1` is the first wall. Measured on chdb 4.4 it stops writes, DDL and most table functions,
but not the scalar function file() nor its name as a value, eval(), INTO OUTFILE, KILL, or settings in subqueries. So
every statement is judged by its syntax tree, as the engine itself reads it, before it is run.
"""

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b

from sinks.embedded import reader_forms
from sinks.embedded.allowed import Allowed
from sinks.embedded.engine import Session
from sinks.embedded.reader_settings import allowed_setting, as_literal, expressions
from sinks.embedded.reader_walk import Walk
from sinks.embedded.refusal import refuse
from sinks.embedded.syntax import NoTree, statement, tree

_STATEMENTS = {
    *("SelectWithUnionQuery", "SelectIntersectExceptQuery", "SelectQuery", "ExplainQuery", "UseQuery"),
    *("ShowTablesQuery", "ShowColumnsQuery", "ShowIndexesQuery"),
}
_KEPT = 1024  # judged texts
_LONGEST_KEPT = 1 << 18  # as long as a text may be
_NUMBER = re.compile(r"(?<![\w$\\])\d++(?![\w$])")
_CODED = re.compile(r"(?<!\\)(?:\\\\)*+\\x")  # a letter by its number


@dataclass(frozen=True)
class Judged:
    """What may be run, and the database that is used from then on."""

    text: str
    database: str


class Judge:
    """Judges statements of readers. Thread-safe."""

    def __init__(self, allowed: Allowed) -> None:
        """Take `allowed`: what stays inside the store."""
        self._allowed = allowed
        self._fine: OrderedDict[bytes, None] = OrderedDict()
        self._lock = threading.Lock()

    def judge(self, parser: Callable[[], Session], text: str, parameters: Mapping[str, str], database: str) -> Judged:
        """Give what is to be run, or raise EngineError: READONLY (164), or why it is no statement.

        `database` is where names without one are looked up; `parser` gives a session of its own, without settings.
        """
        key = _key(text, database)
        if key and self._knows(key):
            return Judged(text, database)
        session = parser()
        try:
            root = tree(session, text)
        except NoTree:
            return Judged(
                reader_forms.checked(text, lambda select: self.judge(parser, select, {}, database).text), database
            )
        if root.get("type") not in _STATEMENTS:
            raise refuse("Cannot execute query")
        walk = Walk(self._allowed, parameters, database, lambda name, value: self.setting(parser, name, value))
        walk.over(root)
        if root["type"] == "UseQuery":
            return Judged(text, walk.used)
        if walk.changed:
            return Judged(statement(session, root), database)
        if key and not walk.depends:
            self._keep(key)
        return Judged(text, database)

    def setting(self, parser: Callable[[], Session], name: str, value: str) -> str:
        """Return the SQL literal to set, or raise EngineError when a reader may not set this; `value` is one, too."""
        value = allowed_setting(name, value, self._allowed.settings)
        if not name.startswith("additional_"):
            return value
        given = expressions(parser(), name, value)
        for expression in [given] if isinstance(given, str) else given.values():
            if expression.strip():
                self.judge(parser, f"SELECT {expression}\n", {}, "system")  # of any table, those of system included
        return as_literal(given)  # as it was understood here

    def _knows(self, key: bytes) -> bool:
        with self._lock:
            if key not in self._fine:
                return False
            self._fine.move_to_end(key)
            return True

    def _keep(self, key: bytes) -> None:
        with self._lock:
            self._fine[key] = None
            if len(self._fine) > _KEPT:
                self._fine.popitem(last=False)


def _key(text: str, database: str) -> bytes:
    """Return the key of all texts that differ in numbers alone, such as times; empty for a text without such a key.

    A number that neither a letter nor a backslash touches is part of no name that is judged. It may be the tag of a
    heredoc, part of a letter (\\x41), and the value of a setting: texts that may have these have no key.
    """
    if len(text) > _LONGEST_KEPT or "$" in text or _CODED.search(text) or "settings" in text.lower():
        return b""
    shape = f"{database}\0{_NUMBER.sub('0', text)}"
    return blake2b(shape.encode("utf-8", "surrogatepass"), digest_size=16).digest()
