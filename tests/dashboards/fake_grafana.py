"""A small server that answers as Grafana's API does, with its status codes and messages, and keeps what it is sent."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

Json = dict[str, Any]
Answer = tuple[int, Any]
TOKEN = "glsa_of_a_service_account"
USER = ("admin", "s:cret")


class FakeGrafana:
    """What is in a Grafana. `changes` counts what was written."""

    def __init__(self, prefix: str = "") -> None:
        self.sources: dict[str, Json] = {}
        self.secrets: dict[str, Json] = {}
        self.folders: dict[str, Json] = {}
        self.dashboards: dict[str, Json] = {}
        self.groups: dict[tuple[str, str], Json] = {}
        self.changes = 0
        self.health: Answer = (200, {"status": "OK", "message": "Data source is working"})
        self.broken: Answer | None = None
        self.prefix = prefix
        self.url = ""

    def answer(self, method: str, path: str, sent: Any) -> Answer:
        """Return status and body."""
        if self.broken is not None:
            return self.broken
        first, *rest = path.strip("/").split("/")
        named: dict[str, Callable[[str, list[str], Any], Answer]] = {
            "datasources": self._sources,
            "folders": self._folders,
            "dashboards": self._dashboards,
            "v1": self._rules,
        }
        if first not in named:
            return 404, {"message": "Not found"}
        answer = named[first](method, rest, sent)
        self.changes += method != "GET" and answer[0] < 400
        return answer

    def _sources(self, method: str, path: list[str], sent: Any) -> Answer:
        if path[-1:] == ["health"]:
            return self.health
        if method == "POST":
            if any(one["name"] == sent["name"] for one in self.sources.values()):
                return 409, {"message": "data source with the same name already exists"}
            return 200, self._keep(sent)
        there = self.sources.get(path[1])
        if there is None:
            return 404, {"message": "Data source not found"}
        if method == "PUT" and there.get("readOnly"):
            return 403, {"message": "Cannot update read-only data source"}
        return 200, there if method == "GET" else self._keep(sent)

    def _keep(self, sent: Json) -> Json:
        secret = sent.pop("secureJsonData", {})
        fields = {name: True for name, value in secret.items() if value}
        self.secrets[sent["uid"]] = secret
        self.sources[sent["uid"]] = {"id": 1, "orgId": 1, "readOnly": False, **sent, "secureJsonFields": fields}
        return self.sources[sent["uid"]]

    def _folders(self, method: str, path: list[str], sent: Any) -> Answer:
        if method == "GET":
            return 200, list(self.folders.values())
        uid = sent.get("uid") or f"f{len(self.folders)}"
        self.folders[uid] = {"id": len(self.folders), "uid": uid, "title": sent["title"]}
        return 200, self.folders[uid]

    def _dashboards(self, method: str, path: list[str], sent: Any) -> Answer:
        if method == "GET":
            there = self.dashboards.get(path[1])
            return (200, there) if there else (404, {"message": "Dashboard not found"})
        board, folder = sent["dashboard"], sent["folderUid"]
        there = self.dashboards.get(board["uid"])
        if folder not in self.folders:
            return 400, {"message": "folder not found"}
        if there and there["meta"].get("provisioned"):
            return 400, {"message": "Cannot save provisioned dashboard"}
        if there and board.get("version") != there["dashboard"]["version"] and not sent.get("overwrite"):
            return 412, {"message": "The dashboard has been changed by someone else", "status": "version-mismatch"}
        if any(
            (one["dashboard"]["title"], one["meta"]["folderUid"]) == (board["title"], folder) and uid != board["uid"]
            for uid, one in self.dashboards.items()
        ):
            return 412, {"message": "A dashboard with the same name already exists", "status": "name-exists"}
        version = there["dashboard"]["version"] + 1 if there else 1
        kept = {**board, "id": 7, "version": version, "preload": False}
        self.dashboards[board["uid"]] = {"dashboard": kept, "meta": {"folderUid": folder, "provisioned": False}}
        return 200, {"status": "success", "uid": board["uid"], "version": version}

    def _rules(self, method: str, path: list[str], sent: Any) -> Answer:
        key = (path[2], path[4])
        if method == "GET":
            return (200, self.groups[key]) if key in self.groups else (404, {"message": ""})
        rules = [{**rule, "id": at, "provenance": "api", "isPaused": False} for at, rule in enumerate(sent["rules"])]
        self.groups[key] = {**sent, "rules": rules}
        return 200, self.groups[key]


@contextmanager
def running(grafana: FakeGrafana) -> Iterator[FakeGrafana]:
    """Serve a Grafana on a free port of loopback."""
    allowed = {f"Bearer {TOKEN}", "Basic " + b64encode(":".join(USER).encode()).decode()}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # an answer is one segment: the second of two would wait for an acknowledgement

        def _answer(self) -> None:
            sent = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "null")
            beginning = f"{grafana.prefix}/api/"
            status: int
            body: Any
            if not self.path.startswith(beginning):
                status, body = 404, "<html>Page not found</html>"
            elif self.headers.get("Authorization") not in allowed:
                status, body = 401, {"message": "Unauthorized", "messageId": "auth.unauthorized"}
            else:
                status, body = grafana.answer(self.command, self.path.removeprefix(beginning).split("?")[0], sent)
            text = body if isinstance(body, str) else json.dumps(body)
            data = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html" if isinstance(body, str) else "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = _answer

        def log_message(self, format: str, *args: Any) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    grafana.url = f"http://127.0.0.1:{server.server_port}{grafana.prefix}"
    try:
        yield grafana
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
