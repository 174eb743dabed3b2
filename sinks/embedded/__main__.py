"""`python -m sinks.embedded --data DIR`: the store as a process of its own."""

import argparse
import logging
import signal
import sys
from pathlib import Path

from sinks.embedded.server import Options, StartError, Store, serve


def _options(arguments: list[str]) -> Options:
    parser = argparse.ArgumentParser(prog="python -m sinks.embedded", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="directory of the store")
    parser.add_argument("--host", default=Options.host, help="address to listen on")
    parser.add_argument("--native-port", type=int, default=Options.native_port, help="0: any")
    parser.add_argument("--http-port", type=int, default=Options.http_port, help="0: any")
    parser.add_argument("--memory-bytes", type=int, default=Options.memory_bytes)
    return Options(**vars(parser.parse_args(arguments)))


def main(arguments: list[str]) -> int:
    """Run until SIGTERM or SIGINT; 1 when the store cannot start."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # Blocked before the engine starts its threads, which inherit that, and waited for: a handler
    # would run in the middle of whatever Python does.
    ending = (signal.SIGTERM, signal.SIGINT)
    signal.pthread_sigmask(signal.SIG_BLOCK, ending)

    def ready(store: Store) -> None:
        print(f"ready native={store.native_port} http={store.http_port}", flush=True)

    try:
        serve(_options(arguments), lambda: signal.sigwait(ending), ready)
    except StartError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
