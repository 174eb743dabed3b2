"""Lines over time: columns time, series and value, ascending."""

from collections.abc import Mapping

from graph.clock import POINT, TIME
from graph.packing import plain
from graph.panels.subjects import Subject
from graph.sql import inside, select, texts, within

AT = POINT("row.first")
ORDER = "\nORDER BY time, series"


def rates(subject: Subject, sums: Mapping[str, str], *, each_window: bool = False) -> str:
    """Return sums of the rows of a subject a second, one line each."""
    counts = f"[{', '.join(f'toFloat64({made})' for made in sums.values())}]"
    summed = select({"at": AT, "counts": counts}, "mine AS row", group=["at"])
    columns = {"time": TIME("clock.at"), "series": "series", "value": "toFloat64(many / clock.seconds)"}
    filled = f"if(empty(sums.counts), arrayWithConstant({len(sums)}, 0.), sums.counts)"
    return within(
        subject.parts(counts, each_window=each_window),
        select(
            columns,
            "clock",
            f"LEFT JOIN {inside(summed)} AS sums ON sums.at = clock.at",
            f"ARRAY JOIN {texts(sums)} AS series, {filled} AS many",
        )
        + ORDER,
    )


def values(subject: Subject, made: Mapping[str, str], where: str = "isFinite(value)") -> str:
    """Return values of the windows of a subject at each point, one line each, where they are known."""
    found = f"[{', '.join(f'toFloat64({one})' for one in made.values())}]"
    points = select({"at": AT, "found": found}, "mine AS row", group=["at"])
    columns = {"time": TIME("at"), "series": "series", "value": "one"}
    lines = select(columns, inside(points), f"ARRAY JOIN {texts(made)} AS series, found AS one", where=where)
    return within(subject.parts(found, each_window=True), lines + ORDER)


def of(name: str) -> str:
    """Return a plain column of a row of `mine`."""
    return plain(name, "row")
