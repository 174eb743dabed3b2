"""What goes wrong, when, for how long and where. Faults are given, or drawn by a seed."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Kind = Literal[
    "kill",  # processes end, and their peers see connections closed or refused; with `for_s` they are started again
    "oom",  # as `kill`, by the kernel, for want of memory
    "hang",  # connections stay open, and nothing is answered
    "slow",  # own work takes `size` times as long
    "errors",  # `size` of the answers are errors
    "surge",  # `size` times the load that comes from outside, or that is begun there
    "loss",  # `size` of the segments to and from there are lost and sent again
    "delay",  # each round trip to and from there takes `size` ms longer
    "pressure",  # the CPUs of the host are taken by something else: work takes `size` times as long
    "throttle",  # the CPU quota of the instances is too small: work takes `size` times as long
    "partition",  # nothing passes between there and the rest
    "redeploy",  # every instance gets a new process, and a new address where it has one of its own
    "reuse",  # an instance ends, and its address, port and pid are taken by one of another service
    "clock",  # the clock of the host steps by `size` ms
    "agent",  # the agent ends, with `for_s` it comes back as a new run
    "late",  # batches are `size` s late
    "doubled",  # batches are delivered twice, the second time out of order
]

ONCE: tuple[Kind, ...] = ("redeploy", "reuse")
"""Faults that do not last."""
_USUAL: dict[Kind, float] = {
    "slow": 10.0,
    "errors": 0.5,
    "surge": 3.0,
    "loss": 0.1,
    "delay": 100.0,
    "pressure": 4.0,
    "throttle": 4.0,
    "clock": 2_000.0,
    "late": 30.0,
}
"""The size of a fault that has none."""


class Fault(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault. `where` is a service, instance, host, zone, region, or a client and a server: `web > cart`."""

    kind: Kind
    where: Annotated[str, Meta(min_length=1)]
    at_s: Annotated[float, Meta(ge=0)]  # after the start
    for_s: Annotated[float, Meta(ge=0)] = 0.0  # 0: for good
    size: float = 0.0  # see the kinds; 0: what is usual for the kind
    instances: Annotated[int, Meta(ge=0)] = 0  # of a service; 0: all of them

    @property
    def strength(self) -> float:
        """Return its size, or the usual one of its kind."""
        return self.size or _USUAL.get(self.kind, 0.0)
