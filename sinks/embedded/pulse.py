"""Answers a supervisor that asks over a socket of its own whether the store is alive: no client can be in the way."""

import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from sinks.embedded.engine import EngineError

PULSE = "_SERVICEMAP_PULSE"  # in the environment: the descriptor of the socket


def answer(alive: Callable[[], object]) -> None:
    """Answer each question, a byte, once `alive` has returned, in a thread; nothing without a supervisor."""
    descriptor = os.environ.get(PULSE)
    if descriptor is None:
        return
    asked = socket.socket(fileno=int(descriptor))

    def run() -> None:
        with suppress(OSError):  # the supervisor asks no more
            while question := asked.recv(1):
                with suppress(EngineError):  # it refuses, as when memory is short: that is an answer
                    alive()
                asked.sendall(question)

    threading.Thread(target=run, name="pulse", daemon=True).start()
