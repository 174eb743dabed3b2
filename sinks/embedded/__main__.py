"""`python -m sinks.embedded --data DIR`: the store as a process of its own."""

import argparse
import ctypes
import logging
import os
import signal
import sys
from pathlib import Path

from schemas.allocator import give_back_memory
from schemas.messages import log_to_stderr
from schemas.threads import end_with_any_thread
from sinks.embedded import pulse
from sinks.embedded.folder import DAMAGED, Damaged, StartError
from sinks.embedded.server import Options, Store, serve

_PR_SET_PDEATHSIG = 1  # prctl(2)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sinks.embedded", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="directory of the store")
    parser.add_argument("--host", default=Options.host, help="address to listen on")
    parser.add_argument("--native-port", type=_port, help="0: any; none: 9000, or the next that is free")
    parser.add_argument("--http-port", type=_port, help="0: any; none: 8123, or the next that is free")
    parser.add_argument("--memory-bytes", type=int, default=Options.memory_bytes)
    parser.add_argument(
        "--reader-password-file", type=Path, help="file with the readers' password; none: no password, only on loopback"
    )
    parser.add_argument("--certificate", type=Path, help="PEM, with its chain: other machines have to use TLS")
    parser.add_argument("--key", type=Path, help="of the certificate; none: it is in the same file")
    parser.add_argument("--parent", type=int, help="pid that alone ends the store: by SIGTERM, or by its own end")
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:
        raise ValueError(text)
    return port


def main(arguments: list[str]) -> int:
    """Run until SIGTERM or SIGINT; 1 when the store cannot start, 3 when its files are damaged."""
    options = vars(_parser().parse_args(arguments))
    parent = options.pop("parent")
    log_to_stderr(logging.WARNING, "%(levelname)s %(name)s: %(message)s")
    end_with_any_thread()
    give_back_memory()
    # Blocked before the engine starts its threads, which inherit that, and waited for: a handler
    # would run in the middle of whatever Python does.
    ending = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ending)
    if parent is not None:
        ending.remove(signal.SIGINT)  # Ctrl-C reaches the whole group, and others have yet to store what they hold
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it ended before the call
            return 0

    os.umask(0o077)

    def ready(store: Store) -> None:
        if store.lacking:
            print(f"the store is not confined by {', '.join(store.lacking)}: see `servicemap doctor`", file=sys.stderr)
        if parts := store.damaged_parts():
            print(
                f"the store leaves out {parts} damaged parts of its tables, and their rows: "
                "`servicemap store rebuild` rebuilds it from the log",
                file=sys.stderr,
            )
        pulse.answer(store.alive)
        print(f"ready native={store.native_port} http={store.http_port}", flush=True)

    file = options.pop("reader_password_file")
    try:
        options["reader_password"] = _password(file) if file else ""
        serve(Options(**options, confined=True), lambda: signal.sigwait(ending), ready)
    except StartError as error:
        print(error, file=sys.stderr)
        return DAMAGED if isinstance(error, Damaged) else 1
    return 0


def _password(file: Path) -> str:
    try:
        found = file.read_text().strip()
    except (OSError, ValueError) as error:
        raise StartError(f"Cannot read {file} ({error}): put the readers' password into it.") from error
    if not found:
        raise StartError(f"{file} is empty: put the readers' password into it.")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
