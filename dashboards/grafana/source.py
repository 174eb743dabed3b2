"""The data source that every panel and rule asks: ClickHouse, over its native protocol."""

from dashboards.grafana.panels import SOURCE, Json

NAME = "Servicemap"
DIAL_SECONDS, QUERY_SECONDS = "10", "60"  # whole seconds as text: that is what the plugin takes


def data_source(host: str, port: int, user: str, database: str) -> Json:
    """Return the data source without its password, as Grafana's API takes it."""
    return {
        "name": NAME,
        **SOURCE,
        "access": "proxy",
        "jsonData": {
            "host": host,
            "port": port,
            "protocol": "native",
            "secure": False,
            "username": user,
            "defaultDatabase": database,
            "dialTimeout": DIAL_SECONDS,
            "queryTimeout": QUERY_SECONDS,
            "validateSql": False,
        },
    }
