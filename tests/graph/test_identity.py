"""An identity is one text: of two, the one with more known is the greater, and older texts are read as they are."""

from graph.identity import packed, part, replaced, unpacked
from graph.sql import text
from schemas.facts import facts
from schemas.graph import Identities
from schemas.kinds import LABEL
from tests.rollups.conftest import Fresh

BARE = ("h1", "process:h1:b:1:7", "web", "nginx", "c0ffee", "scan", False, 1_700_000_000_000)
WHOLE = (*BARE, "shop", "web-0", "app")
WITHOUT_POD = (*BARE, "shop", "", "")


def test_without_a_container_the_text_is_the_one_of_before() -> None:
    assert packed(BARE) == packed((*BARE, "", "", ""))
    assert packed(BARE) == "0001700000000000\th1\tprocess:h1:b:1:7\tweb\tnginx\tc0ffee\tscan\t0"


def test_the_identity_with_more_known_is_the_greater_text() -> None:
    assert packed(BARE) < packed(WITHOUT_POD) < packed(WHOLE)


def test_each_part_is_read_from_texts_of_both_lengths(fresh: Fresh) -> None:
    store = fresh()
    for identity in (BARE, WHOLE, WITHOUT_POD):
        values = dict(zip(facts(Identities), (*identity, "", "", ""), strict=False))
        who = text(packed(identity))
        for name in ("host", "node", "provenance", "namespace", "pod", "container_name"):
            read = [unpacked(who, name, LABEL), part(f"splitByChar('\\t', {who})", name)]
            assert store.query(f"SELECT {', '.join(read)}") == [(values[name], values[name])]
        ((other,),) = store.query(f"SELECT {replaced(who, 'provenance', text('listener'))}")
        assert other == packed((*identity[:5], "listener", *identity[6:]))
