"""A part stops however often it is signalled."""

import signal
import subprocess
import sys

PART = """
from servicemap.process import stop_event
stop = stop_event()
print("up", flush=True)
while not stop.is_set():
    stop.wait(0.001)
"""


def test_a_part_that_is_signalled_again_and_again_stops() -> None:
    for _ in range(5):
        with subprocess.Popen([sys.executable, "-c", PART], stdout=subprocess.PIPE) as part:
            assert part.stdout is not None
            assert part.stdout.readline() == b"up\n"
            for _ in range(200):
                part.send_signal(signal.SIGTERM)
            try:
                assert part.wait(20) in {0, -signal.SIGTERM}  # as it ends, Python has given its handlers back
            finally:
                part.kill()
