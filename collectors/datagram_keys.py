"""Flows of datagrams as packets have them: both addresses, then both ports; of an end's key its own come first."""

from collections.abc import Container, Iterable, Iterator
from hashlib import blake2b

_PORT = 2  # bytes
_NUMBERS = 1 << 62  # beyond all cookies


def ends(flows: Iterable[bytes], own: Container[bytes]) -> Iterator[tuple[bool, bytes]]:
    """Yield our ends of the flows of some datagrams, and whether the datagram was sent from it."""
    for flow in flows:
        half = (len(flow) - 2 * _PORT) // 2
        source, target = flow[:half], flow[half : 2 * half]
        if source in own:
            yield True, flow
        if target in own:
            yield False, turned(flow)


def turned(flow: bytes) -> bytes:
    """Return a flow as its other end has it."""
    half = (len(flow) - 2 * _PORT) // 2
    return flow[half : 2 * half] + flow[:half] + flow[-_PORT:] + flow[-2 * _PORT : -_PORT]


def end_port(key: bytes) -> bytes:
    """Return our address and port."""
    half = (len(key) - 2 * _PORT) // 2
    return key[:half] + key[-2 * _PORT : -_PORT]


def number_of(netns: int, key: bytes, sockets: tuple[int, ...]) -> int:
    """Return what stands for a cookie, the same whenever an agent sees the flow of these sockets."""
    digest = blake2b(repr((netns, key, sockets)).encode(), digest_size=8).digest()
    return _NUMBERS | int.from_bytes(digest, "big") >> 2


def asked_by(key: bytes) -> bytes:
    """Return what the keys of a server's end have in common if one address asks from several ports."""
    return key[:-_PORT]


def from_any_port(key: bytes) -> bytes:
    """Return the key of a client whose ports come and go."""
    return key[: -2 * _PORT] + bytes(_PORT) + key[-_PORT:]
