"""The groups of a large map, for the page: found once for each level, and kept while most nodes stay."""

from typing import Any

from graph.parts import DECLARED, Member, Path, settled


class Parts:
    """The groups of the nodes of each level."""

    def __init__(self) -> None:
        self._of: dict[str, dict[str, Path]] = {}

    def name(self, level: str, shown: dict[str, Any]) -> None:
        """Add to the nodes of a map in which groups they are: `within`, the outermost first."""
        nodes = shown["nodes"]
        pairs = [(edge["client"], edge["server"]) for edge in (*shown["edges"], *shown["gone"])]
        found = settled(self._of.get(level, {}), (_member(node) for node in nodes), pairs)
        self._of[level] = found
        for node in nodes:
            if path := found[node["id"]]:
                node["within"] = path


def _member(node: dict[str, Any]) -> Member:
    hosts = node.get("hosts", ())
    declared = {name: node.get(name) or "" for name in DECLARED} | ({"hostname": ""} if len(hosts) > 1 else {})
    return Member(node["id"], node["title"], {name: value for name, value in declared.items() if value})
