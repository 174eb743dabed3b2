"""A simulated fleet as a part of `up`, in place of the collectors."""

from pathlib import Path

from servicemap.config import Config
from servicemap.simulated.plan import Plan, made
from servicemap.supervisor import Part


def fleet(config: Config, file: Path, architecture: str) -> Part:
    """Return what fills the last minutes at once and then goes on in real time; Failure for what cannot be simulated.

    `file` has the configuration.
    """
    made(Plan(architecture=architecture, start_ms=0))
    into = ("--config", str(file), "--log", config.log_url, "--live")
    width = ("--width", f"{config.collectors.window_ms}ms")
    return Part("simulate", ("servicemap", "simulate", *into, *width, "--", architecture))
