"""The engine's own reading of a statement: its syntax tree, so that what is judged is what is run."""

import json
from typing import Any

from sinks.embedded.engine import EngineError, Session, decoded

_SCOPE = ": In scope SELECT parseQueryToJSON("
_NO_TREE = (
    "does not support JSON serialization",
    "cannot be represented as AST JSON",
    "is not supported by parseQueryToJSON",
)

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"})

Node = dict[str, Any]


class NoTree(Exception):
    """The engine has no tree for statements of this kind."""


def tree(session: Session, text: str) -> Node:
    """Parse one statement; raises the engine's EngineError when it is none, and NoTree.

    The session must have no settings of a client's: they could change how it parses, or what it answers.
    """
    try:
        answer = _apply(session, "parseQueryToJSON", text)
    except EngineError as error:
        if any(part in error.message for part in _NO_TREE):
            raise NoTree from None
        message, scope, _ = error.message.partition(_SCOPE)
        raise EngineError(error.code, f"{message} ({error.name})" if scope else message) from None
    try:
        root = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise EngineError(306, "DB::Exception: The query is nested too deeply. (TOO_DEEP_RECURSION)") from error
    if not isinstance(root, dict):
        raise NoTree
    return root


def statement(session: Session, root: Node) -> str:
    """Write a tree as a statement; the reverse of `tree`."""
    return _apply(session, "formatQueryFromJSON", json.dumps(root, ensure_ascii=False)).rstrip("\n")


def _apply(session: Session, function: str, text: str) -> str:
    # As a parameter, whose length has no limit of its own, its form is that of a tab-separated value.
    given = {"text": text.translate(_ESCAPES)}
    return decoded(b"".join(session.whole(f"SELECT {function}({{text:String}})", "TSVRaw", given)))
