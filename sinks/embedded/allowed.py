"""What stays inside the store: the functions, table functions and system tables that a reader may name.

Lists of what is allowed, never of what is not: a name that a newer engine brings is refused until it is looked at.
"""

import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from difflib import get_close_matches

from sinks.embedded.engine import Engine, EngineError
from sinks.embedded.reader_settings import is_fixed
from sinks.embedded.sql import quoted
from sinks.embedded.syntax import Node, tree

# The engine's own categories of functions that compute from their arguments alone.
_CATEGORIES = """
Aggregate Functions, Arithmetic, Arrays, Bit, Bitmap, Comparison, Conditional, Dates and Times, Distance,
Encoding, Encryption, Financial, Geo, Geo Polygon, Hash, IP Address, JSON, Logical, Map, Mathematical, Null,
NumericIndexedVector, QBit, Random Number, Rounding, String, String Replacement, String Search, String Splitting,
Time Series, Time Window, Tuple, Type Conversion, URL, UUID
"""
# Of the other categories. Not here: file, what asks other servers (hasColumnInTable takes a host, FQDN a name server),
# what takes the name of a table or dictionary as a text (chdb opens a file of that name: dictGet, joinGet), what shows
# the server's files, configuration or memory, and models, which are files.
_FUNCTIONS = """
authenticatedUser bar blockNumber blockSerializedSize blockSize byteSize colorOKLABToSRGB colorOKLCHToSRGB
colorSRGBToOKLAB colorSRGBToOKLCH connectionId countDigits currentDatabase currentProfiles currentQueryID currentRoles
currentSchemas currentUser defaultProfiles defaultRoles defaultValueOfArgumentType defaultValueOfTypeName digits
displayName dumpColumnStructure enabledProfiles enabledRoles errorCodeToName evalMLMethod finalizeAggregation
flipCoordinates formatQuery formatQueryOrNull formatQuerySingleLine formatQuerySingleLineOrNull
formatReadableDecimalSize formatReadableQuantity formatReadableSize formatReadableTimeDelta getMergeTreeSetting
getSetting getSettingOrDefault getSizeOfEnumType getSubcolumn getTypeSerializationStreams globalVariable
hasThreadFuzzer highlightQuery hostName identity ignore indexHint initializeAggregation initialQueryID
initialQueryStartTime isConstant isDecimalOverflow lowCardinalityIndices lowCardinalityKeys
MACNumToString MACStringToNum MACStringToOUI materialize minSampleSizeContinuous minSampleSizeConversion neighbor
normalizedQueryHash normalizedQueryHashKeepNames normalizeQuery normalizeQueryKeepNames parseISO8601Duration
parseReadableSize parseReadableSizeOrNull parseReadableSizeOrZero parseTimeDelta partitionId pgGetUserById
pgTableIsVisible queryID revision rowNumberInAllBlocks rowNumberInBlock runningAccumulate runningConcurrency
runningDifference runningDifferenceStartingWithFirstValue shardCount shardNum sleep sleepEachRow tcpPort throwIf
tid tokenizeQuery toColumnTypeName toTypeName transform uptime variantElement variantType version visibleWidth
_CAST caseWithExpression nested
"""
# In the categories above, but with formats of their own choice, some of which write files.
_NOT = "formatrow formatrownonewline groupformat"
# What the parser makes of syntax, and the analyzer understands without a function of that name.
_SYNTAX = "exists grouping lambda untuple"
_TABLE_FUNCTIONS = """
generate_series generateRandom generateSeries null numbers numbers_mt primes SQLStandardValues values view zeros
zeros_mt
"""
# Views of the store that take parameters (graph/views.py), which are called like table functions.
_VIEWS = "owner_of processes_at service_map"
_TABLES = """
aggregate_function_combinators build_options clusters codecs collations columns completions constraints contributors
current_roles data_skipping_index_types data_skipping_indices data_type_families database_engines documentation
enabled_roles events formats functions generate_series generateSeries keywords licenses merge_tree_settings metrics
mutations numbers numbers_mt one primes privileges projections settings storage_policies table_engines
table_functions time_zones zeros zeros_mt
"""
# Tables with columns that show where the store's files are, or its configuration: a reader sees these empty.
_HIDDEN = {
    "databases": "data_path metadata_path",
    "detached_parts": "path",
    "detached_tables": "metadata_path",
    "dictionaries": "origin source last_exception",
    "disks": "path cache_path",
    "macros": "substitution",
    "parts": "path",
    "parts_columns": "path",
    "projection_parts": "path",
    "projection_parts_columns": "path",
    "tables": "data_paths metadata_path",
}
# What readers run, not what the writer does.
_PROCESSES = "* FROM system.processes WHERE Settings['readonly'] = '1'"
# What a reader may set, which is what readonly = 2 is to clients: they refuse of themselves what they take for fixed.
_SETTINGS = (
    "* REPLACE (if(name = 'readonly', '2', value) AS value, toUInt8(name IN ({})) AS readonly) FROM system.settings"
)


