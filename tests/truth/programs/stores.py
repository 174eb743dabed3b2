"""redis, memcached, dnsmasq and postgres, and their own clients."""

import subprocess
from pathlib import Path

from tests.programs import AS_USER, give_to_user, installed
from tests.truth.claims import Claim
from tests.truth.hosts import Host, Running, waited
from tests.truth.lab import Play

NAME = "it.test"
QUESTION = "abcd01000001000000000000" + "02697404746573740000010001"  # for the address of NAME
_NOBODY = 65534


def redis(play: Play, host: Host, port: int, replica_of: tuple[Host, int] | None = None) -> Running:
    """Run a redis, perhaps a replica of another."""
    program = installed("redis-server", "redis-server")
    folder = play.place(host, "redis")
    command = [program, "--port", str(port), "--bind", "*", "-::*", "--protected-mode", "no", "--dir", str(folder)]
    command += ["--save", "", "--repl-diskless-sync-delay", "0"]
    if replica_of:
        command += ["--replicaof", replica_of[0].address, str(replica_of[1])]
    running = play.start(host, command, folder / "output")
    waited(lambda: running.listens(port), "redis")
    _owns(play, host, running, port)
    if replica_of:
        claim = Claim(host.name, frozenset([running.pid]), remote=(replica_of[0].address, replica_of[1]))
        play.claim(claim._replace(since=running.began))
    return running


def memcached(play: Play, host: Host, port: int) -> Running:
    """Run a memcached."""
    program = installed("memcached", "memcached")
    running = play.start(host, [program, "-u", "nobody", "-p", str(port), "-U", "0", "-l", "0.0.0.0,::"])
    waited(lambda: running.listens(port), "memcached")
    _owns(play, host, running, port)
    return running


def dnsmasq(play: Play, host: Host, port: int, forwards_to: tuple[Host, int] | None = None) -> Running:
    """Run a dnsmasq that knows one name, or that asks another one."""
    program = installed("dnsmasq", "dnsmasq-base")
    answers = f"--server={forwards_to[0].address}#{forwards_to[1]}" if forwards_to else f"--address=/{NAME}/10.1.2.3"
    output = play.output(host, "dnsmasq")
    command = [program, "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", f"--port={port}"]
    command += ["--no-resolv", "--no-hosts", "--user=nobody", "--cache-size=0", answers]
    running = play.start(host, command, output)
    waited(lambda: running.listens(port), f"dnsmasq; see {output}")
    _owns(play, host, running, port)
    if forwards_to:
        claim = Claim(host.name, frozenset([running.pid]), remote=(forwards_to[0].address, forwards_to[1]))
        play.claim(claim._replace(since=running.began))
    return running


def postgres(play: Play, host: Host, port: int) -> Running:
    """Run a postgres, which has a process for every connection."""
    program = installed("postgres", "postgresql")
    folder = play.place(host, "postgres")
    give_to_user(folder)
    data, output = folder / "data", folder / "postgres.log"
    initdb = [str(Path(program).parent / "initdb"), f"--pgdata={data}", "--username=postgres", "--auth=trust"]
    subprocess.run([*initdb, "--no-sync", "--locale=C"], check=True, capture_output=True, cwd=folder, **AS_USER)
    with (data / "pg_hba.conf").open("a") as rules:
        rules.write("host all all all trust\n")
    command = [program, "-D", str(data), "-h", "*", "-p", str(port), "-k", str(folder), "-F"]
    command += ["-c", "log_connections=on", "-c", "log_line_prefix=%n %P%p "]
    running = play.start(host, command, output, user=_NOBODY)
    waited(lambda: "ready to accept connections" in output.read_text(), "postgres")

    def accepted(host: Host, text: str) -> list[Claim]:
        claims = []
        for line in text.splitlines():
            before, received, after = line.partition("LOG:  connection received: host=")
            if received:
                at, pid = before.split()
                remote, _, remote_port = after.partition(" port=")
                found = Claim(host.name, frozenset([int(pid)]), frozenset([running.pid]), local_port=port)
                claims.append(found._replace(remote=(remote, int(remote_port)), since=float(at)))
        return claims

    play.claims_from(host, output, accepted)
    return running


def ran(play: Play, host: Host, port: int, *command: str, package: str) -> None:
    """Run a client to its end. Meanwhile no other client of its host uses that port."""
    running = play.start(host, [installed(command[0], package), *command[1:]], play.output(host, "client"))
    play.claim(Claim(host.name, frozenset([running.pid]), remote_port=port, since=running.began))
    assert running.wait() == 0, command


def _owns(play: Play, host: Host, running: Running, port: int) -> None:
    play.claim(Claim(host.name, frozenset([running.pid]), local_port=port, since=running.began))
