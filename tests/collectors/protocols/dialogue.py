"""What is said on a connection, and what is to be counted of it."""

from collections.abc import Sequence
from typing import NamedTuple

from collectors.protocols.parser import Parser

ASKS, ANSWERS = ">", "<"


class Dialogue(NamedTuple):
    """What is said in turn, by whom, and what is to be counted of it."""

    about: str
    parser: type[Parser]
    said: Sequence[tuple[str, bytes]]
    counted: dict[str, int]
