"""Write numbers for a node graph as texts, because Grafana's panel has no units for details."""

from graph.quantiles import Quantiles

ABOUT = "if(sampling > 1, '~', '')"  # before an estimate
LOOKED_AT = "if(sampling > 1, concat('1 of ', toString(sampling), ' connections looked at'), '')"
_UNITS = "['B/s', 'kB/s', 'MB/s', 'GB/s']"


def short(numbers: str) -> str:
    """Return numbers as texts with three digits, all in one expression, because ClickHouse analyses each one."""
    return f"arrayMap(number -> toString(round(number, multiIf(number >= 100, 0, number >= 10, 1, 2))), {numbers})"


def thousands(rate: str) -> str:
    """Return the number of the unit that suits a rate of bytes."""
    return f"toUInt8(least(3, floor(log10(greatest({rate}, 1)) / 3)))"


def scaled(rate: str, unit: str) -> str:
    """Return a rate in a unit."""
    return f"{rate} / pow(1000, {unit})"


def unit_name(unit: str) -> str:
    """Return the name of a unit."""
    return f"{_UNITS}[{unit} + 1]"


def where(condition: str, words: str) -> str:
    """Return words if a condition holds, and else an empty text, which Grafana leaves out."""
    return f"if({condition}, {words}, '')"


def times(of: Quantiles, p50: str, p99: str) -> str:
    """Return the two times to answer, if there are answers."""
    return where(f"notEmpty({of.name}_buckets)", f"concat('p50 ', {ABOUT}, {p50}, ' ms, p99 ', {ABOUT}, {p99}, ' ms')")
