"""Filters are read and written in one way, never raise but with a sentence, and keep what they say."""

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from graph.filters.completing import completed, on_map
from graph.filters.fields import FIELDS, Count, Named, Number, Text
from graph.filters.hints import hints
from graph.filters.matching import filtered, kept
from graph.filters.parsing import BadFilter, parse_filter
from graph.filters.presets import PRESETS
from graph.filters.reading import Earlier
from graph.filters.seen import Seen
from graph.filters.terms import OPS, Compared, Ends, Filter, Term, Value, Word
from graph.filters.times import before
from graph.model import Edge, Node, ServiceMap
from graph.requests import key
from graph.selectors import Condition, Selector
from schemas.times import DAY_MS, HOUR_MS, MINUTE_MS
from tests.graph.test_questions import edge, node

LABELS = {"web1": {"zone": "b", "team": "blue"}, "db1": {"zone": "c"}}
OUTSIDE = Node(id="address:203.0.113.9", kind="address", title="api.example.com", address="203.0.113.9")
INSIDE = Node(id="address:10.9.9.9", kind="address", title="10.9.9.9", address="10.9.9.9")
PUBLIC = Node(id="address:8.8.8.8", kind="address", title="8.8.8.8", address="8.8.8.8", names=["dns.google"])


def called(client: str, server: str, port: int = 80, **more: object) -> Edge:
    found = structs.replace(edge(client, server, port), **more)
    return structs.replace(found, server=server) if ":" in server else found


EDGES = [
    called("nginx", "shop", 8000, protocol="http", requests=600, error_share=0.25, p99_ms=300.0, health="bad"),
    called("shop", "db", 5432, protocol="postgresql", connections_active=7),
    called("shop", PUBLIC.id, 443, transport="tcp", tls_name="dns.google"),
    called("shop", "coredns", 53, transport="udp"),
    called("cron", "db", 5432, connections_opened=100, connections_failed=10, health="warn"),
    called("cron", INSIDE.id, 22),
]
NODES = [
    structs.replace(node("nginx"), hosts=["web1"]),
    structs.replace(node("shop"), hosts=["web1"], annotations={"owner": {"team": "pay"}}),
    structs.replace(node("db", "postgres"), hosts=["db1"]),
    node("cron"),
    node("coredns"),
    node("alone"),
    INSIDE,
    PUBLIC,
]
TOWN = ServiceMap(start="", end="", level="service", nodes=NODES, edges=EDGES)
NEW = {"10m": {key(EDGES[2])}, "today": {key(EDGES[1]), key(EDGES[2])}}


def only(text: str) -> str:
    """Return the edges that a filter keeps, by ports, and then the nodes without any edge."""
    found = filtered(Seen(TOWN, LABELS, NEW), parse_filter(text))
    ends = {end for each in found.edges for end in (each.client, each.server)}
    alone = [one.title for one in found.nodes if one.id not in ends]
    assert ends <= {one.id for one in found.nodes}
    return " ".join([*(f"{short(each.client)}-{each.server_port}" for each in found.edges), *alone])


