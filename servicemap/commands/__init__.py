"""The commands, one a file: `command` in each."""
