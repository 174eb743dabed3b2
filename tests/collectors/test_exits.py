"""How processes ended, as far as it is known."""

from collectors.exits import Exits, Gone
from schemas.raw import Exits as Columns

KILLED = Columns.__struct_fields__.index("oom")
EXITED = Columns.__struct_fields__.index("exited")
NOW_MS = 100_000


def exits() -> Exits:
    return Exits(lambda: NOW_MS / 1000)


def test_an_end_without_an_event_is_of_when_it_was_noticed_however_late_it_is_reported() -> None:
    noticed, now = exits().rows([Gone(1, 10, "", None, missed_ms=NOW_MS - 10_000), Gone(2, 10, "", None)])

    assert (noticed[EXITED], now[EXITED]) == (NOW_MS - 10_000, NOW_MS)


def test_a_kill_is_of_one_process_and_not_of_the_next_with_its_pid() -> None:
    known = exits()
    known.note([1])

    assert [row[KILLED] for row in known.rows([Gone(1, 10, "", None)])] == [True]
    assert [row[KILLED] for row in known.rows([Gone(1, 20, "", None)])] == [False]
