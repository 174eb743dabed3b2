"""A process is called what a person would call it."""

import re

import pytest

from schemas.text import to_text
from streams.naming import NamingRule, program, service

CASES = [
    # comm, exe, cmdline, program
    ("nginx", "/usr/sbin/nginx", ["nginx: worker process"], "nginx"),
    ("nginx", "/usr/sbin/nginx", ["nginx: master process /usr/sbin/nginx -g daemon off;"], "nginx"),
    ("redis-server", "/usr/bin/redis-check-rdb", ["/usr/bin/redis-server 127.0.0.1:6379"], "redis-server"),
    ("postgres", "/usr/lib/postgresql/17/bin/postgres", ["postgres: walwriter"], "postgres"),
    ("postgres", "/usr/lib/postgresql/17/bin/postgres", ["postgres: shop orders 10.0.0.9(40112) idle"], "postgres"),
    ("python3", "/usr/bin/python3.13", ["python3", "/opt/shop/orders.py", "--port", "80"], "orders"),
    ("python3", "/usr/bin/python3.13", ["python3", "-m", "http.server", "8000"], "http.server"),
    ("python3", "/usr/bin/python3.13", ["/usr/bin/python3", "-u", "-W", "ignore", "/srv/shop/main.py"], "shop/main"),
    ("gunicorn", "/usr/bin/python3.13", ["/usr/bin/python3", "/usr/bin/gunicorn", "shop.wsgi:app"], "gunicorn"),
    ("python3", "/usr/bin/python3.13", ["python3", "-c", "import time; time.sleep(9)"], "python3"),
    ("python3", "/usr/bin/python3.13", ["python3"], "python3"),
    ("java", "/opt/jdk/bin/java", ["java", "-Xmx1g", "-cp", "a.jar:b.jar", "-jar", "/srv/orders-2.jar"], "orders-2"),
    ("java", "/opt/jdk/bin/java", ["/opt/jdk/bin/java", "-cp", "libs/*", "kafka.Kafka", "server.properties"], "Kafka"),
    ("MainThread", "/usr/bin/node", ["node", "--require", "./trace.js", "/srv/web/server.js"], "web/server"),
    ("node", "/usr/bin/node", ["/usr/bin/node"], "node"),
    ("bash", "/usr/bin/bash", ["-bash"], "bash"),
    ("sh", "/usr/bin/dash", ["sh", "/usr/local/bin/backup.sh"], "backup"),
    ("sh", "/usr/bin/dash", ["sh", "-c", "sleep 1; true"], "sh"),
    ("kworker/0:1", "", [], "kworker/0:1"),
    ("app", "/srv/app (deleted)", ["/srv/app", "--serve"], "app"),
    ("sshd-session", "/usr/lib/openssh/sshd-session", ["sshd-session: alice [priv]"], "sshd-session"),
]


@pytest.mark.parametrize(("comm", "exe", "cmdline", "called"), CASES)
def test_a_program_is_called_what_people_call_it(comm: str, exe: str, cmdline: list[str], called: str) -> None:
    assert program(comm, exe, cmdline) == called


def test_a_systemd_unit_names_its_service() -> None:
    assert service((), "python3", [], "shop-orders.service", "", "shop") == "shop-orders"


@pytest.mark.parametrize("unit", ["session-3.scope", "user@1000.service", "cron.service", "ssh.service", "init.scope"])
def test_a_unit_that_holds_what_people_start_names_nothing(unit: str) -> None:
    assert service((), "orders", [], unit, "", "shop") == "orders"


def test_a_rule_of_the_user_goes_first_and_must_match_whole_facts() -> None:
    rules = [
        NamingRule(service="never", program="post"),
        NamingRule(service="shop-db", program="postgres", cmdline=".*shop.*"),
    ]
    assert service(rules, "postgres", ["postgres:", "shop"], "postgresql.service", "", "postgres") == "shop-db"
    assert service(rules, "postgres", ["postgres:", "other"], "postgresql.service", "", "postgres") == "postgresql"


@pytest.mark.parametrize(
    "raw", [b"x\xff", "Ünïcödé-Dienst".encode(), b"\xff" * 20, b"a\nb", b"host:web-1", b"a b", b"-", b"\\xff"]
)
def test_a_program_of_any_name_is_called_by_it(raw: bytes) -> None:
    text, comm = to_text(raw), to_text(raw[:15])
    assert program(comm, f"/usr/bin/{text}", [f"/usr/bin/{text}"]) == text
    assert program(comm, "", [text]) in {text, re.split("[ :]", text.lstrip("-"))[0], comm}
    assert program(comm, "", []) == comm
