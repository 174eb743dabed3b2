"""What the embedded store reports about its clients: how many there are, and which it refused or sent away."""

import http.client
import json
from contextlib import closing

from servicemap.check import Check
from servicemap.config import Config
from servicemap.parts import store_facts

_SECONDS = 5


def store_clients(config: Config) -> Check | None:
    """Report how the store's connections ended since it was started; None where the store does not report it."""
    facts = None if config.store.url else store_facts(config)
    if facts is None:
        return None
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(facts.host, facts.host)
    with closing(http.client.HTTPConnection(host, facts.http_port, timeout=_SECONDS)) as connection:
        try:
            connection.request("GET", "/health", headers={"Host": "localhost"})
            health = json.loads(connection.getresponse().read())
            return Check("store's clients", "ok", sentence(health["connections"], health["trouble"]))
        except (OSError, http.client.HTTPException, ValueError, LookupError):
            return None


def sentence(connections: dict[str, int], trouble: dict[str, int]) -> str:
    """Describe connections and troubles, the most frequent first."""
    found = f"{sum(connections.values())} connected"
    worst = sorted(trouble.items(), key=lambda each: -each[1])
    return found + "".join(f"; {count:,} {what}" for what, count in worst)
