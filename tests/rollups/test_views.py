"""The views are for people and their clients, which read plain types."""

from tests.rollups.conftest import Fresh


def test_no_view_shows_how_the_tables_below_it_merge(fresh: Fresh) -> None:
    views = "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'View'"

    columns = fresh().query(
        f"SELECT table, name, type FROM system.columns WHERE database = currentDatabase() AND table IN ({views})"
    )

    assert {table for table, _, _ in columns} == {"process_edges", "service_edges", "process_requests", "overlays"}
    assert [column for column in columns if "AggregateFunction" in column[2]] == []
