"""External tables in a query of a reader: no content of their blocks stops the engine."""

from random import Random
from urllib.parse import quote
from urllib.request import urlopen

import pytest

from sinks.embedded.blocks import Block, Column, blocks_of
from sinks.embedded.wire import string, varint
from tests.attacks.speaking import NO_TABLES, REVISION, exchange, hello, query
from tests.store.conftest import Store

pytestmark = pytest.mark.slow

SHARE = 60
COLUMNS = (
    *("[number, 2]", "['a', toString(number)]", "toLowCardinality(toString(number))", "map('a', [number])"),
    *("[toLowCardinality(toNullable('x')), NULL]", "toNullable('x')", "CAST('a', 'Enum8(\\'a\\' = 1, \\'b\\' = 2)')"),
    *("CAST((1, ['x']), 'Tuple(a UInt8, b Array(String))')", "toDecimal256(1, 3)", "[(1., 2.)]::Ring"),
    *("if(number % 2, 1::Variant(UInt8, String), 'x'::Variant(UInt8, String))", "[number::Variant(UInt64, String)]"),
    *("if(number % 2, 1::Dynamic, 'abc'::Dynamic)", '\'{"a": 1, "b": [1, 2]}\'::JSON'),
)
QUERIES = ("SELECT * FROM brought", "SELECT v, count() FROM brought GROUP BY v", "SELECT cityHash64(v) FROM brought")


def column(store: Store, selected: str) -> Column:
    """Return the engine's value of an expression."""
    asked = quote(f"SELECT {selected} AS v FROM numbers(7) FORMAT Native")
    with urlopen(f"{store.url}?query={asked}", timeout=30) as answer:
        return blocks_of(answer.read())[0].columns[0]


def bent(random: Random, data: bytes) -> bytes:
    """Return the data of a column with some of it changed."""
    made = bytearray(data)
    for _ in range(random.randint(1, 4)):
        place = random.randrange(len(made))
        match random.randrange(4):
            case 0:
                made[place] = random.randrange(256)
            case 1:
                made[place] ^= 1 << random.randrange(8)
            case 2:
                place -= place % 8
                made[place : place + 8] = random.choice([2**64 - 1, 2**63, 2**31, 0, 1, 100]).to_bytes(8, "little")
            case _:
                made += random.randbytes(random.randint(1, 9))
    return bytes(made)


def bringing(text: str, brought: Column, rows: int) -> bytes:
    """Return a reader's session that asks with a table of one column."""
    block = Block(rows, (brought,)).encode(REVISION)
    return hello() + query(text.encode()) + varint(2) + string("brought") + block + NO_TABLES


@pytest.mark.fuzz
def test_the_store_answers_the_next_query_after_any_external_table(store: Store, fuzz_factor: int) -> None:
    whole = [column(store, selected) for selected in COLUMNS]
    for one in whole:
        assert b"DB::Exception" not in exchange(store.native_port, bringing(QUERIES[0], one, 7))
    random = Random(fuzz_factor)
    for _ in range(SHARE * fuzz_factor):
        one = random.choice(whole)
        made = Column(one.name, one.type, bent(random, one.data))
        exchange(store.native_port, bringing(random.choice(QUERIES), made, 7), patience=0.05)

    with store.reader() as reader:
        assert reader.execute("SELECT 1") == [(1,)]
    assert store.process.poll() is None


def test_a_part_that_no_variant_has_is_refused(store: Store) -> None:
    one = column(store, "1::Variant(UInt8, String)")
    wrong = Column(one.name, one.type, bytes(8) + b"\x07" * 7)

    assert b"Variant" in exchange(store.native_port, bringing(QUERIES[0], wrong, 7))
