"""The subject of a panel: its edges and requests, and its role in each as server or client."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from graph.asked import requested
from graph.clock import EACH_POINT, ROLLED_FIRST, clock
from graph.columns import KEY
from graph.levels import node_drawn
from graph.packing import PACKED, plain
from graph.spans import EACH_WINDOW, spans
from graph.sql import defined, inside, select

Column = Callable[[str, str], str]
_ABOUT = ("client_about", "server_about")


class Subject(NamedTuple):
    """Conditions on the plain columns of a `row`: the subject is its server, or its client."""

    serves: Callable[[Column], str]
    calls: Callable[[Column], str]
    is_edge: bool = False  # requests are those between the processes of its edges

    def parts(self, *reading: str, each_window: bool = False, also_asked: Iterable[str] = ()) -> list[str]:
        """Return the clock and `mine`, packed rows with serves and calls; and `asked`, requests with these columns.

        Of a packed row, `mine` has what the texts of `reading` read of a `row`, for rows of windows are many.
        """
        names = dict.fromkeys(("first", *(name for name in PACKED if any(f"row.{name}" in text for text in reading))))
        among = tuple(dict.fromkeys((*names, *_ABOUT)))
        rows = spans(EACH_WINDOW if each_window else EACH_POINT, names=among, reach=ROLLED_FIRST)
        mine = _own(self, plain, "spans", [f"row.{name} AS {name}" for name in (*KEY, *names)])
        asked = defined(asked=self._asked([*also_asked])) if also_asked else []
        return [*clock(), *defined(spans=rows, mine=mine), *asked]

    def _asked(self, columns: list[str]) -> str:
        if self.is_edge:
            key = ", ".join(KEY)
            rows = requested([*KEY, *columns], reach=ROLLED_FIRST)
            where = f"({key}) IN (SELECT {key} FROM mine)"
            return select(["*", "true AS serves", "false AS calls"], inside(rows), where=where)
        ends = [f"{end}_{name}" for end in ("client", "server") for name in ("service", "host")]
        return _own(self, _direct, inside(requested([*ends, *columns], reach=ROLLED_FIRST)))


def _own(subject: Subject, column: Column, rows: str, columns: Iterable[str] = ("row.*",)) -> str:
    columns = [*columns, f"{subject.serves(column)} AS serves", f"{subject.calls(column)} AS calls"]
    return select(columns, f"{rows} AS row", where="serves OR calls")


def _direct(name: str, row: str) -> str:
    return f"{row}.{name}"


def _of_service(end: str) -> Callable[[Column], str]:
    return lambda column: (
        f"({column(f'{end}_service', 'row')} = %(service)s AND %(host)s IN ('', {column(f'{end}_host', 'row')}))"
    )


def _of_host(end: str) -> Callable[[Column], str]:
    return lambda column: f"{column(f'{end}_host', 'row')} = %(host)s"


def _of_edge(column: Column) -> str:
    ends = (f"{node_drawn(end, column, 'row')} = %({end})s" for end in ("client", "server"))
    return f"({' AND '.join(ends)} AND %(port)s IN ('', toString({column('server_port', 'row')})))"


SERVICE = Subject(_of_service("server"), _of_service("client"))
HOST = Subject(_of_host("server"), _of_host("client"))
EDGE = Subject(_of_edge, lambda _: "false", is_edge=True)
