"""Find ends that no agent reported: the host that had their address at the time, and the process that listened there.

`places` has the addresses of hosts and their listeners by hour, with a bit for each minute (schemas/graph.py). An end
of which nothing is known is the one host that had its address in that minute or the two before it. If the connect
failed, or the transport is UDP, only the client's agent sees the flow. Then the end is the process that listens there,
or did last within the hour; if there are several, it is their service. A process that began after the window of the
flow is not the end, and for a connect that failed neither is one that began within it. Minutes are too coarse to tell,
so its start is compared.

A listener is looked up by scope and address, as its host is. So it is one of the network namespace that has the address
(streams/places.py). Addresses and namespaces of containers are soon another's. So a listener in a container counts in
those three minutes alone, as the address does.
"""

from graph.identity import cut, part, replaced, written
from graph.sql import inside, select

_STANDING = 0b111  # the minute and the two before it
_EVER = "bitNot(toUInt64(0))"
_NOW = 0b100  # a listener of this minute wins; an earlier one is the last that listened
_WITHIN = r"match(lost_scope, '/[0-9]+\\z')"  # the scope is a network namespace, that of loopback
_HOUR = "toUInt32(intDiv(toUnixTimestamp64Milli(place.hour), 3600000))"
_MINUTES = {"minutes": "groupArray(toUInt64(place.minutes))", "before": "groupArray(toUInt64(place.before))"}
# Bit 0 is the minute of the lookup, bit 1 the one before it, and so on.
_AGO = "bitOr(bitShiftRight(now, 59 - lost_minute_of_hour), bitShiftLeft(earlier, lost_minute_of_hour + 1))"
# A rank is the bit of the latest minute, and the place of the bound address among those that take the connect: the less
# of both, the nearer.
_LISTENER = "Tuple(rank Tuple(ago UInt64, closest UInt64), who String)"


def lost_end() -> dict[str, str]:
    """Return columns for rows of `edges AS flow`: the minute in which to look up an end (else 0), and the reason.

    `sought` is 2 if the connect failed, 1 for UDP, 0 if only the host is looked up. `lost_until`, in ms, is when the
    window starts for a connect that failed, when it ends for UDP, else 0: a process that starts then or later is not
    the end.
    """
    minute = "toUInt32(intDiv(toUnixTimestamp64Milli(flow.window), 60000))"
    return {
        "lost_minute": f"if(flow.a_who = '' OR flow.b_who = '', {minute}, 0)",
        "sought": "multiIf(lost_minute = 0 OR (flow.b_who = '') != bitTest(flow.verdict, 0), 0, "
        "flow.a_failed OR flow.b_failed, 2, flow.transport = 'udp', 1, 0)",
        "lost_until": "if(sought > 0, toUInt64(toUnixTimestamp64Milli(flow.window))"
        " + if(sought = 1, flow.width_ms, 0), 0)",
    }


def resolved(rows: str) -> str:
    """Return the rows with a_who and b_who as far as places know them."""
    return _named(_listened(_located(rows)))


def _located(rows: str) -> str:
    """Add `home`: the host that had the address of the lost end."""
    columns = {"of_hour": _HOUR, "scope": "place.scope", "address": "place.address", "hosts": "groupArray(place.host)"}
    homes = select(
        columns | _MINUTES, "places AS place", where="place.transport = ''", group=("of_hour", "scope", "address")
    )
    ends = select(
        [
            "*",
            "if(a_who = '', a_scope, b_scope) AS lost_scope",
            "toString(if(a_who = '', a_address, b_address)) AS lost_address",
            "modulo(lost_minute, 60) AS lost_minute_of_hour",
        ],
        inside(rows),
    )
    among = f"bitAnd({_AGO}, if(sought > 0, {_EVER}, {_STANDING})) > 0"
    found = f"arrayDistinct(arrayFilter((host, now, earlier) -> {among}, hosts, minutes, before))"
    scoped = f"if({_WITHIN}, substringIndex(lost_scope, '/', 1), '')"
    home = f"arrayMap(known -> multiIf(lost_minute = 0, '', length(known) = 1, known[1], {scoped}), [{found}])[1]"
    return select(
        ["ends.*", f"toString({home}) AS home"],
        f"{inside(ends)} AS ends",
        f"LEFT JOIN {inside(homes)} AS homes",
        "ON homes.of_hour = intDiv(ends.lost_minute, 60)",
        "AND homes.scope = ends.lost_scope AND homes.address = ends.lost_address",
    )


