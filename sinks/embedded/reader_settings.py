"""What a reader may set: numbers for most settings, words for those that only concern how its query is answered."""

import re
from collections.abc import Set
from typing import Any

from sinks.embedded.engine import EngineError, Session
from sinks.embedded.refusal import refuse
from sinks.embedded.sql import quoted
from sinks.embedded.syntax import NoTree, tree

MAX_SECONDS = 300
MAX_THREADS = 16
LIMITS = {  # of one query; the server's memory limit bounds all together
    "max_execution_time": "60",
    "max_memory_usage": "1000000000",
    # Rather slow than refused: some queries group three times over. A month between 2,000 processes takes 300 MB.
    "max_bytes_before_external_group_by": "400000000",
    "max_threads": "2",
    # The engine wants a free GiB for each thread, and the store has two in all: all queries had one thread.
    "max_threads_min_free_memory_per_thread": "250000000",
    "optimize_move_to_prewhere_if_final": "1",  # the time chooses rows before FINAL merges them: it is in every key
}
# Of a result that is sent in one piece: as text it takes up to ten times as much memory, packed about as much.
WHOLE_BYTES = 50_000_000
WHOLE_BYTES_PACKED = 400_000_000
PACKED_FORMATS = {"Parquet", "Arrow", "ArrowStream", "ORC", "Avro"}
_THREADS = re.compile(r"max_\w*threads\w*")
# Whatever the value: walls, limits, what reaches outside, what makes the engine fail or write on purpose.
_NEVER = re.compile(
    r"readonly|profile|implicit_\w+|param_\w+|allow_(?!experimental|suspicious)\w+|\w*memory\w*|max_query_size"
    r"|replace_running_\w+|os_\w+|\w*priority\w*|\w*query_cache\w*"
    r"|max_(parser|ast|expanded|recursive|analyze|subquery)_\w+|\w*(profiler|fault|fuzz|probability|sleep|debug)\w*"
    r"|\w*(schema(?!_inference)|template|path|url|_file|dictionar|storage|disk|ddl|access|role|proxy|user|secret)\w*",
)
# A word as the value: formats of answers, and choices among the engine's ways to compute one.
_WORDS = re.compile(
    r"\w+_overflow_mode|join_algorithm|join_default_strictness|\w+_default_mode|totals_mode|session_timezone"
    r"|date_time_\w+|cast_string_to_date_time_mode|interval_output_format|bool_(true|false)_representation"
    r"|output_format_\w+|input_format_\w+|format_(csv|tsv|custom|binary|json)_\w+|count_distinct_implementation"
    r"|short_circuit_function_evaluation|distributed_product_mode|load_balancing|network_compression_method"
    r"|insert_deduplication_token|send_logs_level|log_queries_min_type|explain_query_plan_default"
    r"|query_plan_optimize_join_order_algorithm|(force|ignore)_data_skipping_indices|schema_inference_\w+"
    r"|(force|preferred)_optimize_projection_name|show_create_query_identifier_quoting_\w+|additional_\w+",
)
_NUMBER = re.compile(r"'?[-+]?([0-9.]+(e[-+]?[0-9]+)?|inf|nan|true|false|auto|auto\([0-9]+\)|default)?'?", re.I)


def is_fixed(name: str) -> bool:
    """Return whether a reader may never set this, whatever the value."""
    return bool(_NEVER.fullmatch(name))


def allowed_setting(name: str, value: str, known: Set[str]) -> str:
    """Return the SQL literal to set: no more time than a person has. Raises READONLY for what is not theirs to set."""
    if is_fixed(name):
        raise refuse(f"Cannot modify '{name}' setting")
    if name not in known:
        raise EngineError(115, f"DB::Exception: Unknown setting '{name}'. (UNKNOWN_SETTING)")
    if name == "max_execution_time":
        return _seconds(value)
    if not (_NUMBER.fullmatch(value) or _WORDS.fullmatch(name)) or "file:" in value:
        raise refuse(f"Cannot use that value of '{name}'")
    if _THREADS.fullmatch(name) and not _threads(value) <= MAX_THREADS:
        return str(MAX_THREADS)
    return value


def _seconds(value: str) -> str:
    try:
        seconds = float(value.strip("'"))
    except ValueError:
        raise EngineError(
            72, f"DB::Exception: max_execution_time = {value}: give seconds. (CANNOT_PARSE_NUMBER)"
        ) from None
    return value if 0 < seconds <= MAX_SECONDS else str(MAX_SECONDS)  # 0 would be for ever


def _threads(value: str) -> float:
    try:
        return float(value.strip("'"))
    except ValueError:
        return 0  # 'auto'


def expressions(session: Session, name: str, value: str) -> dict[str, str] | str:
    """Read a setting that is a map of expressions by table, or one expression; `value` is an SQL literal.

    Protocols carry such a map as a text of its own. Raises EngineError when it is none.
    """
    try:
        field = _value(session, name, value)
        if name == "additional_table_filters" and field["field_type"] == "String":
            field = _value(session, name, field["value"])
        if field["field_type"] == "String":
            return str(field["value"])
        pairs = [pair["value"] for pair in field["value"]]
        return {str(table["value"]): str(expression["value"]) for table, expression in pairs}
    except (NoTree, KeyError, TypeError, ValueError):
        raise refuse(f"Cannot use that value of '{name}'") from None


def _value(session: Session, name: str, value: str) -> Any:
    return tree(session, f"SET {name} = {value}")["changes"][0]["value"]


def as_literal(given: dict[str, str] | str) -> str:
    """Write the same in SQL."""
    if isinstance(given, str):
        return quoted(given)
    return "{" + ", ".join(f"{quoted(table)}: {quoted(expression)}" for table, expression in given.items()) + "}"
