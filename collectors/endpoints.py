"""What servers speak, as far as packets have shown it."""

from collections import OrderedDict
from collections.abc import Collection, Iterator

from collectors.protocols.parser import Parser

MOST = 1_024
_SEVERAL = "*"  # names were asked for: no name is that of the server
_KEPT = 60  # keyframes for which a server is followed to whom there are no connections
_PATIENCE = 12  # windows in which a server may confirm what a client seems to speak
Endpoint = tuple[bytes, int]  # address and port


class Spoken:
    """What one server speaks."""

    __slots__ = ("idle", "lately", "name", "parser", "protocol", "settled", "tried")

    def __init__(self) -> None:
        self.protocol = ""
        self.name = ""
        self.parser: type[Parser] | None = None
        """What its segments are given to."""
        self.settled = False
        """There is no use in looking at more of it."""
        self.tried = 0
        self.lately = True  # it spoke since the last keyframe
        self.idle = 0  # keyframes without a connection


class Endpoints:
    """The servers of one network namespace. When there are too many, the one that spoke longest ago is forgotten."""

    def __init__(self) -> None:
        self._known: OrderedDict[Endpoint, Spoken] = OrderedDict()
        self._reported: dict[Endpoint, tuple[str, str]] = {}
        self.changed = False
        """The ports that are to be followed are others than before."""

    def __len__(self) -> int:
        return len(self._known)

    def parser(self, server: Endpoint) -> type[Parser] | None:
        """Return what the segments of a server are given to."""
        known = self._known.get(server)
        return known.parser if known is not None else None

    def suppose(self, server: Endpoint, parser: type[Parser]) -> bool:
        """Follow a server that seems to speak a protocol; return whether it is followed."""
        known = self._get(server)
        if known.settled:
            return False
        if known.parser is None:
            known.parser, self.changed = parser, True
        return known.parser is parser

    def confirm(self, server: Endpoint, protocol: str, *, encrypted: bool = False) -> None:
        """Note that a server speaks what it seemed to. Where that is encrypted, there is nothing to follow."""
        known = self._known.get(server)
        if known is not None:
            self._known.move_to_end(server)
            known.protocol, known.lately = protocol, True
            if encrypted and known.parser is not None:
                known.parser, known.settled, self.changed = None, True, True

    def speaks(self, server: Endpoint, protocol: str) -> bool:
        """Return whether a server is known to speak a protocol."""
        known = self._known.get(server)
        return known is not None and known.protocol == protocol

    def is_confirmed(self, server: Endpoint) -> bool:
        """Return whether it is known what a server speaks."""
        known = self._known.get(server)
        return known is not None and known.protocol != ""

    def doubt(self, server: Endpoint) -> None:
        """Count a window of a connection that confirmed nothing; in the end its server is left alone."""
        known = self._known.get(server)
        if known is None or known.protocol:
            return
        known.tried += 1
        if known.tried > _PATIENCE:
            known.parser, known.settled, self.changed = None, True, True

    def learn(self, server: Endpoint, protocol: str, name: str = "", *, settled: bool = False) -> None:
        """Note what a server speaks, and the name that a client asked it for."""
        known = self._get(server)
        known.protocol, known.lately = protocol, True
        if name:
            known.name = name if known.name in ("", name) else _SEVERAL
        if settled and not known.settled:
            known.settled = self.changed = True

    def ports(self) -> tuple[list[int], list[int], set[int]]:
        """Return the ports that are followed, those that are settled, the latest first, and those to follow briefly.

        A port that has both is followed.
        """
        latest = list(reversed(self._known.items()))
        followed = dict.fromkeys(port for (_, port), known in latest if known.parser is not None)
        settled = dict.fromkeys(port for (_, port), known in latest if known.settled)
        whole = {port for (_, port), known in latest if known.parser is not None and not known.parser.rejoins}
        return list(followed), [port for port in settled if port not in followed], followed.keys() - whole

    def keep(self, ports: Collection[int]) -> None:
        """Forget what servers speak to whose ports there are no connections; they are followed for some time longer."""
        for server, known in list(self._known.items()):
            if server[1] in ports or known.lately:
                known.lately, known.idle = False, 0
                continue
            known.protocol, known.name = "", ""
            known.idle += 1
            if known.parser is None or known.idle > _KEPT:
                self._drop(server)

    def take(self, *, everything: bool) -> Iterator[tuple[Endpoint, str, str]]:
        """Yield each server with its protocol and name: those that are new or changed, or all."""
        if everything:
            self._reported = {}
        for server, known in self._known.items():
            now = (known.protocol, "" if known.name == _SEVERAL else known.name)
            if known.protocol and self._reported.get(server) != now:
                self._reported[server] = now
                yield server, *now

    def _get(self, server: Endpoint) -> Spoken:
        known = self._known.get(server)
        if known is None:
            if len(self._known) >= MOST:
                self._drop(next(iter(self._known)))
            known = self._known[server] = Spoken()
        else:
            self._known.move_to_end(server)
        return known

    def _drop(self, server: Endpoint) -> None:
        known = self._known.pop(server)
        self._reported.pop(server, None)
        self.changed |= known.parser is not None or known.settled
