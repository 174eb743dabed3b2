"""What every long-running part does the same way: stop on signals, end with its supervisor, let no half-work stand."""

import ctypes
import gc
import os
import resource
import signal
import threading
from queue import SimpleQueue

from log.protocol import LogError
from schemas.threads import end_with_any_thread

SUPERVISED = "_SERVICEMAP_SUPERVISOR"  # pid of the supervisor, in the environment of its parts
_PR_SET_PDEATHSIG = 1  # prctl(2)


def stop_event() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set; a part whose supervisor dies gets a SIGTERM too.

    A thread sets it: a handler runs in the middle of whatever the main thread does, of waiting for this very event or
    of the handler before, and would wait for the event's lock forever. A SimpleQueue is made to be put into there.
    """
    end_with_any_thread(LogError)
    os.umask(0o077)  # what a part writes may hold command lines, addresses and passwords: it is for nobody else
    stop = threading.Event()
    received: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: received.put(number))

    def heed() -> None:
        received.get()
        stop.set()

    threading.Thread(target=heed, name="signals", daemon=True).start()
    supervisor = os.environ.get(SUPERVISED)
    if supervisor:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the supervisor decides
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != int(supervisor):  # it died before the call
            stop.set()
    return stop


def allow_files() -> None:
    """Allow as many open files as the host lets us: network namespaces take five each."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def tune_memory() -> None:
    """Keep the collector of cycles out of the way of batches: what is loaded stays, and rows make no cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
