"""SQL written by chance and by the engine's own lists of names, by one who wants what is outside of the store."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

T = TypeVar("T")

_CLOSING = {"`": "`", '"': '"', "\u201c": "\u201d"}
_TYPES = ["String", "UInt8", "Nullable(String)", "Array(String)", "DateTime('{file}')", "Enum8('{file}' = 1)", "JSON"]
_HIGHER = ["arrayMap", "arrayFilter", "arrayFold", "arrayExists", "arraySort", "arrayFirst", "mapApply", "arrayAll"]


def _listed(text: str, separator: str | None = None) -> list[str]:
    return [each.strip() for each in text.split(separator)]


# Take whatever they are given, so that what is in them is tried.
_TAKING = _listed("""
toString concat tuple array identity materialize isNull ifNull coalesce toTypeName ignore upper any count groupArray
not assumeNotNull toNullable hex reverse length max
""")
_REACHING = _listed("""
file url s3 remote remoteSecure executable sqlite mysql postgresql redis mongodb jdbc odbc hdfs input python eval
filesystem merge loop cluster clusterAllReplicas dictionary iceberg deltaLake fileCluster urlCluster format view
hasColumnInTable getServerSetting getMacro FQDN showCertificate catboostEvaluate dictGet joinGet formatRow
""")
_SETTINGS = _listed("""
additional_table_filters additional_result_filter format_schema format_template_row format_template_resultset readonly
dialect allow_ddl url_base select filter session_timezone implicit_select log_comment max_memory_usage
input_format_record_errors_file_path format_avro_schema_registry_url allow_introspection_functions
""")
_EXPLAIN = ["", "AST", "SYNTAX", "PLAN", "PIPELINE", "ESTIMATE", "QUERY TREE", "PLAN actions = 1,", "TABLE OVERRIDE"]
_SHOW = _listed(
    """TABLES;FULL TABLES;DATABASES;COLUMNS FROM kept;INDEXES FROM kept;KEYS IN kept;FUNCTIONS;SETTINGS;MERGES;CLUSTERS;
    DICTIONARIES;PROCESSLIST;ENGINES;GRANTS;USERS;CREATE TABLE kept;SETTING max_threads;FILESYSTEM CACHES;PRIVILEGES""",
    ";",
)


# Statements that are understood, with one place for a value or a table that is from outside.
_SLY = _listed(
    """SELECT {value};SELECT 1 WHERE {value} != '';SELECT toUInt8({value});SELECT * FROM {table};TABLES {table};
    WITH {value} AS found SELECT found;WITH found AS (SELECT {value}) SELECT * FROM found;SELECT (SELECT {value});
    WITH x -> {value} AS found SELECT found(1);SELECT arrayMap(x -> {value}, [1]);SELECT * APPLY(x -> {value});
    SELECT count() FROM kept WHERE a = {value};SELECT a FROM kept ORDER BY {value};SELECT 1 GROUP BY {value};
    SELECT a FROM kept LIMIT 1 BY {value};SELECT sum(1) OVER (PARTITION BY {value});SELECT {value} IN ('a');
    SELECT a IN {table} FROM kept;SELECT * FROM kept JOIN {table} ON 1;SELECT * FROM kept, {table};
    SELECT 1 HAVING {value};
    SELECT * FROM view(SELECT {value});SELECT * FROM values('a String', {value});SELECT CASE WHEN 1 THEN {value} END;
    SELECT 1 UNION ALL SELECT {value};SELECT exists(SELECT {value});EXISTS (SELECT {value});
    EXISTS (SELECT * FROM {table});
    DESCRIBE (SELECT {value});DESCRIBE TABLE {table};EXISTS TABLE {table};SHOW CREATE TABLE {table};
    DESCRIBE (SELECT * FROM {table});EXPLAIN SELECT {value};
    EXPLAIN QUERY TREE SELECT {value};EXPLAIN ESTIMATE SELECT * FROM {table};SHOW TABLES WHERE {value} != '';
    SHOW COLUMNS FROM kept WHERE {value} != '';SHOW INDEXES FROM kept WHERE {value} != '';SHOW TABLES LIMIT {value};
    SELECT 1 SETTINGS additional_result_filter = {quoted};
    SELECT a FROM kept SETTINGS additional_result_filter = {quoted};
    SELECT a FROM kept SETTINGS additional_table_filters = {{'kept': {quoted}}};SELECT throwIf(1, {value});
    SET additional_result_filter = {quoted};SELECT * REPLACE ({value} AS a) FROM kept;SELECT any({value});
    SELECT 1 FROM (SELECT 1 SETTINGS additional_result_filter = {quoted});SELECT sumIf(1, {value} = '') FROM kept""",
    ";",
)


@dataclass(frozen=True)
class Names:
    """What an engine has."""

    functions: list[str]
    table_functions: list[str]
    tables: list[str]
    settings: list[str]


@dataclass
class Grammar:
    """Writes statements; the same ones from the same random numbers."""

    random: Random
    names: Names
    files: list[str]  # paths and addresses that are to be reached
    parameters: dict[str, str] = field(default_factory=dict)  # of the newest statement
    wild: float = 0.5  # how much of it is unlikely to be understood

    def statement(self) -> str:
        """Write one."""
        self.parameters = {}
        self.wild = self.one([0.02, 0.1, 0.5])
        depth = self.one([1, 2, 3])
        kinds: list[tuple[int, Callable[[], str]]] = [
            (50, lambda: self.select(depth)),
            (50, self.sly),
            (8, lambda: f"EXPLAIN {self.one(_EXPLAIN)} {self.select(2)}"),
            (8, lambda: f"DESCRIBE {self.one(['', 'TABLE'])} {self.table(2)}"),
            (8, lambda: f"EXISTS {self.one([f'({self.select(2)})', self.table(1), 'TABLE ' + self.name('kept')])}"),
            (12, self.show),
            (6, lambda: f"SET {self.setting()}"),
            (3, lambda: f"USE {self.one(['system', 'default', self.name('information_schema'), self.text()])}"),
            (5, lambda: f"INSERT INTO {self.target()} {self.one([self.select(2), 'VALUES (1)', 'FORMAT TSV 1'])}"),
            (3, lambda: f"{self.select(1)}; {self.select(1)}"),
            (7, self.change),
        ]
        weights = [weight for weight, _ in kinds]
        text = self.random.choices([write for _, write in kinds], weights)[0]()
        if self.chance(self.wild / 3):
            text += f" SETTINGS {self.setting()}"
        if self.chance(self.wild / 5):
            text += f" INTO OUTFILE {self.text()}"
        if self.chance(0.1):
            text += self.one([" FORMAT JSON", " FORMAT Template", " FORMAT Native", " FORMAT Null", ";", " -- file"])
        return text

    def sly(self) -> str:
        """Return a statement that is understood, with one thing from outside."""
        values = [
            f"{self.name('file')}{self.gap(0.1)}({self.text()})",
            f"{self.name(self.one(_TAKING))}({self.name('file')}({self.text()}))",
            f"{self.one(_HIGHER)}({self.name('file')}, [{self.text()}])[1]",
            f"(SELECT any(a) FROM {self.name('file')}({self.text()}, 'TSV', 'a String'))",
            f"(SELECT any(a) FROM {self.source()}({self.text()}, 'TSV', 'a String'))",
            f"{self.function()}({self.text()})",
            f"{self.one(['toDateTime', 'now', 'toTimeZone'])}(0, {self.text()})",
            f"hasColumnInTable({self.text()}, 'default', 'kept', 'a')",
            f"dictGet({self.text()}, 'a', 1)",
            f"joinGet({self.text()}, 'a', 1)",
            f"({self.text()} IN `{self.one(self.files)}`)",
            f"{self.one(_HIGHER)}({self.parameter()}, [{self.text()}])[1]",
        ]
        tables = [
            f"{self.source()}({self.text()}, 'LineAsString')",
            f"{self.name('file')}({self.text()}, 'LineAsString')",
            f"{self.name('sqlite')}({self.text()}, 'a')",
            f"{self.name('url')}({self.text()}, 'LineAsString')",
            f"{self.name('remote')}({self.text()}, 'default', 'kept')",
            f"system.{self.name(self.one(self.names.tables))}",
            f"`{self.one(self.files)}`",
            f"default.`{self.one(self.files)}`",
            self.text(),
        ]
        value = self.one(values)
        return self.one(_SLY).format(value=value, table=self.one(tables), quoted=self.quoted(f"{value} != ''"))

    def select(self, depth: int) -> str:
        """Return a SELECT with some of its clauses."""
        parts = [f"SELECT {self.listed(lambda: self.column(depth))}"]
        if self.chance(0.15):
            name = self.one(["made", "file", "kept"])
            parts.insert(0, f"WITH {self.one([f'{self.value(depth)} AS {name}', f'{name} AS ({self.select(1)})'])}")
        if self.chance(0.5):
            parts.append(f"FROM {self.table(depth)}")
        if self.chance(0.1):
            parts.append(f"{self.one(['JOIN', 'LEFT JOIN', 'CROSS JOIN', ','])} {self.table(depth)}")
        for clause in ("WHERE", "PREWHERE", "GROUP BY", "HAVING", "QUALIFY", "ORDER BY", "LIMIT"):
            if self.chance(self.wild / 5):
                parts.append(f"{clause} {self.value(depth - 1)}")
        if self.chance(0.05):
            parts.append(f"UNION ALL {self.select(depth - 1)}" if depth > 0 else "")
        if self.chance(self.wild / 10):
            parts.append(f"SETTINGS {self.setting()}")
        return self.gap().join(parts)

    def column(self, depth: int) -> str:
        """Return what stands behind SELECT."""
        if self.chance(0.1):
            star = self.one(["*", "COLUMNS('.')", "kept.*"])
            return (
                f"{star} {self.one(['APPLY', 'APPLY'])}({self.one([self.function(), f'x -> {self.value(depth - 1)}'])})"
            )
        text = self.value(depth)
        return f"{text} AS {self.name(self.one(['a', 'file', 'b']))}" if self.chance(0.2) else text

    def value(self, depth: int) -> str:
        """Return an expression."""
        if depth <= 0:
            some = ["1", "NULL", f"[{self.text()}]", "now()"]
            return self.one(
                [self.text(), self.text(), *some, *(["a", self.parameter()] if self.chance(self.wild) else [])]
            )
        below = depth - 1
        kinds: list[Callable[[], str]] = [
            *[lambda: self.call(below)] * 6,
            lambda: f"{self.one(_HIGHER)}({self.function()}, [{self.text()}])",
            lambda: f"{self.one(_HIGHER)}({self.parameter()}, [{self.text()}])",
            lambda: f"{self.one(_HIGHER)}(x -> {self.call(below)}, [{self.text()}])",
            lambda: f"({self.select(below)})",
            lambda: f"exists({self.select(below)})",
            lambda: f"{self.value(below)} IN {self.one([self.table(below), f'({self.select(below)})'])}",
            lambda: f"CASE WHEN {self.value(below)} THEN {self.value(below)} ELSE {self.value(below)} END",
            lambda: f"{self.value(below)} {self.one(['=', '||', '+', 'LIKE', 'AND', '!='])} {self.value(below)}",
            lambda: f"CAST({self.value(below)}, {self.quoted(self.type())})",
            lambda: f"{self.value(below)}::{self.type()}",
            lambda: f"sum({self.value(below)}) OVER (PARTITION BY {self.value(below)})",
            lambda: f"toDateTime({self.value(below)}, {self.one([self.text(), self.quoted('UTC')])})",
        ]
        return self.one(kinds)()

    def call(self, depth: int) -> str:
        """Return a call of some function."""
        parameters = f"({self.value(0)})" if self.chance(self.wild / 10) else ""
        return (
            f"{self.function()}{self.gap(self.wild / 5)}{parameters}({self.listed(lambda: self.value(depth), most=2)})"
        )

    def function(self) -> str:
        """Return the name of a function, likely one that reaches outside."""
        if self.chance(self.wild):
            return self.name(self.one([*_REACHING, "file", "file", "file"]))
        return self.name(self.one(self.names.functions) if self.chance(self.wild) else self.one(_TAKING))

    def table(self, depth: int) -> str:
        """Return what stands behind FROM."""
        kinds: list[Callable[[], str]] = [
            lambda: f"{self.source()}({self.listed(self.argument, least=0, most=5)})",
            lambda: f"{self.source()}({self.text()}, 'LineAsString')",
            lambda: f"{self.source()}({self.text()}, 'TSV', 'a String')",
            lambda: f"system.{self.name(self.one(self.names.tables))}",
            lambda: f"{self.name('system')}{self.gap(0.2)}.{self.name(self.one(self.names.tables))}",
            lambda: f"{self.parameter()}{self.one(['', f'.{self.parameter()}'])}",
            lambda: self.name(self.one(["kept", "made", "numbers", "processes", "tables"])),
            lambda: "numbers(3)",
            lambda: f"({self.select(depth - 1)})" if depth > 0 else "kept",
            lambda: f"view({self.select(depth - 1)})" if depth > 0 else "kept",
        ]
        return self.one(kinds)() + self.one(["", "", "", " AS a", " FINAL", " AS file"])

    def source(self) -> str:
        """Return the name of a table function."""
        return self.name(self.one(_REACHING) if self.chance(0.4) else self.one(self.names.table_functions))

    def argument(self) -> str:
        """Of a table function."""
        return self.one([self.text(), "'TSV'", "'a String'", "1", "system", "'system'", "'processes'", self.value(1)])

    def target(self) -> str:
        """Return what an INSERT goes to."""
        return self.one(["kept", f"FUNCTION {self.source()}({self.text()}, 'TSV', 'a String')", "system.one"])

    def show(self) -> str:
        """SHOW, with a condition."""
        ends = ["", f" WHERE {self.value(2)}", f" LIKE {self.text()}", f" LIMIT {self.value(1)}"]
        return f"SHOW {self.one(_SHOW)}{self.one(ends)}"

    def change(self) -> str:
        """Something that no reader may do."""
        return self.one(
            [
                f"CREATE TABLE made (a String) ENGINE = File(TSV, {self.text()})",
                f"CREATE TABLE made ENGINE = URL({self.text()}, TSV)",
                f"CREATE VIEW made AS {self.select(2)}",
                f"CREATE FUNCTION made AS x -> {self.value(1)}",
                f"CREATE TEMPORARY TABLE made ENGINE = Memory AS {self.select(1)}",
                f"CREATE DATABASE made ENGINE = SQLite({self.text()})",
                f"ALTER TABLE kept ADD COLUMN b String DEFAULT {self.value(1)}",
                f"BACKUP TABLE kept TO File({self.text()})",
                f"RESTORE TABLE kept FROM File({self.text()})",
                f"KILL QUERY WHERE {self.value(1)}",
                f"DELETE FROM kept WHERE {self.value(1)}",
                f"EXECUTE AS servicemap {self.select(1)}",
                *(
                    "DROP TABLE kept",
                    "TRUNCATE TABLE kept",
                    "SYSTEM SHUTDOWN",
                    "SYSTEM FLUSH LOGS",
                    "OPTIMIZE TABLE kept",
                ),
                *("DETACH TABLE kept", "RENAME TABLE kept TO made", "CHECK TABLE kept", "BEGIN TRANSACTION"),
            ]
        )

    def setting(self) -> str:
        """Return a pair behind SET or SETTINGS."""
        name = self.one(_SETTINGS) if self.chance(0.5) else self.one(self.names.settings)
        inner = self.value(2)
        values = [self.text(), "0", "1", f"{{'kept': {self.quoted(inner)}}}", self.quoted(inner), "DEFAULT"]
        return f"{name} = {self.one(values)}"

    def parameter(self) -> str:
        """Return a placeholder whose value comes beside the statement."""
        name = f"p{len(self.parameters)}"
        values = ["file", "system.processes", "system", "processes", "kept", self.one(self.files), "url"]
        self.parameters[name] = self.one(values)
        return f"{{{name}:{self.one(['Identifier', 'Identifier', 'String'])}}}"

    def type(self) -> str:
        """Return a data type."""
        return self.one(_TYPES).replace("{file}", self.one(self.files))

    def name(self, name: str) -> str:
        """Return a name in one of the ways it can be written."""
        if self.chance(0.1):
            name = self.one([name.upper(), name.lower()])
        if self.chance(0.8):
            return name
        opening = self.one(list(_CLOSING))
        if opening in '`"' and self.chance(0.5):
            at = self.random.randrange(len(name))
            name = f"{name[:at]}\\x{ord(name[at]):02x}{name[at + 1 :]}"
        return f"{opening}{name}{_CLOSING[opening]}"

    def text(self) -> str:
        """Return a path or an address, as a literal of some kind."""
        return self.quoted(self.one(self.files))

    def quoted(self, text: str) -> str:
        """Return a text as a literal of some kind."""
        kind = self.random.randrange(10)
        if kind == 0 and text and not text.startswith("file:"):  # a computed zone is the kernel's to stop
            return f"concat({self.quoted(text[:3])}, {self.quoted(text[3:])})"
        if kind == 1:
            return f"$q${text}$q$"
        if kind == 2 and "\u2019" not in text:
            return f"\u2018{text}\u2019"
        escaped = text.replace("\\", "\\\\").replace("'", self.one(["\\'", "''"]))
        return f"'{escaped}'"

    def gap(self, chance: float = 1.0) -> str:
        """Return what may stand between two tokens."""
        if not self.chance(chance):
            return ""
        return self.one([" ", " ", " ", "\n", "/**/", " -- file\n", "\t", "\u00a0", "/* /* */ file( */"])

    def listed(self, write: Callable[[], str], least: int = 1, most: int = 3) -> str:
        """Some of a kind, with commas."""
        return ", ".join(write() for _ in range(self.random.randint(least, most)))

    def one(self, choices: Sequence[T]) -> T:
        """Any of them."""
        return self.random.choice(choices)

    def chance(self, share: float) -> bool:
        """Return whether it happens this time."""
        return self.random.random() < share
