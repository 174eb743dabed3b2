"""The store: tables, migrations, writing to ClickHouse, and the embedded ClickHouse."""
