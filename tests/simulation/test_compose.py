"""Compose files are read for who calls whom: by start order, by links, and by what their settings name."""

import contextlib
import sys
import textwrap
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation import compose
from simulation.architecture import Architecture, Container
from simulation.hints import Hint, hints
from simulation.load import read
from simulation.mistakes import Mistake
from simulation.place import place
from simulation.scaling import scaled
from simulation.yaml_tables import MOST_BYTES, yaml_tables

VOTES = """
name: votes
x-redis: &redis { REDIS_HOST: redis }
services:
  vote:
    build: ./vote
    image: ${REGISTRY:-example.org}/vote:1.2
    ports: ["${PORT:-5000}:80"]
    environment: { <<: *redis, OPTION_A: Cats }
    networks: [front, back]
    deploy: { replicas: 2 }
  result:
    image: example.org/result
    ports: [{ target: 4000, published: "5001" }]
    environment: ["DATABASE_URL=postgres://u:p@db:5432/votes", "CORS_ORIGIN=http://vote:80"]
    networks: [front, back]
  worker:
    build: .
    command: ["--broker=kafka:29092"]
    environment: { PG_HOST: maindb, POSTGRES_DB: db }
    depends_on: { redis: { condition: service_healthy } }
    networks: [back]
  redis: { image: "redis:7-alpine", networks: [back] }
  db: { image: "postgres:16", networks: [back], container_name: maindb }
  kafka:
    image: confluentinc/cp-kafka
    networks: [back]
    environment: { KAFKA_ADVERTISED_LISTENERS: "PLAINTEXT://vote:1", KAFKA_ZOOKEEPER_CONNECT: "zk:2181" }
  zk: { image: zookeeper, networks: [back] }
"""


def votes() -> Architecture:
    return read(VOTES.encode(), "votes.yaml")


def of(text: str, name: str = "shop/compose.yaml") -> Architecture:
    return read(textwrap.dedent(text).encode(), name)


def sentence(text: str) -> str:
    with pytest.raises(Mistake) as raised:
        of(text)
    return str(raised.value)


def test_calls_are_what_services_wait_for_and_what_their_settings_name() -> None:
    assert {service.name: [call.to for call in service.calls] for service in votes().services} == {
        "vote": ["redis"],
        "result": ["db"],
        "worker": ["redis", "db", "kafka"],
        "redis": [],
        "db": [],
        "kafka": ["zk"],
        "zk": [],
    }


def test_programs_and_ports_are_of_images_of_ports_and_of_what_others_name() -> None:
    found = {service.name: (service.program.name, service.program.port) for service in votes().services}
    assert found == {
        "vote": ("vote", 80),
        "result": ("result", 4000),
        "worker": ("worker", None),  # nobody calls it
        "redis": ("redis-server", 6379),
        "db": ("postgres", 5432),
        "kafka": ("java", 29092),
        "zk": ("java", 2181),
    }


def test_all_containers_are_on_one_host_with_addresses_of_their_own() -> None:
    fleet = place(votes())
    assert [host.name for host in fleet.hosts] == ["host-1"]
    assert len({one.address for one in fleet.instances}) == len(fleet.instances) == 8
    assert fleet.instances[0].service.container == Container(image="example.org/vote:1.2", namespace="votes")
    assert len(place(scaled(votes(), regions=2)).hosts) == 2


def test_load_comes_to_published_ports_and_workers_begin_of_themselves() -> None:
    assert [service.name for service in votes().services if service.load] == ["vote", "result"]
    assert [service.name for service in votes().services if service.makes] == ["worker"]


def test_a_project_without_a_name_is_called_after_its_folder() -> None:
    assert of("services: { web: { image: nginx } }").name == "shop"
    assert of("services: { web: { image: nginx } }", "compose.yaml").name == "compose"


def test_services_on_no_common_network_do_not_call_each_other() -> None:
    shop = of("""
        services:
          web: { image: x, environment: { DB_HOST: db }, networks: [front] }
          db: { image: mysql, networks: { back: null } }
    """)
    assert shop.services[0].calls == ()


def test_links_scale_and_extended_services_are_read() -> None:
    shop = of("""
        version: "2"
        services:
          base: { image: shop/base, links: ["db:database"], scale: 0 }
          web: { extends: { service: base }, image: shop/web, scale: 3 }
          db: { image: mariadb }
    """)
    assert [(service.name, service.count) for service in shop.services] == [("web", 3), ("db", 1)]
    assert [call.to for call in shop.services[0].calls] == ["db"]


@pytest.mark.parametrize(
    ("port", "target"),
    [
        ("80", 80),
        ("8080:80", 80),
        ("127.0.0.1:8080:80/tcp", 80),
        ("'[::1]:8080:80'", 80),
        ("22:22", 22),  # 1342 in YAML 1.1
        ("3000-3005:3000-3005", 3000),
        ("'${PORT:-9000}'", 9000),
        ("{ target: 81 }", 81),
        ("53:53/udp", 8080),
        ("$PORT", 8080),
    ],
)
def test_ports_are_those_inside_of_the_container(port: str, target: int) -> None:
    shop = of(f"services: {{ web: {{ image: shop/web, ports: [{port}] }}, bot: {{ image: b, depends_on: [web] }} }}")
    assert shop.services[0].program.port == target


