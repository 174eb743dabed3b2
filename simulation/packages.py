"""The 13 packages of Spigo: what a service of each runs, and whom it calls for a request."""

from typing import Literal, NamedTuple

Manner = Literal[
    "one",  # one route of all that it has, by chance
    "chain",  # one kind after the other, until one has the value
    "copies",  # what is written goes on to others
]


class Package(NamedTuple):
    """How services of a package behave."""

    program: str  # of the table of programs, if the name of the service or its image means no other one
    manner: Manner
    same_zone: bool = False  # it calls instances of its own zone alone
    data: bool = False  # the name of the service may mean another program
    service_ms: float = 1.0


SAME_ZONE, DATA = True, True
PACKAGES: dict[str, Package] = {
    "denominator": Package("wrk", "one", service_ms=0.1),
    "elb": Package("haproxy", "one", service_ms=0.2),
    "zuul": Package("java", "one", SAME_ZONE, service_ms=2.0),
    "karyon": Package("java", "one", SAME_ZONE, service_ms=5.0),
    "monolith": Package("python", "one", service_ms=8.0),
    "staash": Package("java", "chain", data=DATA, service_ms=2.0),
    "priamCassandra": Package("cassandra", "copies", data=DATA),
    "riak": Package("riak", "copies", data=DATA),
    "store": Package("postgres", "copies", data=DATA),
    "cache": Package("memcached", "copies", data=DATA, service_ms=0.2),
    "volume": Package("iscsi", "copies", data=DATA, service_ms=0.5),
    "pirate": Package("service", "one"),
    "eureka": Package("eureka", "copies"),
}
REGISTRY = "eureka"  # among dependencies: it registers, and looks others up, in all regions
CHAIN = ("cache", "volume", "priamCassandra", "riak", "store", "staash")  # the order in which a staash asks
ROOT_RATE = 100.0  # requests a second of an instance that makes the load
