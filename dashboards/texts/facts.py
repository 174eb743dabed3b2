"""Facts that programs of the operator's print."""

from graph.node_facts import standing
from graph.sql import inside, select, within
from graph.titles import HOSTNAMES, called


def printed() -> str:
    """Return the facts at the end of the range, of a service and a host; empty for any."""
    columns = {
        "host": called("fact.host"),
        "host_id": "toString(fact.host)",
        "service": "toString(fact.service)",
        "port": "if(fact.port = 0, '', toString(fact.port))",
        "pid": "splitByChar(':', fact.node)[4]",
        "name": "toString(fact.name)",
        "value": "fact.value",
        "program": "toString(fact.program)",
    }
    rows = standing("%(service)s IN ('', service) AND %(host)s IN ('', host)")
    found = select(columns, f"{inside(rows)} AS fact")
    return within([HOSTNAMES], f"{found}\nORDER BY name, host, service, port, pid\nLIMIT 500")
