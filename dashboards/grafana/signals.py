"""Traffic, errors and latency: of HTTP where it is seen, else of connections, and a name always shows of which."""

from dashboards.grafana.dashboard import Row
from dashboards.grafana.panels import Json, column, series, stats
from graph.panels import requests_lines
from graph.panels.subjects import Subject
from schemas.health import BAD_SHARE

HTTP = "Plain HTTP/1 of monitored hosts: servicemap has no eyes in TLS."

# Of tables whose query gives them; nothing stands where no HTTP is seen.
COLUMNS = {
    "requests": column("HTTP requests", "reqps"),
    "errors": column("HTTP errors", "percentunit", red_from=BAD_SHARE),
    "latency": column("HTTP, 95 % within", "ms"),
}


def signals(of: Subject, title: str = "") -> Row:
    """Return the lines of a service, a host or an edge."""
    asked = "HTTP requests by class of status; where none is seen, connections that were opened (see the lines). Rates."
    wrong = (
        "HTTP requests answered 5xx or never, which have a line where HTTP is seen, and connections that failed. Rates."
    )
    times = "Time to answer HTTP, within 1 %; where none is seen, the round trip of connections (see the lines)."
    return Row(
        8,
        [
            series("Requests", requests_lines.outcomes(of), "cps", f"{asked} {HTTP}", stacked=True),
            series("Errors", requests_lines.errors(of), "cps", f"{wrong} {HTTP}"),
            series("Latency", requests_lines.latency(of), "ms", f"{times} {HTTP}"),
        ],
        title,
    )


def numbers(text: str) -> Json:
    """Return the numbers of HTTP in the range; each shows where none is seen."""
    unseen = "not seen"
    columns = {
        "requests": column("Requests", "reqps", nothing=unseen),
        "errors": column("Errors", "percentunit", red_from=BAD_SHARE, nothing=unseen),
        "half": column("Half within", "ms", nothing=unseen),
        "most": column("95 % within", "ms", nothing=unseen),
    }
    about = f"HTTP requests from clients, and the time to answer; errors are answers of 5xx, and none. {HTTP}"
    return stats("HTTP in this range", text, about, columns)
