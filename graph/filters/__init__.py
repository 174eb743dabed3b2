"""Filters: the language by which parts of a map are asked for, in the query bar, the command line and HTTP alike."""
