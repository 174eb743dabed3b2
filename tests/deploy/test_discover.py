"""The examples of programs that print facts: what they print of this host, and of files made here."""

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from collectors.discover_start import MEMORY_BYTES
from schemas.discovered import parse_output
from tests.certificates import certify

EXAMPLES = Path(__file__).parents[2] / "deploy" / "discover.d"
CONFIGURATIONS = {
    "etc/nginx/nginx.conf": "http { ssl_certificate shared.pem; include sites-enabled/*; } # server { listen 1 ssl; }",
    "etc/nginx/sites-enabled/shop": """
        server { listen 80; listen [::]:443 ssl http2; listen 127.0.0.1:8443 ssl;
                 ssl_certificate "/etc/certificates/server.pem"; location / { return 200 "{"; } }
        server { listen 443 ssl; server_name old.example; ssl_certificate /etc/certificates/expired-server.pem; }
        server { listen 9443 ssl; ssl_certificate /etc/certificates/none.pem; }
    """,
    "etc/apache2/apache2.conf": "Listen 4443 https\nListen 4444 https\nIncludeOptional sites-enabled/*.conf",
    "etc/apache2/sites-enabled/shop.conf": """
        <VirtualHost *:4443 [::]:4444>
            SSLCertificateFile "/etc/certificates/client.pem"
        </VirtualHost>
    """,
    "etc/haproxy/haproxy.cfg": """
        global
            crt-base /etc/certificates
        frontend shop
            bind :6443,[::]:6444 ssl crt server.pem alpn h2
            bind :80
    """,
    "etc/postgresql/15/main/postgresql.conf": """
        port = 5433                 # (change requires restart)
        ssl = on
        ssl_cert_file = '/etc/certificates/server.pem'
    """,
    "etc/postgresql/15/plain/postgresql.conf": "port = 5434\nssl = off",
}


def printed(name: str, *arguments: str) -> list[dict[str, Any]]:
    """Run an example with the memory that it has; return the facts that it prints, which all have to be facts."""
    command = ["prlimit", f"--data={MEMORY_BYTES}", str(EXAMPLES / name), *arguments]
    found = subprocess.run(command, capture_output=True, check=True, env={"PATH": os.defpath, "LANG": "C.UTF-8"})
    assert not found.stderr
    output = parse_output(found.stdout)
    assert not output.refused
    return [json.loads(line) for line in found.stdout.splitlines()]


@pytest.mark.parametrize("path", sorted(EXAMPLES.iterdir()), ids=lambda path: path.name)
def test_an_example_may_run_as_it_is(path: Path) -> None:
    assert path.stat().st_mode & 0o111
    assert path.read_bytes().startswith((b"#!/bin/sh\n", b"#!/usr/bin/python3\n"))


def test_the_system_is_named() -> None:
    found = {fact["name"]: fact["value"] for fact in printed("os-release")}
    assert found["os.kernel"] == os.uname().release
    assert set(found) <= {"os.release", "os.id", "os.version", "os.kernel"}


@pytest.mark.skipif(not Path("/usr/bin/python3").exists(), reason="no Python of the system's")
def test_packages_of_running_programs_are_named_with_their_versions() -> None:
    for fact in printed("package-versions"):
        assert Path(f"/proc/{fact['node']['pid']}").exists() or fact["value"]
        assert fact["value"].count(" ") == 1


@pytest.mark.skipif(not Path("/usr/bin/python3").exists(), reason="no Python of the system's")
def test_certificates_of_ports_are_read_as_their_servers_are_configured(tmp_path: Path) -> None:
    certificates = tmp_path / "etc" / "certificates"
    certificates.mkdir(parents=True)
    certify(certificates)
    for name, text in CONFIGURATIONS.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    found: dict[int, dict[str, str]] = {}
    for fact in printed("tls-certificates", str(tmp_path)):
        found.setdefault(fact["node"]["port"], {})[fact["name"]] = fact["value"]

    assert {port: facts.get("tls.certificate") for port, facts in found.items()} == {
        443: "/etc/certificates/expired-server.pem",  # of the two the one that ends first
        8443: "/etc/certificates/server.pem",
        9443: None,
        4443: "/etc/certificates/client.pem",
        4444: "/etc/certificates/client.pem",
        6443: "/etc/certificates/server.pem",
        6444: "/etc/certificates/server.pem",
        5433: "/etc/certificates/server.pem",
    }
    assert found[9443] == {"tls.unreadable": "/etc/certificates/none.pem"}
    certificate = x509.load_pem_x509_certificate((certificates / "expired-server.pem").read_bytes())
    assert datetime.fromisoformat(found[443]["tls.not_after"]).astimezone(UTC) == certificate.not_valid_after_utc
