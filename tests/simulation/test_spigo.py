"""Spigo's files are read as Spigo reads them: the same nodes, the same edges, and one sentence for what is wrong."""

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation import spigo
from simulation.architecture import Architecture
from simulation.mistakes import Mistake
from simulation.place import place
from simulation.scaling import scaled
from tests.simulation.edges import Size, edges, size

_BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data" / "spigo"  # beside the checkout
FOLDER = os.environ.get("SERVICEMAP_TEST_SPIGO", str(_BESIDE))  # with json_arch of Spigo
WHOLE = {  # of its own runs; `test` has no run of its own
    "lamp": Size(23, 73),
    "storage": Size(6, 5),
    "cassandra": Size(32, 121),
    "netflixoss": Size(65, 259),
    "yogi": Size(34, 166),
    "container": Size(22, 51),
    "composeV2": Size(16, 37),
    "simpleV2": Size(10, 11),
    "testyaml": Size(9, 18),
    "edge": Size(83, 152),
    "aws_ac_ra_web": Size(25, 47),
    "netflix": Size(98, 371),
    "riak": Size(51, 165),
}
LARGER = {
    ("lamp", 300, 3): Size(193, 1_623),
    ("cassandra", 200, 6): Size(367, 11_526),
    ("netflixoss", 100, 6): Size(385, 3_714),
    ("netflixoss", 200, 6): Size(763, 14_838),
    ("yogi", 100, 3): Size(100, 930),
    ("container", 150, 2): Size(59, 204),
    ("netflix", 100, 6): Size(578, 7_086),
    ("riak", 200, 2): Size(189, 1_842),
}


def of_spigo(name: str) -> Architecture:
    path = Path(FOLDER) / f"{name}_arch.json"
    if not path.is_file():
        pytest.skip("Spigo's own file is not at hand: SERVICEMAP_TEST_SPIGO names the folder of its json_arch")
    return spigo.read(path.read_bytes(), path.name)


def file(*services: dict[str, Any], **fields: Any) -> bytes:
    return json.dumps({"arch": "town", "version": "arch-0.1", **fields, "services": services}).encode()


def one(name: str, package: str, count: int, *dependencies: str, regions: int = 1) -> dict[str, Any]:
    return {"name": name, "package": package, "count": count, "regions": regions, "dependencies": list(dependencies)}


@pytest.mark.parametrize("name", WHOLE)
def test_the_graph_is_the_one_that_spigo_draws(name: str) -> None:
    assert size(of_spigo(name)) == WHOLE[name]


@pytest.mark.parametrize(("name", "percent", "regions"), LARGER)
def test_the_graph_grows_as_that_of_spigo(name: str, percent: int, regions: int) -> None:
    assert size(of_spigo(name), percent, regions) == LARGER[name, percent, regions]


def test_instances_stand_in_their_zones_in_turn_and_numbers_go_on_over_the_regions() -> None:
    town = spigo.read(file(one("shop", "monolith", 4)))
    assert [each.full_name for each in place(scaled(town, regions=2)).instances] == [
        "town.us-east-1.zoneA.shop00",
        "town.us-east-1.zoneB.shop01",
        "town.us-east-1.zoneC.shop02",
        "town.us-east-1.zoneA.shop03",
        "town.us-west-2.zoneB.shop04",
        "town.us-west-2.zoneC.shop05",
        "town.us-west-2.zoneA.shop06",
        "town.us-west-2.zoneB.shop07",
    ]


def test_what_is_in_no_zone_or_region_has_a_star_for_it() -> None:
    town = spigo.read(file(one("door", "elb", 0), one("www", "denominator", 0, "door", regions=0)))
    assert [each.full_name for each in place(scaled(town, regions=2)).instances] == [
        "town.us-east-1.*.door00",
        "town.us-west-2.*.door00",
        "town.*.*.www00",
    ]


