"""The data source that every panel and rule asks: ClickHouse, over its native protocol."""

from collections.abc import Mapping
from pathlib import Path

from dashboards.grafana.panels import SOURCE, Json
from schemas.tls import Tls, Unusable, encrypted

NAME = "Servicemap"
DIAL_SECONDS, QUERY_SECONDS = "10", "60"  # whole seconds as text: that is what the plugin takes


def data_source(
    host: str,
    port: int,
    user: str,
    database: str,
    tls: Tls | None = None,
    settings: Mapping[str, str | int] | None = None,
) -> Json:
    """Return the data source without its secrets, as Grafana's API takes it; `settings` go with each query."""
    links: Json = {"secure": False}
    if tls is not None:
        certificates = {"tlsAuth": bool(tls.certificate), "tlsAuthWithCACert": bool(tls.ca)}
        links = {"secure": True, "tlsSkipVerify": False, **certificates}
    if settings:
        links["customSettings"] = [{"setting": name, "value": str(value)} for name, value in settings.items()]
    return {
        "name": NAME,
        **SOURCE,
        "access": "proxy",
        "jsonData": {
            "host": host,
            "port": port,
            "protocol": "native",
            **links,
            "username": user,
            "defaultDatabase": database,
            "dialTimeout": DIAL_SECONDS,
            "queryTimeout": QUERY_SECONDS,
            "validateSql": False,
        },
    }


def secrets(password: str, tls: Tls | None = None) -> dict[str, str]:
    """Return what Grafana keeps for itself: the password and, with TLS, the certificates and the key as texts."""
    found = {"password": password}
    if tls is None:
        return found
    if tls.ca:
        found["tlsCACert"] = Path(tls.ca).read_text()
    if tls.certificate:
        key = Path(tls.key).read_text()
        if encrypted(key):
            raise Unusable(f"Grafana takes no key with a password: give {tls.section}.key a key without a password")
        found |= {"tlsClientCert": Path(tls.certificate).read_text(), "tlsClientKey": key}
    return found
