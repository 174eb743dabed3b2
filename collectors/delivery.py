"""Whether datagrams to an end of this host are for a socket here, or for somebody that they are translated to (NAT).

A packet is seen before its target is translated, and after its source is. So a port that is mapped into a container
looks like one of the host's, and so does a container whose address is masqueraded.
"""

import socket

from collectors import conntrack, netlink
from collectors.conntrack import Tuple
from collectors.diag import Identity
from collectors.entering import STAY, Enter

MOST_LOOKUPS = 1_000  # in a window, 15 us each


class Delivery:
    """Asks the kernel's table of translations. Where it may not be read, nothing counts as translated."""

    def __init__(self, enter: Enter = STAY) -> None:
        self._enter = enter
        self._socket: socket.socket | None = None
        self._left = 0
        self._asks = False

    def turn(self) -> None:
        """Go on to the next window."""
        self._left = MOST_LOOKUPS
        self._asks = conntrack.is_used()

    def is_here(self, identity: Identity) -> bool:
        """Return whether what an end is sent is for a socket here; of too many ends, that is not said."""
        if not self._asks:
            return True
        self._left -= 1
        if self._left < 0:
            return False
        local, port, remote, remote_port, _ = identity
        come = Tuple(socket.IPPROTO_UDP, remote, remote_port, local, port)
        try:
            if self._socket is None:
                self._socket = self._enter(lambda: netlink.open_socket(conntrack.NETFILTER))
            found = conntrack.find(self._socket, come)
        except OSError:
            self.close()
            self._asks = False
            return True
        if found is None:
            return True
        taken = found.answered if found.asked == come else found.asked
        return (taken.source, taken.source_port) == (local, port)

    def close(self) -> None:
        """Give the socket back."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
