"""Processes as nodes. They are emitted when they are new or changed, and in every keyframe."""

from collections.abc import Sequence

from schemas.graph import NodeBatch, Nodes
from schemas.raw import Batch
from schemas.times import HOUR_MS
from streams.host import Host
from streams.process import Process


def nodes(host: Host, header: Batch, reported: Sequence[Process]) -> NodeBatch:
    """Return the rows of the processes that a window reported."""
    hour = header.window // HOUR_MS * HOUR_MS
    return NodeBatch(
        nodes=Nodes.of(
            (
                hour,
                process.node,
                header.window,
                host.name,
                host.hostname,
                process.pid,
                process.started,
                process.parent,
                process.service,
                process.name,
                process.facts["user"],
                process.facts["exe"],
                " ".join(process.facts["cmdline"]),
                process.container,
                process.facts["unit"],
                process.namespace,
                process.pod,
                process.container_name,
                process.facts["image"],
            )
            for process in reported
        )
    )
