"""Configuration: defaults < file (TOML or JSON) < environment < command line. An unknown key is an error that names it.

file           --config FILE, else $SERVICEMAP_CONFIG, else ./servicemap.toml, else /etc/servicemap.toml
environment    SERVICEMAP_ and the path of the key: SERVICEMAP_DATA, SERVICEMAP_LOG__URL, SERVICEMAP_STORE__HTTP_PORT
"""

import os
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta, Struct, field, structs

from collectors.settings import Settings
from log.settings import LogSettings
from schemas.text import shown
from schemas.tls_settings import TlsSettings
from servicemap.config_faults import Fault, Judge
from streams.naming import NamingRule

PREFIX = "SERVICEMAP_"
COMMAND_LINE = "command line"
FILES = (Path("servicemap.toml"), Path("/etc/servicemap.toml"))
HTTP_PORT, HTTPS_PORT = 8123, 8443  # of a ClickHouse server, unless it was changed

ClusterName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]*$")]
Port = Annotated[int, Meta(ge=0, le=65_535)]


class ConfigError(Exception):
    """What is wrong with the configuration, a sentence each; as a text, the first of them."""

    def __init__(self, problems: Sequence[str], *, typed: bool = False) -> None:
        more = f" (and {len(problems) - 1} more: `servicemap config check` lists them)" if len(problems) > 1 else ""
        super().__init__(f"{problems[0]}{more}")
        self.problems = list(problems)
        self.typed = typed  # all of it on the command line


class ClusterConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The cluster of ClickHouse servers that tables are kept on; each has `{shard}` and `{replica}` as macros."""

    name: ClusterName = ""
    """Its name in the servers' `remote_servers`; statements that make tables run on all of them. Empty: one server."""
    replicated: bool = True
    """Whether its servers keep copies of each other's rows (replicas): tables have Replicated engines."""
    sharded: bool = False
    """Whether rows are divided among its shards: a Distributed table is put before the tables of the servers."""


class StoreConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ClickHouse that rows go to."""

    url: str = ""
    """clickhouse://user@host:9000/database; empty: the embedded one."""
    password: str = ""
    """Password of the user in `url`."""
    password_file: str = ""
    """A file with that password, in place of `password`."""
    host: str = "127.0.0.1"
    """Address the embedded one listens on; any but a loopback address needs a password for readers."""
    native_port: Port | None = None
    """Port of its native protocol, 0 for any; none: 9000, or the next that is free."""
    http_port: Port | None = None
    """Port of its HTTP interface, 0 for any; none: 8123, or the next that is free. With `url`: that server's, with TLS
    8443."""
    reader_password: str = ""
    """Password that clients need to read from it, as user `default`; required unless `host` is a loopback address."""
    reader_password_file: str = ""
    """A file with that password, in place of `reader_password`."""
    certificate: str = ""
    """File (PEM) with the embedded one's certificate and its chain: other machines must then use TLS."""
    key: str = ""
    """File (PEM) with the private key of `certificate`; empty: it is in the same file."""

    tls: TlsSettings = field(default_factory=TlsSettings)
    cluster: ClusterConfig = field(default_factory=ClusterConfig)


class ViewConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The live view in the browser."""

    host: str = "127.0.0.1"
    """Address it listens on; any but a loopback address needs a token."""
    port: Port | None = None
    """Its port, 0 for any; none: 8080, or the next that is free."""
    token: str = ""
    """Token that browsers and programs must send; empty: none is needed, which is allowed only on loopback."""
    write_token: str = ""
    """Token for writing overlays; empty: the one in the file view.write-token of the data directory."""


class ApiConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The questions over HTTP, for programs: `servicemap api`."""

    host: str = "127.0.0.1"
    """Address it listens on; any but a loopback address needs a token."""
    port: Port | None = None
    """Its port, 0 for any; none: 8090, or the next that is free."""
    token: str = ""
    """Token that programs must send; empty: none is needed, which is allowed only on loopback."""
    writable: bool = False
    """Whether overlays may be written too, with the token in the file api.write-token of the data directory."""
    write_token: str = ""
    """Token for writing, in place of the one in that file."""


class McpConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tools for AI agents over HTTP: `servicemap mcp --http`."""

    host: str = "127.0.0.1"
    """Address it listens on; any but a loopback address needs a token."""
    port: Port | None = None
    """Its port, 0 for any; none: 8091, or the next that is free."""
    token: str = ""
    """Token that clients must send; empty: none is needed, which is allowed only on loopback."""


class MetricsConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Metrics that each part serves about itself, for Prometheus."""

    enabled: bool = True
    """Whether metrics are served."""
    host: str = "127.0.0.1"
    """Address they are served on. There is no password: let only Prometheus reach any but a loopback address."""
    port: Port | None = None
    """Port of `collect`; `work`, `sink`, `view`, `up`, `api`, `metrics` have the next ones. 0: any; none: 9765 on."""


class EdgeMetricsConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Edges as metrics, for the service graphs of Grafana, Tempo and others: `servicemap metrics`."""

    enabled: bool = False
    """Whether `up` serves them; the port is that of the part `metrics`."""
    level: str = "service"
    """Kind of the nodes, as for `servicemap map --level`."""
    most_edges: Annotated[int, Meta(ge=1, le=100_000)] = 1_000
    """Edges at the most, each with two counters and a histogram; how many more there are is a metric of its own."""
    otlp: Annotated[str, Meta(pattern="^(https?://[^/ ]+(/[^ ]*)?)?$")] = ""
    """Receiver of OTLP over HTTP that they are pushed to, such as http://collector:4318/v1/metrics; empty: none."""
    otlp_headers: dict[str, str] = field(default_factory=dict)
    """Headers for the receiver, such as Authorization."""


class DiskConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of the disk the log and the embedded store in the data directory may take; older rows make room."""

    percent: Annotated[int, Meta(ge=0, le=100)] = 20
    """Share of the disk that the data directory is on; 0: only time limits what is kept."""
    bytes: Annotated[int, Meta(ge=0)] = 0
    """The same as a number of bytes, in place of `percent`; 0: by `percent`."""


class ServicesConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How processes are called."""

    rules: tuple[NamingRule, ...] = ()
    """Names given by hand; the first that matches counts."""


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set."""

    data: str = ""
    """Directory for the log, the store and what runs; empty: $XDG_DATA_HOME/servicemap or ~/.local/share/servicemap."""
    log: LogSettings = field(default_factory=LogSettings)
    store: StoreConfig = field(default_factory=StoreConfig)
    view: ViewConfig = field(default_factory=ViewConfig)
    api: ApiConfig = field(default_factory=ApiConfig)
    mcp: McpConfig = field(default_factory=McpConfig)
    metrics: MetricsConfig = field(default_factory=MetricsConfig)
    edge_metrics: EdgeMetricsConfig = field(default_factory=EdgeMetricsConfig)
    disk: DiskConfig = field(default_factory=DiskConfig)
    collectors: Settings = field(default_factory=Settings)
    services: ServicesConfig = field(default_factory=ServicesConfig)

    @property
    def directory(self) -> Path:
        """Return the data directory."""
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
        return Path(self.data).expanduser() if self.data else base / "servicemap"

    @property
    def flag(self) -> str:
        """Return what names the data directory on a command line, where it has to be named."""
        return f" --data {shlex.quote(self.data)}" if self.data else ""

    @property
    def log_url(self) -> str:
        """Return the address of the log."""
        return self.log.url or str(self.directory / "log.sqlite")

    @property
    def log_settings(self) -> LogSettings:
        """Return the settings of the log with its address filled in."""
        return structs.replace(self.log, url=self.log_url)


class Given(NamedTuple):
    """A value that somebody gave: its key, and where it stands."""

    path: tuple[str, ...]
    value: Any
    origin: str


def load(
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> Config:
    """Read the configuration; `flags` are dotted keys, None means not given. Raises ConfigError."""
    config, faults = read(file, environment, flags)
    if faults:
        typed = all(fault.origin == COMMAND_LINE for fault in faults)
        raise ConfigError([fault.sentence for fault in faults], typed=typed)
    return config


def read(
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> tuple[Config, list[Fault]]:
    """Return the configuration without what is wrong in it, and all that is."""
    faults: list[Fault] = []
    try:
        given = list(given_values(file, environment, flags))
    except ConfigError as error:
        faults.append(Fault((), str(error), ""))
        given = list(given_values(None, environment, flags, without_file=True))
    tree: dict[str, Any] = {}
    for each in given:
        try:
            _put(tree, each.path, each.value)
        except ConfigError as error:
            faults.append(Fault((), str(error), ""))

    def origin(path: tuple[str | int, ...]) -> str:
        found = [each.origin for each in given if path and all(a == b for a, b in zip(each.path, path, strict=False))]
        return shown(found[-1]) if found else ""

    judge = Judge(origin)
    config = msgspec.convert(judge.judge(Config, tree), Config, strict=False)
    return config, [*faults, *judge.faults, *_no_text(config, origin)]


def _no_text(config: Config, origin: Callable[[tuple[str | int, ...]], str]) -> Iterator[Fault]:
    """Yield addresses that are no text; a path may be named with any bytes."""
    log = config.log.url if "://" in config.log.url else ""
    addresses = {
        "log.url": log, "store.url": config.store.url, "store.host": config.store.host, "view.host": config.view.host,
        "api.host": config.api.host, "mcp.host": config.mcp.host,
    }  # fmt: skip
    for key, text in addresses.items():
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            path = tuple(key.split("."))
            yield Fault(path, f"{shown(text)} is not text", origin(path))


def given_values(
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
    *,
    without_file: bool = False,
) -> Iterator[Given]:
    """Yield what is not default, the weakest first. Raises ConfigError."""
    environment = os.environ if environment is None else environment
    named = environment.get("SERVICEMAP_CONFIG")
    found = next((path for path in FILES if path.is_file()), None)
    chosen = file or (Path(named) if named else found)
    if chosen and not without_file:
        yield from (Given(path, value, str(chosen)) for path, value in _leaves((), _file(chosen)))
    for name, text in environment.items():
        if name.startswith(PREFIX) and name not in {"SERVICEMAP_CONFIG"} and not name.startswith("SERVICEMAP_TEST_"):
            yield Given(tuple(shown(name.removeprefix(PREFIX)).lower().split("__")), text, shown(name))
    for key, value in (flags or {}).items():
        if value is not None:
            yield Given(tuple(key.split(".")), value, COMMAND_LINE)


def _leaves(path: tuple[str, ...], value: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not isinstance(value, dict):
        yield path, value
        return
    for name, inner in value.items():
        yield from _leaves((*path, name), inner)


def _file(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes()
        decoded = msgspec.json.decode(text) if path.suffix == ".json" else msgspec.toml.decode(text)
    except OSError as error:
        raise ConfigError([f"cannot read {path}: {error.strerror}"]) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError([f"{path} is not valid: {error}"]) from None
    if not isinstance(decoded, dict):
        raise ConfigError([f"{path} is not a table of settings"])
    return decoded


def _put(tree: dict[str, Any], path: Sequence[str], value: Any) -> None:
    *folders, name = path
    for folder in folders:
        tree = tree.setdefault(folder, {})
        if not isinstance(tree, dict):
            raise ConfigError([f"{'.'.join(path)} is inside something that is not a table"])
    tree[name] = value
