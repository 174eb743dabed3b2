"""Who serves: the evidence on a flow's direction as one number, so that the better evidence wins a plain `max`.

    verdict = 2 * rank + (1 if end b serves else 0)        0: nothing known

The rules, weakest first: `port` (the lower port serves), `connected` (an end whose host listens to no such port must
have connected), `listener` (an end whose port its host listens to, or did when its agent first saw the connection,
serves). Both ends may make the same claim: peers of a cluster both listen, and where an agent began to look after the
server had stopped to, neither end does. Then the lower port serves, then the lower endpoint; so that no end has to know
of the other, the claim that agrees ranks higher.
"""

RULES = ("unknown", "port", "connected", "connected", "listener", "listener")  # by rank
_PORT, _CONNECTED, _LISTENER = 1, 2, 4


def by_port(port_a: int, port_b: int) -> int:
    """Return the verdict of the ports alone."""
    return 2 * _PORT + (port_b < port_a)


def connected(end: int, port_a: int, port_b: int) -> int:
    """Return the verdict of an end (0: a, 1: b) that must have connected."""
    return _claim(_CONNECTED, end == 0, port_a, port_b)


def listens(end: int, port_a: int, port_b: int) -> int:
    """Return the verdict of an end whose host listens to its port."""
    return _claim(_LISTENER, end == 1, port_a, port_b)


def _claim(rank: int, b_serves: bool, port_a: int, port_b: int) -> int:
    return 2 * (rank + ((port_b < port_a) == b_serves)) + b_serves


def b_serves(value: int) -> bool:
    """Return whether end b is the server."""
    return value % 2 == 1


def rule(value: int) -> str:
    """Name the rule that decided."""
    return RULES[value // 2]
