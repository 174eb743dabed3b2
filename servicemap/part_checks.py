"""Whether the log, the store, the disk and the ports are there for the parts that need them."""

import os
import shlex
import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from graph.reading import names_of_hosts
from log.damage import kept_aside
from log.protocol import Log, LogError
from schemas.loopback import stays_here
from schemas.times import HOUR_MS, iso
from schemas.topics import HEARTBEATS
from servicemap import trouble
from servicemap.address_checks import address_check
from servicemap.agent_checks import agent_checks
from servicemap.binding import Place, bound, is_taken
from servicemap.browsing import existing_log
from servicemap.check import Check
from servicemap.clock_checks import clock_check
from servicemap.config import Config
from servicemap.directory import is_held
from servicemap.extras import missing_for
from servicemap.link_checks import link_check
from servicemap.listening import places
from servicemap.metric_checks import metric_checks
from servicemap.options import Failure
from servicemap.parts import may_look_into, reader_password, store_address
from servicemap.room_checks import room_check
from servicemap.running import elsewhere
from servicemap.store_clients import store_clients
from sinks.embedded.confine import lacking
from sinks.embedded.folder import DAMAGED_PARTS
from sinks.store import Store, StoreError

GiB, MiB = 1 << 30, 1 << 20
AHEAD_MS = 30_000


def part_checks(config: Config) -> Iterator[Check]:
    """Yield what is found of the parts that the configuration names."""
    if not may_look_into(config.directory):
        found = f"you may not read {config.directory}"
        fix = "sudo servicemap doctor, or servicemap up --data DIR, with a directory of your own"
        yield Check("data directory", "broken", found, "the user who owns it", fix)
        return
    yield disk(config.directory)
    yield from metric_checks(config)
    yield from log(config, int(time.time() * 1000))
    if missing := missing_for("store" if config.store.url else "up"):
        yield Check("store", "ok", f"cannot be checked from here: {missing}")
        return
    yield from store(config)
    if not config.store.url:
        yield confinement(lacking())
        yield readers(config)


def disk(directory: Path) -> Check:
    """Check that the data directory can be written and has room."""
    there = next(folder for folder in (directory.absolute(), *directory.absolute().parents) if folder.exists())
    free = shutil.disk_usage(there).free
    text = f"{free / GiB:.1f} GiB free for {directory}"
    if not _writable(there):
        fix = "servicemap up --data DIR, with a directory of your own"
        return Check(
            "data directory", "broken", f"you may not write to {there}", "a directory that can be written", fix
        )
    if free < 100 * MiB:
        return Check("disk", "broken", text, "1 GiB or more", "free some, or servicemap up --data DIR on another disk")
    if free < GiB:
        return Check("disk", "missing", text, "1 GiB or more", "SERVICEMAP_LOG__KEEP_HOURS=24 servicemap up")
    return Check("disk", "ok", text)


def log(config: Config, now: int) -> Iterator[Check]:
    """Yield whether the log answers, and whether its times are of the past; `now` in ms."""
    if not config.log.kafka:
        yield from aside(config.log_settings.path)
        if not config.log_settings.path.exists():
            yield Check("log", "ok", f"none yet at {config.log_url}; `servicemap up` makes it")
            return
    try:
        with closing(existing_log(config)) as opened:
            topics = opened.topics()
            newest = _newest(opened) if any(topic.name == HEARTBEATS.name for topic in topics) else 0
            agents = list(agent_checks(opened, now))
    except (Failure, LogError) as error:
        yield Check("log", "broken", str(error), "a log that answers", "servicemap up --log URL, with one that does")
        return
    records = sum(topic.records for topic in topics)
    yield Check("log", "ok", f"{records:,} records in {len(topics)} topics at {config.log_url}")
    if newest > now + AHEAD_MS:
        found = f"the newest heartbeat was logged {(newest - now) / 1000:.0f} s from now"
        yield Check(
            "clock", "missing", found, "clocks that agree", "sudo timedatectl set-ntp true, here and on the others"
        )
    else:
        yield Check(
            "clock", "ok", f"the newest heartbeat was logged at {iso(newest)}" if newest else "no heartbeat yet"
        )
    yield from agents


def host_facts(store: Store, now: int) -> Iterator[Check]:
    """Yield what is between hosts: clocks that differ, addresses that several of them have, and switches."""
    names = names_of_hosts(store, now - HOUR_MS, now)
    yield clock_check(store, names, now)
    yield address_check(store, names, now)
    yield link_check(store, names, now)


