"""Processes whose first thread has ended: what they are and have open is shown by a thread that still lives.

Of such a process /proc/PID/fd is empty, and exe, cmdline and namespaces with it; /proc/PID/task/TID has them.
"""

from collectors.process_table import Stat, parse_stat
from collectors.procfs import names, read_file


def folder_of(proc: str, stat: Stat) -> str:
    """Return the folder that shows a process: its own, or that of a thread that lives when its first has ended."""
    folder = f"{proc}/{stat.pid}"
    return _living_thread(folder) or folder if stat.ended else folder


def _living_thread(folder: str) -> str:
    try:
        threads = names(f"{folder}/task")
    except OSError:
        return ""
    for thread in threads:
        raw = read_file(f"{folder}/task/{thread}/stat")
        if raw and not parse_stat(raw).ended:
            return f"{folder}/task/{thread}"
    return ""