_PURE = frozenset(" ".join(each.split()) for each in _CATEGORIES.split(","))
_NAMED = frozenset(each.lower() for each in _FUNCTIONS.split())
# Formats of answers. Not here: those with schemas, which are files (Protobuf writes one by itself).
_FORMATS = re.compile(
    r"(JSON|NDJSON|CSV|TSV|TabSeparated|CustomSeparated|Pretty|RowBinary|Parquet|Arrow|ORC|BSON)\w*+"
    r"|Avro|Native|Null|Values|Vertical|XML|Markdown|TSKV|MsgPack|SQLInsert|LineAsString|RawBLOB|Prometheus|Hash",
    re.I,
)
_LONGEST = 200  # characters of a function's name


@dataclass(frozen=True)
class Allowed:
    """Names in lower case, as far as they are functions."""

    functions: frozenset[str]  # table functions too
    aggregates: frozenset[str]
    endings: tuple[str, ...]  # of aggregate functions that are made of others: sumIf
    refused: frozenset[str]  # functions
    higher: frozenset[str]  # functions that take functions, by their names as well: arrayMap(negate, [1])
    sources: frozenset[str]  # all table functions
    tables: frozenset[str]  # of the database system
    hidden: Mapping[str, Node]  # tables of it, each with the subquery of what a reader sees of it
    hidden_columns: frozenset[str]
    settings: frozenset[str]  # that the engine knows

    def calls(self, name: str) -> bool:
        """Return whether a function may be called."""
        lowered = name.lower()
        return lowered in self.functions or self._aggregates(lowered)

    def knows(self, name: str) -> bool:
        """Return whether the engine has a function of that name, allowed or not."""
        return self.calls(name) or name.lower() in self.refused or name.lower() in self.sources

    def like(self, name: str) -> str:
        """Return the name of a function that may have been meant, or nothing."""
        return next(iter(get_close_matches(name[:40].lower(), self.functions, 1)), "")

    def _aggregates(self, name: str) -> bool:
        left, seen = [name[:_LONGEST]], set[str]()
        while left:
            name = left.pop()
            if name in self.aggregates:
                return True
            shorter = {name.removesuffix(ending) for ending in self.endings if name.endswith(ending)} - seen
            seen |= shorter
            left.extend(shorter)
        return False


def check_format(name: str) -> None:
    """Raise UNKNOWN_FORMAT (73) unless a reader may have its answer in this format."""
    if not _FORMATS.fullmatch(name):
        raise EngineError(73, f"DB::Exception: There is no format {name[:40]} for readers. (UNKNOWN_FORMAT)")


def allowed(engine: Engine) -> Allowed:
    """Sort what this engine has."""
    functions = _functions(engine)
    fine = {each.name for each in functions if each.stays_inside}
    settings = frozenset(engine.text("SELECT name FROM system.settings").split())
    fixed = ", ".join(quoted(name) for name in sorted(settings) if is_fixed(name))
    return Allowed(
        functions=frozenset(fine | {each.lower() for each in f"{_SYNTAX} {_TABLE_FUNCTIONS} {_VIEWS}".split()}),
        aggregates=frozenset(each.name for each in functions if each.aggregates and each.name in fine),
        endings=tuple(engine.text("SELECT lower(name) FROM system.aggregate_function_combinators").split()),
        refused=frozenset(each.name for each in functions) - fine,
        higher=frozenset(engine.text("SELECT lower(name) FROM system.functions WHERE higher_order").split()),
        sources=frozenset(engine.text("SELECT lower(name) FROM system.table_functions").split()),
        tables=frozenset(_TABLES.split()),
        hidden={
            **{table: _seen(engine, table, columns.split()) for table, columns in _HIDDEN.items()},
            "processes": _subquery(engine, _PROCESSES),
            "settings": _subquery(engine, _SETTINGS.format(fixed)),
        },
        hidden_columns=frozenset(" ".join(_HIDDEN.values()).split()),
        settings=settings,
    )


@dataclass(frozen=True)
class _Function:
    name: str
    other_name: str  # of the function that this is another name of
    categories: str
    aggregates: bool

    @property
    def stays_inside(self) -> bool:
        named = self.name in _NAMED or self.other_name in _NAMED
        return (self.aggregates or named or self.categories in _PURE) and self.name not in _NOT.split()


def _functions(engine: Engine) -> list[_Function]:
    """Return all functions, another name of one with the categories of it; those that people defined have none."""
    lines = engine.text(
        "SELECT lower(name), lower(alias_to), if(origin = 'System', categories, ''), "
        "is_aggregate AND origin = 'System' FROM system.functions"
    )
    rows = [line.split("\t") for line in lines.split("\n")]
    categories = {name: category for name, _, category, _ in rows}
    return [
        _Function(name, other, category or categories.get(other, ""), aggregates == "1")
        for name, other, category, aggregates in rows
    ]


def _seen(engine: Engine, table: str, hidden: list[str]) -> Node:
    """Return a subquery of all columns of a table, the hidden ones empty but of their types."""
    listed = ", ".join(f"'{column}'" for column in hidden)
    lines = engine.text(
        f"SELECT name, type FROM system.columns WHERE database = 'system' AND table = '{table}' AND name IN ({listed})"
    )
    empty = [line.split("\t") for line in lines.split("\n")]
    replaced = ", ".join(f"defaultValueOfTypeName('{kind}') AS {name}" for name, kind in empty)
    return _subquery(engine, f"* REPLACE ({replaced}) FROM system.{table}")


def _subquery(engine: Engine, selected: str) -> Node:
    with closing(engine.session("allowed")) as session:
        root = tree(session, f"SELECT {selected}")
    return {"type": "Subquery", "children": [root]}
