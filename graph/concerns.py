"""Select the flows that may belong to some nodes. The rows are matched with the nodes again later."""

from collections.abc import Iterable

from graph.identity import packed_part
from graph.levels import values_of
from graph.of_hosts import OF_HOST

# A flow with an unknown end may concern a node too, because `places` may name the end.
CONCERNS = (
    "flow.a_who = '' OR flow.b_who = ''\n"
    "        OR flow.a_address IN %(addresses)s OR flow.b_address IN %(addresses)s\n"
    "        OR multiSearchAny(flow.a_who, %(identities)s) OR multiSearchAny(flow.b_who, %(identities)s)"
)


def concerned(nodes: Iterable[str]) -> dict[str, list[str]]:
    """Return the parameters of CONCERNS for nodes: addresses, and parts of identities (graph/identity.py)."""
    addresses, identities = ["-"], ["\n"]  # neither list may be empty
    for node in nodes:
        kind, _, rest = node.partition(":")
        match kind:
            case "address":
                addresses.append(rest.rpartition("@")[2])
            case "process":
                identities.append(packed_part(node))
            case _ if OF_HOST.keys() & values_of(node).keys():  # no row has its hosts: any that is known may be there
                identities.append("\t")
            case _:
                identities.append(packed_part(list(values_of(node).values() or [rest])[-1]))
    return {"addresses": addresses, "identities": identities}
