"""All collectors: each module of this package registers its own, and none is named anywhere else."""

from collections.abc import Iterator
from importlib import import_module
from operator import attrgetter
from pkgutil import iter_modules

import collectors
from collectors.registry import REGISTERED, Sources
from collectors.window import Collector


def registered(sources: Sources) -> Iterator[Collector]:
    """Make all collectors, in the order in which they look."""
    for one in sorted(REGISTERED, key=attrgetter("turn")):
        if collector := one.make(sources):
            yield collector


for _module in iter_modules(collectors.__path__, "collectors."):
    import_module(_module.name)  # after the function: the runner, which asks for it, is one of them
