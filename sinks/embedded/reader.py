"""What the read-only user may do. The engine's own `readonly = 1` is the wall; this fills its gaps.

Measured on chdb 4.4: readonly = 2 lets file(), url() and INTO OUTFILE through; readonly = 1 stops
table functions, writes and DDL, but not the scalar function file(), Python(), INTO OUTFILE or KILL,
and refuses every setting. So statements are judged by the engine's own parser (class and syntax
tree; text only says that there is nothing to judge), and settings are applied from outside before
readonly = 1 is set.
"""

import re
from collections.abc import Mapping

from sinks.embedded.engine import Engine, EngineError, Session

MAX_SECONDS = 300
LIMITS = {  # of one query; the server's memory limit bounds all together
    "max_execution_time": "60",
    "max_memory_usage": "1000000000",
    "max_bytes_before_external_group_by": "200000000",  # rather slow than refused; some queries group three times over
    "max_threads": "2",
    "optimize_move_to_prewhere_if_final": "1",  # the time chooses rows before FINAL merges them: it is in every key
}
# Of a result that is sent in one piece: as text it takes up to ten times as much memory, packed about as much.
WHOLE_BYTES = 50_000_000
WHOLE_BYTES_PACKED = 400_000_000
PACKED_FORMATS = {"Parquet", "Arrow", "ArrowStream", "ORC", "Avro"}
_FORBIDDEN_SETTINGS = re.compile(
    r"readonly|profile|log_comment|allow_(?!experimental)\w+|max_memory\w*"
    r"|\w*(schema|template|path|url|_file|dictionar|storage|disk|ddl|access|role|proxy|user)\w*",
)
# Table functions are refused by name as well: sqlite() makes its file before it is refused.
_FORBIDDEN_FUNCTIONS = {"file", "python", "catboostevaluate", "input"}
_HARMLESS_FUNCTIONS = {"format", "zeros", "zeros_mt", "loop", "null"}
_FUNCTION = re.compile(r"^\s*Function (\S+)", re.M)
_WORD = re.compile(r"\w+")
# One statement, and if it is made to write, the wall stops it.
_PLAIN = re.compile(r"(\s*--[^\n]*\n)*\s*(SELECT|WITH)\b(?!.*\boutfile\b)[^;]*", re.I | re.S)
_SAFE_CONTROL = re.compile(r"\s*USE\s+(\w+|`[^`\\]+`|\"[^\"\\]+\")\s*;?\s*", re.I)


def _refuse(what: str) -> EngineError:
    return EngineError(164, f"DB::Exception: default: {what} in readonly mode: use the writer's login. (READONLY)")


def forbidden_functions(engine: Engine) -> frozenset[str]:
    """Lower-case names of the functions that reach outside the store."""
    names = engine.text("SELECT lower(name) FROM system.table_functions WHERE NOT allow_readonly")
    return frozenset(names.split()) - _HARMLESS_FUNCTIONS | _FORBIDDEN_FUNCTIONS


def check_statement(session: Session, statement: str, parameters: Mapping[str, str], forbidden: frozenset[str]) -> None:
    """Raise READONLY (164) unless the statement only reads from the store's own tables."""
    if _SAFE_CONTROL.fullmatch(statement):
        return
    # What no word names cannot be called, but an escape may stand for a letter of a quoted name. A tab is in none.
    # The tree costs a tenth of a long query, its class a twentieth.
    text = statement.replace("\\t", " ")
    named = bool(parameters) or "\\" in text or not forbidden.isdisjoint(_words(text))
    if not named and _PLAIN.fullmatch(statement):
        return
    kind, count = session.kind(statement)
    if count == 0:
        return  # does not parse: the engine says why
    if kind != "READ_ONLY" or count != 1:
        raise _refuse("Cannot execute query")
    if not named:
        return
    try:
        tree = b"".join(session.run(f"EXPLAIN AST {statement}", "TSVRaw", parameters)).decode("utf-8", "replace")
    except EngineError:
        if re.match(r"\s*(SELECT|WITH|\()", statement, re.I):
            raise
        return  # SHOW, DESCRIBE, EXISTS: EXPLAIN AST takes some of them only, the wall is enough
    for name in _FUNCTION.findall(tree):
        if name.lower() in forbidden:
            raise _refuse(f"Cannot call {name}()")


def _words(statement: str) -> set[str]:
    return set(_WORD.findall(statement.lower()))


def allowed_setting(name: str, value: str) -> str:
    """Return the SQL literal to set: no more time than a person has. Raises READONLY for what is not theirs to set."""
    if _FORBIDDEN_SETTINGS.fullmatch(name):
        raise _refuse(f"Cannot modify '{name}' setting")
    if name == "max_execution_time":
        return _bounded(value)
    if name.startswith("additional_") and re.search(r"file|python|\\[^'\\]", value, re.I):
        raise _refuse(f"Cannot use that value of '{name}'")  # holds expressions no tree shows
    return value


def _bounded(value: str) -> str:
    try:
        seconds = float(value.strip("'"))
    except ValueError:
        raise EngineError(
            72, f"DB::Exception: max_execution_time = {value}: give seconds. (CANNOT_PARSE_NUMBER)"
        ) from None
    return value if 0 < seconds <= MAX_SECONDS else str(MAX_SECONDS)  # 0 would be for ever
