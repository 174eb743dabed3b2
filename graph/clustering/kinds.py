"""What a process is, for clusters: an instance of a data store, what speaks for stores, or neither."""

import re
from collections.abc import Iterable

from graph.clustering.data_stores import OBSERVERS, RUNTIMES, SENTINEL, STORES, DataStore
from graph.model import Node
from graph.proxies import PROXIES, SPREADERS

COMM = 15  # letters that the kernel keeps of a program's name
_BY_PROGRAM = {name[:COMM]: store for store in STORES for name in store.programs} | {
    name: store for store in STORES for name in store.programs
}
_BY_PROTOCOL = {protocol: store for store in STORES for protocol in store.protocols}
_NUMBER = re.compile(r"[-_.@]?\d+$")
_RECEIVERS = ("walreceiver", "logical replication")
_AS_SENTINEL = (" [sentinel] ", " --sentinel ")


def store_by_program(node: Node) -> DataStore | None:
    """Return the store that a process is an instance of, by its program."""
    programs = _programs(node)
    if programs & RUNTIMES:
        line = f" {node.cmdline} "
        return next((store for store in STORES if any(mark in line for mark in store.marks)), None)
    return next((_BY_PROGRAM[name] for name in sorted(programs) if name in _BY_PROGRAM), None)


def store_by_name(node: Node) -> DataStore | None:
    """Return the store whose name the service of a runtime has: its class may be one of another distribution."""
    return _BY_PROGRAM.get(stem(node.service).lower()) if _programs(node) & RUNTIMES else None


def store_by_protocol(protocols: Iterable[str]) -> DataStore | None:
    """Return the store that is spoken to."""
    return next((_BY_PROTOCOL[name] for name in sorted(protocols) if name in _BY_PROTOCOL), None)


def forwards(node: Node) -> bool:
    """Return whether a process speaks for others, so that it is no instance of what it serves."""
    line = f" {node.cmdline} "
    return bool(_programs(node) & (PROXIES | SPREADERS | SENTINEL)) or any(mark in line for mark in _AS_SENTINEL)


def observes(node: Node) -> bool:
    """Return whether what a client uses says nothing about what belongs together."""
    names = {*_programs(node), node.service}
    spreads = names & SPREADERS
    return not spreads and (forwards(node) or any(word in name for word in OBSERVERS for name in names))


def replicates(node: Node, other: Node, store: DataStore) -> bool:
    """Return whether a process of a store that uses another instance does so as its peer.

    A backend of PostgreSQL that asks another server does so for a client of its own; only receivers of a log are peers.
    A process that does not say what it does is one if both have one name.
    """
    if not store.forks or any(word in node.cmdline for word in _RECEIVERS):
        return True
    return node.service == other.service and not forked(node, store)


def forked(node: Node, store: DataStore) -> bool:
    """Return whether a process says that it is one of a store's for a connection or a task: `postgres: walreceiver`."""
    return store.forks and node.cmdline.startswith(f"{store.programs[0]}: ")


def stem(service: str) -> str:
    """Return the name of a service without the number of an instance: kafka of kafka-2."""
    return _NUMBER.sub("", service)


def own_name(service: str, store: DataStore) -> str:
    """Return the name that people gave to instances of a store; "" if it is only that of the program."""
    name = stem(service)
    program, at, instance = name.partition("@")
    common = {*store.programs, store.kind.lower(), *(program[:COMM] for program in store.programs)}
    if name.lower() in common or (program.lower() in common and (not at or instance.rpartition("-")[2] == "main")):
        return ""
    return name


def _programs(node: Node) -> set[str]:
    first = node.cmdline.partition(" ")[0].rstrip(":")
    return {name.rpartition("/")[2] for name in (node.name, node.exe, first) if name}
