"""Truth made by hand: a web server asks a shop, the shop asks a database. Names are as odd as names can be."""

from simulation.architecture import Architecture, Program, Service
from simulation.fleet import Host, Instance
from simulation.truth import TrueEdge, TrueEnd, TrueEvent, TrueKey, TrueWindow

START = 1_790_000_000_000
WIDTH = 5_000
ODD = 'sh"op <&>\\n\x1b[31m é.]]>'


def instance(name: str, number: int, *, agent: bool = True, zone: str = "zoneA") -> Instance:
    """Return the only instance of a service on a host of its own."""
    host = Host(number, f"host{number}", f"10.0.0.{number}", "us-east-1", zone, agent)
    service = Service(name=name, program=Program(name="prog", port=8_000 + number))
    full_name = f"town.us-east-1.{zone}.{name}00"
    return Instance(service, 0, f"{name}00", full_name, host, host.address, 8_000 + number)


WEB, SHOP, DB = instance("web", 1), instance(ODD, 2), instance("db", 3, zone="zoneB")
ARCHITECTURE = Architecture(name="town", services=(WEB.service, SHOP.service, DB.service))


def node(one: Instance) -> str:
    return f"process:{one.host.name}:0b007b00:{100 + one.host.number}:7"


def end(one: Instance, *, agent: bool | None = None, owner_known: bool = True) -> TrueEnd:
    host = one.host
    watched = host.agent if agent is None else agent
    zone = f"{host.region}/{host.zone}"
    return TrueEnd(node(one), one.name, one.service.name, host.name, zone, one.address, watched, owner_known)


def key(client: Instance, server: Instance) -> TrueKey:
    return TrueKey(node(client), node(server), "tcp", server.port)


def carried(requests: int = 10, active: int = 1) -> TrueEdge:
    return TrueEdge(
        opened=1,
        active=active,
        to_server_bytes=100 * requests,
        to_client_bytes=1_000 * requests,
        requests=requests,
        errors=requests // 10,
        median_us=2_000,
    )


def window(
    number: int,
    edges: dict[tuple[Instance, Instance], TrueEdge],
    *,
    there: tuple[Instance, ...] = (WEB, SHOP, DB),
    events: tuple[TrueEvent, ...] = (),
    ends: tuple[TrueEnd, ...] = (),
    still: dict[tuple[Instance, Instance], TrueEdge] | None = None,
) -> TrueWindow:
    talking = {one.node: one for pair in edges for one in map(end, pair)} | {one.node: one for one in ends}
    return TrueWindow(
        number=number,
        start_ms=START + number * WIDTH,
        width_ms=WIDTH,
        edges={key(*pair): edge for pair, edge in edges.items()},
        open={key(*pair): edge.active for pair, edge in (edges if still is None else still).items() if edge.active},
        ends=talking,
        events=list(events),
        faults=[],
        instances={node(one): one for one in there},
    )


def killed(one: Instance, number: int) -> TrueEvent:
    return TrueEvent(START + number * WIDTH + 100, "killed", node(one), one.name)
