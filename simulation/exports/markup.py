"""XML, written as it comes, of texts that may hold any character: what cannot be printed is written as an escape."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOBase
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from schemas.text import shown


class Markup:
    """Writes elements, indented by one space each."""

    def __init__(self, out: TextIOBase) -> None:
        self._xml = XMLGenerator(out, "utf-8", short_empty_elements=True)
        self._depth = 0
        self._xml.startDocument()

    @contextmanager
    def inside(self, name: str, **attributes: object) -> Iterator[None]:
        """Write an element around what is written inside; `_` at the end of an attribute's name is left out."""
        self._line()
        self._start(name, attributes)
        self._depth += 1
        yield
        self._depth -= 1
        self._line()
        self._xml.endElement(name)

    def element(self, name: str, content: str = "", **attributes: object) -> None:
        """Write an element that has text at most."""
        self._line()
        self._start(name, attributes)
        if content:
            self._xml.characters(shown(content))
        self._xml.endElement(name)

    def _start(self, name: str, attributes: dict[str, object]) -> None:
        self._xml.startElement(
            name, AttributesImpl({key.rstrip("_"): shown(str(value)) for key, value in attributes.items()})
        )

    def _line(self) -> None:
        self._xml.ignorableWhitespace("\n" + " " * self._depth)
