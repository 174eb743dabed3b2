"""Who serves: the evidence on a flow's direction as one number, so that the better evidence wins a plain `max`.

    verdict = 2 * rank + (1 if end b serves else 0)        0: nothing known

The rules, weakest first: `port` (the lower port serves), `connected` (this end was seen to connect, or its port is one
that only those who connect get), `listener` (an end whose port its host listens to serves). Two peers may listen on
both ends of their flow, as the members of a cluster do; then the lower port serves, then the lower endpoint. So that
neither end has to know of the other, a listener ranks higher on the end that would win.
"""

RULES = ("unknown", "port", "connected", "listener", "listener")  # by rank
_PORT, _CONNECTED, _LISTENER = 1, 2, 3


def by_port(port_a: int, port_b: int) -> int:
    """Return the verdict of the ports alone."""
    return 2 * _PORT + (port_b < port_a)


def connected(end: int) -> int:
    """Return the verdict of an end (0: a, 1: b) that connects."""
    return 2 * _CONNECTED + (end == 0)


def listens(end: int, port_a: int, port_b: int) -> int:
    """Return the verdict of an end whose host listens to its port."""
    wins = (port_b < port_a) == (end == 1)
    return 2 * (_LISTENER + wins) + (end == 1)


def b_serves(value: int) -> bool:
    """Say whether end b is the server."""
    return value % 2 == 1


def rule(value: int) -> str:
    """Name the rule that decided."""
    return RULES[value // 2]
