"""Filters that are asked for most, by a name. Declared only here."""

from typing import NamedTuple


class Preset(NamedTuple):
    """A filter with a name for people."""

    title: str
    filter: str
    about: str


PRESETS = (
    Preset("Trouble", "health:bad,warn around:1", "what is not healthy, and what is one step around it"),
    Preset("New today", "new:today", "what was first seen today"),
    Preset("Talks outside", "external", "addresses of no known host, and who talks to them"),
    Preset("Across zones", "cross:zone", "edges between zones"),
    Preset("Busiest", "top:20", "the twenty edges with the most bytes"),
)
TROUBLE = PRESETS[0]
