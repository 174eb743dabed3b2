"""Benchmarks: each prints a ratio against a named rival or limit."""
