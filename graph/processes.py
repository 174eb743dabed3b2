"""Processes as the store describes them."""

from typing import NamedTuple

from graph.model import Node, iso_ms


class ProcessRow(NamedTuple):
    """A row of the queries map_processes and view_members."""

    id: str
    host: str
    hostname: str
    pid: int
    started: int
    parent: int
    service: str
    name: str
    user: str
    exe: str
    cmdline: str
    container: str
    unit: str

    def node(self) -> Node:
        """Return the process as a node of a map."""
        values = self._asdict() | {"started": iso_ms(self.started) if self.started else ""}
        return Node(kind="process", title=f"{self.name}[{self.pid}]", **values)
