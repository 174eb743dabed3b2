"""Why a filter keeps nothing: the names that it asks for and that are not on the map, with those that come near."""

from graph.filters.completing import texts_of
from graph.filters.fields import FIELDS, Text
from graph.filters.matching import meets
from graph.filters.seen import Seen
from graph.filters.terms import Filter, Term
from schemas.matching import unknown


def hints(seen: Seen, by: Filter) -> list[str]:
    """Return a sentence for each text that a filter asks for and nothing on the map has."""
    found = []
    for term in by.terms:
        if not isinstance(term, Term) or term.negated:
            continue
        field = FIELDS.get(term.field)
        if not isinstance(field, Text) or field.choices or field.flag:
            continue
        known = {text for text in texts_of(field, seen) if text}
        found += [unknown(field.name, one.text, known) for one in term.values if not meets([one], list(known))]
    return found