def aside(path: Path) -> Iterator[Check]:
    """Yield the damaged log that was moved away, if there is one."""
    for kept in kept_aside(path):
        found = f"a log was damaged and is kept as {kept}; records in it that were not stored yet are not on the map"
        yield Check("damaged log", "missing", found, "a disk without errors", f"rm {shlex.quote(str(kept))}*")


def store(config: Config) -> Iterator[Check]:
    """Yield whether the store answers and is whole or, where it is to be started, whether its ports are free."""
    found = trouble.read(config.directory)
    running = is_held(config.directory)
    for each in found:
        if each.damaged or running:
            yield Check(each.part, "broken", each.sentence(config.flag), "a part that runs", each.remedy(config.flag))
    try:
        address = store_address(config, write=not config.store.url)
        with closing(Store(address)) as opened:
            ((version,),) = opened.query("SELECT version()")
            damaged = 0 if config.store.url else int(opened.query(DAMAGED_PARTS)[0][0])
            room = room_check(config, opened)
            hosts = [] if damaged else list(host_facts(opened, int(time.time() * 1000)))
        if damaged:
            yield Check(
                "store",
                "broken",
                f"{damaged} damaged parts of tables are left out",
                "undamaged files",
                trouble.REBUILD + config.flag,
            )
            return
        yield Check("store", "ok", f"ClickHouse {version} at {address.host}:{address.port}")
        yield from filter(None, (store_clients(config), room, *hosts))
    except (Failure, StoreError) as error:
        if any(each.part == "store" for each in found) and (running or any(each.damaged for each in found)):
            return
        if config.store.url or (isinstance(error, StoreError) and error.code):
            yield Check("store", "broken", str(error), "a ClickHouse that answers", "give its address with --store URL")
            return
        others = elsewhere(config) or "`servicemap up` starts it"
        yield Check("store", "ok", f"not running; {others}")  # or it was killed, and its address is old
        for name, place in zip(("native port", "HTTP port"), places(config), strict=False):
            yield port(name, place)


def readers(config: Config) -> Check:
    """List who can read from the embedded store."""
    name, host = "readers of the store", config.store.host
    try:
        password = reader_password(config)
    except Failure as error:
        fix = "SERVICEMAP_STORE__READER_PASSWORD=… servicemap up"
        return Check(name, "broken", error.format_message(), "a password for readers", fix)
    if stays_here(host):
        condition = " who knows the password" if password else ""
        return Check(name, "ok", f"everybody on this machine{condition}")
    sent = "over TLS" if config.store.certificate else "in plain text"
    return Check(name, "ok", f"everybody who reaches {host} and knows the password, which is sent {sent}")


def confinement(lacking: list[str]) -> Check:
    """Check that the kernel can confine the embedded store's process."""
    if not lacking:
        return Check("confinement of the store", "ok", "its own folder, no connection, no capability")
    found = f"a client that gets past the store's own rules can do what {_who()} can"
    fix = "run servicemap where the kernel has it, and until then let only people you trust reach the store's ports"
    return Check("confinement of the store", "missing", found, ", ".join(lacking), fix)


def port(name: str, place: Place) -> Check:
    """Check that a port is free to listen on."""
    number = place.usual if place.port is None else place.port
    try:
        bound(place, number).close()
    except Failure as failure:
        if place.port is None and is_taken(failure):
            return Check(name, "ok", f"{place.host}:{number} is taken, so the next that is free will be used")
        return Check(name, "broken", str(failure), "a port of its own", f"servicemap up {place.option} 0")
    return Check(name, "ok", f"{place.host}:{number} is free" if number else "a free port will be used")


def _who() -> str:
    return "root" if os.geteuid() == 0 else "the user it runs as"


def _writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK)


def _newest(opened: Log) -> int:
    """Return when the newest heartbeat was logged, ms; 0 when there is none."""
    newest = 0
    partitions = next(topic.partitions for topic in opened.topics() if topic.name == HEARTBEATS.name)
    for partition in range(partitions):
        _, end = opened.bounds(HEARTBEATS.name, partition)
        for record in opened.read(HEARTBEATS.name, partition, max(0, end - 1), end):
            newest = max(newest, record.timestamp)
    return newest
