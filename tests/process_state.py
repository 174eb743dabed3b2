"""What a command sets in its own process: the tests that run one in theirs must not hand it on to the next."""

import gc
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STOPPING = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def process_state_kept() -> Iterator[None]:
    """Restore the umask, the handlers of signals and of dying threads, and the collector of cycles after the block."""
    mask, handlers = umask(), {number: signal.getsignal(number) for number in _STOPPING}
    hook, thresholds, frozen = threading.excepthook, gc.get_threshold(), gc.get_freeze_count()
    try:
        yield
    finally:
        os.umask(mask)
        for number, handler in handlers.items():
            if signal.getsignal(number) is not handler:
                signal.signal(number, handler)
        threading.excepthook = hook
        gc.set_threshold(*thresholds)
        if gc.get_freeze_count() > frozen:
            gc.unfreeze()


def umask() -> int:
    """Return the umask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
