"""Names for the services of a generated fleet: words without numbers, as people give them."""

from math import prod
from random import Random

_DOMAINS = (
    "account address billing booking campaign cart catalog chat claim contract credit customer device driver event "
    "fleet fraud identity insight inventory invoice ledger loyalty market media"
)
_THINGS = (
    "alert audit batch bundle coupon digest draft export feed filter group history import item limit list match offer "
    "order plan policy price quota rating route rule score session sku stock summary tag target token trip usage"
)
_DOERS = (
    "agent api broker builder checker collector engine finder gate keeper loader manager mapper merger planner "
    "reader relay resolver runner sender tracker watcher writer"
)
_WORDS = [words.split() for words in (_DOMAINS, _THINGS, _DOERS)]
MOST = prod(map(len, _WORDS))


def domain(name: str) -> str:
    """Return the part of the business that a service belongs to."""
    return name.partition("-")[0]


def invented_names(count: int, rng: Random) -> list[str]:
    """Return so many names, each once."""
    return [_name(number) for number in rng.sample(range(MOST), count)]


def _name(number: int) -> str:
    parts = []
    for words in _WORDS:
        number, place = divmod(number, len(words))
        parts.append(words[place])
    return "-".join(parts)
