"""What every long-running part does the same way: stop on signals, end with its supervisor, let no half-work stand."""

import ctypes
import gc
import os
import signal
import threading

SUPERVISED = "_SERVICEMAP_SUPERVISOR"  # pid of the supervisor, in the environment of its parts
_PR_SET_PDEATHSIG = 1  # prctl(2)


def stop_event() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set; a part whose supervisor dies gets a SIGTERM too."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    supervisor = os.environ.get(SUPERVISED)
    if supervisor:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the supervisor decides
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != int(supervisor):  # it died before the call
            stop.set()
    return stop


def tune_memory() -> None:
    """Keep the collector of cycles out of the way of batches: what is loaded stays, and rows make no cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
