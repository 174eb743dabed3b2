"""Traffic, errors and latency: of requests where any are seen, else of connections; names show of which."""

from dashboards.grafana.dashboard import Row
from dashboards.grafana.panels import Json, column, series, stats
from graph.panels import requests_lines
from graph.panels.subjects import Subject
from schemas.health import BAD_SHARE

SEEN = (
    "Of HTTP/1, gRPC, Redis, PostgreSQL, MySQL, memcached and DNS in clear text. servicemap cannot see inside TLS. "
    "Under load it looks at one of several connections, and these numbers are estimates."
)

# Of tables whose query gives them; nothing stands where no requests are seen.
COLUMNS = {
    "requests": column("Requests", "reqps"),
    "errors": column("Errors", "percentunit", red_from=BAD_SHARE),
    "latency": column("95 % within", "ms"),
    "sampling": column("Looked at 1 of", "none"),
}


def signals(of: Subject, title: str = "") -> Row:
    """Return the lines of a service, a host or an edge."""
    asked = "Requests by result; where none is seen, connections that were opened (see the lines). Rates."
    wrong = (
        "Requests answered by an error (of HTTP: 5xx) or never, where any are seen, and connections that failed. Rates."
    )
    times = "Time to answer, within 1 %; where none is seen, the round trip of connections (see the lines)."
    return Row(
        8,
        [
            series("Requests", requests_lines.outcomes(of), "cps", f"{asked} {SEEN}", stacked=True),
            series("Errors", requests_lines.errors(of), "cps", f"{wrong} {SEEN}"),
            series("Latency", requests_lines.latency(of), "ms", f"{times} {SEEN}"),
        ],
        title,
    )


def numbers(text: str) -> Json:
    """Return the numbers of requests in the range; each shows where none is seen."""
    unseen = "not seen"
    columns = {
        "requests": column("Requests", "reqps", nothing=unseen),
        "errors": column("Errors", "percentunit", red_from=BAD_SHARE, nothing=unseen),
        "half": column("Half within", "ms", nothing=unseen),
        "most": column("95 % within", "ms", nothing=unseen),
        "sampling": column("Looked at 1 of", "none", nothing=unseen),
    }
    about = f"Requests from clients, and times to answer; errors are answers that are (of HTTP: 5xx), and none. {SEEN}"
    return stats("Requests in this range", text, about, columns)
