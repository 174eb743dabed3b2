"""What people are shown of the nodes of a map: short, printable, and with the host where there are several."""

from graph.model import Node, ServiceMap

WIDEST = 48


def labels(found: ServiceMap) -> dict[str, str]:
    """Return a label for each node: its title, with its host where there are several hosts; a name with its address."""
    hosts = {node.hostname for node in found.nodes if node.hostname}

    def label(node: Node) -> str:
        if node.kind == "host":
            return node.title if found.level == "host" else f"host {node.title}"
        if node.names:
            return f"{cut(node.title, WIDEST - len(node.address) - len(' ()'))} ({node.address})"
        return f"{node.title}@{node.hostname}" if len(hosts) > 1 and node.hostname else node.title

    return {node.id: printable(label(node)) for node in found.nodes}


def cut(name: str, room: int = WIDEST) -> str:
    """Return a name that is no longer than `room`."""
    return name if len(name) <= room else name[: room - 1] + "…"


def printable(name: str) -> str:
    """Replace control characters in a name: a terminal obeys them, and programs choose their names."""
    return "".join(letter if letter.isprintable() else "�" for letter in name)
