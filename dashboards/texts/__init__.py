"""Queries of panels that are not about edges: what hosts and processes use, the pipeline, and events."""
