"""Who ran, listened and had an address then: while its hours are kept, and when only its days are."""

from random import Random
from typing import Any

import pytest

from sinks.store import Store
from tests.graph.lived import A_MINUTE, Life, fill, forget, records
from tests.rollups.conftest import Fresh
from tests.streams.build import T0, WIDTH

ALPHA, BETA = Life(7, "alpha", 0, 20, port=8080), Life(7, "beta", 23, 60, port=8080)
OWN = Life(8, "own", 0, 60, port=22)
ONE = Life(20, "one", 0, 14, port=80, container="c0ffee", address="172.17.0.2")
TWO = Life(21, "two", 31, 60, port=80, container="decaf0", address="172.17.0.2")
ELSEWHERE = Life(9, "elsewhere", 0, 60, port=80, host="h2", container="facade", address="172.17.0.2")
LIVES = (ALPHA, BETA, OWN, ONE, TWO, ELSEWHERE)
ADDRESSES = {
    "h1": {"10.0.0.1": range(60), "10.0.0.9": range(5 * A_MINUTE)},
    "h2": {"10.0.0.2": range(60), "10.0.0.9": range(5 * A_MINUTE, 60)},
}


@pytest.fixture(scope="module", params=["hours", "days"])
def store(fresh: Fresh, request: pytest.FixtureRequest) -> Store:
    """Ten minutes of two hosts, as of the same day, or as of months later."""
    made = fresh()
    fill(made, records(LIVES, ADDRESSES, 60))
    if request.param == "days":
        forget(made)
    return made


def at(window: float) -> str:
    return f"fromUnixTimestamp64Milli({T0 + int(window * WIDTH)}, 'UTC')"


def owners(store: Store, address: str, port: int, window: float, columns: str = "host, pid, service") -> list[Any]:
    return store.query(f"SELECT {columns} FROM owner_of(address = '{address}', port = {port}, at = {at(window)})")


@pytest.mark.parametrize(
    ("window", "names"),
    [
        (-1, []),
        (5, ["alpha", "elsewhere", "one", "own"]),
        (15, ["alpha", "elsewhere", "own"]),
        (21, ["elsewhere", "own"]),
        (23, ["beta", "elsewhere", "own"]),
        (59.5, ["beta", "elsewhere", "own", "two"]),
        (600, []),
    ],
)
def test_processes_are_those_that_ran_then(store: Store, window: float, names: list[str]) -> None:
    assert store.query(f"SELECT name FROM processes_at(at = {at(window)}) ORDER BY name") == [(name,) for name in names]


def test_a_lifetime_lasts_from_the_start_of_a_process_to_its_exit(store: Store) -> None:
    times = "toUnixTimestamp64Milli(since), toUnixTimestamp64Milli(until), exited"
    rows = store.query(
        f"SELECT node, host, hostname, pid, name, {times} FROM process_lifetimes WHERE pid = 7 ORDER BY since"
    )

    assert rows[0] == (ALPHA.node, "h1", "name-h1", 7, "alpha", ALPHA.began, ALPHA.ended + 1, 1)
    assert rows[1][:-2] == (BETA.node, "h1", "name-h1", 7, "beta", BETA.began)
    assert rows[1][-1] == 0
    assert rows[1][-2] >= BETA.ended
    assert len(rows) == 2


@pytest.mark.parametrize(
    ("window", "owner"),
    [
        (10, ("h1", 7, "alpha")),
        (21, ("h1", 0, "")),  # the port is nobody's, and the address still the host's
        (24, ("h1", 7, "beta")),
        (59, ("h1", 7, "beta")),
    ],
)
def test_a_port_belongs_to_the_process_that_listened_then_whatever_its_pid(
    store: Store, window: float, owner: tuple[str, int, str]
) -> None:
    assert owners(store, "10.0.0.1", 8080, window) == [owner]


def test_a_port_that_is_reused_names_two_processes_of_one_pid(store: Store) -> None:
    nodes = [owners(store, "10.0.0.1", 8080, window, "node") for window in (10, 30)]
    assert nodes == [[(ALPHA.node,)], [(BETA.node,)]]


@pytest.mark.parametrize(("window", "host"), [(10, "h1"), (29, "h1"), (37, "h2"), (59, "h2")])
def test_an_address_belongs_to_the_host_that_had_it_then(store: Store, window: float, host: str) -> None:
    assert owners(store, "10.0.0.9", 0, window, "host, port, node") == [(host, 0, "")]


