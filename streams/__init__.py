"""Folds: pure functions from raw records to sides, edges, nodes and events."""
