"""Fleets of any size by a seed, with the shapes of real ones: degrees, instances, stores, requests and deploys."""

from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random
from typing import Annotated

from msgspec import Meta, Struct, convert, to_builtins

from simulation.architecture import Architecture, Call, Container, Service, Share
from simulation.callgraph import CallGraph, call_graph
from simulation.chance import chance
from simulation.invented_names import MOST, domain, invented_names
from simulation.programs import program_of
from simulation.shapes import counts


class Recipe(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a generated fleet is like. Defaults are of public figures where there are any."""

    services: Annotated[int, Meta(ge=3, le=MOST)] = 1_000
    calls: Annotated[float, Meta(ge=1, le=50)] = 10.9  # of a service, on the average
    instances: Annotated[float, Meta(ge=1, le=1_000)] = 3.0  # of a service, on the average
    most_instances: Annotated[int, Meta(ge=1)] = 200  # of a service
    per_host: Annotated[int, Meta(ge=1, le=500)] = 12  # instances; 11.8 at Alibaba in 2022
    servers: Annotated[int, Meta(ge=1)] = 3  # of one service, that one client talks to
    stores: Share = 0.6  # of the services that call nobody
    pooled: Share = 0.8  # of the calls; others open a connection for each request
    in_containers: Share = 0.6  # of the services that are no stores
    requests: Annotated[float, Meta(ge=0)] = 0.5  # a second, from outside, for each service of the fleet
    redeployments: Annotated[float, Meta(ge=0)] = 3.0  # of a service and day; 3.2 at Uber
    agents_missing: Share = 0.03
    clock_ms: Annotated[float, Meta(ge=0)] = 300.0
    regions: tuple[str, ...] = ("us-east-1",)


FAN_OUT = 2.4  # calls for a request that comes from outside: of 84,030 call graphs of Alibaba, with fan-out 2.4
FURTHER = 1.2  # calls for a request from inside: so that 7 or 8 services answer one request
_STORES = {  # program -> how often a store is one
    "memcached": 28, "redis": 22, "postgres": 14, "mysql": 14, "mongodb": 5, "cassandra": 4, "kafka": 5, "rabbitmq": 2,
    "elasticsearch": 3, "zookeeper": 2, "etcd": 1,
}  # fmt: skip
_CLUSTERS = ("cassandra", "kafka", "rabbitmq", "elasticsearch", "zookeeper", "etcd")
_LEAST, _MOST = 3, 12  # members of a cluster
_PEER_RATE = 1.0  # requests a second that a member begins
_CACHES = ("memcached", "redis")
_GRPC = 0.8  # of what is no store: 68 % of all calls are RPC, and 15 % are HTTP


def generate(recipe: Recipe | None = None, seed: int = 0) -> Architecture:
    """Return a fleet, the same one for the same recipe and seed; msgspec.ValidationError when it cannot be.

    Services that come from outside stand first, and what is called by others behind all that call it.
    """
    recipe = convert(to_builtins(recipe or Recipe()), Recipe)
    graph = call_graph(recipe.services, recipe.calls, chance(seed, "calls"))
    return Architecture(
        name=f"generated-{recipe.services}-{seed}",
        description=f"A fleet of {recipe.services:,} services by chance, with the shapes of real ones.",
        services=tuple(_services(recipe, graph, seed)),
        regions=recipe.regions,
        per_host=recipe.per_host,
        agents_missing=recipe.agents_missing,
        clock_ms=recipe.clock_ms,
        redeployments=recipe.redeployments,
    )


def _services(recipe: Recipe, graph: CallGraph, seed: int) -> Iterator[Service]:
    rng = chance(seed, "services")
    programs = [_program(recipe, graph, number, rng) for number in range(recipe.services)]
    names = invented_names(recipe.services, rng)
    sizes = _sizes(recipe, graph, programs, rng)
    rates = _rates(recipe, graph.entries, rng)
    for number, (name, key, size) in enumerate(zip(names, programs, sizes, strict=True)):
        entry, store, cluster = number < graph.entries, key in _STORES, key in _CLUSTERS
        calls = [
            _call(recipe, names[one], programs[one], share, rng)
            for one, share in _shares(graph.callees[number], FAN_OUT if entry else FURTHER, rng)
        ]
        if cluster:
            calls.append(Call(to=name, peers=True, per_request=0.3, essential=False))
        yield Service(
            name=name,
            program=program_of(key, name),
            count=size,
            calls=tuple(calls),
            load=round(rates[number] / size, 4) if entry else 0.0,
            makes=_PEER_RATE if cluster else 0.0,
            service_ms=round(rng.lognormvariate(0.0, 0.7) * (0.5 if store else 3.0), 3),
            container=_pod(name) if not store and rng.random() < recipe.in_containers else None,
        )


def _pod(name: str) -> Container:
    return Container(runtime="containerd", image=f"{domain(name)}/{name}:1", namespace=domain(name), pod=True)


def _sizes(recipe: Recipe, graph: CallGraph, programs: Sequence[str], rng: Random) -> list[int]:
    """Return how many instances each service has."""
    called = Counter(one for callees in graph.callees for one in callees)
    callers = [called[number] for number in range(recipe.services)]
    sizes = counts(callers, recipe.instances, recipe.most_instances, rng)
    return [rng.randint(_LEAST, _MOST) if key in _CLUSTERS else size for key, size in zip(programs, sizes, strict=True)]


def _program(recipe: Recipe, graph: CallGraph, number: int, rng: Random) -> str:
    if number >= graph.first_leaf and rng.random() < recipe.stores:
        return rng.choices(list(_STORES), list(_STORES.values()))[0]
    return "grpc" if rng.random() < _GRPC and number >= graph.entries else "service"


def _rates(recipe: Recipe, entries: int, rng: Random) -> list[float]:
    """Return requests a second of each entry, after Zipf, in an order by chance."""
    parts = [1 / place for place in range(1, entries + 1)]
    rng.shuffle(parts)
    whole = recipe.requests * recipe.services / sum(parts)
    return [part * whole for part in parts]


def _shares(callees: list[int], whole: float, rng: Random) -> Iterator[tuple[int, float]]:
    """Yield the callees of a service with how often a request goes to each: after Zipf, and so often in all."""
    order = callees.copy()
    rng.shuffle(order)
    parts = sum(1 / place for place in range(1, len(order) + 1))
    for place, one in enumerate(order, start=1):
        yield one, round(min(whole / place / parts, 1.0), 5)


def _call(recipe: Recipe, to: str, program: str, share: float, rng: Random) -> Call:
    cache = program in _CACHES
    return Call(
        to=to,
        per_request=share,
        pool=1 if rng.random() < recipe.pooled else 0,
        servers=recipe.servers,
        retries=0 if cache else rng.choice((0, 0, 1)),
        timeout_ms=1_000.0,
        essential=not cache and rng.random() < 0.8,
        request_bytes=rng.randint(60, 900),
        response_bytes=round(rng.lognormvariate(7.0, 1.0)),
    )