@pytest.mark.parametrize(
    ("package", "reached"),
    [("karyon", 3), ("zuul", 3), ("monolith", 9), ("staash", 9)],  # its own zone, or the zones of its region
)
def test_a_package_reaches_its_zone_or_its_region(package: str, reached: int) -> None:
    assert size(spigo.read(file(one("db", "store", 3), one("shop", package, 3, "db")))).edges == reached
    assert size(spigo.read(file(one("db", "store", 3), one("shop", package, 3, "db"))), regions=2).edges == 2 * reached


def test_same_zone_clients_do_not_reach_a_server_of_another_zone_or_of_none() -> None:
    assert size(spigo.read(file(one("s3", "store", 1), one("shop", "karyon", 3, "s3")))).edges == 1
    assert size(spigo.read(file(one("s3", "store", 0), one("shop", "karyon", 3, "s3")))).edges == 0


def test_a_service_that_registers_everywhere_is_reached_from_everywhere() -> None:
    near = file(one("cass", "priamCassandra", 3), one("data", "staash", 2, "cass"))
    wide = file(one("cass", "priamCassandra", 3, "eureka"), one("data", "staash", 2, "cass"))
    assert size(spigo.read(near), regions=2).edges == 2 * 2 * 3
    assert size(spigo.read(wide), regions=2).edges == 4 * 6


def test_peers_are_all_others_of_the_service() -> None:
    assert size(spigo.read(file(one("zk", "store", 3, "zk")))).edges == 3 * 2
    assert size(spigo.read(file(one("zk", "store", 3, "zk", "eureka"))), regions=2).edges == 6 * 5


def test_a_count_that_becomes_nothing_leaves_one_in_no_zone() -> None:
    town = spigo.read(file(one("db", "store", 3), one("shop", "monolith", 9, "db")))
    smaller = place(scaled(town, percent=30))
    assert [each.name for each in smaller.instances] == ["db00", "shop00", "shop01"]
    assert [each.host.zone for each in smaller.instances] == ["", "zoneA", "zoneB"]


def test_a_dependency_that_is_named_twice_counts_once() -> None:
    town = spigo.read(file(one("db", "store", 1), one("shop", "monolith", 1, "db", "db")))
    assert [call.to for call in town.services[1].calls] == ["db"]
    assert len(edges(town)) == 1


def test_the_last_service_makes_the_load() -> None:
    town = spigo.read(
        file(one("db", "store", 1), one("www", "denominator", 0, "db"), one("api", "denominator", 0, "db"))
    )
    assert [service.name for service in town.services if service.makes] == ["api"]


def test_if_the_last_service_calls_nobody_those_make_the_load_that_nobody_calls() -> None:
    town = spigo.read(
        file(one("www", "denominator", 0, "shop"), one("shop", "monolith", 1, "db"), one("db", "store", 1))
    )
    assert [service.name for service in town.services if service.makes] == ["www"]


def test_business_logic_asks_one_of_all_its_routes() -> None:
    town = spigo.read(file(one("a", "store", 1), one("b", "store", 3), one("shop", "monolith", 1, "a", "b")))
    assert [(call.group, call.per_request) for call in town.services[2].calls] == [("one", 0.25), ("one", 0.75)]


def test_a_data_layer_asks_one_kind_after_the_other() -> None:
    town = spigo.read(file(one("db", "store", 1), one("mem", "cache", 1), one("data", "staash", 1, "db", "mem")))
    assert [(call.to, call.per_request) for call in town.services[2].calls] == [("mem", 1.0), ("db", 0.5)]


def test_the_victim_loses_one_instance() -> None:
    (fault,) = spigo.read(file(one("shop", "monolith", 3), victim="shop")).faults
    assert (fault.kind, fault.where, fault.instances) == ("kill", "shop", 1)


