"""The register of what is played in the laboratory."""

from collections.abc import Callable
from typing import NamedTuple

from tests.truth.lab import Play


class Scenario(NamedTuple):
    """A function to play, and the open faults of the product that it shows, by kind, each in one sentence."""

    play: Callable[[Play], None]
    open: dict[str, str]


SCENARIOS: dict[str, Scenario] = {}


def scenario(**faults: str) -> Callable[[Callable[[Play], None]], Callable[[Play], None]]:
    """Register a function to play. It starts programs and makes claims that only it can know."""

    def enter(play: Callable[[Play], None]) -> Callable[[Play], None]:
        SCENARIOS[play.__name__] = Scenario(play, faults)
        return play

    return enter
