"""`config`: every value in effect with its origin, and what is wrong with them."""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import click
import msgspec

from log.protocol import LogError
from log.security import Security
from schemas.loopback import stays_here
from schemas.text import shown
from schemas.tls import Unusable
from servicemap.columns import aligned
from servicemap.config import Config, Given, given_values
from servicemap.config_faults import SECRETS, Fault
from servicemap.options import Failure
from servicemap.parts import check_certificate, may_look_into, named_store, reader_password
from servicemap.printing import json_text, print_json

DEFAULT = "default"


def show_settings(config: Config, options: Mapping[str, Any], *, as_json: bool) -> None:
    """Print all values; `options` are those of the command line, by their names."""
    flags = {"data": options["data"], "log.url": options["log_url"], "store.url": options["store_url"]}
    rows = list(settings(config, list(given_values(options["file"], flags=flags))))
    if as_json:
        for row in rows:
            print_json(row)
        return
    cells = [(row["key"], row["origin"], json_text(row["value"])) for row in rows]
    click.echo(aligned(("KEY", "ORIGIN", "VALUE"), cells), nl=False)


def settings(config: Config, given: list[Given]) -> Iterator[dict[str, Any]]:
    """Yield key, value in effect (without secrets) and origin."""
    effective = {
        "data": str(config.directory),
        "log.url": config.log_url,
        "log.partitions": config.log_settings.new_partitions,
    }
    for path, value in leaves((), config):
        key = ".".join(path)
        origins = [each.origin for each in given if each.path[: len(path)] == path]
        shown_value = effective.get(key, msgspec.to_builtins(value))
        shown_value = "***" if key in SECRETS and shown_value else _printable(_redacted(shown_value))
        yield {"key": key, "value": shown_value, "origin": shown(origins[-1]) if origins else DEFAULT}


def check_settings(config: Config, faults: Sequence[Fault], *, as_json: bool) -> None:
    """Print what is wrong, and exit 1 if anything is."""
    found = [*(shown(fault.sentence) for fault in faults), *(shown(each) for each in problems(config))]
    if as_json:
        print_json({"ok": not found, "problems": found})
    elif not found:
        click.echo("the configuration can be used")
    else:
        for problem in found:
            click.echo(f"servicemap: {problem}", err=True)
    if found:
        sys.exit(1)


def problems(config: Config) -> Iterator[str]:
    """Yield, in a sentence each, the faults that the types of the settings cannot express."""
    if config.store.url:
        try:
            named_store(config.store)
        except Unusable as error:
            yield str(error)
        except ValueError as error:
            yield "store.url: " + str(error).replace(config.store.url, _redacted(config.store.url))
    else:
        ours = {
            "password": bool(config.store.password),
            "password_file": bool(config.store.password_file),
            "tls.enabled": config.store.tls.enabled,
            "cluster.name": bool(config.store.cluster.name),
        }
        for key in (key for key, value in ours.items() if value):
            yield f"store.{key} is of a ClickHouse of your own: name that in store.url"
    try:
        check_certificate(config)
    except Failure as error:
        yield error.format_message()
    if config.store.cluster.sharded and not config.store.cluster.name:
        yield "store.cluster.sharded is set, but no cluster: set store.cluster.name"
    scheme, separator, _ = config.log_url.partition("://")
    if separator and scheme not in {"kafka", "sqlite"}:
        yield f"log.url: {_redacted(config.log_url)} is not a log; give a path or kafka://host:9092"
    if config.log.kafka:
        try:
            Security(config.log.tls, config.log.sasl)
        except LogError as error:
            yield str(error)
    patterns = {f"collectors.local_interfaces[{at}]": one for at, one in enumerate(config.collectors.local_interfaces)}
    for at, rule in enumerate(config.services.rules):
        each = msgspec.structs.asdict(rule)
        patterns |= {f"services.rules[{at}].{name}": text for name, text in each.items() if name != "service"}
    for key, pattern in patterns.items():
        try:
            re.compile(pattern)
        except re.error as error:
            yield f"{key}: {pattern!r} is not a regular expression ({error})"
    if not config.view.token and not stays_here(config.view.host):
        yield f"view.host: others can reach {config.view.host}: set a password in view.token"
    try:
        reader_password(config)
    except Failure as error:
        yield f"store.host: {error.format_message()}"
    if not may_look_into(config.directory):
        yield f"data: you may not read {config.directory}: it belongs to another user"
    elif config.directory.exists() and not config.directory.is_dir():
        yield f"data: {config.directory} is not a directory"
    if not Path(config.collectors.proc, "self", "stat").exists():
        yield f"collectors.proc: no procfs is mounted at {config.collectors.proc}"


def leaves(path: tuple[str, ...], value: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the values of a struct and of those in it, with their paths."""
    if not isinstance(value, msgspec.Struct):
        yield path, value
        return
    for name in value.__struct_fields__:
        yield from leaves((*path, name), getattr(value, name))


def _printable(value: Any) -> Any:
    """Return a value whose texts can be written anywhere: a path may be named with any bytes."""
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, dict):
        return {shown(name): _printable(inner) for name, inner in value.items()}
    return [_printable(inner) for inner in value] if isinstance(value, list | tuple) else value


def _redacted(value: Any) -> Any:
    """Take the password out of an address."""
    if not isinstance(value, str) or "://" not in value:
        return value
    parts = urlsplit(value)
    if "@" not in parts.netloc:
        return value
    user, _, host = parts.netloc.rpartition("@")
    name, colon, _ = user.partition(":")
    return urlunsplit(parts._replace(netloc=f"{name}{':***' if colon else ''}@{host}"))
