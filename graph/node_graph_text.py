"""How a node graph writes numbers: Grafana's panel shows texts as they are, and takes no units."""

from graph.quantiles import Quantiles

_UNITS = "['B/s', 'kB/s', 'MB/s', 'GB/s']"


def short(numbers: str) -> str:
    """Return numbers as texts with three digits. All at once: each expression is analysed wherever it stands."""
    return f"arrayMap(number -> toString(round(number, multiIf(number >= 100, 0, number >= 10, 1, 2))), {numbers})"


def thousands(rate: str) -> str:
    """Return which of the units of a rate of bytes suits it."""
    return f"toUInt8(least(3, floor(log10(greatest({rate}, 1)) / 3)))"


def scaled(rate: str, unit: str) -> str:
    """Return a rate in a unit."""
    return f"{rate} / pow(1000, {unit})"


def unit_name(unit: str) -> str:
    """Return the name of a unit."""
    return f"{_UNITS}[{unit} + 1]"


def where(condition: str, words: str) -> str:
    """Return words where a condition holds, else nothing: Grafana leaves out details without text."""
    return f"if({condition}, {words}, '')"


def times(of: Quantiles, p50: str, p99: str) -> str:
    """Return the two times to answer, where there are answers."""
    return where(f"notEmpty({of.name}_buckets)", f"concat('p50 ', {p50}, ' ms, p99 ', {p99}, ' ms')")
