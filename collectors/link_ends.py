"""Who has announced itself on the links of this host, each for as long as it asked to be remembered."""

from collectors.announced import Announced

MOST = 32  # of a link: a cable has two ends, and only what is no switch passes announcements on
Row = tuple[str, str, str, str, str, str, str, int, bool]  # in the order of schemas.raw.Links
_Who = tuple[str, str, str]  # protocol, chassis, port


class LinkEnds:
    """The neighbours by link. Times are in ms."""

    def __init__(self) -> None:
        self._known: dict[str, dict[_Who, tuple[int, Announced]]] = {}  # by the name of the interface, until when
        self.left_out = 0

    def take(self, interface: str, protocol: str, one: Announced, now: int) -> None:
        """Take an announcement, or forget who takes its own back."""
        here = self._known.setdefault(interface, {})
        who = protocol, one.chassis, one.port
        if not one.ttl_s:
            here.pop(who, None)
        elif who in here or len(here) < MOST:
            here[who] = now + 1000 * one.ttl_s, one
        else:
            self.left_out += 1

    def keep(self, interfaces: set[str]) -> None:
        """Forget who announced itself on interfaces that are no more."""
        self._known = {name: here for name, here in self._known.items() if name in interfaces}

    def rows(self, now: int) -> list[Row]:
        """Return who is remembered at a time, in order; whose time has passed is forgotten."""
        for name, here in self._known.items():
            self._known[name] = {who: until for who, until in here.items() if until[0] > now}
        return sorted(
            (interface, protocol, one.chassis, one.port, *_described(one))
            for interface, here in self._known.items()
            for (protocol, *_), (_, one) in here.items()
        )


def _described(one: Announced) -> tuple[str, str, str, int, bool]:
    return one.port_description, one.system_name, one.management_address, one.vlan, one.forwards
