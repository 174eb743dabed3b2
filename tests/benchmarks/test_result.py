import gc

import pytest

from benchmarks.result import Goal, Result, compared, machine, plain, timed


def result(value: float, against_value: float | None = None, goal: Goal | None = None) -> Result:
    return Result(name="fold", value=value, unit="rows/s", against_value=against_value, goal=goal)


def test_a_goal_explains_itself() -> None:
    assert Goal(op=">=", number=8).text("rows/s") == ">= 8x"
    assert Goal(op="<=", number=2.2).text("MiB") == "<= 2.2x"
    assert Goal(op=">=", number=120_000, of="value").text("rows/s") == ">= 120000 rows/s"


@pytest.mark.parametrize(
    ("value", "goal", "met"),
    [
        (80.0, Goal(op=">=", number=8), True),
        (79.9, Goal(op=">=", number=8), False),
        (22.0, Goal(op="<=", number=2.2), True),
        (22.1, Goal(op="<=", number=2.2), False),
        (120.0, Goal(op=">=", number=120, of="value"), True),
        (119.0, Goal(op=">=", number=120, of="value"), False),
    ],
)
def test_a_bound_is_met_on_the_bound_itself(value: float, goal: Goal, met: bool) -> None:
    assert result(value, against_value=10.0, goal=goal).met is met


def test_a_result_without_rival_and_goal_has_neither_ratio_nor_verdict() -> None:
    assert result(5.0).ratio is None
    assert result(5.0).met is None


def test_a_goal_on_the_ratio_without_a_rival_is_refused_when_the_result_is_made() -> None:
    with pytest.raises(ValueError, match="needs an against_value"):
        result(5.0, goal=Goal(op=">=", number=2))


def test_subject_and_rival_take_turns_and_warmups_are_not_counted() -> None:
    calls: list[str] = []

    ours, theirs = timed(lambda: calls.append("a"), lambda: calls.append("b"), runs=3, warmups=1)

    assert "".join(calls) == "abbaabba"
    assert len(ours) == len(theirs) == 3


def test_garbage_is_not_collected_inside_a_measurement_and_is_again_after_a_failing_one() -> None:
    seen: list[bool] = []
    timed(lambda: seen.append(gc.isenabled()), runs=1)
    assert seen == [False, False]

    with pytest.raises(ZeroDivisionError):
        timed(lambda: 1 / 0)
    assert gc.isenabled()


def test_a_comparison_is_in_amounts_per_second() -> None:
    made = compared(
        "sum", lambda: sum(range(10)), "slow sum", lambda: sum(range(100_000)),
        amount=1000, unit="rows/s", goal=Goal(op=">=", number=2), runs=3,
    )  # fmt: skip

    assert made.met is True
    assert len(made.runs) == 3
    assert sorted(made.runs)[1] == made.value


def test_numbers_are_written_plainly() -> None:
    assert [plain(n) for n in (8.0, 2.2, 123456.7, 0.01234, 12.34)] == [
        "8", "2.2", "123457", "0.0123", "12.3",
    ]  # fmt: skip


def test_the_machine_is_described_without_naming_it() -> None:
    assert machine().keys() == {"cpu", "cores", "memory_gib", "kernel", "python"}
