"""`dashboards publish`: the data source, the dashboards and the alert rules, brought into a running Grafana.

What is there already as it should be is left alone, so that a second run changes nothing. Grafana adds fields of its
own to what it keeps, so what is there is right if it contains all that we send.
"""

import difflib
import json
from collections.abc import Iterator
from typing import NamedTuple

import click

from dashboards.alerts import files as alerts
from dashboards.grafana.build import dashboards
from dashboards.grafana.panels import SOURCE
from dashboards.grafana.source import NAME, data_source, secrets
from schemas.messages import lines
from schemas.text import shown
from schemas.tls import Unusable
from servicemap.grafana import Grafana, Json
from servicemap.options import Failure
from servicemap.printing import print_json
from sinks.address import Address

PROVISIONED = "provisioned"  # by files of the Grafana itself, which nobody else may change
_PENDING = "not there yet"


class Wanted(NamedTuple):
    """How to publish: `force` sends what is right already as well, `dry` sends nothing."""

    folder: str
    force: bool = False
    dry: bool = False


class Done(NamedTuple):
    """What became of one thing: created, updated, unchanged or provisioned. `diff` begins with what Grafana had."""

    kind: str
    name: str
    uid: str
    state: str
    diff: str = ""


def publish(grafana: Grafana, store: Address, wanted: Wanted) -> Iterator[Done]:
    """Publish everything, one thing after the other; Failure when Grafana refuses one."""
    yield _source(grafana, store, wanted)
    folder = grafana.folder(wanted.folder)
    state = "unchanged" if folder else "created"
    if folder is None:
        folder = _PENDING if wanted.dry else grafana.make_folder(wanted.folder)
    yield Done("folder", wanted.folder, folder, state)
    for board in dashboards():
        yield _dashboard(grafana, board, folder, wanted)
    for group in alerts.groups():
        yield _rules(grafana, group, folder, wanted)
    if not wanted.dry:
        health = grafana.health(SOURCE["uid"])
        yield Done("store", NAME, SOURCE["uid"], "answers" if health == "OK" else f"does not answer Grafana: {health}")


def print_published(done: Iterator[Done], *, dry: bool, diff: bool, as_json: bool) -> None:
    """Print what is done as it is."""
    for one in done:
        if as_json:
            line = one._asdict() if diff else {key: value for key, value in one._asdict().items() if key != "diff"}
            print_json({**line, "dry_run": dry})
            continue
        state = f"would be {one.state}" if dry and one.state in {"created", "updated"} else one.state
        click.echo(f"{one.kind:<11}  {one.name:<12}  {shown(state)}")
        if diff and one.diff:
            click.echo(lines(one.diff))


def credential(token: str | None, user: str | None) -> str | tuple[str, str] | None:
    """Return who asks; Failure for a user without a password."""
    if token:
        return token
    if not user:
        return None
    name, colon, password = user.partition(":")
    if not colon:
        raise Failure("a user needs a password: give --user NAME:PASSWORD, or put it in GRAFANA_USER")
    return name, password


def _source(grafana: Grafana, store: Address, wanted: Wanted) -> Done:
    uid = SOURCE["uid"]
    ours = data_source(store.host, store.port, store.user, store.database, store.tls, store.cluster.settings)
    theirs = grafana.source(uid)
    if theirs and theirs.get("readOnly"):
        return Done("data source", NAME, uid, PROVISIONED)
    try:
        hidden = secrets(store.secret(), store.tls)
    except Unusable as error:
        raise Failure(str(error)) from None
    there = theirs.get("secureJsonFields", {}) if theirs else {}
    known = all(there.get(name) for name, value in hidden.items() if value)
    if theirs and known and contains(theirs, ours) and not wanted.force:
        return Done("data source", NAME, uid, "unchanged")
    if not wanted.dry:
        grafana.write_source({**ours, "secureJsonData": hidden}, there=theirs is not None)
    return Done("data source", NAME, uid, "updated" if theirs else "created", _diff(theirs, ours))


def _dashboard(grafana: Grafana, ours: Json, folder: str, wanted: Wanted) -> Done:
    name, uid = ours["title"], ours["uid"]
    found = grafana.dashboard(uid)
    theirs: Json = found["dashboard"] if found else {}
    if found and found["meta"].get("provisioned"):
        return Done("dashboard", name, uid, PROVISIONED)
    if found and found["meta"].get("folderUid") == folder and contains(theirs, ours) and not wanted.force:
        return Done("dashboard", name, uid, "unchanged")
    if not wanted.dry:
        grafana.write_dashboard({**ours, "id": None, "version": theirs.get("version", 0)}, folder)
    return Done("dashboard", name, uid, "updated" if found else "created", _diff(theirs, ours))


def _rules(grafana: Grafana, group: Json, folder: str, wanted: Wanted) -> Done:
    name = group["name"]
    theirs = grafana.rules(folder, name) if folder != _PENDING else None
    ours = {
        "title": name,
        "folderUid": folder,
        "interval": seconds(group["interval"]),
        "rules": [
            {**rule, "for": duration(seconds(rule["for"])), "ruleGroup": name, "folderUID": folder, "orgID": 1}
            for rule in group["rules"]
        ],
    }
    if theirs and any(rule.get("provenance") == "file" for rule in theirs.get("rules", [])):
        return Done("alert rules", name, name, PROVISIONED)
    if theirs and contains(theirs, ours) and not wanted.force:
        return Done("alert rules", name, name, "unchanged")
    if not wanted.dry:
        grafana.write_rules(folder, ours)
    return Done("alert rules", name, name, "updated" if theirs else "created", _diff(theirs, ours))


def contains(theirs: object, ours: object) -> bool:
    """Return whether what is there contains all of ours; it may have more."""
    if isinstance(ours, dict):
        return isinstance(theirs, dict) and all(key in theirs and contains(theirs[key], ours[key]) for key in ours)
    if isinstance(ours, list):
        return isinstance(theirs, list) and len(theirs) == len(ours) and all(map(contains, theirs, ours))
    return theirs == ours


def seconds(text: str) -> int:
    """Read a duration of a provisioning file: whole seconds."""
    return int(text.removesuffix("s"))


def duration(whole: int) -> str:
    """Write seconds as Grafana's API gives a duration back: 1m30s."""
    parts = ((whole // 3600, "h"), (whole % 3600 // 60, "m"), (whole % 60, "s"))
    return "".join(f"{count}{unit}" for count, unit in parts if count) or "0s"


def _diff(theirs: Json | None, ours: Json) -> str:
    """Return the difference in what we send, as `diff -u` writes it."""
    before, after = _lines(_shared(theirs or {}, ours)), _lines(ours)
    return "\n".join(difflib.unified_diff(before, after, "in Grafana", "here", lineterm=""))


def _shared(theirs: object, ours: object) -> object:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return {key: _shared(theirs[key], ours[key]) for key in ours if key in theirs}
    if isinstance(theirs, list) and isinstance(ours, list):
        kept = [_shared(their, our) for their, our in zip(theirs, ours, strict=False)]
        return kept + theirs[len(ours) :]
    return theirs


def _lines(value: object) -> list[str]:
    return json.dumps(value, indent=2, ensure_ascii=False).split("\n")
