"""Looks at every part of a statement's syntax tree; what no rule here knows is refused."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sinks.embedded.allowed import Allowed, check_format
from sinks.embedded.engine import EngineError
from sinks.embedded.refusal import refuse
from sinks.embedded.sql import literal
from sinks.embedded.syntax import Node

# Parts of a statement that name nothing, or are judged by what they consist of.
_PARTS = {
    *("Asterisk", "QualifiedAsterisk", "ColumnsRegexpMatcher", "ColumnsListMatcher", "ColumnsTransformerList"),
    *("QualifiedColumnsRegexpMatcher", "QualifiedColumnsListMatcher", "ColumnsExceptTransformer"),
    *("ColumnsReplaceTransformer", "ColumnsReplaceTransformerReplacement", "DataTypeArgument"),
    *("EnumDataType", "TupleDataType", "ObjectTypeArgument", "NameTypePair", "Pair", "Collation"),
    *("ExpressionList", "SelectQuery", "SelectWithUnionQuery", "SelectIntersectExceptQuery", "Subquery"),
    *("TablesInSelectQuery", "TablesInSelectQueryElement", "TableJoin", "ArrayJoin", "SampleRatio"),
    *("OrderByElement", "InterpolateElement", "WindowDefinition", "WindowListElement", "WithElement"),
    *("TTLElement", "StorageOrderByElement", "Assignment", "QueryParameter"),
}
_IN = {"in", "notin", "nullin", "notnullin", "globalin", "globalnotin", "globalnullin", "globalnotnullin"}
_IN |= {f"{name}ignoreset" for name in _IN}
_SYSTEM = "system"
_ZONE_FILE = re.compile(r"(^|['\"])file:")
# The bytes of an aggregate function's state are trusted by the code that reads them.
_STATE = re.compile(r"(?<![A-Za-z])AggregateFunction\b", re.I)
_NO_STATES = "Cannot make states of aggregate functions"
_PLAIN = re.compile(r"\w[\w$-]*+")
_QUOTES = frozenset("'\"`\\")
_READONLY = {"field_type": "String", "value": "readonly"}  # a wall of 1; to clients it is one that leaves settings free


class Walk:
    """One look at one statement."""

    def __init__(
        self,
        allowed: Allowed,
        parameters: Mapping[str, str],
        database: str,
        check_setting: Callable[[str, str], object],
    ) -> None:
        """`database` is where tables without one are looked up; `check_setting` raises EngineError."""
        self.used = ""  # the database of USE
        self.changed = False  # the tree is no longer that of the text
        self.depends = False  # on parameters: with others the answer may be another
        self._allowed = allowed
        self._parameters = parameters
        self._database = database
        self._check_setting = check_setting
        self._defined: set[str] = set()  # functions of the statement's own: WITH x -> x + 1 AS next
        self._called: list[str] = []  # functions that the engine does not know
        self._named: list[str] = []  # functions that are refused, or columns of such a name
        self._takes_function = False  # somewhere a name would be taken for a function's
        self._aliases: dict[str, str] = {}  # of tables of system that a reader sees some of
        self._qualified: list[Node] = []  # columns that name such a table with its database
        self._lists = False  # SHOW: its condition is one on a table of system that nobody named
        self._rules: Mapping[str, Callable[[Node], list[Any]]] = {
            "Function": self._function,
            "ColumnsApplyTransformer": self._apply,
            "Identifier": self._identifier,
            "TableIdentifier": self._table,
            "TableExpression": self._table_expression,
            "Literal": self._literal,
            "DataType": self._data_type,
            "SetQuery": self._settings,
            "ExplainQuery": self._explain,
            "UseQuery": self._use,
            "ShowTablesQuery": self._listing,
            "ShowColumnsQuery": self._listing,
            "ShowIndexesQuery": self._listing,
        }

    def over(self, root: Node) -> None:
        """Look at a tree and everything below; raises EngineError."""
        left: list[Any] = [root]
        while left:
            part = left.pop()
            if isinstance(part, list):
                left.extend(part)
            elif isinstance(part, dict):
                left.extend(self._one(part))
        if self._takes_function and self._named:
            raise refuse(f"Cannot name the function {self._named[0]}")
        for name in self._called:
            if name not in self._defined:
                raise self._unknown(name)
        for node in self._qualified:  # a subquery stands there instead of the table
            _, table, *column = node["name_parts"]
            if alias := self._aliases.get(table):
                node |= {"name": ".".join([alias, *column]), "name_parts": [alias, *column]}

    def _one(self, node: Node) -> list[Any]:
        """Judge a node; gives what of it is still to be looked at."""
        kind = node.get("type", "")
        if "out_file" in node:
            raise refuse("Cannot write INTO OUTFILE")
        if node.get("format_ast"):
            check_format(node["format_ast"]["name"])
        if kind in self._rules:
            return self._rules[kind](node)
        if kind not in _PARTS:
            raise refuse(f"Cannot judge {kind or 'a part of the query'}")
        if self._lists and ("Columns" in kind or "Asterisk" in kind):
            raise refuse("Cannot name columns by a pattern in SHOW")
        return _children(node)

    def _function(self, node: Node) -> list[Any]:
        name = node["name"]
        self._check_call(name)
        arguments = (node.get("arguments") or {}).get("children", ())
        if name.lower() == "lambda" and "alias" in node:
            self._defined.add(node["alias"])
        if name.lower() in self._allowed.higher and arguments and arguments[0].get("type") == "Identifier":
            self._takes_function = True
        if name.lower() == "getsetting" and arguments and arguments[0].get("value") == _READONLY:
            alias = node.get("alias", "getSetting('readonly')")
            node.clear()
            node |= {"type": "Literal", "value": {"field_type": "UInt64", "value": 2}, "alias": alias}
            self.changed = True
            return []
        if name.lower() in _IN and len(arguments) > 1 and arguments[1].get("type") == "Identifier":
            self._table(arguments[1])
        return _children(node)

    def _check_call(self, name: str) -> None:
        if self._allowed.calls(name):
            return
        if self._allowed.knows(name):
            raise refuse(f"Cannot call {name}()")
        self._called.append(name)

    def _unknown(self, name: str) -> EngineError:
        meant = self._allowed.like(name)
        hint = f" Maybe you meant {meant}()." if meant else ""
        message = f"DB::Exception: There is no function {name[:40]}() for readers.{hint} (UNKNOWN_FUNCTION)"
        return EngineError(46, message)

    def _apply(self, node: Node) -> list[Any]:
        if "func_name" in node:
            self._check_call(node["func_name"])
        return _children(node)

    def _identifier(self, node: Node) -> list[Any]:
        names = self._names(node)
        if len(names) == 1 and names[0].lower() in self._allowed.refused:
            self._named.append(names[0])
        if self._lists and not self._allowed.hidden_columns.isdisjoint(names):
            raise refuse(f"Cannot name {names[-1]}")
        if len(names) == 2 and names[0].lower() == _SYSTEM:
            self._table(node)
        if len(names) > 2 and names[0].lower() == _SYSTEM and node.get("name_parts") == names:
            self._qualified.append(node)
        return []

    def _table(self, node: Node) -> list[Any]:
        database, table = self._place(node)
        if database.lower() == _SYSTEM and table not in self._allowed.tables:
            raise refuse(f"Cannot read {database}.{table}")
        return []

    def _table_expression(self, node: Node) -> list[Any]:
        named = node.get("database_and_table_name")
        if named:
            database, table = self._place(named)
            if database == _SYSTEM and table in self._allowed.hidden:
                del node["database_and_table_name"]
                node.pop("final", None)
                seen = self._allowed.hidden[table]
                alias = self._aliases[table] = named.get("alias") or table
                node["subquery"] = {**seen, "alias": alias}
                self.changed = True
                return [value for key, value in node.items() if key != "subquery" and isinstance(value, dict | list)]
        return _children(node)

    def _place(self, node: Node) -> tuple[str, str]:
        """Database and name of a table."""
        names = self._names(node)
        if len(names) > 2 and names[0].lower() == _SYSTEM:
            raise refuse(f"Cannot read {'.'.join(names)}")
        if not all(is_plain(name) for name in names):
            raise refuse("Cannot read a table whose name is not plain")
        return (names[0], ".".join(names[1:])) if len(names) > 1 else (self._database, names[0])

    def _names(self, node: Node) -> list[str]:
        """Return the parts of an identifier, with those that parameters give."""
        names = list(node.get("name_parts") or [node["name"]])
        for child in node.get("children", ()):
            if child.get("type") != "QueryParameter" or "" not in names:
                raise refuse("Cannot judge an identifier")
            self.depends = True
            hole = names.index("")
            names[hole : hole + 1] = self._parameters.get(child["name"], "").split(".")
        return names

    def _literal(self, node: Node) -> list[Any]:
        for text in _texts(node.get("value")):
            if _ZONE_FILE.search(text):
                raise refuse("Cannot use a text that begins with 'file:', which may be a time zone's name")
            if _STATE.search(text):
                raise refuse(_NO_STATES)
        return []

    def _data_type(self, node: Node) -> list[Any]:
        if _STATE.match(node["name"]):
            raise refuse(_NO_STATES)
        return _children(node)

    def _settings(self, node: Node) -> list[Any]:
        for change in node.get("changes", ()):
            self._check_setting(change["name"], _as_literal(change["value"]))
        if node.keys() - {"type", "changes", "is_standalone"}:
            raise refuse("Cannot set anything to its default")
        return []

    def _explain(self, node: Node) -> list[Any]:
        return [value for key, value in node.items() if key != "settings" and isinstance(value, dict | list)]

    def _use(self, node: Node) -> list[Any]:
        self.used = ".".join(self._names(node["database"]))
        return []

    def _listing(self, node: Node) -> list[Any]:
        self._lists = True
        if node.get("caches") or node.get("merges"):
            raise refuse("Cannot execute query")
        if any(isinstance(value, str) and not _QUOTES.isdisjoint(value) for value in node.values()):
            raise refuse("Cannot use quotes or backslashes in SHOW")
        if not all(is_plain(node[key]) for key in ("database", "table") if node.get(key)):
            raise refuse("Cannot show a table whose name is not plain")
        return _children(node)


def is_plain(name: str) -> bool:
    """Return whether only a table of the store can have this name: chdb takes others for the paths of files."""
    return bool(_PLAIN.fullmatch(name))


def _children(node: Node) -> list[Any]:
    return [value for value in node.values() if isinstance(value, dict | list)]


def _texts(value: Any) -> Iterator[str]:
    """Yield all texts in a literal."""
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict | list):
            left.extend(each.values() if isinstance(each, dict) else each)


def _as_literal(field: Mapping[str, Any]) -> str:
    """Return a setting's value in SQL."""
    kind, value = field.get("field_type"), field.get("value")
    if kind == "Map" and isinstance(value, list):
        pairs = ([_as_literal(each) for each in pair["value"]] for pair in value)
        return "{" + ", ".join(": ".join(pair) for pair in pairs) + "}"
    if isinstance(value, bool | int | float):
        return str(value).lower()
    if kind == "String":
        return literal(str(value))
    raise refuse(f"Cannot set anything to a value of the type {kind}")
