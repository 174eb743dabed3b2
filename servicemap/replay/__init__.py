"""Folding a past range of the log anew: what to read, where the rows go, what changed, and swapping it in."""
