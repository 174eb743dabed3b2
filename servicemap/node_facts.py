"""`facts`: the facts that the operator's own programs print, from the store."""

import time
from collections.abc import Mapping
from typing import Any

import click

from answers.times import end_of_records
from graph.node_facts import NodeFactRow, node_facts
from graph.reading import names_of_hosts
from schemas.ids import parse_process
from schemas.matching import unknown
from schemas.text import shown
from schemas.times import HOUR_MS, iso
from servicemap.columns import aligned
from servicemap.config import Config
from servicemap.options import Failure, NothingMatches
from servicemap.parts import store_address
from servicemap.printing import print_json
from sinks.store import Store, StoreError

HEADINGS = ("HOST", "SERVICE", "PORT", "PID", "NAME", "VALUE")
MOST = 10_000


def run(config: Config, at: int | None, name: str, service: str, host: str, *, as_json: bool) -> None:
    """Print the facts that stood at a time, ms; without one, the latest. NothingMatches without any."""
    store = Store(store_address(config, write=False))
    try:
        end = min(end_of_records(store), int(time.time() * 1000) if at is None else at)
        hostnames = names_of_hosts(store, end - HOUR_MS, end)
        hosts = [each for each, called in hostnames.items() if host in ("", each, called)]
        if host and not hosts:
            raise NothingMatches(unknown("host", host, {*hostnames, *hostnames.values()}))
        parameters = {"to": end, "most": MOST, "name": name, "service": service, "hosts": [*hosts, ""]}
        rows = store.rows(NodeFactRow, node_facts(everything=True), parameters)
    except StoreError as error:
        raise Failure(str(error)) from None
    finally:
        store.close()
    if not rows:
        raise NothingMatches(
            f"no such fact was printed at {iso(end)}; `servicemap doctor` checks the programs that print them"
        )
    _print(rows, hostnames, as_json=as_json)
    if len(rows) == MOST:
        click.echo(f"servicemap: these are {MOST:,}, and there are more: give --host, --service or --name", err=True)


def _print(rows: list[NodeFactRow], hostnames: Mapping[str, str], *, as_json: bool) -> None:
    if as_json:
        for row in rows:
            print_json(_fields(row, hostnames))
        return
    cells = [tuple(shown(str(value or "")) for value in _cells(row, hostnames)) for row in rows]
    click.echo(aligned(HEADINGS, cells, right={2, 3}), nl=False)


def _fields(row: NodeFactRow, hostnames: Mapping[str, str]) -> dict[str, Any]:
    """Return a fact with the name of its host, without what it has none of."""
    fields = row._asdict() | {"hostname": hostnames.get(row.host) or row.host}
    return {name: value for name, value in fields.items() if value}


def _cells(row: NodeFactRow, hostnames: Mapping[str, str]) -> tuple[object, ...]:
    pid = parse_process(row.node).pid if row.node else 0
    return hostnames.get(row.host) or row.host, row.service, row.port, pid, row.name, row.value
