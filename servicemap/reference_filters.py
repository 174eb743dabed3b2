"""The reference page of filters, and their fields as the page of the live view knows them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from graph.filters.completing import completions, of_the_map
from graph.filters.fields import FIELDS, Count, Field, Number, Text
from graph.filters.presets import PRESETS, TROUBLE
from graph.infrastructure import KINDS

_HEAD = """# Filters

A filter asks for a part of the map. The query bar of the live view, `servicemap map --filter`, `servicemap export
--filter` and `/api/map?filter=…` read the same language.

```sh
servicemap map --filter 'health:bad,warn around:1'
servicemap map --filter 'service:shop -infra p99>250ms'
```

Terms stand between spaces, and all of them must hold:

| term | keeps |
|---|---|
| `service:redis` | what has this value in a field, in upper or lower case; `*` stands for any text |
| `service:shop,cart` | one of several values |
| `rps>10` `p99>=1s` `errors<1%` | edges whose number is greater or less; what is not known matches neither way |
| `new` `external` `infra` | what has this property; some take a value: `new:today` |
| `redis` | what has this text in one of its names, its command, its address, its port or its protocol |
| `service:shop > service:db` | edges from such clients to such servers |
| `service=shop,host=web1` | a [selector](../howto/overlays.md#selectors), which heeds upper and lower case |
| `-infra` | what the term does not hold for |

A term about nodes holds for an edge if it holds for one of its ends, so that the edges of a node stay with it.
`-service:x` keeps the edges of which no end is `x`. A value or a word in double quotes is meant as it is: `"new"`,
`service:"a, b"`.

Zones, hosts and namespaces are those of nodes: an edge between services that run in several zones counts as one that
crosses them.

This page is generated from the code by `make golden`.

"""


def page() -> str:
    """Return the page, in Markdown."""
    return _HEAD + "\n".join([*_fields(), *_presets(), *_infrastructure(), ""])


def module() -> str:
    """Return what the page needs to complete filters as a module of JavaScript, in the form that Prettier gives it."""
    known = (one._asdict() for one in completions())
    presets = (preset._asdict() for preset in PRESETS)
    listed = "".join(f"  {json.dumps(name)},\n" for name in of_the_map())
    return (
        "// Generated from graph/filters/ by `make golden`.\n\n"
        f"export const COMPLETIONS = [\n{''.join(map(_object, known))}];\n\n"
        f"export const OF_THE_MAP = new Set([\n{listed}]);\n\n"
        f"export const PRESETS = [\n{''.join(map(_object, presets))}];\n\n"
        f"export const TROUBLE = {json.dumps(TROUBLE.filter)};\n"
    )


def _object(of: Mapping[str, Any]) -> str:
    return "  {\n" + "".join(f"    {name}: {json.dumps(value)},\n" for name, value in of.items()) + "  },\n"


def _fields() -> Iterator[str]:
    yield "## Fields\n"
    yield "| field | about | meaning | example |"
    yield "|---|---|---|---|"
    for field in FIELDS.values():
        chosen = (
            f": {', '.join(f'`{one}`' for one in field.choices)}" if isinstance(field, Text) and field.choices else ""
        )
        yield f"| `{field.name}` | {_about(field)} | {field.about}{chosen} | `{field.example}` |"
    yield ""


def _presets() -> Iterator[str]:
    yield "## Presets\n"
    yield "The live view offers these by name.\n"
    yield "| preset | filter | shows |"
    yield "|---|---|---|"
    for preset in PRESETS:
        yield f"| {preset.title} | `{preset.filter}` | {preset.about} |"
    yield ""


def _infrastructure() -> Iterator[str]:
    yield "## Infrastructure\n"
    yield "An edge is infrastructure by its protocol, by its port where no protocol is seen, or by an end that runs one"
    yield "of these programs.\n"
    yield "| kind | what | programs | ports |"
    yield "|---|---|---|---|"
    for kind in KINDS:
        programs = sorted([*kind.programs, *(f"*{ending}" for ending in kind.endings)])
        cells = [", ".join(f"`{one}`" for one in some) for some in (programs, sorted(kind.ports))]
        yield f"| `{kind.name}` | {kind.label} | {' | '.join(cells)} |"


def _about(field: Field) -> str:
    if isinstance(field, Count):
        return "the result"
    if isinstance(field, Number):
        return "edges"
    return " and ".join(name for name, read in (("nodes", field.node), ("edges", field.edge)) if read)
