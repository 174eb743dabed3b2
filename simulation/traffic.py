"""Requests of a window, from those who begin them down to those who answer; failed ones are tried again."""

from collections.abc import Sequence
from random import Random

from simulation.chance import drawn
from simulation.connections import Connections
from simulation.in_vain import InVain
from simulation.seats import Seat
from simulation.ways import Fan, Way

_RENEWED = 0.1  # of the connections from outside, in a window


class Traffic:
    """Lets requests flow. Callers come before what they call, so one pass does."""

    def __init__(self, connections: Connections, in_vain: InVain, width: int, random: Random) -> None:
        self._connections = connections
        self._in_vain = in_vain
        self._seconds = width / 1000
        self._random = random

    def turn(self, services: Sequence[Sequence[Seat]]) -> None:
        """Let the requests of one window flow."""
        for seats in services:
            for seat in seats:
                if seat.outside:
                    self._come(seat)
                if seat.answers:
                    self._work(seat)
        for seats in services:
            for seat in seats:
                if seat.aside:
                    self._use(seat, seat.aside)
                    seat.aside = 0

    def _come(self, seat: Seat) -> None:
        """Let requests come from outside; now and then another client does."""
        for fan in seat.outside:
            for way in fan.ways:
                if way.connections and self._random.random() < _RENEWED and not way.stuck:
                    self._connections.close(way.connections[0], way.moment)
            self._ask(fan, drawn(fan.share * seat.load * self._seconds, self._random))

    def _work(self, seat: Seat) -> None:
        requests, seat.arrived = seat.arrived, 0
        if seat.instance.service.makes:
            requests += drawn(seat.instance.service.makes * seat.load * self._seconds, self._random)
        if requests:
            self._use(seat, requests)
            for fan in seat.process.fans:
                self._ask(fan, drawn(requests * fan.share, self._random) if fan.share != 1 else requests)

    @staticmethod
    def _use(seat: Seat, requests: int) -> None:
        seat.process.cpu_us += round(requests * seat.instance.service.cpu_ms * 1000)

    def _ask(self, fan: Fan, requests: int) -> None:
        for _ in range(fan.call.retries + 1):
            if not requests or not fan.ways:
                return
            requests = self._spread(fan, requests)

    def _spread(self, fan: Fan, requests: int) -> int:
        """Share requests out among the servers; return how many failed. One that is down is only tried again."""
        ways: Sequence[Way] = fan.ways
        failed = 0
        down = [way for way in ways if not way.seat.running]
        if down:
            for way in down[:requests]:
                self._in_vain.refused(way)
            ways = [way for way in ways if way.seat.running]
            if not ways:
                return requests
            failed = min(len(down), requests)
            requests -= failed
        each, more = divmod(requests, len(ways))
        first = fan.turn % len(ways)
        fan.turn = first + more
        if each:
            for nth, way in enumerate(ways, len(ways) - first):
                failed += self._send(way, each + (nth % len(ways) < more))
        else:
            for nth in range(first, first + more):
                failed += self._send(ways[nth % len(ways)], 1)
        return failed

    def _send(self, way: Way, requests: int) -> int:
        """Send requests to one server; return how many failed."""
        seat = way.seat
        if seat.hung or way.cut:
            self._in_vain.ask(way)
            return requests
        if way.ends:
            seat.aside += requests
            share = seat.alone.errors
        else:
            seat.arrived += requests
            share = seat.times.errors
        errors = min(drawn(requests * share, self._random), requests) if share else 0
        self._connections.exchange(way, requests, errors)
        return errors
