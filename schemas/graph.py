"""Derived records: sides, edges, nodes and events. Every one is a pure function of raw records.

Each row is a piece of the truth about its key, and rows of one key merge (schemas.merge), in the folds and again in
the store. A row may thus hold one fact only, such as the owner found late for an earlier window.
"""

from typing import Annotated

from msgspec import Meta, Struct, field

from schemas.columns import Bools, Columns, Ints, Sketches, Strs, Tallies
from schemas.counted import Counted
from schemas.facts import Merge, fact
from schemas.kinds import BITS, TEXT, TIME, U8, U16, U32, WHEN
from schemas.verdict import RULES

KEY, MAX, EACH, LAST, LATER = Merge.KEY, Merge.MAX, Merge.EACH, Merge.LAST, Merge.TIME
VERSION = 1
END, VERDICT = U8._replace(high=1), U8._replace(high=2 * len(RULES) - 1)


class Derived(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The header of every derived batch."""

    v: Annotated[int, Meta(ge=1, description="schema version of the message")] = VERSION


class Identities(Columns, frozen=True, kw_only=True, omit_defaults=True):
    """Who is at an end. A batch lists each identity once; `Ends.who` points into the list.

    Of two identities of one end in one window the younger process's stands as a whole: it may have taken over.
    """

    host: Annotated[Strs, fact("host id", LAST)] = field(default_factory=list)
    node: Annotated[Strs, fact("process node, empty while unresolved", LAST)] = field(default_factory=list)
    service: Annotated[Strs, fact("service of the process", LAST)] = field(default_factory=list)
    name: Annotated[Strs, fact("program of the process", LAST)] = field(default_factory=list)
    container: Annotated[Strs, fact("container id", LAST)] = field(default_factory=list)
    provenance: Annotated[Strs, fact("how the owner is known: BPF, scan, listener", LAST)] = field(default_factory=list)
    tied: Annotated[Bools, fact("several processes hold it and none is the parent", LAST)] = field(default_factory=list)
    started: Annotated[Ints, fact("start of the owning process, ms", LATER)] = field(default_factory=list)
    namespace: Annotated[Strs, fact("Kubernetes namespace, Compose project or Swarm stack", LAST)] = field(
        default_factory=list
    )
    pod: Annotated[Strs, fact("pod", LAST)] = field(default_factory=list)
    container_name: Annotated[Strs, fact("name of the container", LAST)] = field(default_factory=list)


class Ends(Counted, frozen=True, kw_only=True, omit_defaults=True):
    """What one end of a flow saw in one window, and who it is. Counters of the window alone."""

    who: Annotated[Ints, fact("row of the batch's identities, counted from 1; 0 nobody", MAX)] = field(
        default_factory=list
    )
    seen: Annotated[Bools, fact("this end's host reported the window, or caught up with it", MAX)] = field(
        default_factory=list
    )
    since: Annotated[Ints, fact("window in which its agent first saw it, ms", MAX)] = field(default_factory=list)
    fresh: Annotated[Bools, fact("opened while its agent was watching", MAX)] = field(default_factory=list)
    alias: Annotated[Strs, fact("the server as this end sees it, if that is translated (NAT)", MAX)] = field(
        default_factory=list
    )
    protocol: Annotated[Strs, fact("what the server speaks, as this end's host has seen it; empty: unknown", MAX)] = (
        field(default_factory=list)
    )
    tls_name: Annotated[Strs, fact("name that clients ask the server for by TLS", MAX)] = field(default_factory=list)


class Sides(Columns, frozen=True, kw_only=True, omit_defaults=True):
    """Which flow, window and end each row of `Ends` speaks of, and its evidence on who serves."""

    window: Annotated[Ints, fact("start of the window, ms", KEY, WHEN)] = field(default_factory=list)
    flow: Annotated[Strs, fact("network ID, see schemas.ids", KEY)] = field(default_factory=list)
    nth: Annotated[Ints, fact("which connection of the flow in the window", KEY, U16)] = field(default_factory=list)
    end: Annotated[Ints, fact("0: the flow's lower endpoint, 1: the higher", KEY, END)] = field(default_factory=list)
    verdict: Annotated[Ints, fact("who serves and by which rule, see schemas.verdict", MAX, VERDICT)] = field(
        default_factory=list
    )
    stack: Annotated[
        Strs, fact("whose socket it is: BOOT/INODE of a network namespace; empty: unknown, or scoped", MAX)
    ] = field(default_factory=list)
    link: Annotated[Strs, fact("hardware addresses of both ends of its cable; empty: unknown, or routed", MAX)] = field(
        default_factory=list
    )


class SideBatch(Derived, frozen=True, kw_only=True, omit_defaults=True):
    """Sides of one host's window (and late facts on earlier ones) that fall into one partition."""

    width: Annotated[int, Meta(ge=100, description="width of the window, ms")]
    sides: Sides = field(default_factory=Sides)
    identities: Identities = field(default_factory=Identities)
    ends: Ends = field(default_factory=Ends)


class Edges(Columns, frozen=True, kw_only=True, omit_defaults=True):
    """Which flow and window each row of both ends speaks of."""

    window: Annotated[Ints, fact("start of the window, ms", KEY, WHEN)] = field(default_factory=list)
    flow: Annotated[Strs, fact("network ID, see schemas.ids", KEY)] = field(default_factory=list)
    nth: Annotated[Ints, fact("which connection of the flow in the window", KEY, U16)] = field(default_factory=list)
    verdict: Annotated[Ints, fact("who serves and by which rule, see schemas.verdict", MAX, VERDICT)] = field(
        default_factory=list
    )
    width: Annotated[Ints, fact("width of the window, ms", MAX, U32)] = field(default_factory=list)
    elsewhere: Annotated[
        Ints,
        fact(
            "bits: a opened, a closed, b opened, b closed; the other end saw that elsewhere; 16: all is in other rows",
            Merge.BITS,
            U8,
        ),
    ] = field(default_factory=list)


CONTESTED = 16
"""The bit of Edges.elsewhere for a row of a flow that is several: its connections are in rows of other flows."""


def bit(end: int, what: str) -> int:
    """Return the bit of Edges.elsewhere for what an end (0: a, 1: b) saw: opened or closed."""
    return 1 << (2 * end + ("opened", "closed").index(what))


class EdgeBatch(Derived, frozen=True, kw_only=True, omit_defaults=True):
    """Flows with both their ends, merged from one or two sides; the counters of both stand side by side."""

    edges: Edges = field(default_factory=Edges)
    identities: Identities = field(default_factory=Identities)
    a: Ends = field(default_factory=Ends)
    b: Ends = field(default_factory=Ends)


class FlowRequests(Columns, frozen=True, kw_only=True, omit_defaults=True):
    """Requests of one flow and window as one host counted them: as seen, before scaling by `sampling`.

    Who is at the ends, and which of them serves, stands with the flow's edge.
    """

    window: Annotated[Ints, fact("start of the window, ms", KEY, WHEN)] = field(default_factory=list)
    flow: Annotated[Strs, fact("network ID, see schemas.ids", KEY)] = field(default_factory=list)
    end: Annotated[Ints, fact("end whose host counted, 0: a, 1: b; the server's if both are", KEY, END)] = field(
        default_factory=list
    )
    width: Annotated[Ints, fact("width of the window, ms", MAX, U32)] = field(default_factory=list)
    sampling: Annotated[Ints, fact("one of so many flows was looked at", MAX, U16)] = field(default_factory=list)
    answered: Annotated[Tallies, fact("operation and result -> answers: GET 2xx, SELECT ok, GET error", EACH)] = field(
        default_factory=list
    )
    latency: Annotated[Sketches, fact("bucket of the time to answer -> answers, see schemas.latency", EACH)] = field(
        default_factory=list
    )
    unanswered: Annotated[Ints, fact("ended by the server without an answer", MAX)] = field(default_factory=list)
    given_up: Annotated[Ints, fact("no answer before the client left, or for five minutes", MAX)] = field(
        default_factory=list
    )


class FlowRequestBatch(Derived, frozen=True, kw_only=True, omit_defaults=True):
    """Requests that one host counted, flow by flow."""

    requests: FlowRequests = field(default_factory=FlowRequests)


class Nodes(Columns, frozen=True, kw_only=True, omit_defaults=True):
    """Processes with what is known of them; one row an hour and process, the last word of the hour."""

    hour: Annotated[Ints, fact("start of the hour, ms", KEY, WHEN)] = field(default_factory=list)
    node: Annotated[Strs, fact("process node, see schemas.ids", KEY, TEXT)] = field(default_factory=list)
    seen: Annotated[Ints, fact("latest window that reported it, ms", LATER, WHEN)] = field(default_factory=list)
    host: Annotated[Strs, fact("host id", LAST)] = field(default_factory=list)
    hostname: Annotated[Strs, fact("host's name", LAST)] = field(default_factory=list)
    pid: Annotated[Ints, fact("process id", LAST, U32)] = field(default_factory=list)
    started: Annotated[Ints, fact("start of the process, ms", LAST, TIME)] = field(default_factory=list)
    parent: Annotated[Ints, fact("parent's pid", LAST, U32)] = field(default_factory=list)
    service: Annotated[Strs, fact("service", LAST)] = field(default_factory=list)
    name: Annotated[Strs, fact("program", LAST)] = field(default_factory=list)
    user: Annotated[Strs, fact("user", LAST)] = field(default_factory=list)
    exe: Annotated[Strs, fact("executable", LAST)] = field(default_factory=list)
    cmdline: Annotated[Strs, fact("command line, secrets redacted", LAST, TEXT)] = field(default_factory=list)
    container: Annotated[Strs, fact("container id", LAST)] = field(default_factory=list)
    unit: Annotated[Strs, fact("systemd unit", LAST)] = field(default_factory=list)
    namespace: Annotated[Strs, fact("Kubernetes namespace, Compose project or Swarm stack", LAST)] = field(
        default_factory=list
    )
    pod: Annotated[Strs, fact("pod", LAST)] = field(default_factory=list)
    container_name: Annotated[Strs, fact("name of the container", LAST)] = field(default_factory=list)
    image: Annotated[Strs, fact("image of the container", LAST)] = field(default_factory=list)


class NodeBatch(Derived, frozen=True, kw_only=True, omit_defaults=True):
    """Nodes that one host reported."""

    nodes: Nodes = field(default_factory=Nodes)


class Places(Columns, frozen=True, kw_only=True, omit_defaults=True):
    """Which addresses a host has, and who listens where on it, minute by minute.

    They name an end of a flow of which nothing else is known, by its address and port.
    A row of an address has neither transport nor port. One of a listener has an address by which it is reached; in the
    scope of a network namespace, that of loopback, the one that it is bound to. A minute is emitted with its hour and
    with the next one, which then knows its past. Minutes are bits, the last of an hour the
    lowest: a shift to the right leaves one for now, and for each minute before it the next higher.
    """

    hour: Annotated[Ints, fact("start of the hour, ms", KEY, WHEN)] = field(default_factory=list)
    host: Annotated[Strs, fact("host id", KEY)] = field(default_factory=list)
    transport: Annotated[Strs, fact("tcp or udp, empty for an address", KEY)] = field(default_factory=list)
    port: Annotated[Ints, fact("port that is listened to", KEY, U16)] = field(default_factory=list)
    scope: Annotated[Strs, fact("where the address means something, see schemas.ids", KEY)] = field(
        default_factory=list
    )
    address: Annotated[Strs, fact("address of the host or the listener, 0.0.0.0 or :: for any", KEY)] = field(
        default_factory=list
    )
    node: Annotated[Strs, fact("process node of who listens, empty where that is not sure", KEY)] = field(
        default_factory=list
    )
    service: Annotated[Strs, fact("its service, or that of all who may", KEY)] = field(default_factory=list)
    name: Annotated[Strs, fact("its program", KEY)] = field(default_factory=list)
    container: Annotated[Strs, fact("its container id", KEY)] = field(default_factory=list)
    tied: Annotated[Bools, fact("several processes may be the one that listens", KEY)] = field(default_factory=list)
    started: Annotated[Ints, fact("start of the process, ms", KEY)] = field(default_factory=list)
    namespace: Annotated[Strs, fact("its Kubernetes namespace, Compose project or Swarm stack", KEY)] = field(
        default_factory=list
    )
    pod: Annotated[Strs, fact("its pod", KEY)] = field(default_factory=list)
    container_name: Annotated[Strs, fact("name of its container", KEY)] = field(default_factory=list)
    seen: Annotated[Ints, fact("latest minute in which it was so, ms", LATER, WHEN)] = field(default_factory=list)
    minutes: Annotated[Ints, fact("bit 59 - m: it was so in minute m of the hour", Merge.BITS, BITS)] = field(
        default_factory=list
    )
    before: Annotated[Ints, fact("the same of the hour before", Merge.BITS, BITS)] = field(default_factory=list)


class PlaceBatch(Derived, frozen=True, kw_only=True, omit_defaults=True):
    """Places that one host reported."""

    places: Places = field(default_factory=Places)


class NodeFacts(Columns, frozen=True, kw_only=True, omit_defaults=True):
    """Facts of nodes that programs of the operator print, minute by minute. Minutes are bits, as in places.

    A fact of a port is of the process that listens to it, or of the service of all that may. A fact of the host has
    neither node nor service, one of a service has no node.
    """

    hour: Annotated[Ints, fact("start of the hour, ms", KEY, WHEN)] = field(default_factory=list)
    host: Annotated[Strs, fact("host id", KEY)] = field(default_factory=list)
    name: Annotated[Strs, fact("name of the fact: tls.not_after", KEY)] = field(default_factory=list)
    node: Annotated[Strs, fact("process node that it is of, empty for a service or the host", KEY, TEXT)] = field(
        default_factory=list
    )
    service: Annotated[Strs, fact("service that it is of, or that of the process", KEY)] = field(default_factory=list)
    port: Annotated[Ints, fact("port that it is of, 0 none", KEY, U16)] = field(default_factory=list)
    program: Annotated[Strs, fact("file name of the program that prints it", KEY)] = field(default_factory=list)
    value: Annotated[Strs, fact("its value, as text", KEY, TEXT)] = field(default_factory=list)
    seen: Annotated[Ints, fact("latest window in which it was so, ms", LATER, WHEN)] = field(default_factory=list)
    minutes: Annotated[Ints, fact("bit 59 - m: it was so in minute m of the hour", Merge.BITS, BITS)] = field(
        default_factory=list
    )


class NodeFactBatch(Derived, frozen=True, kw_only=True, omit_defaults=True):
    """Facts of nodes that programs on one host print."""

    facts: NodeFacts = field(default_factory=NodeFacts)


class AddressNames(Columns, frozen=True, kw_only=True, omit_defaults=True):
    """Names by which DNS led the clients of a host to an address, minute by minute. Minutes are bits, as in places.

    A name is an alias of an address: where an agent knows who is there, it says nothing.
    """

    hour: Annotated[Ints, fact("start of the hour, ms", KEY, WHEN)] = field(default_factory=list)
    host: Annotated[Strs, fact("host id of the clients", KEY)] = field(default_factory=list)
    scope: Annotated[Strs, fact("where the address means something, see schemas.ids", KEY)] = field(
        default_factory=list
    )
    address: Annotated[Strs, fact("IPv4 or IPv6 address", KEY)] = field(default_factory=list)
    name: Annotated[Strs, fact("name that was asked for", KEY)] = field(default_factory=list)
    asked: Annotated[Ints, fact("when DNS last gave the address for it, ms", MAX, WHEN)] = field(default_factory=list)
    provenance: Annotated[Strs, fact("how it is known: dns, or HTTP for the header Host of a request", MAX)] = field(
        default_factory=list
    )
    seen: Annotated[Ints, fact("latest window in which it was in use, ms", LATER, WHEN)] = field(default_factory=list)
    minutes: Annotated[Ints, fact("bit 59 - m: it was in use in minute m of the hour", Merge.BITS, BITS)] = field(
        default_factory=list
    )


class AddressNameBatch(Derived, frozen=True, kw_only=True, omit_defaults=True):
    """Names of the addresses that one host's clients are connected to."""

    names: AddressNames = field(default_factory=AddressNames)


class Events(Columns, frozen=True, kw_only=True, omit_defaults=True):
    """Things that happened, each once: the id is made of what happened, to whom and when."""

    time: Annotated[Ints, fact("when, ms", KEY, WHEN)] = field(default_factory=list)
    kind: Annotated[Strs, fact("process_started, edge_appeared, …", KEY)] = field(default_factory=list)
    subject: Annotated[Strs, fact("the node it happened to", KEY, TEXT)] = field(default_factory=list)
    object: Annotated[Strs, fact("the other node or address, if any", KEY, TEXT)] = field(default_factory=list)
    host: Annotated[Strs, fact("host id", MAX)] = field(default_factory=list)
    service: Annotated[Strs, fact("the subject's service", MAX)] = field(default_factory=list)
    detail: Annotated[Strs, fact("one sentence for people", MAX, TEXT)] = field(default_factory=list)


class EventBatch(Derived, frozen=True, kw_only=True, omit_defaults=True):
    """Events of one host's window."""

    events: Events = field(default_factory=Events)


class DeadLetter(Derived, frozen=True, kw_only=True, omit_defaults=True):
    """A record that could not be used, with the reason and where the original stands."""

    topic: str
    partition: int
    offset: int
    timestamp: Annotated[int, Meta(description="of the original record, ms")]
    stage: Annotated[str, Meta(description="attribute, pair or store")]
    error: str
    size: Annotated[int, Meta(description="bytes of the original value")]
    key: str = ""
    value: Annotated[str, Meta(description="first 64 KiB of the original, undecodable bytes escaped")] = ""
