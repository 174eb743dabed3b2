"""The native format: what is short is written out, and what is wrong is one sentence with its place."""

import contextlib
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation import native
from simulation.architecture import Call, Container
from simulation.load import examples, load, read
from simulation.mistakes import Mistake

SHOP = """
name = "shop"

[[services]]
name = "web"
program = "node"
container = "shop/web:2.4"
calls = ["cart", { to = "redis", pool = 2 }]

[[services]]
name = "cart"

[[services]]
name = "redis"
calls = ["redis"]
"""


def sentence(text: str) -> str:
    with pytest.raises(Mistake) as raised:
        read(text.encode(), "shop.toml")
    return str(raised.value)


def changed(old: str, new: str) -> str:
    assert old in SHOP
    return sentence(SHOP.replace(old, new, 1))


def test_short_forms_are_written_out() -> None:
    web, cart, redis = read(SHOP.encode(), "shop.toml").services
    assert web.program.cmdline == ("node", "/srv/web/web.js")
    assert web.container == Container(image="shop/web:2.4")
    assert web.calls == (Call(to="cart"), Call(to="redis", pool=2))
    assert (cart.program.exe, cart.program.port) == ("/opt/bin/cart", 8080)
    assert (redis.program.name, redis.program.port) == ("redis-server", 6379)
    assert redis.calls == (Call(to="redis", peers=True),)


def test_an_architecture_is_written_as_it_is_read() -> None:
    shop = read(SHOP.encode(), "shop.toml")
    assert read(native.written(shop), "shop.json") == shop


@pytest.mark.parametrize("name", examples())
def test_every_example_is_an_architecture_of_its_name(name: str) -> None:
    assert load(name).name == name
    assert load(name).description


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"node"', '"nodejs"', "services[0].program: there is no program nodejs: did you mean node?"),
        ('"node"', "7", "services[0].program: expected a table, got a whole number"),
        ('"cart"', '"carts"', "services[0].calls[0].to: there is no service carts: did you mean cart?"),
        ("pool = 2", "pool = -2", "services[0].calls[1].pool: expected a whole number >= 0"),
        ("pool = 2", "pol = 2", "services[0].calls[1]: there is no field pol; did you mean pool?"),
        ("pool = 2", "peers = true", "services[0].calls[1].peers: redis is another service; peers are of the same one"),
        ('name = "shop"', 'title = "shop"', "there is no field title; there are name, description, services"),
        ('name = "shop"', "", "there is no name; give one"),
        ('name = "cart"', 'name = "web"', "services[1].name: web is there twice; give one another name"),
        ('name = "cart"', "count = 3", "services[1]: there is no name; give one"),
        ('name = "shop"', 'name = "shop"\nzones = ["a", "a"]', "zones[1]: a is there twice; give one another name"),
        ('name = "cart"', 'name = "cart"\ncount = 2_000_000', "services[1].count: expected a whole number <= 1000000"),
        ("[[services]]", "[[services]", "is not TOML: Expected ']]' at the end of an array declaration (at line 4,"),
    ],
)
def test_what_is_wrong_is_one_sentence_with_the_place(old: str, new: str, said: str) -> None:
    assert said in changed(old, new)


def test_a_system_without_services_is_refused() -> None:
    assert sentence('name = "shop"\nservices = []') == "shop.toml: services: there are none; give at least one"
    assert sentence("") == "shop.toml: there is no name; give one"


def test_a_name_that_is_no_file_and_no_example_has_those_that_come_near() -> None:
    with pytest.raises(Mistake, match="no example netflixos: did you mean netflixoss\\?; examples:"):
        load("netflixos")


def test_what_cannot_be_read_is_said() -> None:
    with pytest.raises(Mistake, match="/ cannot be read: Is a directory; give a file that can"):
        load("/")
    with pytest.raises(Mistake, match="cannot be read: embedded null byte"):
        load("a\0b")
    with pytest.raises(Mistake, match="is the most; give a smaller file"):
        load("/dev/zero")


KEYS = st.sampled_from(["name", "services", "calls", "to", "program", "container", "count", "regions", "faults", "x"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | KEYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_any_tables_are_read_or_refused(tables: object) -> None:
    with contextlib.suppress(Mistake):
        native.of_tables(tables)


@given(st.text(max_size=100))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(Mistake):
        read(text.encode("utf-8", "surrogatepass"), "shop.toml")


def test_toml_of_a_whole_file_is_what_tomllib_reads() -> None:
    assert native.of_tables(tomllib.loads(SHOP)) == read(SHOP.encode(), "shop.toml")
