"""`owner`: who had an address, a port or a pid at a time."""

import re
from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address
from typing import Annotated, Any, NamedTuple

from msgspec import Meta, Struct

from answers.asked import WRITTEN, Moment, Text
from answers.faults import BadRequest, NotThere
from answers.question import Answered, Question
from answers.times import end_of_records
from graph.asking import Store
from graph.hosts import HostnameRow
from graph.model import iso_ms
from graph.owners import OwnerRow, held, hosts_called, owner_statement, owners
from graph.process_lifetimes import ProcessLifeRow, of_pid, pid_statement
from graph.reading import names
from schemas.matching import unknown
from schemas.text import shown
from schemas.times import iso

_FORMS = "give ADDRESS, ADDRESS:PORT, [ADDRESS]:PORT or pid:NUMBER"
_LAST_PID, _LAST_PORT = 2**22, 65_535  # of Linux


class OwnerAsked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An address, a port or a pid, at a time."""

    what: Annotated[
        Text, Meta(min_length=1, description="An address, ADDRESS:PORT, [ADDRESS]:PORT or pid:NUMBER.")
    ]  # fmt: skip
    at: Annotated[Moment | None, Meta(description=f"At this time, by default the latest: {WRITTEN}.")] = None
    host: Annotated[Text, Meta(description="Only on this host: its name or id.")] = ""


class Owner(Struct, kw_only=True, omit_defaults=True):
    """A process, container or host. Fields that are unknown, or have no meaning, are left out. Times in ISO 8601.

    `tied` says that several processes may be the one that listens, and `exited` that it was seen to exit at `until`.
    """

    host: str
    hostname: str = ""
    address: str = ""
    scope: str = ""
    transport: str = ""
    port: int = 0
    node: str = ""
    pid: int = 0
    parent: int = 0
    service: str = ""
    name: str = ""
    user: str = ""
    exe: str = ""
    cmdline: str = ""
    container: str = ""
    container_name: str = ""
    namespace: str = ""
    pod: str = ""
    image: str = ""
    unit: str = ""
    tied: bool = False
    exited: bool = False
    since: str
    until: str

    @property
    def called(self) -> str:
        """Return what people call it."""
        host = f"host {shown(self.hostname or self.host)}"
        what = self.service or self.container_name or self.pod or self.container[:12]
        return f"{shown(what)} on {host}" if what else host


class OwnerAnswer(Answered, kw_only=True):
    """The owners; several where networks have equal addresses, or where something changed hands within the minute."""

    owners: list[Owner]


class Wanted(NamedTuple):
    """What is asked for: an address and a port, 0 for the address alone; or a pid."""

    address: str = ""
    port: int = 0
    pid: int = 0

    def __str__(self) -> str:
        if self.pid:
            return f"pid {self.pid}"
        if not self.port:
            return self.address
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


def wanted(text: str) -> Wanted:
    """Read what is asked for; BadRequest says what it is not."""
    try:
        return _read(text.strip())
    except ValueError as error:
        raise BadRequest(f"what: {shown(text)} {error}: {_FORMS}") from None


def _read(text: str) -> Wanted:
    if found := re.fullmatch(r"pid:([0-9]{1,9})", text):
        pid = int(found[1])
        if not 0 < pid <= _LAST_PID:
            raise ValueError(f"is no pid, which is a number up to {_LAST_PID}")
        return Wanted(pid=pid)
    found = re.fullmatch(r"\[(.*)\](?::([0-9]{1,9}))?", text) or re.fullmatch(r"([^:]*):([0-9]{1,9})", text)
    address, port = (found[1], int(found[2] or 0)) if found else (text, 0)
    if port > _LAST_PORT:
        raise ValueError(f"has no port, which is a number up to {_LAST_PORT}")
    try:
        parsed = ip_address(address)
    except ValueError:
        raise ValueError("is neither an address nor a pid") from None
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return Wanted(str(mapped or parsed), port)


def _answer(store: Store, asked: OwnerAsked, now: int) -> OwnerAnswer:
    what = wanted(asked.what)
    at = min(end_of_records(store), now) - 1 if asked.at is None else asked.at
    values = {**what._asdict(), "at": at, "hosts": _hosts(store, asked.host)}
    found = _found(store, what, values, then=True)
    if not found:
        near = [f"; {one.called} had it from {one.since} to {one.until}" for one in _found(store, what, values)]
        raise NotThere(f"nobody is known to have had {what} at {iso(at)}{''.join(near) or ', nor at any other time'}")
    alone = what.port and not any(one.port for one in found)
    note = f"{what} at {iso(at)}" + (": nobody is known to have listened there; this had the address" if alone else "")
    sql = pid_statement(what.pid, at) if what.pid else owner_statement(what.address, what.port, at)
    return OwnerAnswer(start=iso_ms(at), end=iso_ms(at), level="process", notes=[note], sql=sql, owners=found)


def _hosts(store: Store, host: str) -> Sequence[str]:
    """Return the ids of the hosts of a name, [""] for any host; NotThere without any."""
    if not host:
        return [""]
    found = [row.host for row in store.rows(HostnameRow, hosts_called(), {"host": host})]
    if not found:
        raise NotThere(unknown("host", host, names(store)["host"]))
    return found


def _found(store: Store, what: Wanted, values: dict[str, object], *, then: bool = False) -> list[Owner]:
    """Return who had it then, or the one that had it at the time that is nearest."""
    rows: Sequence[OwnerRow | ProcessLifeRow]
    if what.pid:
        rows = store.rows(ProcessLifeRow, of_pid(then=then), values)
    else:
        rows = store.rows(OwnerRow, owners() if then else held(), values)
    return [_owner(row) for row in rows]


def _owner(row: OwnerRow | ProcessLifeRow) -> Owner:
    fields: dict[str, Any] = row._asdict()
    fields |= {name: bool(fields[name]) for name in ("tied", "exited") if name in fields}
    fields |= {name: iso_ms(fields[name]) for name in ("since", "until")}
    return Owner(**fields)


OWNER = Question(
    "owner",
    "Who had an address, a port or a pid, now or months ago: the process, container or host, and from when to when.",
    OwnerAsked,
    OwnerAnswer,
    _answer,
    rows="owners",
)
