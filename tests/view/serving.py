"""A store that holds a town with a past, and the live view of it as its users start it.

Three quarters of an hour ago  the town as it is (tests/cli/town.py)
the minute before the last     nginx also talks to db1's sleeper: that is gone by the last minute
the last minute                the town, and the shop talks to a host outside, which it never did before; nginx asks it
                               over HTTP, and some answers are errors
"""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import psutil
import pytest

from schemas.ids import Endpoint
from schemas.latency import bucket
from schemas.times import MINUTE_MS
from sinks.address import Address
from sinks.store import Store
from tests.cli import town
from tests.cli.conftest import fill, running_store

GONE = town.Talk(Endpoint("", "10.0.0.1", 50_006), Endpoint("", "10.0.0.2", 7000), town.NGINX, town.SLEEPER)
NEW = town.Talk(Endpoint("", "10.0.0.1", 50_007), Endpoint("", "198.51.100.7", 443), town.SHOP, None, server_seen=False)


@dataclass(frozen=True)
class Past:
    """A data directory whose store runs and holds the town with its past, up to `now` (ms)."""

    data: Path
    now: int
    facts: dict[str, int]

    def store_minute(self, now: int, *more: town.Talk) -> None:
        """Store another minute of the town that ends at `now`, with more than the usual talk."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(town, "TALKS", (*town.TALKS, *more))
            fill(self.data / "store", self.facts, now)

    def store_requests(self, now: int, ms: float = 2, given_up: int = 0, sampling: int = 1, **answered: int) -> None:
        """Store requests of nginx to the shop in the minute before `now`: how many in a window, and their times.

        By default there are four requests, and one of them fails.
        """
        address = Address("127.0.0.1", self.facts["native_port"], "servicemap", "", "servicemap", self.token)
        flow: dict[str, Any] = {"transport": "tcp", "a_scope": town.LOOPBACK, "a_address": "127.0.0.1", "a_port": 8000}
        flow |= {"b_scope": town.LOOPBACK, "b_address": "127.0.0.1", "b_port": 50_002}
        counted: dict[str, Any] = {"width_ms": town.WIDTH, "end": 0, "sampling": sampling, "unanswered": 0}
        answers = {name.replace("_", " "): count for name, count in answered.items()} or {"GET 2xx": 3, "GET 5xx": 1}
        counted |= {"answered": answers, "latency": {bucket(1_000 * ms): sum(answers.values())}, "given_up": given_up}
        windows = range(now - MINUTE_MS, now, town.WIDTH)
        columns = {name: [value] * len(windows) for name, value in (flow | counted).items()}
        with closing(Store(address)) as store:
            store.insert("requests", {"window": list(windows), **columns})

    def store_heartbeat(self, window: int, host: str, failed: dict[str, str]) -> None:
        """Store that a host reported a window, and its failed collectors."""
        address = Address("127.0.0.1", self.facts["native_port"], "servicemap", "", "servicemap", self.token)
        row: dict[str, Any] = {"window": window, "host": host, "width_ms": town.WIDTH, "failed": failed}
        with closing(Store(address)) as store:
            store.insert("host_usage", {name: [value] for name, value in row.items()})

    @property
    def token(self) -> Path:
        return self.data / "store" / "store.token"


@contextmanager
def remembered(data: Path) -> Iterator[Past]:
    """Run a store that holds the last minute of the town."""
    with running_store(data / "store") as facts:
        past = Past(data, town.end_of(int(time.time() * 1000)) - MINUTE_MS, facts)
        past.store_minute(past.now, NEW)
        yield past


@dataclass(frozen=True)
class Answer:
    """An answer of the view."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class View:
    """A running view."""

    url: str
    pid: int

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def get(
        self, path: str, headers: Mapping[str, str] | None = None, method: str = "GET", /, **asked: object
    ) -> Answer:
        """Send a request. Parameters get a trailing _ where Python reserves their name."""
        query = urlencode({name.rstrip("_"): value for name, value in asked.items()})
        connection = self.connect()
        try:
            connection.request(method, f"{path}?{query}" if query else path, headers=dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, {n.lower(): v for n, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def api(self, what: str, /, **asked: object) -> Any:
        """Request something from the API that exists."""
        answer = self.get(f"/api/{what}", **asked)
        assert answer.status == 200, answer.body
        return answer.json


@dataclass(frozen=True)
class Still(View):
    """A view of a store that does not change, so each request is sent once."""

    answers: dict[str, Any] = field(default_factory=dict)

    def api(self, what: str, /, **asked: object) -> Any:
        question = f"{what} {asked}"
        if question not in self.answers:
            self.answers[question] = super().api(what, **asked)
        return self.answers[question]


@contextmanager
def viewing(data: Path, *flags: str, **environment: str) -> Iterator[View]:
    """Run `servicemap view` on a free port."""
    command = [sys.executable, "-m", "servicemap", "view", "--data", str(data), "--port", "0", *flags]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}) as process:
        assert process.stderr is not None
        try:
            line = process.stderr.readline()
            assert "http://" in line, line
            yield View(line.split()[-1], process.pid)
        finally:
            process.terminate()
            process.stderr.read()


@contextmanager
def hung(past: Past) -> Iterator[psutil.Process]:
    """Stop the store's process for a while, so that it does not answer."""
    folder = str(past.data / "store")
    (store,) = (each for each in psutil.process_iter() if _is_store(each, folder))
    store.suspend()
    try:
        yield store
    finally:
        store.resume()


def _is_store(process: psutil.Process, folder: str) -> bool:
    with suppress(psutil.Error):
        return any("sinks.embedded" in word for word in process.cmdline()) and folder in " ".join(process.cmdline())
    return False
