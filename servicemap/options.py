"""Options that every command has, types of values, and failures as one sentence."""

import functools
import logging
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from answers.faults import BadRequest, NothingStored, NotThere
from log.protocol import LogError
from schemas.messages import lines, log_to_stderr
from schemas.moments import duration, moment
from servicemap.config import ConfigError, load, read

REFUSED = 2  # exit code: what was typed is wrong, as click has it
NOTHING_MATCHES = 4  # exit code: nothing of this name, or of this time, is known


class Failure(click.ClickException):
    """One sentence with the remedy; exit code 1."""

    def show(self, file: Any = None) -> None:
        """Print the sentence."""
        click.echo(f"servicemap: {lines(self.format_message())}", err=True)


class NothingMatches(Failure):
    """What was asked for is not there: a name that nobody has, a time of which nothing is stored."""

    exit_code = NOTHING_MATCHES


class Refused(Failure):
    """What was given cannot be understood, as with a wrong option."""

    exit_code = REFUSED


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
        try:
            return value if isinstance(value, int) else duration(str(value))
        except ValueError as error:
            self.fail(str(error))


class Moment(click.ParamType):
    """A point in time: 2026-05-01T12:00[:00][Z], 12:00 (today), @seconds, now, or 10m (ago). In ms since the epoch."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return milliseconds since the epoch. A time without a zone is local time."""
        try:
            return value if isinstance(value, int) else moment(str(value), time.time() * 1000, zone=None)
        except ValueError as error:
            self.fail(str(error))


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
            except NotThere as error:
                raise NothingMatches(str(error)) from None
            except BadRequest as error:
                raise Refused(str(error)) from None
            except NothingStored as error:
                raise Failure(str(error)) from None
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
