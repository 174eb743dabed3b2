import gzip
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.loopback import is_loopback, stays_here
from tests.view.serving import Past, View, viewing
from view.assets import Assets
from view.export import as_csv
from view.guard import COOKIE

TOKEN = "a-town-s-secret"


@pytest.fixture(scope="module")
def guarded(past: Past) -> Iterator[View]:
    with viewing(past.data, "--host", "0.0.0.0", SERVICEMAP_VIEW__TOKEN=TOKEN) as running:
        yield running


@pytest.mark.parametrize("path", ["/", "/api/health", "/api/nothing", "/assets/vendor/uPlot.min.css"])
def test_every_answer_has_the_security_headers(view: View, path: str) -> None:
    headers = view.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "server" not in headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_only_reading_methods_are_allowed(view: View, method: str) -> None:
    answer = view.get("/api/map", None, method)
    assert (answer.status, answer.json["error"]) == (405, "this only reads: use GET")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "192.0.2.1"])
def test_a_foreign_name_that_points_here_is_refused(view: View, host: str) -> None:
    assert view.get("/api/health", {"Host": host}).status == 403
    assert view.get("/", {"Host": host}).status == 403


@pytest.mark.parametrize("host", ["localhost", "localhost:1", "127.0.0.1:9999", "[::1]:80"])
def test_names_of_this_machine_are_answered_on_any_port(view: View, host: str) -> None:
    assert view.get("/api/health", {"Host": host}).status == 200


def test_requests_from_another_site_are_refused(view: View) -> None:
    assert view.get("/api/health", {"Sec-Fetch-Site": "cross-site"}).status == 403
    assert view.get("/api/health", {"Sec-Fetch-Site": "same-origin"}).status == 200


def test_without_the_token_everything_is_refused(guarded: View) -> None:
    for path in (
        "/",
        "/api/map",
        "/assets/vendor/uPlot.min.css",
        "/api/stream",
        "/api/map?token=wrong",
        "/?token=wrong",
    ):
        assert guarded.get(path).status == 401, path
    assert guarded.get("/api/health", {"Authorization": "Bearer wrong"}).status == 401
    assert guarded.get("/api/health", {"Cookie": f"{COOKIE}={TOKEN}"}).status == 401


def test_a_program_shows_the_token_as_a_bearer(guarded: View) -> None:
    assert guarded.get("/api/health", {"Authorization": f"Bearer {TOKEN}"}).status == 200
    assert guarded.get("/api/health", {"Authorization": f"bearer {TOKEN}", "Host": "map.example"}).status == 200


def test_a_browser_shows_the_token_once_and_it_leaves_the_address(guarded: View) -> None:
    welcome = guarded.get("/", token=TOKEN, q="<b>")
    cookie = welcome.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert TOKEN not in cookie + welcome.body.decode()
    assert b'url=/?q=%3Cb%3E"' in welcome.body
    assert guarded.get("/api/health", {"Cookie": cookie.partition(";")[0]}).status == 200


def test_a_view_for_others_needs_a_token(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "servicemap", "view", "--data", str(tmp_path), "--host", "0.0.0.0", "--port", "0"]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert refused.returncode == 1
    assert "SERVICEMAP_VIEW__TOKEN" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_configured_port_that_is_taken_is_an_error(past: Past) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "servicemap", "view", "--data", str(past.data), "--port", port]
        refused = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert f"127.0.0.1:{port}" in refused.stderr


@pytest.mark.parametrize("name", [
    "../server.py", "..%2fserver.py", "%2e%2e/server.py", "vendor/../../server.py", "/etc/passwd", "%2Fetc%2Fpasswd",
    "..%5cserver.py", "%00.js", "vendor", "", "vendor/built-from", "../../../package.json",
])  # fmt: skip
def test_only_the_files_of_the_page_are_served(view: View, name: str) -> None:
    assert view.get(f"/assets/{name}").status == 404


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "page"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    assert Assets(folder).find("link.txt") is None


def test_files_are_compressed_and_not_sent_twice(view: View) -> None:
    first = view.get("/assets/vendor/uPlot.min.css", {"Accept-Encoding": "gzip"})
    plain = view.get("/assets/vendor/uPlot.min.css")
    assert (first.headers["content-encoding"], first.headers["content-type"]) == ("gzip", "text/css; charset=utf-8")
    assert gzip.decompress(first.body) == plain.body
    again = view.get("/assets/vendor/uPlot.min.css", {"If-None-Match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")


def test_a_changed_file_is_sent_again(tmp_path: Path) -> None:
    file = tmp_path / "page.js"
    file.write_text("1")
    assets = Assets(tmp_path)
    before = assets.find("page.js")
    file.write_text("two")
    after = assets.find("page.js")
    assert before is not None
    assert after is not None
    assert before.etag != after.etag


def test_a_spreadsheet_does_not_run_names() -> None:
    edge = {"client": '=HYPERLINK("http://evil")', "server": "@x", "first": 0, "last": 0}
    assert as_csv({"edges": [edge]}).decode().splitlines()[1].startswith("\"'=HYPERLINK(")


def test_names_and_addresses_of_loopback() -> None:
    assert all(map(is_loopback, ("localhost", "LOCALHOST.", "127.9.9.9", "::1", "[::1]", "::ffff:127.0.0.1")))
    assert all(map(stays_here, ("localhost", "127.1", "2130706433", "0x7f.1", "::1")))
    assert not any(map(stays_here, ("0.0.0.0", "0", "::", "", "10.0.0.1", "::ffff:10.0.0.1", "no.such.host.invalid")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "localhost.example", "10.0.0.1", "")))