def test_words_of_yaml_1_1_are_texts() -> None:
    assert yaml_tables(b"a: [off, yes, 080, 1_000, 0x10, 12:30:45, 2020-01-01, 7, 1.5, true, ~]", "x") == {
        "a": ["off", "yes", "080", "1_000", "0x10", "12:30:45", "2020-01-01", 7, 1.5, True, None]
    }
    assert yaml_tables(b"a: !reset null\nb: !override [1]", "x") == {"a": "null", "b": [1]}


def test_a_compose_file_is_known_by_what_is_in_it() -> None:
    assert read(VOTES.encode(), "votes") == votes()


def test_a_compose_file_in_json_is_read_as_well() -> None:
    shop = read(b'{"name": "shop", "services": {"web": {"image": "nginx"}}}', "shop.json")
    assert shop.services[0].program.name == "nginx"


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("REDIS_HOST", "redis", [Hint("redis", 0)]),
        ("spring.redis.host", "redis", [Hint("redis", 0)]),
        ("CART_ADDR", "cart:7070", [Hint("cart", 7070)]),
        ("DB", "jdbc:mysql://db:3306/shop?user=cart", [Hint("db", 3306)]),
        ("MONGO_URL", "mongodb://u:p@db,cart:27018/x", [Hint("db", 0), Hint("cart", 27018)]),
        ("KAFKA_BROKERS", "cart:9092,db:9092", [Hint("cart", 9092), Hint("db", 9092)]),
        ("", "--db=db:5432", [Hint("db", 5432)]),
        ("DSN", "user:secret@tcp(db:3306)/shop", []),
        ("POSTGRES_DB", "db", []),
        ("USER", "redis", []),
        ("CART_PUBLIC_URL", "http://cart:80", []),
        ("X", "cart:99999", []),
        ("URL", "http://elsewhere.example/cart", []),
    ],
)
def test_a_setting_names_hosts(name: str, value: str, found: list[Hint]) -> None:
    assert list(hints([(name, value)], {"redis", "cart", "db"})) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("services: {}", "shop/compose.yaml: services: there are none; give a table of them"),
        ("services: { web: [1] }", "shop/compose.yaml: services.web: expected a table; give one with an image"),
        ("services: { 1: { image: x } }", "services.1: a name is a text of 1 to 128 letters; give it such a name"),
        (
            "services: { web: { depends_on: [db] }, dba: { } }",
            "services.web.depends_on: there is no service db: did you mean dba?",
        ),
        ("services: { web: { image: [x] } }", "services.web.image: expected a text or nothing, got a list"),
        (
            "services: { web: { deploy: { replicas: -1 } } }",
            "services.web.deploy.replicas: expected a whole number >= 0",
        ),
        ("services: { web: { ports: [http] } }", "services.web.ports[0]: http is no port; give one such as 8080:80"),
        ("services: { web: { ports: [70000] } }", "services.web.ports[0]: 70000 is no port; give one such as 8080:80"),
        ("services:\n  web: [", "is not YAML: line 2: expected the node content, but found '<stream end>'"),
        ("services: *web", "is not YAML: line 1: found undefined alias 'web'"),
        ("a: \x01", "is not YAML: unacceptable character #x0001: special characters are not allowed"),
        ("[" * 5_000, "it is nested too deeply to be a system; give a flatter one"),
        ("#" * (MOST_BYTES + 1), "has 1,048,577 bytes, and 1,048,576 is the most; give a smaller file"),
    ],
)
def test_what_is_wrong_is_one_sentence_with_the_place(text: str, said: str) -> None:
    assert said in sentence(text)


def test_the_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert sentence("services: { web: { image: nginx } }") == (
        "shop/compose.yaml: reading Compose files needs PyYAML: run `pip install 'servicemap[compose]'`"
    )


@pytest.mark.parametrize("field", ["x-bomb", "environment", "command", "networks", "depends_on", "ports", "image"])
def test_aliases_that_stand_for_each_other_many_times_cost_nothing(field: str) -> None:
    bomb = "a: &a0 [x, x]\n" + "\n".join(f"b{at}: &a{at + 1} [*a{at}, *a{at}]" for at in range(60))
    with contextlib.suppress(Mistake):
        of(f"{bomb}\nservices: {{ web: {{ image: nginx, {field}: [*a60] }} }}")
    with contextlib.suppress(Mistake):
        of(f"{bomb}\nservices: {{ web: {{ image: nginx, {field}: {{ x: *a60 }} }} }}")


FIELDS = "image ports depends_on environment command deploy replicas web db extends"
WORDS = st.sampled_from(FIELDS.split())
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=20,
)


@given(
    st.dictionaries(WORDS | st.text(max_size=3), st.dictionaries(WORDS, VALUES, max_size=4) | VALUES, max_size=3)
    | VALUES
)
def test_any_services_are_read_or_refused(services: Any) -> None:
    with contextlib.suppress(Mistake):
        place(compose.of_tables({"services": services}))


@given(st.text(max_size=80) | st.text("{}[]&*!:-,\n web", max_size=60))
def test_any_yaml_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(Mistake):
        yaml_tables(text.encode("utf-8", "surrogatepass"), "compose.yaml")
