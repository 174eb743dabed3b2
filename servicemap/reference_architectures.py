"""The reference of files that `simulate` reads, from the simulator's types and tables and the comments in them."""

import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any, get_args

from msgspec import Struct
from msgspec.inspect import type_info
from msgspec.structs import fields

from servicemap.reference_values import comments, default, value
from simulation import architecture, faults, generate, native
from simulation.load import examples, load
from simulation.packages import PACKAGES
from simulation.programs import PROGRAMS

_SHORT = """name = "shop"

[[services]]
name = "web"
program = "node"
count = 3
load = 20
container = "shop/web:2.4"
calls = ["cart", { to = "redis", pool = 2, essential = false }]

[[services]]
name = "cart"
calls = ["redis"]

[[services]]
name = "redis\""""
_HEAD = f"""# Architectures

`servicemap simulate` reads files of four forms, and knows them by what is in them:

* its own format, in TOML or JSON, which is described here;
* a fleet that is drawn by a seed: `generate` in the same format;
* [Spigo's architecture files](#spigo) (`arch-0.0` and `arch-0.1`);
* [files of Docker Compose](#compose), with the extra `compose`.

[Examples](#the-examples) are there by their names, such as `servicemap simulate lamp`. A file that is wrong is refused
with one sentence, which names the field or the line.

This page is generated from the code by `make golden`.

## Short forms

```
{_SHORT}
```

`program` is one of [these](#programs), or a table. Left out, it is the one that the service is called after, such as
`redis`, else `service`. A container is an image, or a table. A call is the name of a service, or a table. A call to the
service itself is to its peers, the other instances.
"""
_SPIGO = """## Spigo

Files of Spigo (simianviz) are read as Spigo reads them, and have the same nodes and edges. `--scale` is its `-p`, and
`--regions` its `-w`. Instances stand in three zones in turn, and their numbers go on over the regions. A count of 0 is
one instance that belongs to no zone. With `eureka` among its dependencies, a service finds others in all regions, and
is found there. The last service makes the load. If it calls nobody, those make it that nobody calls. One instance of
the `victim` is killed after a minute. The image (`container`) decides the program if it is a known one, and so does the
name of a store.

| package | program | servers within reach | a request goes to |
|---|---|---|---|"""
_MANNERS = {
    "one": "one server of all that it knows",
    "chain": "one kind after the other: cache, volume, ring, store",
    "copies": "a third of all: to its peers, and what it depends on",
}
_COMPOSE = """
## Compose

All services are containers on one host. A service calls what it depends on or is linked to, and what its environment
and its command name: `REDIS_HOST=redis`, `postgres://user@db:5432/shop`, `kafka1:9092,kafka2:9092`. Services must
share a network for that. Replicas are instances. Published ports get load, unless they are those of stores. A service
that calls others, and that nobody calls, begins requests of itself. Variables have their defaults: `${PORT:-80}` is 80.
"""
_STRUCTS: dict[str, type[Struct]] = {
    "Architecture": architecture.Architecture,
    "Service": architecture.Service,
    "Call": architecture.Call,
    "Program": architecture.Program,
    "Container": architecture.Container,
    "Fault": faults.Fault,
    "A fleet by a seed": native.Generated,
    "Recipe": generate.Recipe,
}
_KINDS, _WITHIN = "Kinds of faults", "Where servers stand"
_TITLES: dict[object, str] = {
    **{struct: title for title, struct in _STRUCTS.items()},
    frozenset(get_args(faults.Kind)): _KINDS,
    frozenset(get_args(architecture.Within)): _WITHIN,
}


def page() -> str:
    """Return the reference of architectures, in Markdown."""
    return "\n".join(
        [
            _HEAD,
            *(line for title, struct in _STRUCTS.items() for line in _struct(title, struct)),
            f"## {_KINDS}\n",
            *_words(faults.Kind, faults),
            f"## {_WITHIN}\n",
            *_words(architecture.Within, architecture),
            *_programs(),
            _SPIGO,
            *(_package(name) for name in PACKAGES),
            _COMPOSE,
            "## The examples\n",
            *(f"* `{name}`: {load(name).description}" for name in examples()),
            "",
        ]
    )


def _struct(title: str, struct: type[Struct]) -> Iterator[str]:
    texts = comments(inspect.getsource(struct))
    yield f"## {title}\n"
    yield f"{inspect.getdoc(struct)}\n"
    yield "| field | value | default | what |"
    yield "|---|---|---|---|"
    for field in fields(struct):
        kind, text = value(type_info(field.type), _TITLES), texts.get(field.name, "")
        yield f"| `{field.name}` | {kind} | {default(field)} | {text} |"
    yield ""


def _words(choice: Any, module: ModuleType) -> Iterator[str]:
    """Yield what the words of a choice mean, by the comments in the module that has it."""
    texts = comments(inspect.getsource(module))
    yield from (f"* `{word}`: {texts[word]}" for word in get_args(choice))
    yield ""


def _programs() -> Iterator[str]:
    yield "## Programs\n"
    yield "| program | runs | port | port of peers | protocol | also called |"
    yield "|---|---|---|---|---|---|"
    for name, known in PROGRAMS.items():
        program = known.program
        words = ", ".join((*known.products, *known.words))
        ports = f"{program.port or ''} | {program.peer_port or ''}"
        yield f"| `{name}` | `{program.name}` | {ports} | {program.protocol} | {words} |"
    yield ""


def _package(name: str) -> str:
    package = PACKAGES[name]
    reach = "those of its zone" if package.same_zone else "those of its region"
    return f"| `{name}` | {package.program} | {reach} | {_MANNERS[package.manner]} |"
