"""The example that prints when certificates end: of configurations, the ports and the certificate that ends first."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from collectors.discover_start import MEMORY_BYTES
from schemas.discovered import parse_output
from tests.certificates import certify
from tests.deploy.tls_configurations import CASES, FIRST, FOLDER, HAPROXY, NGINX, nginx

PROGRAM = Path(__file__).parents[2] / "deploy" / "discover.d" / "tls-certificates"
pytestmark = pytest.mark.skipif(not Path("/usr/bin/python3").exists(), reason="no Python of the system's")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make certificates, each in a file with its key, for all tests."""
    made, folder = tmp_path_factory.mktemp("made"), tmp_path_factory.mktemp("certificates")
    certify(made)
    (folder / "last.d").mkdir()
    (folder / "data").mkdir()
    for name, maker in {"first": "expired-server", "later": "server"}.items():
        shutil.copy(made / f"{maker}.both", folder / f"{name}.pem")
        shutil.copy(made / f"{maker}.both", folder / "last.d" / f"{name}.pem")
    shutil.copy(made / "server.both", folder / "kinds.pem.ecdsa")
    shutil.copy(made / "server.pem", folder / "data" / "server.crt")
    return folder


def lay(root: Path, certificates: Path, files: dict[str, str]) -> None:
    shutil.copytree(certificates, root / FOLDER[1:])
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def run(root: Path) -> tuple[dict[int, dict[str, str]], str]:
    """Run the example with the memory that it has; return the facts of each port, and what it says."""
    command = ["prlimit", f"--data={MEMORY_BYTES}", str(PROGRAM), str(root)]
    ended = subprocess.run(command, capture_output=True, check=True, env={"PATH": os.defpath, "LANG": "C.UTF-8"})
    assert not parse_output(ended.stdout).refused
    found: dict[int, dict[str, str]] = {}
    for line in ended.stdout.splitlines():
        fact = json.loads(line)
        found.setdefault(fact["node"]["port"], {})[fact["name"]] = fact["value"]
    return found, ended.stderr.decode()


@pytest.mark.parametrize("name", CASES)
def test_certificates_are_found_as_servers_are_configured(name: str, tmp_path: Path, certificates: Path) -> None:
    case = CASES[name]
    lay(tmp_path, certificates, case.files)

    found, said = run(tmp_path)

    paths = {port: os.path.normpath(facts["tls.certificate"]) for port, facts in found.items()}
    short = {port: path.removeprefix(f"{FOLDER}/").removesuffix(".pem") for port, path in paths.items()}
    assert short == case.found
    assert case.said in said
    assert bool(said) == bool(case.said)


def test_a_file_that_cannot_be_read_is_named_and_costs_no_other(tmp_path: Path, certificates: Path) -> None:
    lay(tmp_path, certificates, nginx(f"listen 4443 ssl; {FIRST} ssl_certificate unread.pem;", {}).files)
    (tmp_path / HAPROXY).mkdir(parents=True)

    found, said = run(tmp_path)

    assert found[4443]["tls.unreadable"] == "/etc/nginx/unread.pem"
    assert found[4443]["tls.certificate"] == f"{FOLDER}/first.pem"
    assert said.startswith("/etc/haproxy/haproxy.cfg: [Errno 21]")


def check(root: Path, certificates: Path, name: str, command: list[str]) -> None:
    """Have a server check a configuration of the table, with paths below the root."""
    lay(root, certificates, CASES[name].files)
    for file in CASES[name].files:
        text = (root / file).read_text().replace(FOLDER, f"{root}{FOLDER}")
        keys = re.sub(r"ssl_certificate ([^;]+);", r"\g<0> ssl_certificate_key \1;", text)
        (root / file).write_text(keys)
    shutil.copy(root / f"{FOLDER[1:]}/later.pem", root / f"{FOLDER[1:]}/kinds.pem.ecdsa")
    environment = {"PATH": os.environ["PATH"], "ADDR": "127.0.0.1", "PORT": "4446"}
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=root)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.programs
@pytest.mark.skipif(not shutil.which("nginx"), reason="no nginx")
@pytest.mark.skipif(os.geteuid() != 0, reason="nginx tries to listen on port 80")
@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("nginx")])
def test_the_configurations_are_ones_that_nginx_takes(name: str, tmp_path: Path, certificates: Path) -> None:
    error_log = f"error_log {tmp_path}/error.log; pid {tmp_path}/pid;"
    check(tmp_path, certificates, name, ["nginx", "-t", "-g", error_log, "-c", f"{tmp_path}/{NGINX}"])


@pytest.mark.programs
@pytest.mark.skipif(not shutil.which("haproxy"), reason="no HAProxy")
@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("HAProxy")])
def test_the_configurations_are_ones_that_haproxy_takes(name: str, tmp_path: Path, certificates: Path) -> None:
    check(tmp_path, certificates, name, ["haproxy", "-c", "-f", HAPROXY])
