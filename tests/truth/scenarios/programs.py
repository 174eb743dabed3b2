"""Programs as Debian has them."""

import time

from tests.truth.lab import Play
from tests.truth.programs.peers import served, talking
from tests.truth.programs.proxies import ANSWER, REQUEST, haproxy, nginx
from tests.truth.programs.stores import QUESTION, dnsmasq, memcached, postgres, ran, redis
from tests.truth.scenario import scenario


@scenario()
def haproxy_that_resets_its_backends(play: Play) -> None:
    a, b, c, _ = play.hosts
    front, back = play.port(), play.port()
    served(play, c, back)
    haproxy(play, b, front, c, back, options="option nolinger", check="check inter 300ms")
    long = talking(play, a, b, front, rounds=6, pause=0.5, grow=1)
    talking(play, a, b, front, times=60, gap=0.03, up=500, grow=1, six=True).wait()
    long.wait()


@scenario()
def haproxy_before_an_http_server(play: Play) -> None:
    a, b, c, _ = play.hosts
    front, back = play.port(), play.port()
    nginx(play, c, back)
    haproxy(play, b, front, c, back, mode="http", check="check inter 300ms")
    long = talking(play, a, b, front, rounds=20, pause=0.2, text=REQUEST, until=ANSWER)
    talking(play, a, b, front, times=60, gap=0.03, text=REQUEST, until=ANSWER, six=True).wait()
    long.wait()


@scenario()
def nginx_with_workers_before_another(play: Play) -> None:
    a, b, c, _ = play.hosts
    front, back = play.port(), play.port()
    nginx(play, c, back, workers=2, reuseport=True)
    nginx(play, b, front, to=(c, back))
    long = talking(play, a, b, front, rounds=20, pause=0.2, together=4, text=REQUEST, until=ANSWER)
    talking(play, a, b, front, times=80, gap=0.02, text=REQUEST, until=ANSWER, six=True).wait()
    long.wait()


@scenario()
def redis_with_a_replica_that_is_saved(play: Play) -> None:
    a, b, c, _ = play.hosts
    first, second = play.port(), play.port()
    redis(play, b, first)
    redis(play, c, second, replica_of=(b, first))
    long = talking(play, a, b, first, rounds=10, pause=0.3, text="PING\r\n", until="+PONG\r\n")
    talking(play, a, b, first, times=3, gap=0.4, text="BGSAVE\r\n", until="\r\n").wait()
    long.wait()
    bench = ["redis-benchmark", "-h", b.address, "-p", str(first), "-c", "5", "-n", "20000", "-q", "-t", "set"]
    ran(play, a, first, *bench, package="redis-tools")


@scenario()
def memcached_asked_by_many(play: Play) -> None:
    a, b, _, d = play.hosts
    port = play.port()
    memcached(play, b, port)
    text, until = "get nothing\r\n", "END\r\n"
    long = [talking(play, host, b, port, rounds=12, pause=0.25, together=5, text=text, until=until) for host in (a, d)]
    talking(play, a, b, port, times=80, gap=0.02, six=True, text=text, until=until).wait()
    for client in long:
        client.wait()


@scenario()
def postgres_with_a_process_for_every_connection(play: Play) -> None:
    a, b, *_ = play.hosts
    port = play.port()
    postgres(play, b, port)
    bench = ["pgbench", "-h", b.address, "-p", str(port), "-U", "postgres"]
    ran(play, a, port, *bench, "-i", "-q", "postgres", package="postgresql")
    ran(play, a, port, *bench, "-n", "-C", "-c", "2", "-t", "15", "postgres", package="postgresql")
    ran(play, a, port, *bench, "-n", "-c", "3", "-T", "3", "postgres", package="postgresql")
    time.sleep(0.1)


@scenario()
def dnsmasq_that_asks_another(play: Play) -> None:
    a, b, c, d = play.hosts
    front, back = play.port(), play.port()
    dnsmasq(play, c, back)
    dnsmasq(play, b, front, forwards_to=(c, back))
    long = [
        talking(play, host, b, front, udp=True, text=QUESTION, rounds=12, pause=0.25, six=six)
        for host, six in ((a, False), (d, True))
    ]
    talking(play, a, b, front, udp=True, text=QUESTION, times=40, gap=0.05).wait()
    for client in long:
        client.wait()


@scenario()
def datagrams_of_sockets_without_a_peer(play: Play) -> None:
    a, b, _, d = play.hosts
    port = play.port()
    dnsmasq(play, b, port)
    clients = [
        talking(play, host, b, port, udp=True, addressed=True, text=QUESTION, rounds=12, pause=0.25, six=six)
        for host, six in ((a, False), (a, False), (a, True), (d, True), (d, False), (b, False))
    ]
    for client in clients:
        client.wait()


@scenario()
def datagrams_to_a_port_that_nobody_has(play: Play) -> None:
    a, b, *_ = play.hosts
    port = play.port()
    talking(play, a, b, port, udp=True, text=QUESTION, together=2, hold=2.5)
    talking(play, a, b, port, udp=True, text=QUESTION, times=10, gap=0.1).wait()
    time.sleep(1.5)