def short(id_: str) -> str:
    return id_.partition(":")[2]


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("service:nginx", "nginx-8000"),
        ("service:NGINX", "nginx-8000"),
        ("service:n*", "nginx-8000"),
        ('service:"n*"', ""),
        ("service:nginx around:1", "nginx-8000"),
        ("service:nginx around:2", "nginx-8000 shop-5432 shop-443 shop-53"),
        ("service:nginx,cron", "nginx-8000 cron-5432 cron-22"),
        ("service:alone", "alone"),
        ("host:db1", "shop-5432 cron-5432"),
        ("host:db1 service:shop", "shop-5432"),
        ("port:5432", "shop-5432 cron-5432"),
        ("port:udp/53", "shop-53"),
        ("protocol:udp", "shop-53"),
        ("protocol:http", "nginx-8000"),
        ("health:bad", "nginx-8000"),
        ("health:bad,warn", "nginx-8000 cron-5432"),
        ("-health:ok", "nginx-8000 cron-5432"),
        ("health:bad around:1", "nginx-8000 shop-5432 shop-443 shop-53"),
        ("health:bad -infra around:1", "nginx-8000 shop-5432 shop-443"),
        ("health:bad around:2", "nginx-8000 shop-5432 shop-443 shop-53 cron-5432"),
        ("rps>5", "nginx-8000"),
        ("rps>=10", "nginx-8000"),
        ("rps>10", ""),
        ("errors>1%", "nginx-8000"),
        ("errors<1%", ""),
        ("-errors>1%", "shop-5432 shop-443 shop-53 cron-5432 cron-22 alone"),
        ("p99>=0.3s", "nginx-8000"),
        ("failed>9%", "cron-5432"),
        ("open>5", "shop-5432"),
        ("infra", "shop-53"),
        ("infra:dns,logs", "shop-53"),
        ("-infra", "nginx-8000 shop-5432 shop-443 cron-5432 cron-22 alone"),
        ("external", "shop-443 cron-22"),
        ("external:internet", "shop-443"),
        ("-external service:shop", "nginx-8000 shop-5432 shop-53"),
        ("label:team=blue", "nginx-8000 shop-5432 shop-443 shop-53"),
        ("label:team=green", ""),
        ("label:team -port:5432", "nginx-8000 shop-443 shop-53"),
        ("zone:c", "shop-5432 cron-5432"),
        ("cross:zone", "shop-5432"),
        ("cross:region", ""),
        ("new", "shop-443"),
        ("new:today", "shop-5432 shop-443"),
        ("-new:today service:shop", "nginx-8000 shop-53"),
        ("client:shop", "shop-5432 shop-443 shop-53"),
        ("server:db", "shop-5432 cron-5432"),
        ("server:dns.google", "shop-443"),
        ("tls:dns.*", "shop-443"),
        ("overlay:owner", "nginx-8000 shop-5432 shop-443 shop-53"),
        ("overlay:owner.team=pay server:db", "shop-5432"),
        ("overlay:owner.team=blue", ""),
        ("program:postgres", "shop-5432 cron-5432"),
        ("postgres", "shop-5432 cron-5432"),
        ("POST shop", "shop-5432"),
        ("-postgres -alone", "nginx-8000 shop-443 shop-53 cron-22"),
        (":5432", "shop-5432 cron-5432"),
        ("n*x", "nginx-8000"),
        ('"new"', ""),
        ("8.8.8.8", "shop-443"),
        ("fe80::1", ""),
        ("service=shop,host=web1", "nginx-8000 shop-5432 shop-443 shop-53"),
        ("service=shop,host=db1", ""),
        ("service=shop > service=db", "shop-5432"),
        ("service:shop > service:db", "shop-5432"),
        ("-service=shop > *", "nginx-8000 cron-5432 cron-22 alone"),
        ("* > port=22", "cron-22"),
        ("id:address:8.8.8.8", "shop-443"),
        ("", "nginx-8000 shop-5432 shop-443 shop-53 cron-5432 cron-22 alone"),
    ],
)
def test_a_filter_keeps_what_all_its_terms_hold_for(text: str, there: str) -> None:
    assert only(text) == there


def test_the_busiest_edges_have_the_most_bytes() -> None:
    busy = structs.replace(EDGES[5], counters=EDGES[5].counters | {"client_sent_bytes": 9})
    found = filtered(Seen(structs.replace(TOWN, edges=[*EDGES[:5], busy])), parse_filter("top:1"))
    assert found.edges == [busy]
    assert [one.title for one in found.nodes] == ["cron", "10.9.9.9"]


def test_what_is_around_a_hit_is_no_hit() -> None:
    found = kept(Seen(TOWN), parse_filter("service:nginx around:1"))
    assert found.hit_nodes == {"service:nginx"}
    assert found.nodes == {"service:nginx", "service:shop"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("shop servce:a", "servce:a, at character 6: there is no field servce: did you mean service, server or user?"),
        ("http://x", "there is no field http: 38 are known, such as"),
        ("health:bda", "health:bda, at character 1: there is no health bda: did you mean bad?"),
        ("service:", "service has no value: service:* is for any"),
        ("service:a,", "values stand between commas"),
        ('service:"a', '"a, at character 9: this quote has no end'),
        ("rps>many", "rps is compared with a number (k, M): rps>10"),
        ("rps:10", "rps is compared with a number"),
        ("p99>5GB", "p99 is compared with a number (us, ms, s, m): p99>=1s"),
        ("rps>1e999", "rps is compared with a number"),
        ("bytes>1e308GiB", "bytes is compared with a number"),
        ("service>3", "service is no number: write service:redis*"),
        ("new:soon", "soon is no age: give 30m, 2h, 7d or today"),
        ("around:9", "around is a number from 1 to 5: write around:1"),
        ("around", "around is a number from 1 to 5: write around:1"),
        ("service:a OR service:b", "OR, at character 11: all terms must hold, service:a,b is for either"),
        ("-", "something to leave out follows a minus: -infra"),
        ("> shop", "an arrow stands between a client and a server"),
        ("service:a >", "an arrow stands between a client and a server"),
        ("service:a > service:b > service:c", "an arrow stands between a client and a server"),
        ("shop > db", "shop > db is no selector: give"),
        ("service=", "service has no value"),
        ("label:", "label has no name: write label:team=blue"),
        ('a"b"', "a quote stands at the beginning of a word"),
        ("x" * 1_001, "a filter has at most 1,000 characters"),
    ],
)
def test_what_is_no_filter_is_refused_with_one_sentence_and_its_place(text: str, reason: str) -> None:
    with pytest.raises(BadFilter) as refused:
        parse_filter(text)
    assert reason in str(refused.value)
    assert 0 <= refused.value.at < len(text)


