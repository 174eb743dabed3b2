"""Rules for the firewalls of others: each is a module here with a function `text` of rules."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TypeAlias

from graph.model import Node
from graph.questions.policy import Rule

FORMATS = ("nftables", "kubernetes")
Text: TypeAlias = Callable[[Sequence[Rule], Mapping[str, Node], str], str]


def text_of(form: str) -> Text:
    """Return what writes rules in a format: of the rules, the nodes by their ids, and what the rules are made from."""
    made: Text = import_module(f"servicemap.policies.{form}").text
    return made
