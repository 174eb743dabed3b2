"""A view that writes overlays into a log, and its writers."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from log.connect import connect
from log.open import open_log
from log.settings import LogSettings
from schemas.topics import OVERLAY_SCHEMAS, OVERLAYS
from sinks.address import Address
from sinks.sink import Sink
from sinks.store import Store
from tests.view.serving import Answer, Past, View, viewing


@dataclass(frozen=True)
class Written:
    """A view that writes into a log, whose records come into the store when they are asked for."""

    view: View
    past: Past
    token: str

    def send(self, method: str, path: str, body: Any = None, token: str | None = None) -> Answer:
        connection = self.view.connect()
        headers = {"Authorization": f"Bearer {self.token if token is None else token}"}
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            response = connection.getresponse()
            return Answer(response.status, {n.lower(): v for n, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def say(self, overlay: str, target: str, value: Any, **more: Any) -> Answer:
        return self.send("POST", f"/api/overlays/{overlay}/annotations", {"target": target, "value": value, **more})

    def store(self) -> None:
        """Store what is in the log, as the sink does."""
        address = Address("127.0.0.1", self.past.facts["native_port"], "servicemap", "", "servicemap", self.past.token)
        with closing(Store(address)) as store, closing(open_log(self.past.data / "log.sqlite")) as log:
            sink = Sink(store, lambda record, reason: pytest.fail(reason))
            for topic in (OVERLAYS.name, OVERLAY_SCHEMAS.name):
                for record in log.read(topic, 0, *log.bounds(topic, 0)):
                    sink.add(record)
            sink.flush()

    def said(self, overlay: str, **asked: Any) -> list[tuple[str, Any]]:
        self.store()
        found = self.view.api(f"overlays/{overlay}/annotations", **asked)["annotations"]
        return [(one["target"], one["value"]) for one in found]


@contextmanager
def writing(past: Past) -> Iterator[Written]:
    """Run a view beside a log."""
    connect(LogSettings(url=str(past.data / "log.sqlite"))).close()
    with viewing(past.data) as view:
        yield Written(view, past, (past.data / "view.write-token").read_text())
