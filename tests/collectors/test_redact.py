import time

import pytest

from collectors.process_facts import bounded
from collectors.redact import redact
from collectors.redact_tokens import HIDDEN


@pytest.mark.parametrize(
    "argument",
    [
        "--password=hunter2",
        "--db-password=hunter2",
        "-Dspring.datasource.password=hunter2",
        "PGPASSWORD=hunter2",
        "MYSQL_PWD=hunter2",
        "DB_PASS=hunter2",
        "--token=hunter2",
        "--api-key=hunter2",
        "API_KEY=hunter2",
        "AWS_SECRET_ACCESS_KEY=hunter2",
        "--client-secret=hunter2",
        "--secret='hunter2'",
        'connect="host=db password=hunter2 user=me"',
        '{"user": "me", "password": "hunter2"}',
        "postgres://me:hunter2@db:5432/shop",
        "redis://:hunter2@cache:6379",
        "https://deploy:hunter2@example.org/x.git",
        "Authorization: Bearer hunter2",
        "Authorization: Basic aHVudGVyMg==hunter2",
        "X-Auth-Token: hunter2",
        "Cookie: session=hunter2",
        "jdbc:mysql://db/shop?user=me&password=hunter2&x=1",
        "--privateKey=hunter2",
        "AccountKey=hunter2;EndpointSuffix=x",
    ],
)
def test_a_secret_within_an_argument_is_hidden(argument: str) -> None:
    hidden = redact(["program", argument])[1]

    assert "hunter2" not in hidden
    assert HIDDEN in hidden


@pytest.mark.parametrize(
    "arguments",
    [
        ["tool", "--password", "hunter2", "host"],
        ["tool", "-password", "hunter2", "host"],
        ["tool", "--auth-token", "hunter2", "host"],
        ["tool", "--secret-key", "-hunter2", "host"],
        ["mysql", "-phunter2", "host"],
        ["/usr/bin/mysqldump", "-phunter2", "host"],
        ["redis-cli", "-a", "hunter2", "host"],
        ["sshpass", "-p", "hunter2", "ssh", "host"],
        ["curl", "-u", "me:hunter2", "host"],
        ["curl", "-ume:hunter2", "host"],
        ["curl", "-H", "Authorization: token hunter2abcdef0123", "host"],
        ["sh", "-c", "PGPASSWORD=hunter2 psql -h host"],
    ],
)
def test_a_secret_that_is_an_argument_is_hidden_and_nothing_else(arguments: list[str]) -> None:
    hidden = redact(arguments)

    assert "hunter2" not in " ".join(hidden)
    assert len(hidden) == len(arguments)
    assert "host" in hidden[-1]


@pytest.mark.parametrize(
    "arguments",
    [
        ["nginx", "-p", "/srv", "-c", "nginx.conf"],
        ["server", "-p8080", "--port=80"],
        ["server", "--tokenizer=bpe", "--passive", "--keyring", "x"],
        ["server", "--monkey=1", "--author=me", "--bypass"],
        ["psql", "postgres://me@db:5432/shop"],
        ["ssh", "me@host", "ls"],
        ["python", "-m", "basic digest", "bearer of news"],
    ],
)
def test_what_is_no_secret_stays(arguments: list[str]) -> None:
    assert redact(arguments) == arguments


@pytest.mark.parametrize("known", ["ghp_" + "a1" * 18, "AKIAIOSFODNN7EXAMPLE", "xoxb-123456789012-abcdef"])
def test_tokens_of_a_known_form_are_hidden_anywhere(known: str) -> None:
    assert known not in redact(["tool", f"prefix {known} suffix"])[1]


@pytest.mark.parametrize(
    "nasty",
    ["a_" * 8000, "-" * 16000, "pass" * 4000, "://" * 5000, "key=" * 4000, "x-" * 8000, "eyJ-" * 4000, " " * 16000],
)
def test_no_command_line_takes_long(nasty: str) -> None:
    started = time.process_time()
    redact(["program", nasty, nasty + ":@", nasty + "=x"])

    assert time.process_time() - started < 1.0


def test_a_command_line_is_cut_at_its_limit() -> None:
    assert bounded(["abc", "defgh", "i"], 100) == ["abc", "defgh", "i"]
    assert bounded(["abc", "defgh", "i"], 6) == ["abc", "de…"]
