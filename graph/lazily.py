"""networkx, read when it is first used: it takes 13 MB and 0.1 s, and most views are asked nothing that needs it."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__all__ = ["nx"]

if TYPE_CHECKING:
    import networkx as nx
else:

    class _Networkx:
        def __getattr__(self, name: str) -> Any:
            return getattr(import_module("networkx"), name)

    nx = _Networkx()
