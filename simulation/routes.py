"""Whom a client may talk to: the servers within its reach, the same ones every time."""

from collections.abc import Sequence

from simulation.architecture import Call
from simulation.fleet import Fleet, Host, Instance, Reach


def routes(fleet: Fleet, instance: Instance, call: Call) -> Sequence[Instance]:
    """Return the instances that an instance knows for a call, in the order of the fleet.

    If it talks to a few of them only, neighbours by number talk to others, so that all have about as many clients.
    """
    servers = _within(fleet, call, instance.host)
    if call.to == instance.service.name:
        servers = [server for server in servers if server is not instance]
    if not 0 < call.servers < len(servers):
        return servers
    first = instance.number * call.servers
    return [servers[(first + at) % len(servers)] for at in range(call.servers)]


def _within(fleet: Fleet, call: Call, client: Host) -> Sequence[Instance]:
    """Return the servers within reach of all clients on hosts that stand there; they are found once."""
    region = client.region if call.within in ("zone", "region") else ""
    zone = client.zone if call.within in ("zone", "zones alike") else ""
    key = Reach(call.to, call.within, region, zone)
    found = fleet.reached.get(key)
    if found is None:
        found = [server for server in fleet.of_service[call.to] if _reaches(call, client, server.host)]
        fleet.reached[key] = found
    return found


def _reaches(call: Call, client: Host, server: Host) -> bool:
    near = server.region in (client.region, "") or not client.region
    match call.within:
        case "zone":
            return near and server.zone == client.zone
        case "zones alike":
            return server.zone == client.zone
        case "region":
            return near
    return True
