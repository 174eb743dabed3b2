"""`map --watch`: the map, drawn again whenever something newer is stored, until Ctrl-C."""

import queue
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from answers.asked import Ranged
from answers.faults import NothingStored
from answers.mapped import Mapped, mapped
from graph.model import Wanted
from graph.reading import newest
from servicemap.answering import now, opened, print_note
from servicemap.config import Config
from servicemap.map_text import fault_lines, headings, rows, table
from servicemap.mapping import print_map
from servicemap.options import Failure

LOOK_SECONDS = 1.0
SILENT_SECONDS = 5.0
MOST_FAULTS = 3
ENDED = 128 + signal.SIGTERM


class Shown(Protocol):
    """Where maps are shown."""

    def show(self, asked: Mapped) -> None:
        """Show a map instead of the last one."""

    def say(self, reason: str) -> None:
        """Show why there is nothing newer; "" if all is well."""

    def look(self) -> None:
        """Look whether the place to draw has changed."""


def watch(config: Config, since: int | None, form: str, wanted: Wanted) -> None:
    """Show the map of the newest minute, or of as long as it is since a time, ms. `form` is text or json."""
    length = None if since is None else max(1, now() - since)
    with suppress(KeyboardInterrupt), _terminable(), ExitStack() as until_end:
        shown: Shown | None = None
        for found in _coming(_maps(config, length, wanted)):
            shown = shown or _place(form, until_end)  # the screen is taken when there is something to show
            if isinstance(found, Mapped):
                shown.show(found)
            elif found is not None:
                shown.say(found)
            else:
                shown.look()


def _coming(events: Iterator[Mapped | str]) -> Iterator[Mapped | str | None]:
    """Yield events as they come, None between them, and a sentence when the store is silent: a thread waits for it."""
    came: queue.Queue[Mapped | str | Exception] = queue.Queue(maxsize=1)

    def wait() -> None:
        try:
            for event in events:
                came.put(event)
        except Exception as error:  # the main thread raises it
            came.put(error)

    threading.Thread(target=wait, name="waits-for-answer", daemon=True).start()
    last = time.monotonic()
    while True:
        try:
            event = came.get(timeout=LOOK_SECONDS)
        except queue.Empty:
            silent = time.monotonic() - last
            yield f"the store has not answered for {silent:.0f} s" if silent > SILENT_SECONDS else None
            continue
        if isinstance(event, Exception):
            raise event
        last = time.monotonic()
        yield event


def _maps(config: Config, length: int | None, wanted: Wanted) -> Iterator[Mapped | str]:
    """Yield a map whenever something newer is stored, a sentence when the store fails, and "" while nothing changes.

    Before the first map, a failure is raised.
    """
    began = False
    while True:
        drawn = -1
        try:
            with opened(config) as store:
                while True:
                    if (end := newest(store)) != drawn:
                        since = None if length is None else now() - length
                        yield mapped(store, Ranged(since=since), wanted, now())
                        began, drawn = True, end
                    yield ""
                    time.sleep(LOOK_SECONDS)
        except (Failure, NothingStored) as error:
            if not began:
                raise
            yield str(error)
            time.sleep(LOOK_SECONDS)


def _place(form: str, until_end: ExitStack) -> Shown:
    console = Console()
    in_place = form == "text" and console.is_terminal and not console.is_dumb_terminal
    return _Screen(console, until_end) if in_place else _Lines(form)


@contextmanager
def _terminable() -> Iterator[None]:
    """Unwind on SIGTERM as well, so that the terminal is left as it was."""

    def end(*_: object) -> None:
        sys.exit(ENDED)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _Lines:
    """One map below the other, for pipes: no control character is among them."""

    def __init__(self, form: str) -> None:
        self._form = form
        self._reason = ""

    def show(self, asked: Mapped) -> None:
        self._reason = ""
        for note in (*asked.notes, asked.reason):
            if note:
                print_note(note)
        print_map(asked.found, self._form, asked.title)
        sys.stdout.write("\n" if self._form == "text" else "")
        sys.stdout.flush()

    def say(self, reason: str) -> None:
        if reason and not self._reason:
            print_note(reason)
        self._reason = reason

    def look(self) -> None:
        pass


class _Screen:
    """A screen of its own, which is given back at the end. Each picture is written over the last one."""

    def __init__(self, console: Console, until: ExitStack) -> None:
        self._console = console
        self._asked: Mapped | None = None
        self._reason = ""
        self._size = console.size
        self._live = until.enter_context(Live(console=console, screen=True, auto_refresh=False))

    def show(self, asked: Mapped) -> None:
        self._asked, self._reason = asked, ""
        self._draw()

    def say(self, reason: str) -> None:
        if reason != self._reason:
            self._reason = reason
            self._draw()

    def look(self) -> None:
        if self._console.size != self._size:
            self._draw()

    def _draw(self) -> None:
        self._size = self._console.size
        if self._asked:
            self._live.update(Group(*picture(self._asked, self._reason, *self._size)), refresh=True)


def picture(asked: Mapped, reason: str, width: int, height: int) -> list[RenderableType]:
    """Return what fits on a screen: the map, its faults, and what is to be known of it."""
    notes = [Text(reason, style="bold red", no_wrap=True, overflow="ellipsis")] if reason else []
    notes += [_line(note) for note in (*asked.notes, asked.reason) if note]
    notes += [_line(line) for line in fault_lines(asked.found)[:MOST_FAULTS]]
    cells = rows(asked.found)
    room = max(1, height - len(notes) - 4)  # title, headings, what is left out, and the last line
    if len(cells) > room:
        notes.append(_line(f"and {len(cells) - room} more edges: --filter shows fewer"))
    made = table(asked.title, headings(asked.found), cells[:room], width)
    return [made if cells else _line(asked.title), *notes]


def _line(sentence: str) -> Text:
    return Text(sentence, style="dim", no_wrap=True, overflow="ellipsis")
