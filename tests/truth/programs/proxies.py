"""haproxy and nginx, and the workers that had each connection."""

import itertools

from tests.programs import installed
from tests.truth.claims import Claim
from tests.truth.hosts import Host, Running, waited
from tests.truth.lab import Play

_HAPROXY = """
global
  maxconn 500
defaults
  mode {mode}
  timeout connect 2s
  timeout client 20s
  timeout server 20s
  {options}
frontend front
  bind :::{port} v4v6
  default_backend back
backend back
  server one {address}:{to} {check}
"""
_NGINX = """
daemon off; user nobody nogroup; worker_processes {workers}; pid {folder}/pid; events {{}}
http {{
  {scratch}
  log_format who '$msec $pid $remote_addr $remote_port $server_addr $server_port $connection $http_x_pid';
  access_log {output} who;
  keepalive_timeout 30; keepalive_requests 100000;
  {upstream}
  server {{ listen {port} {reuseport}; listen [::]:{port} {reuseport}; location / {{ {location} }} }}
}}
"""
ANSWER = "hello from the server\n"
REQUEST = "GET / HTTP/1.1\r\nHost: it\r\n\r\n"


def haproxy(
    play: Play, host: Host, port: int, to: Host, at: int, *, mode: str = "tcp", options: str = "", check: str = ""
) -> Running:
    """Run a haproxy in front of a server, master and worker."""
    program = installed("haproxy", "haproxy")
    folder = play.place(host, "haproxy")
    conf = folder / "conf"
    conf.write_text(_HAPROXY.format(mode=mode, options=options, port=port, address=to.address, to=at, check=check))
    running = play.start(host, [program, "-W", "-f", str(conf)], folder / "output")
    waited(lambda: running.listens(port), f"haproxy; see {folder}/output")
    worker = frozenset(child.pid for child in running.children())
    play.claim(Claim(host.name, worker, local_port=port, since=running.began))
    play.claim(Claim(host.name, worker, remote=(to.address, at), since=running.began))
    return running


def nginx(
    play: Play, host: Host, port: int, *, workers: int = 3, reuseport: bool = False, to: tuple[Host, int] | None = None
) -> Running:
    """Run an nginx that answers, or that forwards to another one over kept connections."""
    program = installed("nginx", "nginx-light")
    folder = play.place(host, "nginx")
    output = folder / "connections.log"
    output.touch()
    location = f'return 200 "{ANSWER}";'.replace("\n", "\\n")
    upstream = ""
    if to:
        upstream = f"upstream back {{ server {to[0].address}:{to[1]}; keepalive 4; }}"
        location = 'proxy_pass http://back; proxy_http_version 1.1; proxy_set_header Connection ""; '
        location += f'proxy_set_header X-Pid "{host.name}-$pid";'
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    scratch = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    conf = folder / "conf"
    conf.write_text(
        _NGINX.format(
            folder=folder,
            workers=workers,
            scratch=scratch,
            output=output,
            upstream=upstream,
            port=port,
            reuseport="reuseport" if reuseport else "",
            location=location,
        )
    )
    running = play.start(host, [program, "-e", str(folder / "output"), "-c", str(conf)], folder / "output")
    waited(lambda: running.listens(port) and len(running.children()) == workers, f"nginx; see {folder}/output")
    anyone = frozenset(child.pid for child in running.children())
    play.claim(Claim(host.name, anyone, local_port=port, since=running.began))
    if to:
        play.claim(Claim(host.name, anyone, remote=(to[0].address, to[1]), since=running.began))
    play.claims_from(host, output, _connections)
    return running


def _connections(host: Host, text: str) -> list[Claim]:
    """Read the log of an nginx: the worker that answered, and the worker of another nginx that asked."""
    claims = {}
    for line in text.splitlines():
        at, pid, remote, remote_port, local, local_port, number, asked_by = line.split(" ")
        if (pid, number) in claims:
            continue
        remote, local = (address.removeprefix("::ffff:") for address in (remote, local))
        answered = Claim(
            host.name,
            frozenset([int(pid)]),
            local_port=int(local_port),
            remote=(remote, int(remote_port)),
            since=float(at),
        )
        claims[pid, number] = [answered]
        if asked_by != "-":
            asker, _, its_pid = asked_by.rpartition("-")
            asked = Claim(
                asker, frozenset([int(its_pid)]), local_port=int(remote_port), remote=(local, int(local_port))
            )
            claims[pid, number].append(asked._replace(since=float(at)))
    return list(itertools.chain.from_iterable(claims.values()))
