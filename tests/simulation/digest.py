"""`python -m tests.simulation.digest`: print a digest of all that a small simulation logs, and of its truth."""

import sys
from hashlib import sha256

from simulation.run import Simulation
from tests.simulation.fleets import T0, placed, shop

WINDOWS = 26


def digest(seed: int = 1) -> str:
    found = sha256()
    fleet = placed(shop(scanning=0.5), hosts=5, unwatched=(4,), clocks=(0, 1_300, -1_700))
    for window in Simulation(fleet, seed=seed, start_ms=T0).windows(WINDOWS):
        for record in window.records:
            found.update(repr(record).encode())
        found.update(repr((window.truth.edges, window.truth.open, window.truth.events)).encode())
    return found.hexdigest()


if __name__ == "__main__":
    sys.stdout.write(digest())