@given(st.text(max_size=80) | st.text('ab:>=<-*,." \\new5%', max_size=30))
def test_any_text_is_a_filter_or_is_refused(text: str) -> None:
    found = tried(text)
    if isinstance(found, BadFilter):
        assert str(found).isprintable()
        assert 0 <= found.at <= len(text)
    else:
        assert parse_filter(str(found)) == found
        kept(Seen(TOWN, LABELS), found)


def tried(text: str) -> Filter | BadFilter:
    try:
        return parse_filter(text)
    except BadFilter as error:
        return error


TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
VALUES = st.lists(TEXTS.map(Value), min_size=1, max_size=3, unique=True).map(tuple)
SIGNS = st.booleans()
NAMES = st.text("abz-_9/", min_size=1, max_size=5)
ANY = [
    field.name for field in FIELDS.values() if isinstance(field, Text) and not field.choices and not field.flag
]  # fmt: skip
NUMBERS = [field.name for field in FIELDS.values() if isinstance(field, Number)]
NAMED = [field.name for field in FIELDS.values() if isinstance(field, Named)]
CONDITIONS = st.builds(Condition, st.sampled_from(["service", "host", "id"]), TEXTS, st.just(False))
ENDS = st.sets(CONDITIONS, min_size=1, max_size=2).map(lambda some: tuple(sorted(some)))
TERMS = st.one_of(
    st.builds(Term, st.sampled_from(ANY), VALUES, SIGNS),
    st.builds(Term, st.builds("{}.{}".format, st.sampled_from(NAMED), NAMES), VALUES | st.just(()), SIGNS),
    st.builds(Term, st.sampled_from(["infra", "external"]), st.just(()), SIGNS),
    st.builds(Compared, st.sampled_from(NUMBERS), st.sampled_from(list(OPS)), st.floats(0, 1e300), SIGNS),
    st.builds(Word, TEXTS.map(Value), SIGNS),
    st.builds(Ends, st.builds(Selector, ENDS, ENDS | st.none()), SIGNS),
)
FILTERS = st.builds(
    Filter, st.lists(TERMS, max_size=4).map(tuple), st.integers(0, 5), st.integers(0, 10_000)
)  # fmt: skip


@given(FILTERS)
def test_a_filter_that_is_written_is_read_again(wanted: Filter) -> None:
    if len(text := str(wanted)) <= 1_000:
        assert parse_filter(text) == wanted


def test_what_is_asked_for_and_not_there_is_named_with_what_comes_near() -> None:
    said = hints(Seen(TOWN, LABELS), parse_filter("service:shp -service:x port:5432 zone:q health:warn wrd"))
    assert said == ["there is no service shp: did you mean shop?", "there is no zone q: the known ones are b, c"]


def test_values_of_a_field_are_those_on_the_map_the_most_frequent_first() -> None:
    assert on_map("protocol", Seen(TOWN, LABELS))[:2] == ["tcp", "http"]
    assert on_map("zone", Seen(TOWN, LABELS)) == ["b", "c"]
    assert on_map("rps", Seen(TOWN, LABELS)) == on_map("nothing", Seen(TOWN, LABELS)) == []


def test_fields_are_completed_also_behind_a_minus() -> None:
    assert [one.text for one in completed("-inf")] == [
        "-infra", "-infra:dns", "-infra:logs", "-infra:monitoring", "-infra:servicemap",
    ]  # fmt: skip
    assert completed("p9")[0].text == "p99>"


@pytest.mark.parametrize(
    ("age", "start", "until"),
    [("10m", 23 * 60 - 70, 23 * 60 - 10), ("1h", 16 * 60, 22 * 60), ("today", -6 * 23 * 60, 0)],
)
def test_what_is_new_was_not_there_in_six_times_as_long_before(age: str, start: int, until: int) -> None:
    day = 1_796_000_000_000 // DAY_MS * DAY_MS
    range_ = before(age, day + 23 * HOUR_MS, UTC)
    assert [(at - day) // MINUTE_MS for at in range_] == [start, until]


def test_what_is_new_was_first_seen_lately_and_is_not_known_from_before() -> None:
    since = 1_796_018_400_000
    at_five, at_six = (structs.replace(EDGES[hour - 5], first=f"2026-11-30T0{hour}:00:00.000Z") for hour in (5, 6))
    of = structs.replace(TOWN, edges=[at_six, at_five])
    assert Earlier(frozenset({key(EDGES[4])}), since).new(of) == {key(at_six)}
    assert not Earlier(frozenset(), since).new(of)
    assert Earlier(frozenset({key(at_six)}), 0).new(of) == {key(at_five)}


def test_every_preset_is_a_filter() -> None:
    assert all(parse_filter(preset.filter).terms or preset.filter == "top:20" for preset in PRESETS)


def test_every_example_of_a_field_is_a_filter() -> None:
    for field in FIELDS.values():
        found = parse_filter(field.example)
        assert parse_filter(str(found)) == found
        assert bool(found.terms) is not isinstance(field, Count)
