"""Two hosts of one machine: network namespaces with a cable between them."""

import ctypes
import multiprocessing
import os
import subprocess
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any


class Namespaces:
    """Two network namespaces with a cable between them: 10.99.0.1 in `left`, 10.99.0.2 in `right`."""

    def __init__(self) -> None:
        self.left, self.right = f"sm{os.getpid()}l", f"sm{os.getpid()}r"
        for name in (self.left, self.right):
            self._ip("netns", "add", name)
        self._ip("-n", self.left, "link", "add", "c0", "type", "veth", "peer", "name", "c0", "netns", self.right)
        for name, address in ((self.left, "10.99.0.1/24"), (self.right, "10.99.0.2/24")):
            self._ip("-n", name, "addr", "add", address, "dev", "c0")
            self._ip("-n", name, "link", "set", "c0", "up")
            self._ip("-n", name, "link", "set", "lo", "up")

    def _ip(self, *arguments: str) -> None:
        subprocess.run(["ip", *arguments], check=True)

    def start(self, name: str, work: Callable[..., None], *arguments: Any) -> BaseProcess:
        """Run a function in a process inside a namespace."""
        process = multiprocessing.get_context("fork").Process(target=_inside, args=(name, work, arguments))
        process.start()
        return process

    def remove(self) -> None:
        for name in (self.left, self.right):
            self._ip("netns", "del", name)


def _inside(name: str, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    with Path(f"/run/netns/{name}").open() as namespace:
        if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), 0x4000_0000):
            raise OSError(ctypes.get_errno(), "setns")
    work(*arguments)
