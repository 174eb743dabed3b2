"""Sentences about wrong parameters: each sentence names the parameter and what can be given."""

from typing import Any

import pytest

from answers.all import QUESTIONS
from answers.faults import BadRequest
from answers.reading import read

NODE = "A node: its name on the map, or its id."


@pytest.mark.parametrize(
    ("question", "given", "sentence"),
    [
        ("impact", {}, f"node must be given. {NODE}"),
        ("impact", {"node": ""}, f"node: it is empty. {NODE}"),
        ("impact", {"node": "x", "dept": "1"}, "there is no parameter dept: did you mean depth?"),
        ("impact", {"node": "x", "level": "servce"}, "level: servce is none of them: did you mean service"),
        ("impact", {"node": "x", "depth": "0"}, "depth: give a whole number of at least 1, at most 1,000, not 0"),
        ("impact", {"node": "x", "depth": "a"}, "depth: give a whole number of at least 1, at most 1,000, not a"),
        ("impact", {"node": "x", "collapse": "maybe"}, "collapse: give true or false, not maybe"),
        ("impact", {"node": "x" * 501}, "node: give at most 500 characters; these are 501"),
        ("order", {"what": "up"}, "what: up is none of them: give start or stop"),
        ("policy", {"node": "a", "only": "up"}, "only: up is none of them: give in or out"),
        ("impact", {"node": "x", "since": "soon"}, "since: "),
    ],
    ids=str,
)
def test_a_wrong_parameter_is_named_with_what_can_be_given(question: str, given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadRequest) as error:
        read(given, QUESTIONS[question].asks, 0)
    assert str(error.value).startswith(sentence)


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_question_names_a_parameter_that_it_does_not_have(question: str) -> None:
    with pytest.raises(BadRequest, match=r"there is no parameter nothing|must be given"):
        read({"nothing": "1"}, QUESTIONS[question].asks, 0)
