"""Replaying with another naming rule rewrites the range, and only the range."""

from contextlib import suppress
from pathlib import Path

import pytest

from servicemap.options import Failure
from servicemap.replaying import Progress
from tests.replay.conftest import RENAMED, Past, Run, changed, parsed, rows

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("start", "end"), [(270, 330), (350, 372)])
def test_a_new_rule_renames_the_range_and_nothing_else(copied: Past, start: int, end: int) -> None:
    before, services = rows(copied.store), named(copied, start, end)
    renamed = changed(copied.config, {"services.rules": RENAMED})
    outcome = copied.replay(start, end, config=renamed, promote=True)
    assert outcome.promoted
    assert outcome.tables["edges"].changed > 0
    assert outcome.tables["edges"].only_new == outcome.tables["edges"].only_old == 0
    assert not outcome.tables["process_usage"].differs

    for span in ((0, copied.at(start)), (copied.at(end), copied.at(10_000))):
        assert rows(copied.store, span) == rows_of(before, span)
    assert [renamed_row(row) for row in services] == named(copied, start, end)
    assert not copied.replay(start, end, config=renamed).differs


def named(past: Past, start: int, end: int) -> list[tuple[str, ...]]:
    """Return the services at the edges of a range."""
    low, high = past.at(start), past.at(end) - 1
    return past.store.query(
        "SELECT toString(window), toString(a_port), toString(b_port), a_service, b_service FROM edges FINAL"
        f" WHERE toUnixTimestamp64Milli(window) BETWEEN {low} AND {high}"
        " ORDER BY window, a_port, b_port, nth, a_address"
    )


def renamed_row(row: tuple[str, ...]) -> tuple[str, ...]:
    """Return the services as the rules name them."""
    return (*row[:3], *({"api": "shop", "redis-server": "zoo"}.get(name, name) for name in row[3:]))


def rows_of(
    all_rows: dict[str, list[tuple[object, ...]]], span: tuple[int, int]
) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of a span of time, by the time column."""
    at = {"nodes": 2}
    return {
        table: [row for row in found if span[0] <= row[at.get(table, 0)].timestamp() * 1000 < span[1]]  # type: ignore[attr-defined]
        for table, found in all_rows.items()
    }


def test_without_promote_nothing_is_touched_and_nothing_is_left(copied: Past) -> None:
    before = rows(copied.store)
    outcome = copied.replay(270, 330, config=changed(copied.config, {"services.rules": RENAMED}))
    assert outcome.differs
    assert not outcome.promoted
    example = outcome.tables["edges"].examples[0]
    assert set(example.columns.values()) <= {("api", "shop"), ("redis-server", "zoo")}
    assert rows(copied.store) == before
    assert copied.store.query("SHOW TABLES LIKE '%replay%'") == []


@pytest.mark.parametrize("at", ["comparing", "building edges"])
def test_stopping_a_replay_at_any_time_leaves_the_map_unchanged(copied: Past, at: str) -> None:
    before = rows(copied.store)

    def interrupt(progress: Progress) -> None:
        if progress.step == at:
            raise KeyboardInterrupt

    renamed = changed(copied.config, {"services.rules": RENAMED})
    with suppress(KeyboardInterrupt):
        copied.replay(270, 330, config=renamed, promote=True, report=interrupt)
    assert rows(copied.store) == before
    assert copied.store.query("SHOW TABLES LIKE '%replay%'") == []


def test_a_second_replay_reports_that_one_is_running(past: Past) -> None:
    refused: list[str] = []

    def again(progress: Progress) -> None:
        if progress.step == "reading" and not refused:
            with pytest.raises(Failure) as failure:
                past.replay(270, 271)
            refused.append(str(failure.value))

    past.replay(270, 271, report=again)
    assert "is already running a replay" in refused[0]


def test_a_row_that_only_the_store_has_is_named_and_removed(copied: Past) -> None:
    at = copied.at(270)
    copied.store.query(f"INSERT INTO events (time, kind, subject) VALUES (fromUnixTimestamp64Milli({at}), 'x', 'y')")
    outcome = copied.replay(270, 272, promote=True)
    assert outcome.tables["events"].only_old == 1
    assert copied.store.query("SELECT count() FROM events WHERE kind = 'x'") == [(0,)]


def test_a_lost_store_is_folded_anew(copied: Past) -> None:
    before = rows(copied.store)
    for table in before:
        copied.store.query(f"TRUNCATE TABLE {table}")
    copied.replay(0, 720, promote=True)
    assert rows(copied.store) == before


def test_the_command_compares_and_promotes_and_then_finds_no_changes(copied: Past, run: Run, tmp_path: Path) -> None:
    rules = tmp_path / "servicemap.toml"
    rules.write_text('[[services.rules]]\nservice = "shop"\nprogram = "api"\n')
    shown = run(copied, 270, 272, file=rules)
    assert shown.returncode == 0, shown.stderr
    assert "api → shop" in shown.stdout
    assert "swap it in with --promote" in shown.stdout
    assert "records" in shown.stderr
    found = parsed(run(copied, 270, 272, "--promote", "--json", file=rules))
    assert found["promoted"]
    assert found["tables"]["edges"]["changed"] > 0
    assert "nothing would change" in run(copied, 270, 272, "--promote", file=rules).stdout
    assert "not before" in run(copied, 272, 270).stderr
