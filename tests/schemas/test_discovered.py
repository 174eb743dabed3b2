import pytest

from schemas.discovered import LONGEST, parse_output


@pytest.mark.parametrize("number", ["0", "-1", str(2**64), "9" * LONGEST, "-" + "9" * LONGEST])
def test_a_whole_number_of_any_size_is_a_value_as_it_is_printed(number: str) -> None:
    output = parse_output(f'{{"name": "free_bytes", "value": {number}}}'.encode())

    assert ([fact.text for fact in output.facts], output.refused) == ([number], [])


@pytest.mark.parametrize("digits", [LONGEST + 1, 4_300, 100_000])
def test_a_number_that_is_too_long_is_refused(digits: int) -> None:
    output = parse_output(b'{"name": "free_bytes", "value": ' + b"9" * digits + b"}")

    assert output.facts == []
    assert len(output.refused) == 1


@pytest.mark.parametrize("node", ['{"port": 0}', '{"pid": 0}', '{"service": ""}', '{"port": null}', '{"port": -1}'])
def test_a_node_that_is_left_empty_is_a_mistake_and_not_the_host(node: str) -> None:
    output = parse_output(f'{{"name": "owner", "value": "blue", "node": {node}}}'.encode())

    assert output.facts == []
    assert "$.node." in output.refused[0]
