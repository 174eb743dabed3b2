"""Networks that addresses are in. Ends on no known host are drawn as their network."""

_PRIVATE_16 = "^100[.](6[4-9]|[789][0-9]|1[01][0-9]|12[0-7])[.]"  # of carriers, RFC 6598
_PRIVATE_24 = "^(10|192[.]168|172[.](1[6-9]|2[0-9]|3[01]))[.]"
_LOOPBACK, _LINK_LOCAL = "^(127[.]|::1\\\\z)", "^(169[.]254[.]|fe80:)"
_LOCAL = "^(127[.]|::1\\\\z|169[.]254[.]|fe80:)"
_UNIQUE_LOCAL = "^f[cd][0-9a-f]{2}:"
_MULTICAST = "^(22[4-9]|23[0-9]|255)[.]|^ff"
INTERNET = "internet"


def network(address: str) -> str:
    """Return the name of the network that an address is in."""
    prefix = "concat(arrayStringConcat(arraySlice(splitByChar('.', {0}), 1, {1}), '.'), '{2}')".format
    return (
        "multiIf("
        f"match({address}, '{_LOOPBACK}'), 'loopback', "
        f"match({address}, '{_LINK_LOCAL}'), 'link-local', "
        f"match({address}, '{_PRIVATE_24}'), {prefix(address, 3, '.0/24')}, "
        f"match({address}, '{_PRIVATE_16}'), {prefix(address, 2, '.0.0/16')}, "
        f"match({address}, '{_UNIQUE_LOCAL}'), concat(substringIndex({address}, ':', 1), '::/16'), "
        f"match({address}, '{_MULTICAST}'), 'multicast', "
        f"'{INTERNET}')"
    )


def is_local(address: str) -> str:
    """Return whether an address is local, so that it differs from host to host."""
    return f"match({address}, '{_LOCAL}')"


def is_private(address: str) -> str:
    """Return whether an address is not routed on the internet."""
    every = "|".join((_LOCAL, _PRIVATE_24, _PRIVATE_16, _UNIQUE_LOCAL, "^::\\\\z"))
    return f"match({address}, '{every}')"
