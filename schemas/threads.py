"""A thread that dies takes its process with it: its supervisor starts it again, and nothing goes on by half."""

import os
import sys
import threading
import traceback

DIED = 70  # exit code; EX_SOFTWARE of sysexits.h
EXPENDABLE = {"client"}  # of one connection of many, which ends with it


def end_with_any_thread(expected: type[Exception] | tuple[type[Exception], ...] = ()) -> None:
    """Have an error that no thread has caught end this process. Those `expected` are a sentence by themselves."""

    def heed(died: threading.ExceptHookArgs) -> None:
        name = died.thread.name if died.thread is not None else "of a thread that is gone"
        error = died.exc_value
        if error is None or not isinstance(error, expected):
            traceback.print_exception(died.exc_type, error, died.exc_traceback)
        if name in EXPENDABLE:
            return
        what = str(error) if isinstance(error, expected) else f"an error of its own ({error!r}): please report it"
        print(f"servicemap: the thread {name} died of {what}", file=sys.stderr, flush=True)
        os._exit(getattr(error, "exit_code", DIED))

    threading.excepthook = heed
