"""As many places as the process may have descriptors for."""

import resource

from sinks.embedded.places import LIMITS, Standing

_WANTED = 16_384
_OWN = 300  # of the engine: files of tables, and what it merges
_EACH = {Standing.STRANGER: 1, Standing.READER: 4, Standing.OWNER: 4, Standing.WRITER: 4}


def raise_limit() -> int:
    """Raise the soft limit of descriptors as far as the hard one lets us; returns it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _WANTED if hard == resource.RLIM_INFINITY else min(_WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return max(most, soft)


def limits(descriptors: int) -> dict[Standing, int]:
    """Return how many places of each kind so many descriptors are enough for."""
    needed = sum(LIMITS[standing] * each for standing, each in _EACH.items())
    share = min(1.0, max(0, descriptors - _OWN) / needed)
    return {standing: max(4, int(most * share)) for standing, most in LIMITS.items()}
