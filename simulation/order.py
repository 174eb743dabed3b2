"""In which order requests pass the services, and which calls would come back to a service that they passed before.

A request passes no service twice. So a call that closes a cycle is made only by those requests that have not passed its
target yet, and is answered there without further calls.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from simulation.architecture import Call, Service


class Step(NamedTuple):
    """A call of a service: `share` is how many a request makes of it, `ends` whether its target calls nobody for it."""

    call: Call
    to: int
    share: float
    ends: bool


class Order(NamedTuple):
    """The numbers of the services, each before those that it calls; and the calls of each service."""

    services: list[int]
    steps: list[list[Step]]


def order_of(services: Sequence[Service]) -> Order:
    """Return the order of services, the calls that close a cycle left out of it."""
    numbers = {one.name: number for number, one in enumerate(services)}
    steps = [_steps(service, numbers) for service in services]
    roots = [number for number, one in enumerate(services) if one.load or one.makes]
    order, closing = _sorted(steps, [*roots, *range(len(services))])
    if closing:
        _thin(services, steps, order, closing)
    return Order(order, steps)


def _steps(service: Service, numbers: Mapping[str, int]) -> list[Step]:
    sums: dict[str, float] = {}
    for call in service.calls:
        sums[call.group] = sums.get(call.group, 0.0) + call.per_request
    return [
        Step(
            call,
            numbers[call.to],
            call.per_request / (sums[call.group] or 1.0) if call.group else call.per_request,
            call.peers or call.to == service.name,
        )
        for call in service.calls
    ]


def _sorted(steps: list[list[Step]], roots: Sequence[int]) -> tuple[list[int], list[tuple[int, int]]]:
    """Return the services in topological order, and (service, call) of the calls that close a cycle."""
    unseen, open_, done = 0, 1, 2
    state = [unseen] * len(steps)
    finished: list[int] = []
    closing: list[tuple[int, int]] = []
    for root in roots:
        if state[root] != unseen:
            continue
        state[root] = open_
        path = [(root, 0)]
        while path:
            number, at = path.pop()
            if at == len(steps[number]):
                state[number] = done
                finished.append(number)
                continue
            path.append((number, at + 1))
            step = steps[number][at]
            if step.ends:
                continue
            if state[step.to] == open_:
                closing.append((number, at))
            elif state[step.to] == unseen:
                state[step.to] = open_
                path.append((step.to, 0))
    return finished[::-1], closing


def _thin(
    services: Sequence[Service], steps: list[list[Step]], order: list[int], closing: list[tuple[int, int]]
) -> None:
    """Let a call that closes a cycle be made only by those requests that have not passed its target."""
    for number, at in closing:
        steps[number][at] = steps[number][at]._replace(ends=True)
    rates = [(one.load + one.makes) * one.count for one in services]
    _pass_on(rates, steps, order)
    place = {number: position for position, number in enumerate(order)}
    for target in sorted({steps[number][at].to for number, at in closing}):
        passed = [0.0] * len(services)
        passed[target] = rates[target]
        _pass_on(passed, steps, order[place[target] :])
        for number, at in closing:
            step = steps[number][at]
            if step.to == target:
                new = 1 - min(passed[number] / rates[number], 1.0) if rates[number] else 1.0
                steps[number][at] = step._replace(share=round(step.share * new, 9))


def _pass_on(rates: list[float], steps: list[list[Step]], order: Sequence[int]) -> None:
    for number in order:
        for step in steps[number]:
            if not step.ends:
                rates[step.to] += rates[number] * step.share
