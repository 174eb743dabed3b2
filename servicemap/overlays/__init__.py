"""Overlays: read from the log what is said, check what is to be said, write it, and print it."""
