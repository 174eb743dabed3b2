"""The thread that reads may be lost, and is not lost for being slow."""

import signal
import subprocess
import sys
import threading
import time
from functools import partial

import pytest

from collectors.helper import Helper

WORKS = """
import time
from collectors.helper import Helper

def work():
    print("works", flush=True)
    while time.thread_time() < 0.1:
        pass

print("stuck" if Helper(patience_s=2).run([work]) else "done", flush=True)
"""


def test_jobs_are_done_in_order() -> None:
    did: list[int] = []
    helper = Helper()
    assert helper.run([partial(did.append, number) for number in range(100)]) is None
    helper.close()
    assert did == list(range(100))


def test_a_job_that_hangs_is_named_and_no_job_after_it_is_begun() -> None:
    may_end, did = threading.Event(), list[int]()
    helper = Helper(patience_s=0.1)
    stuck = helper.run([partial(did.append, 0), lambda: may_end.wait(60), partial(did.append, 2)])  # type: ignore[list-item]
    assert stuck is not None
    assert (stuck.number, stuck.over) == (1, False)
    assert helper.run([partial(did.append, 3)]) is None
    may_end.set()
    while not stuck.over:
        time.sleep(0.01)
    helper.close()
    assert did == [0, 3]


def test_many_slow_jobs_are_not_one_that_hangs() -> None:
    helper = Helper(patience_s=0.1)
    assert helper.run([partial(time.sleep, 0.03)] * 10) is None
    helper.close()


def test_an_error_of_a_job_is_raised() -> None:
    helper = Helper()
    with pytest.raises(ZeroDivisionError):
        helper.run([lambda: 1 // 0])  # type: ignore[list-item]
    helper.close()


def test_a_pause_of_the_whole_agent_is_no_job_that_hangs() -> None:
    with subprocess.Popen([sys.executable, "-c", WORKS], stdout=subprocess.PIPE, text=True) as agent:
        assert agent.stdout is not None
        assert agent.stdout.readline() == "works\n"
        agent.send_signal(signal.SIGSTOP)
        time.sleep(3)
        agent.send_signal(signal.SIGCONT)
        assert agent.stdout.readline() == "done\n"
