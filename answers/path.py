"""`path`: by which ways one node reaches another."""

from msgspec import Struct

from answers.asked import Drawing, Named
from answers.drawn import ArrowFields, drawn
from answers.faults import NotThere
from answers.question import Answered, Question
from graph.asking import Store
from graph.questions.paths import MOST, paths


class PathAsked(Drawing, frozen=True, kw_only=True):
    """Where the ways begin and end."""

    client: Named
    server: Named


class Way(Struct, kw_only=True):
    """A way, as its arrows."""

    arrows: list[ArrowFields]


class PathAnswer(Answered, kw_only=True):
    """The shortest ways, up to a hundred."""

    ways: list[Way]


def _answer(store: Store, asked: PathAsked, now: int) -> PathAnswer:
    on = drawn(store, asked, now)
    client, server = on.node(asked.client), on.node(asked.server)
    found = paths(on.wiring, client, server)
    if not found:
        back = "; there is a way back" if paths(on.wiring, server, client, most=1) else ""
        names = f"{on.labels[client]} to {on.labels[server]}"
        raise NotThere(f"there is no way from {names} in the {on.of.title}{back}")
    more = [f"only {MOST} of the shortest ways are shown"] if len(found) == MOST else []
    ways = [Way(arrows=[on.arrow(one) for one in way]) for way in found]
    return PathAnswer(**on.about(*more), ways=ways)


PATH = Question(
    "path", "All shortest ways by which a client reached a server.", PathAsked, PathAnswer, _answer, rows="ways"
)
