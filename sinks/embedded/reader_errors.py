"""The errors that readers get when a query fails: how to fix it, and none of the values that it met."""

import re
from pathlib import Path

from sinks.embedded.engine import EngineError

# Of the text, its names, and limits: sent as they are.
_OF_NAMES = frozenset(
    {8, 10, 16, 46, 47, 60, 62, 81, 82, 158, 159, 160, 164, 167, 168, 202, 207, 215, 223, 241, 306, 307, 390, 394, 396}
    | {452, 456, 516}
)
# Of types and clauses, which stand there bare; values are in quotes.
_OF_TYPES = frozenset({*(15, 42, 43, 44, 48, 50, 51, 53, 63, 70, 73, 80, 99, 115, 182, 184, 352, 386, 403, 628)})
_QUOTED = re.compile(r"(?<!\w)'(?:[^'\\\n]|\\.)*+'?+|\"(?:[^\"\\\n]|\\.)*+\"?+")
_LONGEST = 16_000
# What is no plain word of English, type or number of the message's own: it may be a value.
_STRANGE = re.compile(r"(?<!\S)(?![A-Za-z]+[.,:;!?]?(?!\S)|(?:U?Int|Float|Decimal|IPv|Date|DateTime)\d+\b)\S+")
_TAIL = re.compile(r": (?:In scope |while executing )")
_NAME = re.compile(r" \([A-Z][A-Z0-9_]+\)$")


def for_reader(error: EngineError, asked: str, data: Path) -> EngineError:
    """Return the error without the store's folder, and without values that the query itself does not have."""
    message = error.message.replace(str(data), "…")
    if len(message) > _LONGEST:
        message = f"{message[:_LONGEST]}… ({error.name})"
    if error.code not in _OF_NAMES:
        message = _QUOTED.sub(lambda found: found[0] if found[0][1:-1] in asked else "'…'", message)
    if error.code not in _OF_NAMES and error.code not in _OF_TYPES:
        name = _NAME.search(message)
        head = _TAIL.split(message[: name.start()] if name else message, maxsplit=1)[0].removeprefix("DB::Exception: ")
        head = _STRANGE.sub(lambda found: found[0] if found[0].strip("'\".,:;()") in asked else "…", head)
        message = f"DB::Exception: {head}{name[0] if name else ''}"
    return EngineError(error.code, message)
