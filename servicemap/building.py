"""`dashboards build`: Grafana's dashboards and alert rules as files."""

import sys
from pathlib import Path, PurePosixPath

import click

from dashboards.alerts import files as alerts
from dashboards.grafana import build as boards
from servicemap.options import Failure

# The files of a checkout; on the right their paths below --out.
_HOMES = {
    PurePosixPath("dashboards"): PurePosixPath("dashboards/grafana/golden"),
    PurePosixPath("provisioning/alerting"): PurePosixPath("deploy/grafana/provisioning/alerting"),
}
_ROOT = Path(__file__).parent.parent


def built() -> dict[PurePosixPath, str]:
    """Return the text of every file by its place below --out."""
    found = {PurePosixPath("dashboards", name): text for name, text in boards.files().items()}
    return found | {PurePosixPath("provisioning/alerting", name): text for name, text in alerts.files().items()}


def build_files(out: Path | None, *, check: bool) -> None:
    """Write all files; with `check`, list those that are out of date and exit 1."""
    places = {place(path, out): text for path, text in built().items()}
    wrong = [file for file, text in places.items() if not file.is_file() or file.read_text() != text]
    if check and wrong:
        for file in wrong:
            click.echo(f"servicemap: {file} is not what the code makes: run `servicemap dashboards build`", err=True)
        sys.exit(1)
    for file in wrong:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(places[file])
        except OSError as error:
            raise Failure(f"cannot write {file} ({error.strerror}): give a directory with --out") from None
    click.echo(f"{len(places)} files, {len(wrong)} of them written" if not check else f"{len(places)} files as built")


def place(path: PurePosixPath, out: Path | None) -> Path:
    """Return where a file goes: below `out`, else its home in the checkout."""
    if out is not None:
        return out / path
    home = _ROOT / _HOMES[path.parent]
    if not home.is_dir():
        raise Failure("this is not a checkout of servicemap: give a directory with --out")
    return home / path.name
