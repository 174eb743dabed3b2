"""`servicemap why` names both faults of the demo, which were always there."""

import re
from collections.abc import Iterator

import pytest

from tests.demo.shop import opened
from tests.e2e.running import Up, run, until, up

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

# Where other shops run on this host, their stores are this one's service, and the store itself may be named.
SLOW, FAILS = re.compile(r"emoji → store .*for one answer in twenty"), re.compile(r"(voting → )?store .*fails in")


@pytest.fixture
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A map, and a demo beside it that no other test kills or ends."""
    with up(tmp_path_factory.mktemp("why"), "--demo", "--window", "1s", "--view-port", "0") as running:
        yield running


def test_both_faults_of_the_shop_are_named_and_nobody_else_of_it(undisturbed: Up) -> None:
    opened(undisturbed.data / "demo")

    def named() -> list[str]:
        asked = run("why", "web", "--data", str(undisturbed.data))
        return accused(asked.stdout) if asked.returncode == 0 else []

    def both(lines: list[str]) -> bool:
        return any(map(SLOW.match, lines)) and any(map(FAILS.match, lines))

    lines = until(named, both, 240, "both faults")
    assert [line for line in lines if not (SLOW.match(line) or FAILS.match(line))] == []


def accused(answer: str) -> list[str]:
    """Return the lines about what was always there."""
    _, _, after = answer.partition("Always there")
    block = after.partition("\n")[2].partition("\nRuled out")[0]
    return [line.strip() for line in block.splitlines() if line.startswith("  ")]
