"""Captures: records of a log in a file, which another log takes in, and which can be looked at on its own."""
