"""Ask the store a question, and print what there is to know beside its answer."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import click
from msgspec import Struct

from answers.question import Answered, Question
from servicemap.config import Config
from servicemap.options import Failure
from servicemap.parts import store_address
from sinks.store import Store, StoreError

MOST_SECONDS = 60  # of a statement that a server asks for somebody
Asked = TypeVar("Asked", bound=Struct)
Given = TypeVar("Given", bound=Answered)


def ask(config: Config, question: Question[Asked, Given], asked: Asked) -> Given:
    """Return the whole answer to a question; its notes are printed."""
    with opened(config) as store:
        answer = question.answer(store, asked, now())
    for note in answer.notes:
        print_note(note)
    return answer


@contextmanager
def opened(config: Config) -> Iterator[Store]:
    """Give the store of a configuration; Failure where it does not answer."""
    store = Store(store_address(config, write=False))
    try:
        yield store
    except StoreError as error:
        raise Failure(str(error)) from None
    finally:
        store.close()


def connected(config: Config) -> Store:
    """Return a connection of a server to the store of a configuration; StoreError while it is nowhere."""
    try:
        return Store(store_address(config, write=False), most_seconds=MOST_SECONDS)
    except Failure as error:
        raise StoreError(error.format_message()) from None


def now() -> int:
    """Return the time, ms."""
    return int(time.time() * 1000)


def print_note(sentence: str) -> None:
    """Print a sentence about an answer, beside it."""
    click.echo(f"servicemap: {sentence}", err=True)
