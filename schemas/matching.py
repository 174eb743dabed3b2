"""Errors about names that do not exist, with those that come near."""

from collections.abc import Collection, Sequence

from schemas.text import shown

MOST = 5  # names in a sentence
FEW = 3  # names of a list that is cut


def near(name: str, known: Collection[str]) -> list[str]:
    """Return the known names that somebody may have meant: of another case, with or within it, or misspelt."""
    from difflib import get_close_matches  # the agent, too, has commands, and seldom a misspelt one

    folded = name.casefold()
    same = [each for each in known if each.casefold() == folded]
    by_case = {each.casefold(): each for each in known}
    alike = [by_case[each] for each in get_close_matches(folded, by_case, MOST, 0.6)]
    parts = [each for each in known if len(folded) > 1 and each and folded in each.casefold()]
    return list(dict.fromkeys([*sorted(same), *alike, *sorted(parts, key=lambda each: (len(each), each))]))[:MOST]


def unknown(kind: str, name: str, known: Collection[str]) -> str:
    """Return a sentence: there is no such thing, and which there are."""
    start = f"there is no {kind} {shown(name)}"
    if found := near(name, known):
        return f"{start}: did you mean {either(found)}?"
    if not known:
        return f"{start}: none is known"
    some = sorted(known, key=str.casefold)
    if len(some) > 4 * MOST:
        return f"{start}: {len(some):,} are known, such as {either(some[:MOST])}"
    return f"{start}: the known ones are {', '.join(map(shown, some))}"


def some(names: Sequence[str]) -> str:
    """Return the first of some names, and how many more there are."""
    more = len(names) - FEW
    return ", ".join(names[:FEW]) + (f" and {more} more" if more > 0 else "")


def either(names: Sequence[str]) -> str:
    """Return names as a sentence has them."""
    *first, last = map(shown, names)
    return f"{', '.join(first)} or {last}" if first else last
