"""Variables of a dashboard. Each has one value, and where `""` is allowed it stands for any."""

from dashboards.grafana.panels import SOURCE, Json
from dashboards.macros import grafana

ON_TIME_RANGE = 2  # asked anew when the range of time changes
CUSTOM_SORT = 0  # as the query orders them


def chosen(name: str, label: str, query: str, **fixed: str) -> Json:
    """Return a variable whose values a query gives: one column, or value and text."""
    text = grafana(query, **fixed)
    return {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": SOURCE,
        "query": {"editorType": "sql", "rawSql": text, "refId": f"var-{name}", "queryType": "sql"},
        "definition": text,
        "refresh": ON_TIME_RANGE,
        "sort": CUSTOM_SORT,
        "regex": "",
        "multi": False,
        "includeAll": False,
        "allowCustomValue": True,  # a link may name what the range does not list
        "current": {"text": "", "value": ""},
        "options": [],
        "hide": 0,
    }


def listed(name: str, label: str, values: dict[str, str]) -> Json:
    """Return a variable with given values and their texts; the first is the default."""
    options = [{"text": text, "value": value, "selected": at == 0} for at, (value, text) in enumerate(values.items())]
    return {
        "type": "custom",
        "name": name,
        "label": label,
        "query": ", ".join(f"{text} : {value}" for value, text in values.items()),
        "multi": False,
        "includeAll": False,
        "current": options[0],
        "options": options,
        "hide": 0,
    }


def written(name: str, label: str, about: str) -> Json:
    """Return a variable that is typed in, or set by a link; empty at first."""
    return {
        "type": "textbox",
        "name": name,
        "label": label,
        "description": about,
        "query": "",
        "current": {"text": "", "value": ""},
        "options": [],
        "hide": 0,
    }
