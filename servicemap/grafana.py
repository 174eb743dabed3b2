"""A running Grafana: its API through grafana-client, with every failure as one sentence."""

import re
from collections.abc import Callable
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from servicemap.extras import missing_for
from servicemap.options import Failure

Json = dict[str, Any]

SECONDS = 15.0
NOT_FOUND, CONFLICTS = 404, (409, 412)
_TOKEN = "a service account's with --token, or --user NAME:PASSWORD"


class Grafana:
    """One Grafana. Calls return what it sent; None for a 404."""

    def __init__(self, url: str, credential: str | tuple[str, str] | None) -> None:
        if not _is_http(url):
            raise Failure(f"{url} is not a Grafana: give --url http://host:3000")
        try:
            client: Any = import_module("grafana_client")
        except ImportError:
            raise Failure(missing_for("grafana")) from None
        self._errors: Any = import_module("grafana_client.client")
        self._transport: Any = import_module("niquests.exceptions")
        self._url = url
        # The client puts "api" right behind the path.
        self._api: Any = client.GrafanaApi.from_url(url.rstrip("/") + "/", credential, timeout=SECONDS)

    def source(self, uid: str) -> Json | None:
        """Return a data source."""
        return self._maybe(lambda: self._api.datasource.get_datasource_by_uid(uid))

    def write_source(self, source: Json, *, there: bool) -> None:
        """Create or update a data source."""
        what = self._api.datasource
        self._ask(
            f"the data source {source['name']}",
            lambda: what.update_datasource_by_uid(source["uid"], source) if there else what.create_datasource(source),
        )

    def folder(self, title: str) -> str | None:
        """Return the uid of the folder with a title."""
        found: list[Json] = self._ask("folders", lambda: self._api.folder.get_all_folders())
        return next((str(one["uid"]) for one in found if one["title"] == title), None)

    def make_folder(self, title: str) -> str:
        """Create a folder; return its uid."""
        made = self._ask(f"the folder {title}", lambda: self._api.folder.create_folder(title))
        return str(made["uid"])

    def dashboard(self, uid: str) -> Json | None:
        """Return a dashboard with Grafana's metadata: {"dashboard": …, "meta": …}."""
        return self._maybe(lambda: self._api.dashboard.get_dashboard(uid))

    def write_dashboard(self, dashboard: Json, folder: str) -> None:
        """Create a dashboard, or update the version that it names."""
        sent = {"dashboard": dashboard, "folderUid": folder, "overwrite": False, "message": "servicemap"}
        self._ask(f"the dashboard {dashboard['title']}", lambda: self._api.dashboard.update_dashboard(sent))

    def rules(self, folder: str, group: str) -> Json | None:
        """Return a group of alert rules."""
        return self._maybe(lambda: self._api.alertingprovisioning.get_rule_group(folder, group))

    def write_rules(self, folder: str, group: Json) -> None:
        """Create or replace a group of alert rules."""
        title = group["title"]
        self._ask(
            f"the alert rules {title}",
            lambda: self._api.alertingprovisioning.update_rule_group(folder, title, group),
        )

    def health(self, uid: str) -> str:
        """Return "OK" if the data source's store answers, else what is wrong with it."""
        try:
            answer = self._api.datasource.health(uid)
        except self._errors.GrafanaException as error:
            message = error.response.get("message") if isinstance(error.response, dict) else None
            return str(message or error.message)
        return "OK" if answer.get("status") == "OK" else str(answer.get("message", answer))

    def close(self) -> None:
        """Let the connections go."""
        self._api.client.s.close()

    def _maybe(self, ask: Callable[[], Any]) -> Json | None:
        """Ask for something that may not be there."""
        answer: Json | None = self._ask("what is there", ask, missing=True)
        return answer

    def _ask(self, what: str, ask: Callable[[], Any], *, missing: bool = False) -> Any:
        try:
            answer = ask()
        except self._errors.GrafanaException as error:
            if missing and error.status_code == NOT_FOUND and isinstance(error.response, dict):
                return None
            raise Failure(self._sentence(what, error)) from None
        except self._transport.JSONDecodeError:
            raise Failure(f"the server at {self._url} is not Grafana: check --url") from None
        except self._transport.RequestException as error:
            raise Failure(f"no Grafana answers at {self._url}: start one or check --url ({_reason(error)})") from None
        if isinstance(answer, str):  # a page for people
            raise Failure(f"the server at {self._url} is not Grafana: check --url")
        return answer

    def _sentence(self, what: str, error: Any) -> str:
        message = error.response.get("message", "") if isinstance(error.response, dict) else ""
        other = what.removeprefix("the ")
        sentences = {
            0: f"Grafana at {self._url} does not answer in time: try again",
            401: f"Grafana does not know who asks: give {_TOKEN}",
            403: f"Grafana refuses {what} ({message}): give a token of role Admin",
            NOT_FOUND: f"there is no Grafana API at {self._url}: check --url",
            409: f"Grafana has another {other} already ({message}): rename or remove it",
            412: f"Grafana has another or newer {other} ({message}): rename or remove it, or run this again",
        }
        return (
            sentences.get(error.status_code) or f"Grafana refuses {what} with {error.status_code}: {message or error}"
        )


def _reason(error: Exception) -> str:
    """Return the system's error text, without what the libraries in between add."""
    found = re.search(r"\[Errno -?\d+\] ([^'\")\]]+)", str(error))
    return found[1] if found else type(error).__name__


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:  # a port out of range, half an IPv6 address
        return False
