"""Who started a process: for some programs only that shows what a process is, and to which service it belongs."""

from collections.abc import Callable
from typing import NamedTuple

from collectors.process_facts import Facts, bounded
from collectors.process_table import Stat
from schemas.workers import is_worker

MOST_ANCESTORS = 5
MOST_LEAD = 1_024  # characters


class Origin(NamedTuple):
    """The kernel's names of a process's ancestors, parent first, and whose worker it is."""

    lineage: list[str]
    lead: list[str]


def origin(stat: Stat, facts: Facts, read: Callable[[int], tuple[Stat, Facts] | None]) -> Origin:
    """Return who started a process, as far as those still run; `read` gives what is known of a pid."""
    lineage: list[str] = []
    lead: list[str] = []
    worker = is_worker(facts.cmdline)
    while len(lineage) < MOST_ANCESTORS and (found := read(stat.parent)) and found[0].start <= stat.start:
        stat, facts = found
        lineage.append(stat.comm)
        if worker and not is_worker(facts.cmdline):
            worker, lead = False, bounded(facts.cmdline, MOST_LEAD)
    return Origin(lineage, lead)
