"""How long each instance takes and how often it fails, from the leaves up: what others do for it is part of it."""

from collections.abc import Iterable, Sequence

from simulation.seats import Seat
from simulation.ways import Fan

_SENT_AGAIN_US = 200_000  # the least time after which TCP sends again


def propagate(services: Iterable[Sequence[Seat]]) -> None:
    """Set the times of all instances; callers come before what they call."""
    upwards = [seat for seats in reversed(list(services)) for seat in seats]
    for seat in upwards:
        seat.alone.set(seat.own_us, 0, 0, 0, seat.error_share)
    for seat in upwards:
        _set(seat, seat.process.fans)


def _set(seat: Seat, fans: Sequence[Fan]) -> None:
    others_us = late_us = late = 0.0
    good = 1 - seat.error_share
    for fan in fans:
        call = fan.call
        ways = [way for way in fan.ways if way.seat.running] or fan.ways
        if not ways:
            continue
        took_us = failing = vain = 0.0
        for way in ways:
            server = way.seat
            if server.hung or way.cut:
                vain += 1
            elif server.running:
                times = server.alone if way.ends else server.times
                took_us += times.mean_us + way.rtt_us + way.loss * _SENT_AGAIN_US
                failing += times.errors
            else:
                failing += 1
        count = len(ways)
        answered = count - vain
        failed = (failing + vain) / count
        asked = min(fan.share, 1.0)
        others_us += fan.share * (took_us / answered if answered else 0.0) * _attempts(failed, call.retries)
        if vain:
            late = 1 - (1 - late) * (1 - asked * vain / count)
            late_us = max(late_us, call.timeout_ms * 1000)
        if call.essential:
            good *= 1 - asked * failed ** (call.retries + 1)
    seat.times.set(seat.own_us, others_us, round(late, 6), late_us, 1 - good)


def _attempts(failed: float, retries: int) -> float:
    """Return how often a call is made, if a share of its attempts fails."""
    return sum(failed**nth for nth in range(retries + 1))
