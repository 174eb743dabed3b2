"""A question: its parameters, its answer, and how that is made of the store. All else is rendered from it."""

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

from msgspec import UNSET, Struct, UnsetType

from graph.asking import Store

Asked = TypeVar("Asked", bound=Struct)
Given = TypeVar("Given", bound="Answered")


class Answered(Struct, kw_only=True, rename={"start": "from", "end": "to", "next_page": "next"}):
    """What every answer has: the range that it is about, sentences about it, and the SQL of the rows behind it.

    Of a page, `total` counts the rows of all pages, and `next` is the cursor of the next one.
    """

    start: str
    end: str
    level: str
    notes: list[str]
    sql: str
    total: int | UnsetType = UNSET
    next_page: str | UnsetType = UNSET


class Question(NamedTuple, Generic[Asked, Given]):
    """A question by its name; `about` is what people read of it.

    `answer` takes the store, the parameters, and the time, ms. `rows` names the list of its answer that is given in
    pages; without one the answer is bounded by itself. `fit` leaves out of a page what its rows do not need.
    """

    name: str
    about: str
    asks: type[Asked]
    gives: type[Given]
    answer: Callable[[Store, Asked, int], Given]
    rows: str = ""
    fit: Callable[[Given], Given] | None = None


AnyQuestion = Question[Any, Any]