@pytest.mark.parametrize(("window", "container"), [(5, "c0ffee"), (13, "c0ffee"), (32, "decaf0"), (59, "decaf0")])
@pytest.mark.parametrize("port", [0, 80, 81])
def test_an_address_of_a_container_belongs_to_the_one_that_had_it_then(
    store: Store, window: float, container: str, port: int
) -> None:
    found = owners(store, "172.17.0.2", port, window, "host, container")
    assert found == [("h1", container), ("h2", "facade")]  # behind equal bridges of two hosts


def test_between_two_containers_an_address_is_of_neither(store: Store) -> None:
    assert owners(store, "172.17.0.2", 80, 29, "host, container") == [("h2", "facade")]


def test_loopback_is_asked_for_in_each_namespace_and_finds_what_listens_on_any_address(store: Store) -> None:
    assert owners(store, "127.0.0.1", 22, 10) == [("h1", 8, "own")]
    assert owners(store, "127.0.0.1", 8080, 10) == [("h1", 7, "alpha")]
    assert owners(store, "127.0.0.1", 9999, 10) == []


@pytest.mark.parametrize("odd", ["192.0.2.1", "", "it's \\ odd\t", "☃"])
def test_an_address_that_nobody_had_is_nobody_s(store: Store, odd: str) -> None:
    odd = odd.replace("\\", "\\\\").replace("'", "\\'")
    assert owners(store, odd, 80, 10) == []


def test_before_and_after_all_records_nobody_owns_anything(store: Store) -> None:
    assert owners(store, "10.0.0.1", 22, -100) == []
    assert owners(store, "10.0.0.1", 22, 10_000) == []


def test_lifetimes_can_be_joined_by_address_and_time(store: Store) -> None:
    rows = store.query(
        "SELECT asked.t, life.service FROM (SELECT arrayJoin([10, 30]) AS t) AS asked "
        "INNER JOIN address_lifetimes AS life ON life.address = '10.0.0.1' AND life.port = 8080 "
        f"WHERE life.since <= fromUnixTimestamp64Milli(toInt64({T0} + t * {WIDTH})) "
        f"AND life.until > fromUnixTimestamp64Milli(toInt64({T0} + t * {WIDTH})) ORDER BY t"
    )
    assert rows == [(10, "alpha"), (30, "beta")]


def test_a_lifetime_of_an_address_has_its_first_and_last_minute(store: Store) -> None:
    minutes = (
        f"intDiv(toUnixTimestamp64Milli(since) - {T0}, 60000), intDiv(toUnixTimestamp64Milli(until) - {T0}, 60000)"
    )
    rows = store.query(
        f"SELECT host, {minutes} FROM address_lifetimes WHERE address = '10.0.0.9' AND port = 0 ORDER BY since"
    )
    assert rows == [("h1", 0, 5), ("h2", 5, 10)]


def succession(random: Random, pid: int, windows: int, **facts: Any) -> list[Life]:
    """Return processes that follow one another, with pauses or without, some of them with the same pid."""
    at = random.randint(0, 3)
    lives: list[Life] = []
    while at < windows - 2:
        last = min(windows, at + random.randint(1, 25))
        lives.append(Life(pid + random.randint(0, 1), f"n{len(lives)}", at, last, **facts))
        at = last + random.choice([0, 1, 1, 5])
    return lives


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_ever_credited_to_another_than_its_holder_of_that_time(fresh: Fresh, seed: int) -> None:
    random, windows, store = Random(seed), 90, fresh()
    own = succession(random, 100, windows, port=5432)
    contained = [
        one._replace(container=f"c{number}", address="172.17.0.3")
        for number, one in enumerate(succession(random, 200, windows, port=80))
    ]
    fill(store, records([*own, *contained], {"h1": {"10.0.0.1": range(windows)}}, windows))
    asked = random.sample(range(windows), 12)
    for forgotten in (False, True):
        if forgotten:
            forget(store)
        for window in asked:
            held = [(one.node,) for one in own if one.runs(window)]
            assert owners(store, "10.0.0.1", 5432, window + 0.5, "node") == (held or [("",)]), window
            for port in (0, 80):
                within = [(one.container,) for one in contained if one.runs(window)]
                assert owners(store, "172.17.0.3", port, window + 0.5, "container") == within, window
