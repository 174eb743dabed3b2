"""The HTTP requests that the agents of the simulated hosts report: a few in a window, or none."""

from random import Random
from typing import Any

from schemas.raw import RequestBatch, Requests

PORTS = {443, 8000}


def request_batch(sockets: list[Any], header: dict[str, Any], number: int) -> RequestBatch:
    """Return the requests of a host's window; both ends of a connection count the same."""
    rows = {}
    for one in sockets:
        if one.remote is None or one.failed or not PORTS & {one.local[1], one.remote[1]}:
            continue
        serves = one.local[1] in PORTS
        client, server = (one.remote, one.local) if serves else (one.local, one.remote)
        count = Random(f"{client} {server} {number}").randrange(4)
        if count:
            answered = {"GET 2xx": count} if count < 3 else {"GET 2xx": 2, "POST 5xx": 1}
            rows[client, server] = (*client, *server, serves, answered, {300 + count: count}, number % 2)
    return RequestBatch(**header, netns=1, sampling=1 + number % 100 // 98, requests=Requests.of(rows.values()))
