"""Everything on one machine: the parts of a configuration under one supervisor."""

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import msgspec

from schemas.loopback import stays_here
from schemas.messages import lines
from servicemap.binding import moved
from servicemap.captures.opened import opened
from servicemap.config import Config
from servicemap.connect import connect_log
from servicemap.directory import held
from servicemap.exposing import exposed
from servicemap.listening import check_places, places
from servicemap.options import Failure
from servicemap.part_samples import of_up
from servicemap.parts import (
    TABLES,
    VIEW,
    check_certificate,
    reader_password,
    store_address,
    store_directory,
    store_facts,
)
from servicemap.process import stop_event
from servicemap.running import noted
from servicemap.summary import Summary
from servicemap.supervisor import Part, Supervisor
from servicemap.trouble import Watch
from sinks.embedded.folder import FACTS, StartError, check_path, forget_port

TICK = 0.25


def run(config: Config, for_ms: int | None, made: Callable[[Config], list[Part]], *, quiet: bool) -> None:
    """Run parts until a signal or for a while; then stop them in the order of the data."""
    stop = stop_event()
    check_places(config)
    if not config.store.url:
        try:
            check_path(store_directory(config))
        except StartError as error:
            raise Failure(str(error)) from None
    with held(config.directory, _print) as lock, noted(config):
        connect_log(config).close()  # fails before anything is started
        if config.store.url:
            store_address(config, write=True)
        else:
            check_certificate(config)
        reader_password(config)
        supervisor = Supervisor(made(config), _print, inherited=[lock])
        summary = None if quiet or not sys.stdout.isatty() else Summary(config)
        end = time.monotonic() + for_ms / 1000 if for_ms is not None else float("inf")
        watch = Watch(config.directory, config.flag, _print)
        greeted = False
        try:
            with exposed(config, "up", partial(of_up, supervisor)):
                while not stop.is_set() and time.monotonic() < end:
                    supervisor.tend()
                    watch.note(supervisor.children)
                    if not greeted and _answers(config):
                        greeted = True
                        _print(_greeting(config))
                    hopeless = supervisor.hopeless()
                    if hopeless:
                        raise Failure(f"{hopeless} cannot start; its errors are above")
                    if summary is not None and greeted:
                        summary.show()
                    stop.wait(TICK)
        finally:
            if summary is not None:
                summary.close()
            _print("stopping" if opened(config.directory) else "stopping: what was seen is being stored")
            supervisor.stop()
            watch.leave()


def parts(config: Config, simulate: str | None = None, *, demo: bool = False) -> list[Part]:
    """Return the parts in the order of the data. A simulation is in place of the collectors; the demo before them."""
    file = _written(config)
    common = ("--config", str(file))
    return [
        *(shop(config) if demo else ()),
        source(config, file, simulate),
        Part("work", ("servicemap", "work", *common), vital=False),
        Part("sink", ("servicemap", "sink", *common), partial(_store_ready, config), vital=False),
        *_shown(config, file),
    ]


def looked_at(config: Config) -> list[Part]:
    """Return the parts that show what is stored already."""
    shown = _shown(config, _written(config))
    (config.directory / TABLES).touch()
    return shown


def _shown(config: Config, file: Path) -> list[Part]:
    for name in (VIEW, TABLES):
        (config.directory / name).unlink(missing_ok=True)  # of parts that were killed
    own = ("--config", str(file))
    shown = [Part("view", ("servicemap", "view", *own), answers=True)]
    if config.edge_metrics.enabled:
        shown.append(Part("metrics", ("servicemap", "metrics", *own), partial(_tables_ready, config), vital=False))
    if config.store.url:
        return shown
    folder = store_directory(config)
    (folder / FACTS).unlink(missing_ok=True)  # of a store that was killed
    mine = ("--parent", str(os.getpid()))
    asked = ("--reader-password-file", str(secret)) if (secret := _password_file(config)) else ()
    listening = ("--host", config.store.host, *_ports(config))
    proving = [
        part
        for name in ("certificate", "key")
        if (file := getattr(config.store, name))
        for part in (f"--{name}", str(Path(file).expanduser().resolve()))
    ]
    arguments = ("sinks.embedded", "--data", str(folder), *listening, *mine, *asked, *proving)
    return [*shown, Part("store", arguments, answers=True)]


def _ports(config: Config) -> list[str]:
    """Return the store's ports on its command line; a usual one that had to move is tried anew by each `up`."""
    found = []
    for name in ("native_port", "http_port"):
        port = getattr(config.store, name)
        if port is None:
            forget_port(store_directory(config), name)
        else:
            found += [f"--{name.replace('_', '-')}", str(port)]
    return found


def source(config: Config, file: Path, simulate: str | None) -> Part:
    """Return what reports: the collectors, or a simulated fleet."""
    if simulate is None:
        return Part("collect", ("servicemap", "collect", "--config", str(file)), prompt=True)
    from servicemap.simulated.part import fleet

    return fleet(config, file, simulate)


def shop(config: Config) -> list[Part]:
    """Return what there is to look at: a part that comes before all data."""
    return [Part("demo", ("servicemap.demo", "--data", str(config.directory / "demo")))]


def _written(config: Config) -> Path:
    """Write the configuration down for the parts."""
    file = config.directory / "run.json"
    settled = msgspec.structs.replace(config, data=str(config.directory.resolve()))
    try:
        text = msgspec.json.encode(settled)
    except UnicodeEncodeError as error:
        raise Failure(f"{error.object} is not valid UTF-8: settings must be UTF-8") from None
    file.write_bytes(text)
    file.chmod(0o600)  # a store's password may be in it
    return file


def _password_file(config: Config) -> Path | None:
    """Write what readers must know where the store can read it: on its command line, everybody could."""
    password = reader_password(config)
    if not password:
        return None
    file = config.directory / "reader.password"
    file.touch(mode=0o600)
    file.write_text(password)
    return file


def _store_ready(config: Config) -> bool:
    return bool(config.store.url) or store_facts(config) is not None


def _tables_ready(config: Config) -> bool:
    return bool(config.store.url) or (config.directory / TABLES).exists()


def _answers(config: Config) -> bool:
    """Return whether the commands that the greeting names work. A store elsewhere may still be away."""
    return _tables_ready(config) and (config.directory / VIEW).exists()


def _greeting(config: Config) -> str:
    view = json.loads((config.directory / VIEW).read_text())
    lines = [f"up; data in {config.directory}", f"view    {view['url']}"]
    facts = None if config.store.url else store_facts(config)
    elsewhere = [view["moved"].replace("--port", "--view-port")]
    if facts is not None:
        addresses = f"clickhouse://{facts.host}:{facts.native_port} and http://{facts.host}:{facts.http_port}"
        needs = ", with the readers' password" if reader_password(config) else ""
        needs += "; TLS from other machines" if config.store.certificate and not stays_here(facts.host) else ""
        lines.append(f"store   {addresses} (user default, read only{needs})")
        elsewhere += map(moved, places(config), (facts.native_port, facts.http_port))
    lines += [f"note    {each}" for each in elsewhere if each]
    return "\n  ".join([*lines, f"see     servicemap map{config.flag}"])


def _print(text: str) -> None:
    with suppress(OSError):  # a log on a full disk is no reason to see nothing
        print(f"servicemap: {lines(text)}", file=sys.stderr, flush=True)
