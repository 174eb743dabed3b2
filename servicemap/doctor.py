"""`doctor`: what this host can see, what is missing, and the command that mends it. Nothing is changed by looking."""

import sys
from collections.abc import Sequence
from itertools import chain

import click
import msgspec

from schemas.text import shown
from servicemap.check import Check
from servicemap.config import Config
from servicemap.host_checks import host_checks
from servicemap.part_checks import part_checks
from servicemap.printing import print_json
from servicemap.retention.reading import read_kept
from servicemap.retention.showing import lines

BROKEN, DEGRADED = 1, 3  # exit codes


def examine(config: Config, *, as_json: bool) -> None:
    """Print all checks; exit 0 when all is well, 3 when something cannot be seen, 1 when something is broken."""
    checks = [*map(_printable, chain(host_checks(config.collectors), part_checks(config)))]
    code = verdict(checks)
    if as_json:
        state = {0: "ok", DEGRADED: "degraded", BROKEN: "broken"}[code]
        print_json({"state": state, "checks": checks, "kept": read_kept(config)})
    else:
        click.echo("".join((*_lines(checks), *lines(read_kept(config)))), nl=False)
    sys.exit(code)


def _printable(check: Check) -> Check:
    """Return a check without the bytes that names of hosts, files and programs may have."""
    return msgspec.structs.replace(
        check, name=shown(check.name), found=shown(check.found), needs=shown(check.needs), fix=shown(check.fix)
    )


def verdict(checks: Sequence[Check]) -> int:
    """Return the exit code that the checks mean."""
    states = {check.state for check in checks}
    return BROKEN if "broken" in states else DEGRADED if "missing" in states else 0


def _lines(checks: Sequence[Check]) -> list[str]:
    width = max(len(check.name) for check in checks)
    lines = []
    for check in checks:
        lines.append(f"{check.state:<8} {check.name:<{width}}  {check.found}\n")
        advice = [f"needs: {check.needs}"] * bool(check.needs) + [f"fix:   {check.fix}"] * bool(check.fix)
        lines += [f"{'':<{width + 11}}{text}\n" for text in advice]
    return lines
