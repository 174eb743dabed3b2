"""The table of facts that programs of the operator's print."""

from dashboards.grafana.links import to_host, to_service
from dashboards.grafana.panels import Json, column, table
from dashboards.texts import facts

_COLUMNS = {
    "host": column("Host", links=[to_host()]),
    "host_id": column(hidden=True),
    "service": column("Service", links=[to_service()]),
    "port": column("Port", width=80),
    "pid": column("PID", width=90),
    "name": column("Fact"),
    "value": column("Value"),
    "program": column("Printed by"),
}


def facts_table(**fixed: str) -> Json:
    """Return the table, of the service and the host that are chosen, or that are `fixed`."""
    about = "What programs in collectors.discover print, as it stood at the end of the range."
    return table("Facts of your own", facts.printed(), about, _COLUMNS, **fixed)
