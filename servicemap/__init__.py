"""The composition root: command line, configuration, log, supervision."""

__version__ = "0.1.0"
