"""What is wrong with a description of a system: one sentence with the place and the remedy."""

from schemas.text import shown


class Mistake(ValueError):
    """A file, or a part of it, that no system can be made of. The message names the place and what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(shown(sentence))
