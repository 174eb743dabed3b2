"""Programs of simulated services are called on the map as people call them, also in containers."""

import pytest

from simulation.programs import PROGRAMS, STORES, program_called, program_of, program_of_image, program_of_store
from streams.naming import name_process


@pytest.mark.parametrize("key", STORES)
def test_a_store_in_a_container_is_called_after_its_product(key: str) -> None:
    program = program_of(key, "data")
    facts = {"comm": program.name, "exe": program.exe, "cmdline": program.cmdline, "cwd": "/", "lead": (), "unit": ""}
    named = name_process((), {**facts, "container": "ab" * 32, "container_name": "data", "lineage": (), "user": "data"})
    assert named.service.name.casefold() in {program.product, program.exe.rpartition("/")[2]}


@pytest.mark.parametrize("key", PROGRAMS)
def test_a_program_is_found_by_its_name_and_has_one_the_kernel_can_keep(key: str) -> None:
    assert program_called(key) == key
    assert len(program_of(key, "a-service-of-a-long-name").name) <= 15


@pytest.mark.parametrize(
    ("image", "key"),
    [
        ("redis:7-alpine", "redis"),
        ("docker.io/bitnami/postgresql:16", "postgres"),
        ("localhost:5000/confluentinc/cp-kafka", "kafka"),
        ("rabbitmq:3-management", "rabbitmq"),
        ("shop/search:2.0", ""),
        ("prom/mysqld-exporter", ""),
        ("mongo-express", ""),
        ("", ""),
    ],
)
def test_an_image_has_a_product_or_nothing_that_is_known(image: str, key: str) -> None:
    assert program_of_image(image) == key


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("rdsMysql", "mysql"),
        ("rdsmysql", "mysql"),
        ("cassSubscriber", "cassandra"),
        ("sessions", "redis"),
        ("cart", ""),
    ],
)
def test_the_name_of_a_store_means_its_program(name: str, key: str) -> None:
    assert program_of_store(name) == key


def test_a_name_with_odd_letters_is_a_path_all_the_same() -> None:
    assert program_of("java", "a/b c").cmdline == ("java", "-jar", "/opt/a-b-c/a-b-c.jar")