def _listened(rows: str) -> str:
    """Add `found`, the latest and most closely bound listener at the lost end, and its time."""
    who = cut("toString(place.who)")
    contained = f"{part(who, 'container')} != '' OR {part(who, 'pod')} != ''"
    columns = {
        "of_hour": _HOUR,
        "host": "place.host",
        "protocol": "place.transport",
        "port": "place.port",
        "scope": "place.scope",
        "bound": "groupArray(toString(place.address))",
        "whos": "groupArray(toString(place.who))",
        "began": f"groupArray(toUInt64OrZero({part(who, 'started')}))",
        "counting": f"groupArray(if({contained}, toUInt64({_STANDING}), {_EVER}))",
    }
    listeners = select(
        columns | _MINUTES,
        "places AS place",
        where="place.transport != ''",
        group=("of_hour", "host", "protocol", "port", "scope"),
    )
    # Rows on any address are in the scopes of namespaces. In scope '' are only those that earlier versions stored.
    closest = "[lost_address, if(position(lost_address, ':') > 0, '::', '0.0.0.0'), '::']"
    ago = f"if(start < lost_until, bitAnd({_AGO}, counts), 0)"
    rank = f"arrayMap(ago -> (bitAnd(ago, bitNot(ago) + 1), indexOf({closest}, address)), [{ago}])[1]"
    one = f"CAST(({rank}, who), '{_LISTENER}')"
    each = "(who, address, start, now, earlier, counts)"
    ranked = f"arrayMap({each} -> {one}, whos, bound, began, minutes, before, counting)"
    there = "one.rank.ago > 0 AND one.rank.closest > 0"
    joined = select(
        ["ends.*", f"arrayFilter(one -> {there}, {ranked}) AS listened"],
        f"{inside(rows)} AS ends",
        f"LEFT JOIN {inside(listeners)} AS listening",
        "ON listening.of_hour = intDiv(ends.lost_minute, 60) AND listening.host = ends.home",
        "AND listening.protocol = ends.transport AND listening.port = if(ends.sought > 0, ends.server_port, 0)",
        "AND listening.scope = ends.lost_scope",
    )
    return select(
        [
            "* EXCEPT listened",
            "arrayMin(listened.rank) AS nearest",
            "arrayDistinct(arrayFilter(one -> one.rank = nearest, listened).who) AS found",
        ],
        inside(joined),
    )


def _named(rows: str) -> str:
    """Write the identity of the lost end into a_who or b_who."""
    services, namespaces = (
        f"arrayDistinct(arrayMap(who -> {part(cut('who'), name)}, found))" for name in ("service", "namespace")
    )
    named = select(
        [
            "*",
            f"{services} AS services",
            f"{namespaces} AS namespaces",
            f"if(sought = 2 OR nearest.ago > {_NOW}, 'last listener', 'listener') AS evidence",
        ],
        inside(rows),
    )
    host = written(host="home", provenance="'address'", tied="'0'")
    alone = replaced("found[1]", "provenance", "evidence")
    namespace = "if(length(namespaces) = 1, namespaces[1], '')"
    several = written(host="home", service="services[1]", provenance="evidence", tied="'1'", namespace=namespace)
    who = (
        "multiIf(home = '', '', "
        f"length(services) != 1 OR services[1] = '', {host}, length(found) = 1, {alone}, {several})"
    )
    lost = select(["*", f"{who} AS lost_who"], inside(named))
    looked_up = (
        "lost_who, services, namespaces, evidence, found, nearest, home, lost_scope, lost_address, lost_minute_of_hour"
    )
    return select(
        [
            f"* EXCEPT (a_who, b_who, {looked_up})",
            *(f"if({end}_who = '', lost_who, toString({end}_who)) AS {end}_who" for end in "ab"),
        ],
        inside(lost),
    )
