"""The identity of an end. In `edges` it is one text, so that it merges as a whole; here its parts are read.

The text begins with the start of the process, so that the younger of two processes has the greater text
(schemas/graph.py). It ends with what is known of a container, and where nothing is, before that. So the text with more
known is the greater one, and texts from before these parts are read as they are.
"""

from typing import Any

from schemas.facts import facts
from schemas.graph import Identities
from schemas.kinds import LABEL, Kind

_PARTS = ("started", *(name for name in facts(Identities) if name != "started"))
_LAST = ("namespace", "pod", "container_name")  # the last fields of Identities
_FIRST = len(_PARTS) - len(_LAST)
WHO = {name: facts(Identities)[name] for name in ("service", "name", "host", "container", *_LAST, "provenance", "tied")}


def packed(identity: tuple[Any, ...]) -> str:
    """Write a row of Identities as one text, whose order is that of its merge: first the start of the process."""
    *rest, tied, started = identity[:_FIRST]
    last = identity[_FIRST:]
    texts = (*rest, str(int(tied)), *(last if any(last) else ()))
    return "\t".join((f"{started:016d}", *(part.replace("\t", " ") for part in texts)))


def packed_part(value: str) -> str:
    """Return a part as it is written in the text, between the first and the last one."""
    return f"\t{value}\t"


def unpacked(who: str, name: str, kind: Kind) -> str:
    """Return one part of an identity, cut out of the column `who`."""
    found = f"regexpExtract({who}, '^(?:[^\\\\t]*\\\\t){{{_PARTS.index(name)}}}([^\\\\t]*)', 1)"
    return found if kind is LABEL else f"to{kind.sql}OrZero({found})"


def part(who: str, name: str) -> str:
    """Return one part of an identity; `who` is a column that `cut` made."""
    return f"{who}[{_PARTS.index(name) + 1}]"


def cut(who: str) -> str:
    """Cut the text into its parts."""
    return f"splitByChar('\\t', {who})"


def replaced(who: str, name: str, value: str) -> str:
    """Return the text with another value of one part."""
    return f"replaceRegexpOne({who}, '^((?:[^\\t]*\\t){{{_PARTS.index(name)}}})[^\\t]*', concat('\\1', {value}))"


def written(**parts: str) -> str:
    """Write the text from SQL expressions; missing parts are empty."""
    given = [parts.get(name, "''") for name in (_PARTS if parts.keys() & set(_LAST) else _PARTS[: -len(_LAST)])]
    return "concat(" + ", '\\t', ".join(given) + ")"


def address_id(end: str) -> str:
    """Return the id of the address at an end as a node (schemas/ids.py), from its columns."""
    scope = f"{end}_scope"
    return f"concat('address:', if({scope} = '', '', concat({scope}, '@')), {end}_address)"


def process_id(end: str) -> str:
    """Return the id of the node at an end: the process, else the host, else the address."""
    node, host = part(f"{end}_who", "node"), part(f"{end}_who", "host")
    return f"multiIf({node} != '', {node}, {host} != '', concat('host:', {host}), {address_id(end)})"
