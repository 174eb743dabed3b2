"""The store: its tables, writing to ClickHouse, roll-ups, and the embedded ClickHouse."""
