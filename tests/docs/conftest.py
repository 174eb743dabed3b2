"""The stores of the tests of roll-ups serve here as well."""

from tests.rollups.conftest import address, fresh

__all__ = ["address", "fresh"]
