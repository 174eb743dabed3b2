"""What the running parts count of themselves, as their metrics have it: those that matter and are not 0."""

import http.client
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

from schemas.metrics import COLLECTOR_SUCCESS, METRICS
from servicemap.check import Check
from servicemap.config import Config
from servicemap.exposing import Exposed, noted

_SECONDS = 5
_MATTERS = {metric.full_name: metric for metric in METRICS if metric.matters}


def metric_checks(config: Config) -> Iterator[Check]:
    """Yield a check for every part that serves metrics here."""
    for each in noted(config):
        text = scraped(each)
        if text is None:
            yield Check(f"metrics of {each.part}", "missing", f"nothing answers at {each.url}", "a part that answers")
        else:
            yield found(each, text)


def found(where: Exposed, text: str) -> Check:
    """Check the metrics of a part."""
    from prometheus_client.parser import text_string_to_metric_families

    failed, counts = [], []
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == COLLECTOR_SUCCESS.full_name and not sample.value:
                failed.append(sample.labels["collector"])
            if sample.name in _MATTERS and sample.value:
                of = f" ({', '.join(sample.labels.values())})" if sample.labels else ""
                counts.append(f"{sample.value:,.0f} {_MATTERS[sample.name].meaning}{of}")
    name, found = f"metrics of {where.part}", "; ".join([where.url, *counts])
    if failed:
        return Check(name, "broken", f"{found}; collectors that fail: {', '.join(failed)}", "collectors that work")
    return Check(name, "ok", found)


def scraped(where: Exposed) -> str | None:
    """Return the metrics of a part; None where nothing answers."""
    parts = urlsplit(where.url)
    with closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_SECONDS)) as connection:
        try:
            connection.request("GET", parts.path)
            answer = connection.getresponse()
            return answer.read().decode() if answer.status == 200 else None
        except (OSError, http.client.HTTPException, ValueError):
            return None
