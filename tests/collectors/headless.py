"""A process whose first thread has ended, while another one listens, and ends on a signal."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from collectors.process_table import parse_stat
from tests.collectors.watching import eventually

SCRIPT = """
import ctypes, os, socket, sys, threading
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
memory = bytearray(32 << 20)
def lives():
    print(server.getsockname()[1], flush=True)
    sys.stdin.readline()
    ctypes.CDLL(None).syscall(231, 3)  # exit_group
threading.Thread(target=lives).start()
ctypes.CDLL(None).syscall(60, 0)  # exit, of this thread alone
"""


@contextmanager
def headless() -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Yield the process, and the port at which it listens."""
    command = [sys.executable, "-c", SCRIPT, "--of-the-process"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            eventually(lambda: parse_stat(Path(f"/proc/{process.pid}/stat").read_bytes()).state == "Z")
            yield process, port
        finally:
            process.kill()
