"""Make batches with defaults, so that a test gives only the fields that matter to it."""

from typing import Any, TypeVar

from log.protocol import Record
from schemas.codec import encode
from schemas.columns import Columns, blanks
from schemas.latency import bucket
from schemas.raw import (
    Batch,
    ConnectionBatch,
    Connections,
    Discovered,
    DiscoveredBatch,
    DnsNames,
    Exits,
    Heartbeat,
    Interfaces,
    ListenerBatch,
    Listeners,
    Lost,
    Neighbours,
    OwnerBatch,
    Owners,
    ProcessBatch,
    Processes,
    RequestBatch,
    Requests,
    Spoken,
    Translated,
)

WIDTH = 10_000
T0 = 1_800_000_000_000  # on the grid
BOOT = "b0071d00-0000"
NETNS = 4026531840
Row = dict[str, Any]
C = TypeVar("C", bound=Columns)


def columns(kind: type[C], rows: list[Row]) -> C:
    """Make columns from rows given by name; missing values are blank."""
    return kind.of(tuple(({**blanks(kind), **row}).values()) for row in rows) if rows else kind()


def batches(
    at: int,
    *,
    host: str = "h1",
    boot: str = BOOT,
    run: int = T0,
    seq: int | None = None,
    width: int = WIDTH,
    keyframe: bool | None = None,
    hostname: str = "one",
    processes: list[Row] = [],  # noqa: B006 - read only
    exits: list[Row] = [],  # noqa: B006
    connections: list[Row] = [],  # noqa: B006
    translated: list[Row] = [],  # noqa: B006
    listeners: list[Row] = [],  # noqa: B006
    unlistened: list[int] = [],  # noqa: B006
    ended: list[Row] = [],  # noqa: B006
    owners: list[Row] = [],  # noqa: B006
    disowned: list[Row] = [],  # noqa: B006
    requests: list[Row] = [],  # noqa: B006
    spoken: list[Row] = [],  # noqa: B006
    names: list[Row] = [],  # noqa: B006
    discovered: list[Row] | None = None,  # None: the agent does not report these
    sampling: int = 1,
    interfaces: list[Row] = [],  # noqa: B006
    neighbours: list[Row] = [],  # noqa: B006
    netns: int = NETNS,
    agent_netns: int = 0,
    alone: bool = True,
    covers: int = 0,
    **beat: Any,
) -> dict[str, Batch]:
    """Return all batches of a host's window number `at`, the heartbeat last; window 0 is a keyframe by default."""
    number = at if seq is None else seq
    head: Row = {
        "host_id": host,
        "boot_id": boot,
        "run": run,
        "seq": number,
        "window": T0 + at * width,
        "width": width,
        "covers": covers,
        "keyframe": number == 0 if keyframe is None else keyframe,
    }
    sent = {"processes": 1, "connections": 1, "listeners": 1, "owners": 1, "requests": 1}
    more: dict[str, Batch] = {}
    if discovered is not None:
        more["discovered"] = DiscoveredBatch(**head, facts=columns(Discovered, discovered))
        sent |= {"discovered": 1}
        beat["topics"] = ["heartbeats", *sent]
    return more | {
        "processes": ProcessBatch(**head, processes=columns(Processes, processes), exits=columns(Exits, exits)),
        "connections": ConnectionBatch(
            **head,
            netns=netns,
            connections=columns(Connections, connections),
            translated=columns(Translated, translated),
        ),
        "listeners": ListenerBatch(
            **head,
            netns=netns,
            listeners=columns(Listeners, listeners),
            gone=unlistened,
            ended=columns(Listeners, ended),
        ),
        "owners": OwnerBatch(**head, owners=columns(Owners, owners), gone=columns(Lost, disowned)),
        "requests": RequestBatch(
            **head,
            netns=netns,
            sampling=sampling,
            requests=columns(Requests, requests),
            spoken=columns(Spoken, spoken),
            names=columns(DnsNames, names),
        ),
        "heartbeats": Heartbeat(
            **head,
            hostname=hostname,
            netns=agent_netns or netns,
            interfaces=columns(Interfaces, interfaces),
            neighbours=columns(Neighbours, neighbours),
            alone=alone,
            **beat,
            sent=sent,
        ),
    }


