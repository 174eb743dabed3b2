"""Texts of panels about edges by short names, for tests that ask many of them."""

from dashboards.texts import names
from graph.panels import edge_lines, requests_lines, service_lines, tables
from graph.panels.subjects import EDGE, HOST, SERVICE

SUBJECTS = {"service": SERVICE, "host": HOST, "edge": EDGE}
_LINES = {"requests": requests_lines.outcomes, "errors": requests_lines.errors, "latency": requests_lines.latency}
_TEXTS = {
    "edge_bytes": edge_lines.payload,
    "service_open": service_lines.open_connections,
    "edge_top": tables.top,
    "edge_about": tables.about,
    "edge_processes": tables.processes,
    "service_peers": tables.peers,
    "service_asked": tables.asked,
    "var_hosts": names.hosts,
    "var_services": names.services,
}


def text_of(name: str) -> str:
    """Return the text of a panel; of `service_requests` the requests of a service."""
    of, _, lines = name.partition("_")
    if name in _TEXTS:
        return _TEXTS[name]()
    return _LINES[lines](SUBJECTS[of])
