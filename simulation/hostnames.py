"""Names of hosts, by where they stand: us-east-1-zoneA-7. They are the hosts' ids as well."""

import re
from collections import Counter

_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST = 100  # an id has 128 characters at most


class Hostnames:
    """Names for hosts, each once."""

    def __init__(self) -> None:
        self._given: Counter[str] = Counter()

    def next(self, region: str, zone: str) -> str:
        """Return a name that no other host has."""
        where = _UNFIT.sub("-", "-".join(part for part in (region, zone) if part))[:_LONGEST].lstrip("._-")
        where = where or "host"
        self._given[where] += 1
        return f"{where}-{self._given[where]}"
