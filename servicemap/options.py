"""Options that every command has, types of values, and failures as one sentence."""

import functools
import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from log.protocol import LogError
from schemas.messages import lines, log_to_stderr
from servicemap.config import ConfigError, load, read

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_LONGEST_MS = 100 * 365 * 86_400_000
_FIRST, _LAST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)  # the range of the store's times
NOTHING_MATCHES = 4  # exit code: nothing of this name, or of this time, is known


class Failure(click.ClickException):
    """One sentence with the remedy; exit code 1."""

    def show(self, file: Any = None) -> None:
        """Print the sentence."""
        click.echo(f"servicemap: {lines(self.format_message())}", err=True)


class NothingMatches(Failure):
    """What was asked for is not there: a name that nobody has, a time of which nothing is stored."""

    exit_code = NOTHING_MATCHES


class Port(click.ParamType):
    """The number of a port; 0 is any."""

    name = "port"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number."""
        if not re.fullmatch(r"[0-9]{1,5}", str(value)) or int(value) > 65_535:
            self.fail(f"{value!r} is not a port; give a number up to 65535, or 0 for any that is free")
        return int(value)


class Number(click.IntRange):
    """A whole number of a range; errors call it so."""

    name = "whole number"


class Duration(click.ParamType):
    """A stretch of time such as 500ms, 30s, 10m, 2h, 7d; a bare number is seconds. In ms."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return milliseconds."""
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|)", str(value))
        if match is None:
            self.fail(f"{value!r} is not a duration; give 30s, 10m, 2h or 7d")
        length = float(match[1]) * _UNITS[match[2] or "s"]
        if length > _LONGEST_MS:
            self.fail(f"{value!r} is longer than a century; give 30s, 10m, 2h or 7d")
        return int(length)


class Moment(click.ParamType):
    """A point in time: 2026-05-01T12:00[:00][Z], 12:00 (today), @seconds, now, or 10m (ago). In ms since the epoch."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return milliseconds since the epoch. A time without a zone is local time."""
        if isinstance(value, int):
            return value
        text = str(value).strip()
        try:
            found = self._read(text, param, ctx)
        except (ValueError, OverflowError, OSError):  # from astimezone(), for years that do not exist
            found = None
        if found is None:
            self.fail(f"{value!r} is not a time; give 2026-05-01T12:00, 12:00, 10m (ago), @1777629600 or now")
        if not _FIRST.timestamp() <= found / 1000 <= _LAST.timestamp():
            self.fail(f"{value!r} is out of range; give a time from {_FIRST.year} to {_LAST.year}")
        return int(found)

    def _read(self, text: str, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return milliseconds; ValueError for what is no time."""
        now = datetime.now().astimezone()
        if text == "now":
            return now.timestamp() * 1000
        if re.fullmatch(r"@\d+(\.\d+)?", text):
            return float(text[1:]) * 1000
        if re.fullmatch(r"-?\d+(\.\d+)?(ms|s|m|h|d)", text):
            return now.timestamp() * 1000 - Duration().convert(text.lstrip("-"), param, ctx)
        if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", text):
            text = f"{now:%Y-%m-%d}T{text.zfill(5 if text.count(':') == 1 else 8)}"
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.astimezone()).timestamp() * 1000


def either_or(*given: tuple[str, object]) -> None:
    """Refuse options that exclude each other, by their names and values."""
    found = [name for name, value in given if value]
    if len(found) > 1:
        raise click.UsageError(f"{' and '.join(found)} exclude each other: give one of them")


def not_empty(*names: str) -> None:
    """Refuse an empty value, such as that of a variable that is not set, where it would ask for everything."""
    for name in names:
        if typed(name) and not click.get_current_context().params[name]:
            raise click.UsageError(f"--{name.replace('_', '-')} is empty: give a name, or leave it out")


def typed(name: str) -> bool:
    """Return whether an option of the running command was given on the command line, and not by the environment."""
    return click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE


def iso(ms: int) -> str:
    """Write a time for people: UTC, to the second."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def configured(*, judged: bool = False, **keys: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options all have, and its configuration as first argument.

    `keys` maps the command's own parameters to the configuration keys they set, with __ for the dot. A
    `judged` command reports the faults of its configuration itself: it gets what is left of it, and `faults`.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @click.option("--config", "file", type=click.Path(path_type=Path), help="Configuration file, TOML or JSON.")
        @click.option("--data", metavar="DIR", help="Data directory.  [default: ~/.local/share/servicemap]")
        @click.option("--log", "log_url", metavar="URL", help="A path or kafka://host:9092.  [default: in DIR]")
        @click.option(
            "--store", "store_url", metavar="URL", help="clickhouse://user:pw@host:9000/db.  [default: in DIR]"
        )
        @click.option("--debug", is_flag=True, help="Log more, and show tracebacks.")
        @functools.wraps(command)
        def run(
            file: Path | None, data: str | None, log_url: str | None, store_url: str | None, debug: bool, **rest: Any
        ) -> None:
            for name, value in (("--data", data), ("--log", log_url), ("--store", store_url), ("--config", file)):
                if value is not None and not str(value).strip("."):
                    raise click.UsageError(f"{name} is empty: give a value, or leave it out")
            flags = {"data": data, "log.url": log_url, "store.url": store_url}
            flags |= {key.replace("__", "."): rest.pop(name) for name, key in keys.items()}
            _log(debug)
            try:
                if judged:
                    config, rest["faults"] = read(file, flags=flags)
                else:
                    config = load(file, flags=flags)
            except ConfigError as error:
                if error.typed:
                    raise click.UsageError(str(error)) from None
                raise Failure(str(error)) from None
            try:
                command(config, **rest)
            except LogError as error:
                if debug:
                    raise
                failure = Failure(str(error))
                failure.exit_code = getattr(error, "exit_code", Failure.exit_code)
                raise failure from None

        return run

    return decorate


def _log(debug: bool) -> None:
    log_to_stderr(logging.DEBUG if debug else logging.WARNING, "%(asctime)s %(levelname)s %(name)s: %(message)s")
    if not debug:  # a Failure states in a sentence what it would warn about with a traceback
        logging.getLogger("clickhouse_driver").setLevel(logging.CRITICAL)
