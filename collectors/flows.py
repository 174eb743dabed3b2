"""A flow as packets have it, seen from their sender: its address and the other end's, its port and the other end's."""

from socket import AF_INET, AF_INET6, inet_ntop

End = tuple[bytes, int]  # address and port


def source(flow: bytes) -> End:
    """Return the end that sends."""
    return flow[: (len(flow) - 4) // 2], int.from_bytes(flow[-4:-2], "big")


def target(flow: bytes) -> End:
    """Return the end that receives."""
    return flow[(len(flow) - 4) // 2 : -4], int.from_bytes(flow[-2:], "big")


def reverse(flow: bytes) -> bytes:
    """Return a flow as the packets of the other end have it."""
    size = (len(flow) - 4) // 2
    return flow[size : 2 * size] + flow[:size] + flow[-2:] + flow[-4:-2]


def text(address: bytes) -> str:
    """Return an address as text."""
    return inet_ntop(AF_INET if len(address) == 4 else AF_INET6, address)
