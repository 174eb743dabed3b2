"""Parts: groups of a map that is too large to read."""

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from graph.parts import APART, ELSEWHERE, FITS, Member, Path, parts, settled


def plain(count: int, **declared: str) -> list[Member]:
    return [Member(f"n{nth:04}", f"node {nth}", declared) for nth in range(count)]


def towns(count: int, size: int) -> tuple[list[Member], list[tuple[str, str]]]:
    """Return towns whose inhabitants talk to each other, and one of each to one of the next."""
    random = Random(1)
    members = plain(count * size)
    pairs = []
    for nth, each in enumerate(members):
        town = nth // size * size
        pairs += [(each.id, members[town + random.randrange(size)].id) for _ in range(4)]
        if nth % size == 0:
            pairs.append((each.id, members[(nth + size) % len(members)].id))
    return members, pairs


def outermost(found: dict[str, Path]) -> Counter[str]:
    return Counter(path[0] for path in found.values())


def test_a_map_that_can_be_read_has_no_groups() -> None:
    members = plain(FITS, namespace="shop")
    assert set(parts(members, []).values()) == {()}


def test_groups_that_people_declared_come_first() -> None:
    members = [each._replace(declared={"namespace": f"team-{nth % 5}"}) for nth, each in enumerate(plain(60))]
    assert outermost(parts(members, [])) == {f"team-{nth}": 12 for nth in range(5)}


def test_nodes_without_what_most_others_have_are_elsewhere() -> None:
    members = [each._replace(declared={"zone": f"z{nth % 3}"} if nth > 5 else {}) for nth, each in enumerate(plain(60))]
    assert outermost(parts(members, []))[ELSEWHERE] == 6


def test_a_value_that_nearly_all_have_divides_nothing() -> None:
    members, pairs = towns(6, 20)
    members = [each._replace(declared={"region": "eu" if nth > 2 else "us"}) for nth, each in enumerate(members)]
    assert not {"eu", "us"} & set(outermost(parts(members, pairs)))


def test_communities_are_those_who_talk_to_each_other() -> None:
    members, pairs = towns(6, 20)
    found = parts(members, pairs)
    assert len(outermost(found)) >= 6
    for town in range(6):
        within = Counter(found[each.id][0] for each in members[town * 20 : town * 20 + 20])
        assert all(found[id_][0] not in within for id_ in (members[(town * 20 + 25) % 120].id,)), within


def test_large_groups_have_groups_in_them() -> None:
    members, pairs = towns(40, 30)
    found = parts(members, pairs)
    assert len(outermost(found)) <= FITS
    for depth in range(1, 6):
        for path, count in Counter(path[:depth] for path in found.values() if len(path) >= depth).items():
            deeper = any(len(other) > depth and other[:depth] == path for other in found.values())
            assert deeper or count <= 2 * FITS, (path, count)


def test_nodes_that_talk_to_nobody_are_apart() -> None:
    members, pairs = towns(4, 20)
    loners = [Member(f"z{nth}", f"z{nth}", {}) for nth in range(5)]
    found = parts([*members, *loners], pairs)
    assert {found[each.id] for each in loners} == {(APART,)}


def test_the_order_of_nodes_and_edges_changes_nothing() -> None:
    members, pairs = towns(5, 15)
    mixed, others = list(members), list(pairs)
    Random(2).shuffle(mixed)
    Random(3).shuffle(others)
    assert parts(mixed, others) == parts(members, pairs)


def test_equal_titles_make_no_group_of_two() -> None:
    members, pairs = towns(6, 20)
    members = [each._replace(title="nginx") for each in members]
    assert len(outermost(parts(members, pairs))) >= 6


def test_groups_stay_while_most_nodes_stay() -> None:
    """A map must not jump because somebody new asks somebody."""
    members, pairs = towns(6, 20)
    before = parts(members, pairs)
    new = Member("new", "new", {})
    after = settled(before, [*members, new], [*pairs, ("new", members[0].id)])
    assert after.pop("new") == before[members[0].id]
    assert after == before


def test_another_map_has_other_groups() -> None:
    members, pairs = towns(6, 20)
    others = [each._replace(id=f"other-{each.id}") for each in members]
    found = settled(parts(members, pairs), others, [])
    assert set(found) == {each.id for each in others}


@given(
    st.integers(0, 90),
    st.lists(st.tuples(st.integers(0, 89), st.integers(0, 89)), max_size=200),
    st.sampled_from(["", "a", "b", "c"]),
)
def test_every_node_has_a_path(count: int, edges: list[tuple[int, int]], zone: str) -> None:
    members = [each._replace(declared={"zone": zone} if nth % 3 else {}) for nth, each in enumerate(plain(count))]
    pairs = [(f"n{a:04}", f"n{b:04}") for a, b in edges if a < count and b < count]
    assert set(parts(members, pairs)) == {each.id for each in members}
