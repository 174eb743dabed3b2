"""`alerts`: print the rules, and evaluate them at past times."""

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import click

from answers.times import end_of_records, outside
from dashboards.alerts.files import GROUPS
from dashboards.alerts.firing import Firing, Numbers, firings, numbers
from dashboards.alerts.rule import Rule
from graph.model import iso_ms
from graph.reading import stored
from schemas.matching import unknown
from schemas.text import shown
from schemas.times import iso
from servicemap.columns import aligned
from servicemap.config import Config
from servicemap.options import Failure, NothingMatches
from servicemap.parts import store_address
from servicemap.printing import print_json
from sinks.store import Store, StoreError

_PREFIX = "servicemap-"  # of the uids, as one Grafana has rules of others too
_PLACE = re.compile(r"\{\{ (?P<form>\w*) ?\$(?:labels\.(?P<label>\w+)|values\.B\.Value) \}\}")
_FORMS = {
    "humanizePercentage": lambda number: f"{100 * number:.3g} %",
    "humanizeDuration": lambda number: _length(round(number)),
}
HEADINGS = ("FROM", "TO", "SEVERITY", "RULE", "MOST", "WHAT")


def print_rules(*, as_json: bool) -> None:
    """Print all rules."""
    for interval, rule in _rules():
        if as_json:
            print_json({"rule": name(rule), **rule._asdict(), "interval": interval})
            continue
        click.echo(f"{name(rule)} ({rule.severity}): {rule.title}")
        click.echo(f"    {rule.about}")
        wait = f", for {_length(rule.holds)}" if rule.holds else ""
        click.echo(f"    beyond {rule.beyond:g}{wait}; looks back {_length(rule.reach)}, every {_length(interval)}")


def test_past(
    config: Config, start: int, end: int | None, only: str, every: int | None, beyond: float | None, *, as_json: bool
) -> None:
    """Evaluate the rules in (start, end] and print what would have fired."""
    chosen = _chosen(only, every, beyond)
    store = Store(store_address(config, write=False))
    with closing(store):
        try:
            start, end = _range(store, start, end)
            found = [
                one
                for nth, (interval, rule) in enumerate(chosen)
                for one in firings(
                    rule,
                    _evaluations(
                        store,
                        rule,
                        range(start // interval * interval + interval, end + 1, interval),
                        f"{nth + 1}/{len(chosen)}",
                    ),
                )
            ]
        except StoreError as error:
            raise Failure(str(error)) from None
    found.sort(key=lambda one: (one.since, one.rule.uid, one.labels))
    if as_json:
        for one in found:
            print_json(as_fields(one))
    elif found:
        click.echo(aligned(HEADINGS, [_cells(one) for one in found], right=(4,)), nl=False)
    _print_note(_summary(found, chosen, start, end))


def name(rule: Rule) -> str:
    """Return the name of a rule for people."""
    return rule.uid.removeprefix(_PREFIX)


def summary(one: Firing) -> str:
    """Return the sentence of an alert, much as Grafana writes it."""
    labels = dict(one.labels)

    def place(found: re.Match[str]) -> str:
        if found["label"]:
            return labels.get(found["label"], "")
        return _FORMS.get(found["form"], _plain)(one.most)

    return _PLACE.sub(place, one.rule.summary)


def as_fields(one: Firing) -> dict[str, Any]:
    """Return an alert for programs; `until` is null while it fires."""
    return {
        "rule": name(one.rule),
        "severity": one.rule.severity,
        "since": iso_ms(one.since),
        "until": None if one.until is None else iso_ms(one.until),
        "labels": dict(one.labels),
        "most": one.most,
        "summary": summary(one),
    }


def _rules() -> Iterator[tuple[int, Rule]]:
    for interval, group in GROUPS.values():
        for rule in group:
            yield interval, rule


def _chosen(only: str, every: int | None, beyond: float | None) -> list[tuple[int, Rule]]:
    """Return the rules to evaluate, each with the ms between two evaluations."""
    names = {name(rule) for _, rule in _rules()}
    if only and only not in names:
        raise NothingMatches(unknown("rule", only, names))
    every = every if every is None else max(every, 1000)
    return [
        (every or interval * 1000, rule if beyond is None else rule._replace(beyond=beyond))
        for interval, rule in _rules()
        if not only or name(rule) == only
    ]


def _range(store: Store, start: int, end: int | None) -> tuple[int, int]:
    present = end_of_records(store)
    begin = stored(store, start, end or present).begin
    asked = (start, end or present)
    start, end = max(start, begin), min(end or present, present)
    if start >= end:
        raise NothingMatches(outside(*asked, begin, present))
    return start, end


def _evaluations(store: Store, rule: Rule, times: Sequence[int], which: str) -> Iterator[tuple[int, Numbers]]:
    """Yield what the query of a rule gives at each time; on a terminal the progress is shown."""
    shows = sys.stderr.isatty()
    for done, at in enumerate(times):
        if shows:
            share = f"{100 * done // len(times)} %"
            click.echo(f"\r\033[Krule {which} {name(rule)}: {share}, {iso(at)}", err=True, nl=False)
        yield at, numbers(store.named(rule.query, {"from": at - rule.reach * 1000, "to": at}))
    if shows:
        click.echo("\r\033[K", err=True, nl=False)


def _cells(one: Firing) -> list[str]:
    until = "still" if one.until is None else iso(one.until)
    return [iso(one.since), until, one.rule.severity, name(one.rule), _plain(one.most), shown(summary(one))]


def _summary(found: Sequence[Firing], chosen: Sequence[tuple[int, Rule]], start: int, end: int) -> str:
    fired = len({one.rule.uid for one in found})
    return (
        f"{len(found)} alerts of {fired} of {len(chosen)} rules would have fired from {iso(start)} to {iso(end)}"
        if found
        else f"none of {len(chosen)} rules would have fired from {iso(start)} to {iso(end)}"
    )


def _plain(number: float) -> str:
    return f"{number:.4g}"


def _length(seconds: int) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _print_note(sentence: str) -> None:
    click.echo(f"servicemap: {sentence}", err=True)
