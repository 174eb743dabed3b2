"""``python -m benchmarks``: run the benchmarks, print one table, write benchmarks/results.json."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import msgspec

from benchmarks.result import Result, machine, plain
from benchmarks.runner import BenchmarkError, discover, run_apart

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results.json"
# Fixed widths: rows are printed as they come, before the longest is known.
COLUMNS = ("name", "value", "against", "ratio", "goal", "met")
LINE = "{:<38}  {:>20}  {:<34}  {:>8}  {:<20}  {}"


def table_line(result: Result) -> str:
    """Render a result as a line of the table whose columns are COLUMNS."""
    against = ""
    if result.against_value is not None:
        against = f"{plain(result.against_value)} {result.against}"
    return LINE.format(
        result.name,
        f"{plain(result.value)} {result.unit}",
        against,
        "" if result.ratio is None else f"{plain(result.ratio)}x",
        "" if result.goal is None else result.goal.text(result.unit),
        {None: "", True: "yes", False: "NO"}[result.met],
    ).rstrip()


def row(result: Result, facts: dict[str, str | int | float]) -> dict[str, Any]:
    """Return a result as it is kept in results.json, with the machine it was measured on."""
    return {
        "name": result.name,
        "value": result.value,
        "unit": result.unit,
        "against": result.against,
        "against_value": result.against_value,
        "ratio": result.ratio,
        "goal": None if result.goal is None else result.goal.text(result.unit),
        "met": result.met,
        "runs": list(result.runs),
        "machine": facts,
    }


def keep(rows: list[dict[str, Any]], path: Path, *, partial: bool) -> None:
    """Write the rows; after a partial run, beside the rows of other names already there."""
    if partial and path.exists():
        new = {row["name"] for row in rows}
        rows = [old for old in msgspec.json.decode(path.read_bytes()) if old["name"] not in new] + rows
    path.write_bytes(msgspec.json.format(msgspec.json.encode(rows), indent=2) + b"\n")


def measure(paths: Iterable[Path]) -> tuple[list[Result], list[str]]:
    """Run the benchmarks one after the other, printing rows as they come; return results, errors."""
    results: list[Result] = []
    errors: list[str] = []
    click.echo(LINE.format(*COLUMNS))
    for path in paths:
        try:
            found = run_apart(path)
        except BenchmarkError as error:
            errors.append(str(error))
            continue
        for result in found:
            click.echo(table_line(result))
        results += found
    return results, errors


@click.command()
@click.option("--only", multiple=True, metavar="NAME", help="Run this benchmark (repeatable).")
@click.option("--list", "list_names", is_flag=True, help="List the benchmarks and stop.")
@click.option("--strict", is_flag=True, help="End with 1 when a goal is missed.")
@click.option("--folder", default=FOLDER, type=click.Path(path_type=Path), hidden=True)
@click.option("--results", default=RESULTS, type=click.Path(path_type=Path), hidden=True)
def main(only: tuple[str, ...], list_names: bool, strict: bool, folder: Path, results: Path) -> None:
    """Run the benchmarks, each in its own process, and compare them with their goals."""
    known = discover(folder)
    if list_names:
        click.echo("\n".join(known))
        return
    unknown = [name for name in only if name not in known]
    if unknown:
        raise click.UsageError(f"there is no benchmark {', '.join(unknown)}: pick from {', '.join(known)}")
    found, errors = measure(known[name] for name in only or known)
    keep([row(result, machine()) for result in found], results, partial=bool(only or errors))
    missed = [result.name for result in found if result.met is False]
    if missed:
        click.secho(f"GOALS MISSED ({len(missed)}): {', '.join(missed)}", fg="red", bold=True)
    for error in errors:
        click.secho(f"FAILED: {error}", err=True, fg="red", bold=True)
    sys.exit(1 if errors or (strict and missed) else 0)


if __name__ == "__main__":
    main()