def process(pid: int, start: int = 100, *, at: int = -10, parent: int = 1, name: str = "", **facts: Any) -> Row:
    """Return a process that started in window `at`; its command line is its name."""
    called = name or f"p{pid}"
    row = {"pid": pid, "start": start, "started": T0 + at * WIDTH, "parent": parent, "user": "root", "comm": called}
    return {**row, "exe": f"/usr/bin/{called}", "cmdline": [called], **facts}


def connection(
    cookie: int, local: str, remote: str, *, at: int = 0, fresh: bool = True, sent: int = 0, got: int = 0, **more: Any
) -> Row:
    """Return a TCP connection first seen in window `at`; ends are written address:port."""
    here, _, port = local.rpartition(":")
    there, _, peer = remote.rpartition(":")
    ends = {"local_address": here, "local_port": int(port), "remote_address": there, "remote_port": int(peer)}
    reported = {"since": T0 + at * WIDTH, "fresh": fresh, "sent_bytes": sent, "received_bytes": got}
    return {"cookie": cookie, "transport": 6, "state": 1, **ends, **reported, **more}


def translation(cookie: int, local: str, remote: str) -> Row:
    """Return what a connection is on the wire outside of its host; ends are written address:port."""
    here, _, port = local.rpartition(":")
    there, _, peer = remote.rpartition(":")
    ends = {"local_address": here, "local_port": int(port), "remote_address": there, "remote_port": int(peer)}
    return {"cookie": cookie, **ends}


def listener(cookie: int, port: int, address: str = "0.0.0.0", transport: int = 6, *, at: int = 0) -> Row:
    """Return a listening socket first seen in window `at`."""
    row = {"cookie": cookie, "transport": transport, "address": address, "port": port}
    return {**row, "since": T0 + at * WIDTH}


def holds(pid: int, *cookies: int, start: int = 100) -> list[Row]:
    """Return rows of a process that holds sockets."""
    return [{"cookie": cookie, "pid": pid, "start": start, "provenance": "scan"} for cookie in cookies]


def loses(pid: int, *cookies: int, start: int = 100) -> list[Row]:
    """Return rows of a process that no longer holds sockets."""
    return [{"cookie": cookie, "pid": pid, "start": start} for cookie in cookies]


def request(client: str, server: str, count: int = 1, *, serves: bool = True, **more: Any) -> Row:
    """Return requests on one connection, each answered after so many ms; ends are written address:port."""
    here, _, port = client.rpartition(":")
    there, _, serving = server.rpartition(":")
    ends = {"client_address": here, "client_port": int(port), "server_address": there, "server_port": int(serving)}
    reported = {"answered": {"GET 2xx": count}, "latency": {bucket(1000 * count): count}}
    return {**ends, "serves": serves, **reported, **more}


def speaks(server: str, protocol: str, tls_name: str = "") -> Row:
    """Return what a server speaks; it is written address:port."""
    address, _, port = server.rpartition(":")
    return {"address": address, "port": int(port), "protocol": protocol, "tls_name": tls_name}


def named(address: str, name: str, *, at: int = 0) -> Row:
    """Return a name by which DNS led clients to an address in window `at`."""
    return {"address": address, "name": name, "asked": T0 + at * WIDTH}


def message(topic: str, batch: Batch | bytes, *, partition: int = 0, offset: int = 0) -> Record:
    """Return a batch as a record of the log, appended when its window ended."""
    if isinstance(batch, bytes):
        return Record(topic, partition, offset, T0, b"", batch)
    return Record(topic, partition, offset, batch.window + batch.width, batch.host_id.encode(), encode(batch))
