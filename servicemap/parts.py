"""The parts put together: which stages and which store a configuration means. The log is for connect.py."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from schemas.loopback import stays_here
from schemas.tls_settings import TlsSettings
from servicemap import trouble
from servicemap.config import Config, StoreConfig
from servicemap.options import Failure
from servicemap.running import elsewhere
from sinks.address import Address
from sinks.cluster import Cluster
from sinks.embedded.folder import FACTS, TOKEN, holder
from sinks.store import StoreError
from streams.stage import AttributeStage, PairStage, Stage

if TYPE_CHECKING:
    from schemas.tls import Tls

WRITER = "servicemap"
STORE_GROUP = "servicemap-store"  # the sink's group
VIEW = "view.json"  # in the data directory: where the live view of a running `up` is
TABLES = "tables.ready"  # in the data directory: the sink of a running `up` has made the tables


class StoreFacts(msgspec.Struct, frozen=True):
    """Where the embedded store listens."""

    host: str
    native_port: int
    http_port: int


def group_of(stage: Stage) -> str:
    """Return the consumer group of a stage."""
    return f"servicemap-{stage.name}"


def stages(config: Config, partitions: int) -> list[Stage]:
    """Return the folds in the order of the data."""
    return [AttributeStage(config.services.rules, partitions), PairStage()]


def store_directory(config: Config) -> Path:
    """Return the folder of the embedded store."""
    return config.directory / "store"


def store_address(config: Config, *, write: bool) -> Address:
    """Return where the store is, as the writer or as a reader; Failure when none is known."""
    if config.store.url:
        try:
            return named_store(config.store)
        except ValueError as error:
            raise Failure(str(error)) from None
    for each in trouble.read(config.directory):
        if each.damaged:
            raise Failure(each.sentence(config.flag))
    if not may_look_into(config.directory):
        raise Failure(f"you may not read {config.directory}: run this as the user who owns it")
    facts = store_facts(config)
    if facts is None or not holder(store_directory(config)):  # one that was killed leaves its address
        raise Failure(f"no store is running in {config.directory}: {_instead(config)}")
    user = WRITER if write else "default"
    return Address(facts.host, facts.native_port, user, "", "servicemap", store_directory(config) / TOKEN)


def named_store(settings: StoreConfig) -> Address:
    """Return the store of `store.url`, with the password and TLS that are set; ValueError with a sentence."""
    tls = None
    if settings.tls != TlsSettings():
        from schemas.tls import Tls  # most links have none

        tls = Tls("store.tls", settings.tls)
    cluster = Cluster(settings.cluster.name, settings.cluster.replicated, settings.cluster.sharded)
    address = Address.parse(settings.url, tls if tls and tls.enabled else None)._replace(cluster=cluster)
    if not (settings.password or settings.password_file):
        return address
    from schemas.tls import Unusable, secret

    if address.password:
        raise Unusable("store.url holds a password, and another one is set: leave it out of store.url")
    return address._replace(password=secret("store.password", settings.password, settings.password_file))


def may_look_into(folder: Path) -> bool:
    """Return whether a directory, if it is there, is one that this user may read."""
    try:
        return not folder.is_dir() or os.access(folder, os.R_OK | os.X_OK)
    except OSError:
        return False


def _instead(config: Config) -> str:
    return elsewhere(config) or "start `servicemap up`, or name one with --store"


def shared_address(config: Config) -> Address:
    """Return where the store is, with what others may be given to read from it."""
    address = store_address(config, write=False)
    if config.store.url:
        return address
    return address._replace(token=None, password=reader_password(config), tls=_served(config.store))


def _served(settings: StoreConfig) -> "Tls | None":
    """Return the TLS that other machines need for the embedded store."""
    if not settings.certificate or stays_here(settings.host):
        return None
    from schemas.tls import Tls

    return Tls("store.tls", TlsSettings(enabled=True, ca=settings.tls.ca))


def check_certificate(config: Config) -> None:
    """Raise Failure if the embedded store has a certificate that it cannot use."""
    if not config.store.certificate:
        return
    from schemas.tls import Unusable, server_context

    try:
        server_context("store", config.store.certificate, config.store.key)
    except Unusable as error:
        raise Failure(str(error)) from None


def reader_password(config: Config) -> str:
    """Return what others must know to read from the embedded store, if anything; Failure where they must and do not."""
    password, file = config.store.reader_password, config.store.reader_password_file
    if file and not password:
        try:
            password = Path(file).expanduser().read_text().strip()
        except (OSError, ValueError) as error:
            raise Failure(f"cannot read store.reader_password_file {file}: {error}") from None
        if not password:
            raise Failure(f"store.reader_password_file {file} is empty: put a password into it")
    if not password and not config.store.url and not stays_here(config.store.host):
        raise Failure(
            f"others can reach the store on {config.store.host}: set a password in store.reader_password_file"
            " or SERVICEMAP_STORE__READER_PASSWORD"
        )
    return password


def locate(config: Config) -> Address:
    """Return where the store is now, as the writer; StoreError while it is nowhere."""
    try:
        return store_address(config, write=True)
    except Failure as error:
        raise StoreError(error.format_message()) from None


def store_facts(config: Config) -> StoreFacts | None:
    """Return where the embedded store listens, as it states; None when it does not run."""
    try:
        return msgspec.json.decode((store_directory(config) / FACTS).read_bytes(), type=StoreFacts)
    except (OSError, msgspec.DecodeError):
        return None
