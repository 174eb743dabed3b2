"""The dashboards' uids, and the links between them: where a click leads."""

from dashboards.grafana.panels import Link

MAP, SERVICE, EDGE = "servicemap-map", "servicemap-service", "servicemap-edge"
HOST, CHANGES, PIPELINE = "servicemap-host", "servicemap-changes", "servicemap-pipeline"


def this(column: str) -> str:
    """Return the value of a column in the clicked row."""
    return f"${{__data.fields.{column}:percentencode}}"


def link(title: str, uid: str, **values: str) -> Link:
    """Return a link to a dashboard of ours: over the same time, with these values of its variables."""
    given = "".join(f"&var-{name}={value}" for name, value in values.items())
    return Link(title, f"/d/{uid}?${{__url_time_range}}{given}")


def to_service(column: str = "service") -> Link:
    """Return the link to the service that a column names."""
    return link("Service", SERVICE, service=this(column))


def to_host(column: str = "host_id") -> Link:
    """Return the link to the host whose id a column holds."""
    return link("Host", HOST, host=this(column))


def to_edge(port: str = "port") -> Link:
    """Return the link to the edge between services of the columns client_id, server_id and `port`."""
    return link("Edge", EDGE, level="service", client=this("client_id"), server=this("server_id"), port=this(port))
