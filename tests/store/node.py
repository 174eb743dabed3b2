"""An embedded store as a server of a cluster: `python -m tests.store.node DATA PORT CONFIG`.

The engine reads the clusters, the macros and a coordination service in memory from a configuration file of ClickHouse,
as a server does. It opens connections, so nothing confines it.
"""

import secrets
import signal
import sys
from pathlib import Path

from sinks.embedded import engine
from sinks.embedded.server import Options, serve

TOKEN = "token"


def main(data: str, port: str, config: str) -> None:
    engine.KNOBS["config-file"] = config  # type: ignore[assignment]
    secrets.token_urlsafe = lambda nbytes=None: TOKEN
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    serve(
        Options(data=Path(data), native_port=int(port), http_port=0),
        lambda: signal.sigwait({signal.SIGTERM}),
        lambda store: print("ready", flush=True),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
