import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest

from schemas.text import shown
from simulation.exports import gexf, graphjson, graphml, otlp, zipkin
from simulation.history import QUIET_MS, History
from simulation.traces import Span, Tracer
from simulation.truth import TrueWindow
from tests.simulation.made import ARCHITECTURE, DB, ODD, SHOP, START, WEB, WIDTH, carried, killed, window

QUIET = QUIET_MS // WIDTH
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z")
BOTH = {(WEB, SHOP): carried(), (SHOP, DB): carried()}


def past(*windows: TrueWindow) -> History:
    history = History(ARCHITECTURE)
    for one in windows:
        history.take(one)
    return history


def a_kill() -> History:
    """Return a past in which the database is killed in the third window."""
    alone = {(WEB, SHOP): carried()}
    return past(
        window(0, BOTH),
        window(1, BOTH),
        window(2, alone, there=(WEB, SHOP), events=(killed(DB, 2),)),
        window(3, alone, there=(WEB, SHOP)),
    )


def written(write: Callable[[History, io.StringIO], None], history: History) -> str:
    out = io.StringIO()
    write(history, out)
    return out.getvalue()


class Replayed:
    """Reads GraphJSON 0.4 as its sheet describes it: entry by entry, each of one kind."""

    def __init__(self, text: str) -> None:
        found: dict[str, Any] = json.loads(text)
        assert {"arch", "version", "args", "date", "graph"} == found.keys()
        self.arch, self.version, self.entries = found["arch"], found["version"], found["graph"]
        self.nodes: dict[str, dict[str, str]] = {}
        self.edges: dict[str, tuple[str, str]] = {}
        self.done: dict[str, str] = {}
        self.ever: set[str] = set()
        for entry in self.entries:
            assert RFC_3339.fullmatch(entry["timestamp"])
            self._take(entry)

    def _take(self, entry: dict[str, str]) -> None:
        match entry:
            case {"node": name, "package": _, "metadata": metadata}:
                assert metadata.startswith("IP/")
                self.nodes[name] = entry
            case {"edge": number, "source": source, "target": target}:
                assert number not in self.ever
                assert {source, target} <= self.nodes.keys()
                self.edges[number] = source, target
                self.ever.add(number)
            case {"forget": number, "source": source, "target": target}:
                assert self.edges.pop(number) == (source, target)
            case {"done": name, "exit": how}:
                self.done[name] = how
            case _:
                pytest.fail(f"not an entry of GraphJSON: {entry}")


def test_graphjson_has_each_node_and_edge_once_and_says_goodbye() -> None:
    found = Replayed(written(graphjson.write, past(window(0, BOTH), window(1, BOTH))))
    assert (found.arch, found.version) == ("town", "spigo-0.4")
    assert list(found.nodes) == [
        "town.us-east-1.zoneA.web00",
        f"town.us-east-1.zoneA.{ODD}00",
        "town.us-east-1.zoneB.db00",
    ]
    web, shop, database = found.nodes
    assert found.edges == {"e1": (web, shop), "e2": (shop, database)}
    assert found.done == dict.fromkeys(found.nodes, "normal")
    assert found.nodes[web]["metadata"] == "IP/10.0.0.1"


