"""The files that provision alerting in Grafana: the rules; and for a Grafana of our own, where alerts go.

Grafana puts the environment's ${ALERT_WEBHOOK_URL} into the second when it reads it. That file replaces all of the
organisation's notification policies, so a Grafana that has its own takes the rules alone.
"""

from dashboards.alerts.rule import MINUTE, Json, Rule, document
from dashboards.alerts.rules import EVERY_FIVE_MINUTES, EVERY_MINUTE
from dashboards.alerts.text import as_yaml
from dashboards.grafana.panels import SOURCE

FOLDER = "Servicemap"
GROUPS: dict[str, tuple[int, tuple[Rule, ...]]] = {
    "servicemap": (1 * MINUTE, EVERY_MINUTE),
    "servicemap-slow": (5 * MINUTE, EVERY_FIVE_MINUTES),
}
RECEIVER = "servicemap"


def files() -> dict[str, str]:
    """Return the text of each file by its name."""
    return {"rules.yaml": as_yaml({"apiVersion": 1, "groups": groups()}), "contact.yaml": as_yaml(contact())}


def groups() -> list[Json]:
    """Return the groups of rules, each evaluated at its own interval."""
    return [
        {
            "orgId": 1,
            "name": name,
            "folder": FOLDER,
            "interval": f"{interval}s",
            "rules": [document(rule, SOURCE["uid"]) for rule in group],
        }
        for name, (interval, group) in GROUPS.items()
    ]


def rules() -> list[Json]:
    """Return all rules."""
    return [rule for group in groups() for rule in group["rules"]]


def contact() -> Json:
    """Return the contact point and the policy that sends everything there."""
    webhook = {
        "uid": f"{RECEIVER}-webhook",
        "type": "webhook",
        "settings": {"url": "${ALERT_WEBHOOK_URL}", "httpMethod": "POST"},
        "disableResolveMessage": False,
    }
    policy = {
        "orgId": 1,
        "receiver": RECEIVER,
        "group_by": ["grafana_folder", "alertname"],
        "group_wait": "30s",
        "group_interval": "5m",
        "repeat_interval": "4h",
    }
    return {
        "apiVersion": 1,
        "contactPoints": [{"orgId": 1, "name": RECEIVER, "receivers": [webhook]}],
        "policies": [policy],
    }
