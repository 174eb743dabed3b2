"""`servicemap facts` prints what programs of the operator's say about nodes."""

import json

from tests.cli import town
from tests.cli.conftest import Run


def test_facts_are_printed_with_what_they_are_of(run: Run) -> None:
    result = run("facts")

    assert result.exit_code == 0, result.stderr
    headings, *lines = (line.split() for line in result.stdout.splitlines())
    assert headings == ["HOST", "SERVICE", "PORT", "PID", "NAME", "VALUE"]
    assert ["web1", "nginx", "443", "100", "tls.not_after", "2027-01-01T00:00:00Z"] in lines
    assert ["db1", "os.release", "Debian", "GNU/Linux", "13"] in lines
    assert len(lines) == 5
    assert "\x1b" not in result.stdout


def test_programs_get_an_object_a_fact(run: Run) -> None:
    found = [json.loads(line) for line in run("facts", "--json", "--service", "nginx").stdout.splitlines()]

    assert {fact["name"]: fact["value"] for fact in found} == {
        "package": "nginx 1.22.1-9",
        "tls.not_after": "2027-01-01T00:00:00Z",
    }
    (end,) = [fact for fact in found if "port" in fact]
    assert (end["node"], end["port"], end["hostname"], end["program"]) == (
        town.NGINX.node,
        443,
        "web1",
        "tls-certificates",
    )


def test_a_name_a_host_and_a_service_narrow_them(run: Run) -> None:
    assert len(run("facts", "--name", "os.release").stdout.splitlines()) == 3
    assert len(run("facts", "--name", "os.release", "--host", "db1").stdout.splitlines()) == 2
    assert len(run("facts", "--host", "id-web1").stdout.splitlines()) == 5


def test_what_is_not_there_is_named(run: Run) -> None:
    for arguments, sentence in {
        ("--host", "dbl"): "there is no host dbl: did you mean db1",
        ("--name", "tls"): "no such fact was printed",
        ("--at", "2020-01-01T00:00"): "no such fact was printed",
    }.items():
        result = run("facts", *arguments)
        assert (result.exit_code, sentence in result.stderr) == (4, True), result.stderr
