"""`names`: what every process is called, and which rule found that in which fact."""

import sys
from collections.abc import Sequence
from contextlib import closing

import click
from msgspec import Struct

from log.protocol import LogError
from schemas.matching import unknown
from schemas.text import shown
from schemas.times import iso
from servicemap.browsing import existing_log
from servicemap.columns import aligned
from servicemap.config import Config
from servicemap.last_facts import Reported, last_logged, running
from servicemap.options import Failure, NothingMatches
from servicemap.printing import print_json
from streams.naming import NamingRule, name_process

HEADINGS = ("SERVICE", "PROGRAM", "PID", "RULE", "EVIDENCE")
WIDEST = 60
_CONTAINED = ("container", "container_name", "runtime_name", "namespace", "pod", "image")
_FACTS = ("unit", *_CONTAINED, "user", "comm", "exe", "cmdline", "cwd", "lineage", "lead")


class Explained(Struct, frozen=True, kw_only=True):
    """A process and its names."""

    host: str
    hostname: str
    pid: int
    service: str
    rule: str
    evidence: str
    program: str
    program_rule: str
    program_evidence: str
    unit: str
    container: str
    container_name: str
    runtime_name: str
    namespace: str
    pod: str
    image: str
    user: str
    comm: str
    exe: str
    cmdline: list[str]
    cwd: str
    lineage: list[str]
    lead: list[str]


def run(config: Config, at: int | None, service: str, host: str, pid: int | None, *, as_json: bool) -> None:
    """Print the names of the processes that ran at a time, ms; without one, at the end of the log."""
    with closing(existing_log(config)) as log:
        try:
            newest = last_logged(log)
            if newest is None:
                raise Failure("no process has been reported yet: start `servicemap up`, or wait for its first windows")
            found = [explain(config.services.rules, one) for one in running(log, newest if at is None else at)]
        except LogError as error:
            raise Failure(str(error)) from None
    if not found:
        raise NothingMatches(
            f"the log holds no process that ran at {iso(at or newest)}; its newest record is of {iso(newest)}"
        )
    kept = [one for one in found if _asked_for(one, service, host, pid)]
    if not kept:
        raise NothingMatches(_none(found, service, host, pid))
    kept.sort(key=lambda one: (one.service, one.hostname, one.program, one.pid))
    _print(kept, as_json=as_json)


def explain(rules: Sequence[NamingRule], process: Reported) -> Explained:
    """Name a process, with the reason."""
    facts = process.facts
    service, program = name_process(rules, facts)
    return Explained(
        host=process.host,
        hostname=process.hostname,
        pid=facts["pid"],
        service=service.name,
        rule=service.rule,
        evidence=service.evidence,
        program=program.name,
        program_rule=program.rule,
        program_evidence=program.evidence,
        **{name: facts[name] for name in _FACTS},
    )


def _asked_for(one: Explained, service: str, host: str, pid: int | None) -> bool:
    return service in {"", one.service} and host in {"", one.host, one.hostname} and pid in {None, one.pid}


def _none(found: Sequence[Explained], service: str, host: str, pid: int | None) -> str:
    """Name the filter that matches nothing; else state that nothing matches all of them."""
    hosts = {name for one in found for name in (one.host, one.hostname) if name}
    if service and service not in (services := {one.service for one in found}):
        return unknown("service", service, services)
    if host and host not in hosts:
        return unknown("host", host, hosts)
    return f"no process is {_asked(service, host, pid)}; `servicemap names` lists all {len(found)}"


def _asked(service: str, host: str, pid: int | None) -> str:
    wanted = (
        f"of the service {service}" * bool(service),
        f"number {pid}" * (pid is not None),
        f"on {host}" * bool(host),
    )
    return " ".join(filter(None, wanted))


def _print(found: Sequence[Explained], *, as_json: bool) -> None:
    if as_json:
        for one in found:
            print_json(one)
        return
    hosts = {one.host for one in found}
    headings = (*HEADINGS, "HOST") if len(hosts) > 1 else HEADINGS
    cells = [_cells(one)[: len(headings)] for one in found]
    if not sys.stdout.isatty():
        click.echo(aligned(headings, cells, right={2}), nl=False)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for at, heading in enumerate(headings):
        table.add_column(heading, no_wrap=True, overflow="ellipsis", justify="right" if at == 2 else "left")
    for row in cells:
        table.add_row(*map(Text, row))
    Console().print(table)


def _cells(one: Explained) -> tuple[str, ...]:
    evidence = one.evidence if len(one.evidence) <= WIDEST else f"{one.evidence[: WIDEST - 1]}…"
    texts = (one.service, one.program, str(one.pid), one.rule, evidence, one.hostname)
    return tuple(map(shown, texts))
