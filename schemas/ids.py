"""Every id is made and parsed here: endpoints, flows and nodes.

endpoint   [scope@]address:port           10.0.0.5:5432   h1/4026531840@127.0.0.1:6379   [fd00::5]:443
flow       transport endpoint endpoint    tcp 10.0.0.5:5432 10.0.0.9:40112, the lower endpoint first
node       process:HOST:BOOT:PID:START    START in clock ticks since boot (proc(5), stat field 22), BOOT the
                                          first 8 digits of the boot id: never reused, whatever the clock does
           host:HOST   service:NAME   container:HOST:ID   pod:HOST:NAMESPACE:NAME   namespace:NAME
           address:[scope@]address
"""

import re
from functools import lru_cache
from typing import NamedTuple

HOST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
BOOT_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


class Endpoint(NamedTuple):
    """One end of a flow. `scope` is "" where the address means the same everywhere."""

    scope: str
    address: str
    port: int


class Flow(NamedTuple):
    """The network ID of a connection: two endpoints in canonical order; `a` is the lower one."""

    transport: str
    a: Endpoint
    b: Endpoint


class ProcessId(NamedTuple):
    """One process: `start` in clock ticks since the boot whose id begins with `boot`."""

    host_id: str
    boot: str
    pid: int
    start: int


def format_endpoint(end: Endpoint) -> str:
    """Write an endpoint as text."""
    address = f"[{end.address}]" if ":" in end.address else end.address
    return f"{end.scope}@{address}:{end.port}" if end.scope else f"{address}:{end.port}"


def parse_endpoint(text: str) -> Endpoint:
    """Read an endpoint; ValueError when it is none."""
    scope, _, rest = text.rpartition("@")
    address, colon, port = rest.rpartition(":")
    if not colon or not address:
        raise ValueError(f"not an endpoint: {text!r}")
    return Endpoint(scope, address.strip("[]"), int(port))


def format_flow(transport: str, one: Endpoint, other: Endpoint) -> tuple[str, int]:
    """Return the flow's id and which end `one` is: 0 for a (the lower), 1 for b."""
    swapped = one > other
    a, b = (other, one) if swapped else (one, other)
    return f"{transport} {format_endpoint(a)} {format_endpoint(b)}", int(swapped)


@lru_cache(maxsize=30_000)  # 20 MB; flows of short connections fill it, those that stay are what it is for
def parse_flow(text: str) -> Flow:
    """Read a flow's id; ValueError when it is none."""
    parts = text.split(" ")
    if len(parts) != 3:
        raise ValueError(f"not a flow: {text!r}")
    return Flow(parts[0], parse_endpoint(parts[1]), parse_endpoint(parts[2]))


def process_node(host_id: str, boot_id: str, pid: int, start: int) -> str:
    """Return the node id of a process."""
    return f"process:{host_id}:{boot_id[:8]}:{pid}:{start}"


def parse_process(node: str) -> ProcessId:
    """Read the node id of a process; ValueError when it is none."""
    kind, _, rest = node.partition(":")
    parts = rest.split(":")
    if kind != "process" or len(parts) != 4:
        raise ValueError(f"not a process node: {node!r}")
    return ProcessId(parts[0], parts[1], int(parts[2]), int(parts[3]))


def host_node(host_id: str) -> str:
    """Return the node id of a host."""
    return f"host:{host_id}"


def distinct_id(host_id: str, boot_id: str, netns: int) -> str:
    """Return the id of a host that reports under an id that is another's: by its boot and network namespace."""
    mark = f"-{boot_id[:8]}-{netns}"
    return host_id[: 128 - len(mark)] + mark


def service_node(name: str) -> str:
    """Return the node id of a service."""
    return f"service:{name}"


def address_node(scope: str, address: str) -> str:
    """Return the node id of an address that no monitored process answers for."""
    return f"address:{scope}@{address}" if scope else f"address:{address}"
