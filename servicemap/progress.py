"""How far long work is, on stderr: in place on a terminal, else a line for each step and every 5 s."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

Show = Callable[[str, str], None]  # the step, and how far it is


@contextmanager
def shown_progress(now: Callable[[], float] = time.monotonic) -> Iterator[Show]:
    """Give what prints progress; the line on the terminal ends with the block."""
    last, before = 0.0, ""
    terminal = sys.stderr.isatty()

    def show(step: str, far: str) -> None:
        nonlocal last, before
        if now() - last < (0.2 if terminal else 5.0) and step == before:
            return
        last, before = now(), step
        line = f"{step}: {far}" if far else step
        click.echo(f"\r\x1b[K{line}" if terminal else line, err=True, nl=not terminal)

    try:
        yield show
    finally:
        if terminal and before:
            click.echo("", err=True)
