"""Titles that programs write over their arguments: "puma: cluster worker 0: 812 [shop]", "sshd: alice@pts/0"."""

import re
from posixpath import basename

from streams.naming.apps import SERVERS, application
from streams.naming.paths import project
from streams.naming.words import fit, versionless

_HEAD = re.compile(r"\[?([^\s:()\[\]{}@,;|=\"'<>]+)")
_LABELLED = SERVERS | {
    "puma",
    "unicorn",
    "thin",
    "rainbows",
    "pitchfork",
}  # they write the application in brackets at the end
_LABEL = re.compile(r"\[([A-Za-z_][\w.:()-]*)\]\s*$")
_SIDEKIQ = re.compile(r"sidekiq [\d.]+\S* ([A-Za-z]\S*) \[")
_PASSENGER = re.compile(r"Passenger \w+: (/\S+)")
_FOR = {"celeryd": "celery", "Passenger": "passenger"}


def title(text: str) -> str:
    """Return the name in a title; "" when there is none."""
    match = _HEAD.match(text)
    if match is None:
        return ""
    head = versionless(basename(match[1]))
    head = _FOR.get(head, head)
    app = _application(head, text)
    return f"{head}/{app}" if app else head if fit(head) else ""


def _application(head: str, text: str) -> str:
    if head in _LABELLED and (match := _LABEL.search(text)):
        app = application(match[1])
    elif match := _SIDEKIQ.match(text):
        app = match[1]
    elif match := _PASSENGER.match(text):
        app = project(match[1])
    else:
        return ""
    return app if fit(app) and versionless(app) == app else ""