def test_graphjson_is_a_log_in_the_order_of_time_with_what_went() -> None:
    found = Replayed(written(graphjson.write, a_kill()))
    times = [entry["timestamp"] for entry in found.entries]
    assert times == sorted(times)
    assert times[0] == datetime.fromtimestamp(START / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.000000000Z")
    assert [pair[1].rpartition(".")[2] for pair in found.edges.values()] == ["]]>00"]
    assert found.done["town.us-east-1.zoneB.db00"] == "killed"


def test_two_that_have_no_connection_for_a_minute_no_longer_talk() -> None:
    once = window(0, {(WEB, SHOP): carried(active=0)})
    quiet = [window(number, {}) for number in range(1, QUIET + 2)]
    assert len(Replayed(written(graphjson.write, past(once, *quiet[:-2]))).edges) == 1
    assert not Replayed(written(graphjson.write, past(once, *quiet))).edges
    again = window(QUIET + 2, {(WEB, SHOP): carried()})
    assert list(Replayed(written(graphjson.write, past(once, *quiet, again))).edges) == ["e2"]


def test_a_pool_that_says_nothing_still_connects_two() -> None:
    quiet = [window(number, {}, still=BOTH) for number in range(1, 2 * QUIET)]
    assert len(Replayed(written(graphjson.write, past(window(0, BOTH), *quiet))).edges) == 2


def elements(text: str, name: str) -> list[ElementTree.Element]:
    return [one for one in ElementTree.fromstring(text).iter() if one.tag.rpartition("}")[2] == name]


@pytest.mark.parametrize("write", [graphml.write, gexf.write])
def test_graphs_in_xml_have_ids_that_xml_allows_and_edges_between_them(
    write: Callable[[History, io.StringIO], None],
) -> None:
    text = written(write, a_kill())
    nodes, edges = elements(text, "node"), elements(text, "edge")
    ids = [one.attrib["id"] for one in (*nodes, *edges)]
    assert len(ids) == len(set(ids)) == 5
    assert all(re.fullmatch(r"[ne]\d+", each) for each in ids)  # NMTOKEN
    assert [(one.attrib["source"], one.attrib["target"]) for one in edges] == [("n0", "n1"), ("n1", "n2")]


def test_graphml_declares_every_key_that_it_uses() -> None:
    text = written(graphml.write, a_kill())
    assert ElementTree.fromstring(text).tag == "{http://graphml.graphdrawing.org/xmlns}graphml"
    keys = {one.attrib["id"]: one.attrib for one in elements(text, "key")}
    assert {one.attrib["key"] for one in elements(text, "data")} == keys.keys()
    assert {one["attr.type"] for one in keys.values()} <= {"boolean", "int", "long", "float", "double", "string"}
    order = [one.tag.rpartition("}")[2] for one in ElementTree.fromstring(text)]
    assert order == ["key"] * len(keys) + ["graph"]
    values = {one.attrib["key"]: one.text for one in elements(text, "edge")[0]}
    assert (values["edge-requests"], values["edge-bytes"], values["edge-port"]) == ("40", "44000", "8002")
    services = [one.text for node in elements(text, "node") for one in node if one.attrib["key"] == "node-service"]
    assert services == ["web", shown(ODD), "db"]


def test_gexf_has_a_spell_for_each_time_that_something_was_there() -> None:
    text = written(gexf.write, a_kill())
    root = ElementTree.fromstring(text)
    assert (root.tag, root.attrib["version"]) == ("{http://gexf.net/1.3}gexf", "1.3")
    assert {one.attrib["class"] for one in elements(text, "attributes")} == {"node", "edge"}
    database = elements(text, "node")[2]
    (spell,) = [one for one in database.iter() if one.tag.endswith("}spell")]
    began, ended = (datetime.fromisoformat(spell.attrib[name]).timestamp() * 1000 for name in ("start", "end"))
    assert (began, ended) == (START, START + 2 * WIDTH)
    assert [one.attrib["label"] for one in elements(text, "node")][1] == f"town.us-east-1.zoneA.{shown(ODD)}00"


def test_no_time_at_all_is_an_empty_graph() -> None:
    assert Replayed(written(graphjson.write, past())).nodes == {}
    for write in (graphml.write, gexf.write):
        assert elements(written(write, past()), "node") == []


@pytest.fixture
def traces() -> list[list[Span]]:
    return [*Tracer(1).traces(window(0, BOTH), 10)]


def test_traces_are_the_same_by_the_same_seed(traces: list[list[Span]]) -> None:
    assert [*Tracer(1).traces(window(0, BOTH), 10)] == traces
    assert [*Tracer(2).traces(window(0, BOTH), 10)] != traces


def test_a_trace_goes_down_the_calls_and_a_caller_waits_for_all_of_them(traces: list[list[Span]]) -> None:
    assert len(traces) == 10
    for trace in traces:
        assert [(span.client.service, span.server.service) for span in trace] == [("web", ODD), (ODD, "db")]
        for outer, inner in pairwise(trace):
            assert inner.parent == outer.id
            assert inner.trace == outer.trace
            assert outer.start_us <= inner.start_us
            assert inner.start_us + inner.duration_us <= outer.start_us + outer.duration_us


def test_calls_in_a_circle_come_to_an_end() -> None:
    circle = window(0, {(WEB, SHOP): carried(), (SHOP, DB): carried(), (DB, SHOP): carried()})
    assert {len(trace) for trace in Tracer(1).traces(circle)} == {1, 2}


def test_zipkin_has_a_client_and_a_server_that_share_an_id(traces: list[list[Span]]) -> None:
    out = io.StringIO()
    zipkin.write(traces, out)
    spans = json.loads(out.getvalue())
    assert len(spans) == 2 * sum(map(len, traces))
    for client, server in zip(spans[::2], spans[1::2], strict=True):
        assert (client["kind"], server["kind"], server["shared"]) == ("CLIENT", "SERVER", True)
        assert re.fullmatch(r"[0-9a-f]{32}", client["traceId"])
        assert re.fullmatch(r"[0-9a-f]{16}", client["id"])
        assert [client[name] for name in ("traceId", "id")] == [server[name] for name in ("traceId", "id")]
        assert client.get("parentId") == server.get("parentId")
        assert client["timestamp"] <= server["timestamp"]
        assert client["localEndpoint"]["serviceName"] == server["remoteEndpoint"]["serviceName"]
        assert server["timestamp"] + server["duration"] <= client["timestamp"] + client["duration"]
    ids = {span["id"] for span in spans}
    assert {span["parentId"] for span in spans if "parentId" in span} <= ids


def test_no_trace_is_an_empty_list() -> None:
    out = io.StringIO()
    zipkin.write([], out)
    assert json.loads(out.getvalue()) == []


def test_otlp_has_a_line_for_each_trace_and_a_resource_for_each_service(traces: list[list[Span]]) -> None:
    out = io.StringIO()
    otlp.write(traces, out)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert len(lines) == len(traces)
    for line in lines:
        named = [each["resource"]["attributes"][0] for each in line["resourceSpans"]]
        assert [(one["key"], one["value"]["stringValue"]) for one in named] == [
            ("service.name", name) for name in ("web", ODD, "db")
        ]
        spans = [span for each in line["resourceSpans"] for scope in each["scopeSpans"] for span in scope["spans"]]
        ids = [span["spanId"] for span in spans]
        assert len(ids) == len(set(ids)) == 4
        assert sum("parentSpanId" not in span for span in spans) == 1
        assert {span["parentSpanId"] for span in spans if "parentSpanId" in span} <= set(ids)
        assert all(int(span["endTimeUnixNano"]) > int(span["startTimeUnixNano"]) for span in spans)
        assert [span["kind"] for span in spans].count(3) == 2