@pytest.mark.parametrize(
    ("name", "package", "container", "program", "port", "peer_port"),
    [
        ("cassSubscriber", "priamCassandra", "", "java", 9042, 7000),
        ("evcacheSubscriber", "store", "", "memcached", 11211, None),
        ("rdsmysql", "store", "", "mysqld", 3306, None),
        ("kafka", "store", "", "java", 9092, None),
        ("zookeeper", "store", "", "java", 2181, 2888),
        ("riakTS", "riak", "", "beam.smp", 8087, 8099),
        ("db", "staash", "postgres:9.4", "postgres", 5432, None),
        ("db", "monolith", "example.org/library/redis:7", "redis-server", 6379, 16379),
        ("redis-admin", "monolith", "", "python3", 8000, None),  # a name that says what it is for
        ("homepage", "karyon", "", "java", 8080, None),
        ("www-elb", "elb", "", "haproxy", 80, None),
        ("www", "denominator", "", "wrk", None, None),
    ],
)
def test_programs_follow_from_image_name_and_package(
    name: str, package: str, container: str, program: str, port: int | None, peer_port: int | None
) -> None:
    (service,) = spigo.read(file({**one(name, package, 1), "container": container})).services
    found = service.program
    assert (found.name, found.port, found.peer_port) == (program, port, peer_port)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "town.json: it ends in line 1, too early to be JSON; is it whole?"),
        (b'{"arch": "a",\n"services" [', "town.json: it is not JSON: line 2: expected ':'; correct it there"),
        (b'{"services": []}', "town.json: there is no arch; give one"),
        (file(), "town.json: services: there are none; give at least one"),
        (
            file(one("a", "store", 1), one("a", "store", 1)),
            "town.json: services[1].name: there are two services a; give one another name",
        ),
        (
            file(one("eureka", "store", 1)),
            "town.json: services[0].name: eureka is always there; give the service another name",
        ),
        (
            file(one("a", "monolit", 1)),
            "town.json: services[0].package: there is no package monolit: did you mean monolith?",
        ),
        (
            file(one("cart", "store", 1, "carts")),
            "town.json: services[0].dependencies[0]: there is no service carts: did you mean cart?",
        ),
        (file(one("a", "store", 1), victim="b"), "town.json: victim: there is no service b: the known ones are a"),
        (
            file({**one("a", "store", 1), "count": "3"}),
            "town.json: services[0].count: expected a whole number or nothing, got a text",
        ),
        (file(one("a", "store", -1)), "town.json: services[0].count: expected a whole number >= 0"),
        (file(one("a", "store", 10**30)), "town.json: services[0].count: expected a whole number <= 1000000"),
        (file(one("a", "store", 1, regions=7)), "town.json: services[0].regions: 7 is too many; give 6 at most"),
        (
            file(one("a", "store", 900_000), one("b", "store", 200_000)),
            "town.json: services[0].count: town has 1,100,000 instances, 900,000 of them of a, "
            "and 1,000,000 is the most; give smaller counts",
        ),
        (b'{"arch": "\xff"}', "town.json is not text: line 1 is not UTF-8; save it as UTF-8"),
        (b'{"a":' * 100_000, "town.json: it is nested too deeply to be a system; give a flatter one"),
    ],
)
def test_what_is_wrong_is_one_sentence_with_the_place(data: bytes, sentence: str) -> None:
    with pytest.raises(Mistake) as raised:
        spigo.read(data, "town.json")
    assert str(raised.value) == sentence


def test_a_fleet_cannot_grow_without_end() -> None:
    town = spigo.read(file(one("a", "store", 1_000)))
    with pytest.raises(Mistake, match="give smaller counts"):
        scaled(town, percent=1_000_000)
    with pytest.raises(Mistake, match="give fewer regions"):
        scaled(town, regions=7)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
SERVICE = st.fixed_dictionaries(
    {"name": st.sampled_from("abc") | JSON, "package": st.sampled_from(["karyon", "store", "elb"]) | JSON},
    optional={
        "count": st.integers(-1, 5) | JSON,
        "regions": st.integers(-1, 8) | JSON,
        "dependencies": st.lists(st.sampled_from(["a", "b", "eureka"]) | JSON, max_size=3) | JSON,
        "container": JSON,
    },
)


@given(st.fixed_dictionaries({"arch": st.just("x") | JSON, "services": st.lists(SERVICE, max_size=3) | JSON}))
def test_a_file_is_an_architecture_that_can_be_placed_or_a_mistake(tree: Any) -> None:
    with contextlib.suppress(Mistake):
        assert place(spigo.read(json.dumps(tree).encode(), "town.json")).instances


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(Mistake):
        spigo.read(data, "town.json")
