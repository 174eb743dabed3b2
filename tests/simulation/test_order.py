"""In which order requests pass the services: none passes one twice, whatever calls whom."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from simulation.architecture import Architecture, Call, Program, Service
from simulation.order import Order, order_of
from tests.simulation.fleets import shop

NAMES = [f"s{number}" for number in range(7)]
CALLS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(["", "one of"])), max_size=4)
SERVICES = st.lists(st.tuples(CALLS, st.sampled_from([0.0, 3.0])), min_size=len(NAMES), max_size=len(NAMES))


def services(drawn: list[tuple[list[tuple[str, str]], float]]) -> tuple[Service, ...]:
    return tuple(
        Service(
            name=name,
            program=Program(name="server", port=80),
            makes=makes,
            calls=tuple(Call(to=to, group=group) for to, group in calls),
        )
        for name, (calls, makes) in zip(NAMES, drawn, strict=True)
    )


def paths(order: Order, number: int, before: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """Yield the ways that requests go on from a service, but for the last step of those that end there."""
    here = (*before, number)
    yield here
    for step in order.steps[number]:
        if not step.ends:
            yield from paths(order, step.to, here)


@given(SERVICES)
def test_no_request_passes_a_service_twice(drawn: list[tuple[list[tuple[str, str]], float]]) -> None:
    order = order_of(services(drawn))
    assert sorted(order.services) == list(range(len(NAMES)))
    place = {number: at for at, number in enumerate(order.services)}
    for number, steps in enumerate(order.steps):
        assert all(step.ends or place[step.to] > place[number] for step in steps)
        assert all(0 <= step.share <= 1 for step in steps)
        assert sum(step.share for step in steps if step.call.group) <= 1.000001
    for number in range(len(NAMES)):
        assert all(len(set(path)) == len(path) for path in paths(order, number))


def test_a_call_back_is_made_by_those_requests_only_that_were_not_there() -> None:
    web, shop_, cron = (
        Service(name="web", program=Program(name="nginx", port=80), load=30, calls=(Call(to="shop"),)),
        Service(name="shop", program=Program(name="shop", port=80), calls=(Call(to="web"),)),
        Service(name="cron", program=Program(name="cron"), makes=10, calls=(Call(to="shop"),)),
    )
    (back,) = order_of((web, shop_, cron)).steps[1]
    assert back.ends
    assert back.share == 0.25


def test_peers_answer_without_asking_others() -> None:
    architecture: Architecture = shop()
    order = order_of(architecture.services)
    (peers,) = order.steps[[service.name for service in architecture.services].index("ring")]
    assert peers.ends
