"""Fleets that never were: as records in a log, as a map to look at, and scored against the truth."""
