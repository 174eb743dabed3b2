"""Nodes and edges of a placed fleet: who may talk to whom."""

from typing import NamedTuple

from simulation.architecture import Architecture
from simulation.place import place
from simulation.routes import routes
from simulation.scaling import scaled


class Size(NamedTuple):
    """How many nodes and edges a graph has."""

    nodes: int
    edges: int


def edges(architecture: Architecture) -> set[tuple[str, str]]:
    """Return the edges of a fleet by the full names of their ends."""
    fleet = place(architecture)
    return {
        (client.full_name, server.full_name)
        for client in fleet.instances
        for call in client.service.calls
        for server in routes(fleet, client, call)
    }


def size(architecture: Architecture, percent: int = 100, regions: int = 1) -> Size:
    """Return the size of a fleet's graph."""
    larger = scaled(architecture, percent, regions)
    return Size(len(place(larger).instances), len(edges(larger)))
