"""A dashboard of rows of panels: ids and places are given here, in order, so that the same code gives the same JSON."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dashboards.grafana.panels import Json, target
from dashboards.texts import events

SCHEMA_VERSION = 42  # the newest of the classic format, which Grafana 12 and 13 read
COLUMNS = 24
TAG = "servicemap"
# Kinds of events that show whether a host was looked at as it should be.
_LOOKS = ("host_silent", "gap", "window_incomplete", "agent_started", "collector_failed", "collector_recovered")
AGENTS = ",".join((*_LOOKS, "host_id_shared", "host_id_unshared"))


class Row(NamedTuple):
    """Panels side by side, of one height in grid units (about 30 px); a title makes it foldable."""

    height: int
    panels: Sequence[Json]
    title: str = ""
    widths: Sequence[int] = ()  # of 24; equal ones when left out


def dashboard(
    uid: str,
    title: str,
    about: str,
    rows: Sequence[Row],
    *,
    variables: Sequence[Json] = (),
    annotations: Sequence[Json] = (),
    since: str = "now-1h",
    refresh: str = "1m",
) -> Json:
    """Return a dashboard in Grafana's classic JSON."""
    return {
        "uid": uid,
        "title": title,
        "description": about,
        "tags": [TAG],
        "schemaVersion": SCHEMA_VERSION,
        "editable": False,
        "graphTooltip": 1,  # the crosshair is on all panels at once
        "time": {"from": since, "to": "now"},
        "timezone": "browser",
        "refresh": refresh,
        "templating": {"list": list(variables)},
        "annotations": {"list": list(annotations)},
        "links": [_others()],
        "panels": list(_placed(rows)),
    }


def changes(kinds: str, **fixed: str) -> Json:
    """Return the annotation of what happened: events of these kinds, of a service or host where that is fixed."""
    asked = target(events.annotations(), {"kinds": kinds, **fixed}, "changes")
    return {
        "name": "Changes",
        "datasource": asked["datasource"],
        "enable": True,
        "hide": False,
        "iconColor": "orange",
        "target": asked,
    }


def _placed(rows: Sequence[Row]) -> Iterator[Json]:
    identity, y = 1, 0
    for row in rows:
        if row.title:
            place = {"h": 1, "w": COLUMNS, "x": 0, "y": y}
            yield {
                "id": identity,
                "type": "row",
                "title": row.title,
                "collapsed": False,
                "gridPos": place,
                "panels": [],
            }
            identity, y = identity + 1, y + 1
        widths = row.widths or [COLUMNS // len(row.panels)] * len(row.panels)
        x = 0
        for panel, width in zip(row.panels, widths, strict=True):
            yield {"id": identity, **panel, "gridPos": {"h": row.height, "w": width, "x": x, "y": y}}
            identity, x = identity + 1, x + width
        y += row.height


def _others() -> Json:
    return {
        "type": "dashboards",
        "title": "Servicemap",
        "icon": "external link",
        "tooltip": "",
        "tags": [TAG],
        "asDropdown": True,
        "includeVars": False,
        "keepTime": True,
        "targetBlank": False,
    }
