"""The edges of a map as comma-separated rows, for spreadsheets."""

import csv
import io

from graph.labels import labels
from graph.model import ServiceMap
from schemas.text import cell, shown
from servicemap.exports.fields import of_edge


def text(found: ServiceMap) -> str:
    """Return the edges of a map as rows; what is not known is empty."""
    titles = labels(found)
    rows = [
        {"client": titles[edge.client], "server": titles[edge.server], **of_edge(edge)}
        | {"client_id": shown(edge.client), "server_id": shown(edge.server)}
        for edge in found.edges
    ]
    names = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([cell(row.get(name, "")) for name in names] for row in rows)
    return out.getvalue()
