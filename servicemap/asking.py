"""`sql`: a statement over the store's HTTP interface, so that the server formats the result and it streams through."""

import base64
import http.client
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import reduce
from urllib.parse import urlencode

from servicemap.config import HTTP_PORT, HTTPS_PORT, Config
from servicemap.options import Failure
from servicemap.parts import store_address, store_facts
from servicemap.printing import Out, Printable
from sinks.address import Address
from sinks.faults import LOGIN_REFUSED, lacks_database, link_fault, login_refused

MAX_URL = 60_000  # bytes; servers refuse request lines that are much longer
CONNECT_SECONDS = 10
PIECE = 1 << 16
FOR_PEOPLE = ("pretty", "vertical", "markdown")  # beginnings of names of formats
_SAME = (("tabseparated", "tsv"), ("jsonlines", "jsoneachrow"), ("ndjson", "jsoneachrow"))
KEPT = 1 << 15  # bytes at the end of a result that may be an error: ClickHouse writes 16 KiB of it


def ask(
    config: Config,
    statement: str,
    form: str | None,
    parameters: Mapping[str, str],
    out: Out,
    *,
    terminal: bool,
    most_seconds: int = 0,
) -> None:
    """Run a statement and write its result as it comes; Failure with ClickHouse's message when it refuses.

    A GET request: ClickHouse lets it change nothing, whatever its user may do.
    """
    address, port = store_address(config, write=False), _http_port(config)
    target = "/?" + urlencode(
        {
            "query": statement,
            "database": address.database,
            "default_format": form or ("PrettyCompact" if terminal else "TSV"),
            **{f"param_{name}": value for name, value in parameters.items()},
            **({"max_execution_time": most_seconds} if most_seconds else {}),
            **address.cluster.settings,
        }
    )
    if len(target) > MAX_URL:
        raise Failure(f"the statement is longer than {MAX_URL:,} bytes: give it to clickhouse-client")
    with closing(_connection(address, port)) as connection:
        try:
            connection.connect()
            connection.sock.settimeout(None)  # a statement may take its time
            connection.request("GET", target, headers=_credentials(address))
            response = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise Failure(
                link_fault(address, port)
                or f"no ClickHouse answers HTTP at {address.host}:{port} ({error}): check --store, and --http-port if"
                f" it is not {port}"
            ) from None
        if response.status != 200:
            answer = response.read().decode(errors="replace").strip()
            code = int(response.headers.get("X-ClickHouse-Exception-Code", 0))
            if code in LOGIN_REFUSED and not address.token:
                raise Failure(login_refused(address))
            raise Failure(lacks_database(address, code, answer) or answer)
        used = response.headers.get("X-ClickHouse-Format", "")
        if form and used and _plain(form) != _plain(used):
            raise Failure(
                f"the formats differ: FORMAT {used} in the statement, {form} on the command line; give only one"
            )
        shown = Printable(out) if terminal or _plain(used).startswith(FOR_PEOPLE) else out
        for piece in _pieces(response):
            shown.write(piece)
        shown.flush()


def _connection(address: Address, port: int) -> http.client.HTTPConnection:
    if address.tls is None:
        return http.client.HTTPConnection(address.host, port, timeout=CONNECT_SECONDS)
    return http.client.HTTPSConnection(address.host, port, timeout=CONNECT_SECONDS, context=address.tls.context)


def _plain(form: str) -> str:
    """Return the name of a format as it is compared."""
    return reduce(lambda name, same: name.replace(*same), _SAME, form.casefold())


def _pieces(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """Yield a result. An error that breaks it off stands at its end: ClickHouse has no other place for it."""
    last = b""
    try:
        while piece := response.read1(PIECE):
            last += piece
            yield last[:-KEPT]
            last = last[-KEPT:]
    except (http.client.HTTPException, OSError) as error:
        rows, reason = broken_off(last, response.headers.get("X-ClickHouse-Exception-Tag", ""))
        yield rows
        raise Failure(f"the result was interrupted: {reason or error}") from None
    yield last


def broken_off(end: bytes, tag: str) -> tuple[bytes, str]:
    """Split the end of a result into its rows and the error behind them, empty when there is none.

    Since 25.11 it stands between marks with the tag of the head, before that it just follows the rows.
    """
    if tag:
        mark = f"__exception__\r\n{tag}\r\n".encode()
        rows, found, rest = end.rpartition(b"\r\n" + mark)
        reason = rest.rpartition(f" {tag}\r\n".encode())[0].rpartition(b"\n")[0]
    else:
        rows, found, rest = end.rpartition(b"\nCode: ")
        rows, reason = rows + b"\n" if rows else rows, b"Code: " + rest
    return (rows, reason.decode(errors="replace").strip()) if found else (end, "")


def _credentials(address: Address) -> dict[str, str]:
    pair = f"{address.user}:{address.secret()}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def _http_port(config: Config) -> int:
    """Return the port: the one that the running embedded store states, else the configured one."""
    facts = None if config.store.url else store_facts(config)
    usual = HTTPS_PORT if config.store.tls.enabled else HTTP_PORT
    return facts.http_port if facts else config.store.http_port or usual
