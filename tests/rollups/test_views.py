"""The views are for people and their clients, which read plain types."""

from graph.views import VIEWS
from tests.rollups.conftest import Fresh


def test_no_view_shows_how_the_tables_below_it_merge(fresh: Fresh) -> None:
    views = "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'View'"

    columns = fresh().query(
        f"SELECT table, name, type FROM system.columns WHERE database = currentDatabase() AND table IN ({views})"
    )

    assert {table for table, _, _ in columns} == {name for name, made in VIEWS.items() if ":String}" not in made()}
    assert [column for column in columns if "AggregateFunction" in column[2]] == []
