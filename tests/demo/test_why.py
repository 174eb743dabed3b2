"""`servicemap why` names both faults of the demo, which were always there."""

import pytest

from tests.demo.shop import opened
from tests.e2e.running import Up, run, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_both_faults_of_the_shop_are_named_and_nobody_else_of_it(demo: Up) -> None:
    opened(demo.data / "demo")

    def told() -> str:
        asked = run("why", "web", "--data", str(demo.data))
        return asked.stdout if asked.returncode == 0 else ""

    answer = until(told, lambda text: "voting → store" in text and "emoji → store" in text, 240, "both faults")
    lines = [line for line in answer.splitlines() if "→ store" in line]
    assert [line.split()[0] for line in lines] == ["emoji", "voting"]
    assert "fails in" in lines[1]
    assert "for one answer in twenty" in lines[0]
