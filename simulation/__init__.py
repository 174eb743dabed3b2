"""Fleets that never were, with the truth beside them: architectures become raw topics, and maps are scored."""
