"""Command lines that only show that a process works for another program: its parent's shows which."""

import re
from collections.abc import Sequence

_WORKER = re.compile(
    r"from (?:multiprocess(?:ing)?|billiard|torch\.multiprocessing)\.\w+ import|--multiprocessing-fork"
    r"|joblib\.externals\.loky\.backend\.\w+"
)
_LOOKED_AT = 4  # arguments


def is_worker(cmdline: Sequence[str]) -> bool:
    """Return whether a command line is that of a worker which a library started anew, by spawn or a fork server."""
    return any(_WORKER.search(word) for word in cmdline[1:_LOOKED_AT])
