"""Who serves: the evidence on a flow's direction as one number, so that the better evidence wins a plain `max`.

    verdict = 2 * rule + (1 if end b serves else 0)        0: nothing known

The rules, weakest first: `port` (the lower port, or the one outside the ephemeral range, serves), `connected` (an end
whose host listens to no such port must have connected), `listener` (an end whose port its host listens to serves),
`both` (both ends listen, as peers of a cluster do: the lower port serves, then the lower endpoint).
"""

RULES = ("unknown", "port", "connected", "listener", "both")
PORT, CONNECTED, LISTENER, BOTH = 1, 2, 3, 4


def verdict(rule: int, b_serves: bool) -> int:
    """Return the verdict of a rule."""
    return 2 * rule + b_serves


def b_serves(value: int) -> bool:
    """Say whether end b is the server."""
    return value % 2 == 1


def rule(value: int) -> str:
    """Name the rule that decided."""
    return RULES[value // 2]
