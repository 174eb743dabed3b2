from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.fault_words import faults_of
from simulation.faults import Fault
from simulation.mistakes import Mistake


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("kill@web:30s", Fault(kind="kill", where="web", at_s=30)),
        ("slow@database:30s+1m*20", Fault(kind="slow", where="database", at_s=30, for_s=60, size=20)),
        ("partition@web > cache:1.5m", Fault(kind="partition", where="web > cache", at_s=90)),
        ("loss@us-east-1/zoneA:0+500ms*0.1", Fault(kind="loss", where="us-east-1/zoneA", at_s=0, for_s=0.5, size=0.1)),
        ("kill@a:b:1h", Fault(kind="kill", where="a:b", at_s=3600)),
    ],
)
def test_a_fault_is_given_in_words(words: str, fault: Fault) -> None:
    assert faults_of(words) == (fault,)


def test_faults_are_given_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "faults.toml"
    file.write_text(
        '[[faults]]\nkind = "kill"\nwhere = "web"\nat_s = 3\n[[faults]]\nkind = "oom"\nwhere = "db"\nat_s = 4\n'
    )
    assert [fault.kind for fault in faults_of(str(file))] == ["kill", "oom"]


@pytest.mark.parametrize(
    ("given_", "sentence"),
    [
        ("kil@web:30s", "kil@web:30s: there is no kind of fault kil: did you mean kill?"),
        ("kill@web", "kill@web is no fault: give kind@where:at+for*size"),
        ("kill@web:soon", "kill@web:soon is no fault"),
        ("@web:3s", "@web:3s is no fault"),
        ("nowhere.toml", "nowhere.toml is neither a fault nor a file that can be read"),
    ],
)
def test_what_is_no_fault_is_said_in_a_sentence(given_: str, sentence: str) -> None:
    with pytest.raises(Mistake) as error:
        faults_of(given_)
    assert str(error.value).startswith(sentence)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[[faults]]\nkind = "kil"\nwhere = "w"\nat_s = 1\n', "faults[0].kind: invalid enum value 'kil'"),
        ('[[faults]]\nkind = "kill"\nat_s = 1\n', "faults[0]: there is no where; give one"),
        ("faults = 3\n", "faults: expected a list, got a whole number"),
        ("", "there is no faults; give one"),
        ("a = 1\n", "unknown field a"),
        ("[[faults", "is not TOML"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_its_place(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "faults.toml"
    file.write_text(text)
    with pytest.raises(Mistake) as error:
        faults_of(str(file))
    assert sentence in str(error.value)


@given(st.text())
def test_any_words_are_a_fault_or_a_mistake(words: str) -> None:
    with suppress(Mistake):
        assert faults_of(words)
