"""Doctor names the network namespaces that the agent does not see."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyroute2 import IPRoute

from collectors.procfs import own_netns
from schemas.raw import Processes
from servicemap.namespaces import other_namespaces
from tests.collectors.namespaces import Namespaces

HERE = Processes(pid=[os.getpid()], start=[1], comm=["pytest"], netns=[own_netns()])
OTHER = Processes(pid=[os.getpid()], start=[1], comm=["pytest"], netns=[7])  # as if it were elsewhere
NOBODY = 65_534
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="entering network namespaces needs root")


@pytest.fixture
def two() -> Iterator[Namespaces]:
    if os.geteuid():
        pytest.skip("making network namespaces needs root")
    found = Namespaces()
    yield found
    found.remove()


def test_one_namespace_needs_no_report() -> None:
    assert list(other_namespaces(HERE, own_netns())) == []


def test_a_namespace_is_named_by_its_first_process_and_its_addresses(two: Namespaces) -> None:
    process = two.start(two.left, time.sleep, 1_000)
    try:
        place = Path(f"/proc/{process.pid}/ns/net")
        while place.stat().st_ino == own_netns():
            time.sleep(0.01)
        inside = Processes(
            pid=[*HERE.pid, process.pid or 0], start=[1, 2], comm=["pytest", "nginx"],
            netns=[*HERE.netns, place.stat().st_ino],
        )  # fmt: skip
        (check,) = other_namespaces(inside, own_netns())
    finally:
        process.kill()
        process.join()

    assert check.state == "ok"
    assert check.found.startswith("the connections in 1 are not seen: ")
    assert f"nginx[{process.pid}] has 10.99.0.1" in check.found


def test_a_namespace_that_is_gone_has_addresses_that_are_not_known_and_none_is_made(tmp_path: Path) -> None:
    gone = Processes(pid=[1], start=[1], comm=["gone"], netns=[7])
    (check,) = other_namespaces(gone, own_netns(), proc=str(tmp_path))
    assert "gone[1] has unknown addresses" in check.found
    assert list(tmp_path.iterdir()) == []


@NEEDS_ROOT
def test_a_namespace_that_is_not_ours_to_enter_has_addresses_that_are_not_known() -> None:
    os.seteuid(NOBODY)
    try:
        (check,) = other_namespaces(OTHER, own_netns())
    finally:
        os.seteuid(0)
    assert f"pytest[{os.getpid()}] has unknown addresses (it is gone, or only root may enter it)" in check.found


@NEEDS_ROOT
def test_an_error_of_ours_is_not_taken_for_a_namespace_without_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(IPRoute, "get_addr", lambda route: iter([{"prefixlen": 8}]), raising=False)
    with pytest.raises(KeyError, match="scope"):
        list(other_namespaces(OTHER, own_netns()))
