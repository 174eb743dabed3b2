"""The store of the tests of roll-ups."""

from tests.rollups.conftest import address, fresh

__all__ = ["address", "fresh"]
