"""All dashboards, and the files they are."""

import json

from dashboards.grafana import changes, edge, host, pipeline, service, service_map
from dashboards.grafana.panels import Json

BUILDERS = (service_map.build, service.build, edge.build, host.build, changes.build, pipeline.build)


def dashboards() -> list[Json]:
    """Return every dashboard, the map first."""
    return [build() for build in BUILDERS]


def files() -> dict[str, str]:
    """Return the text of every dashboard by its file's name."""
    return {f"{one['uid']}.json": json.dumps(one, indent=2, ensure_ascii=False) + "\n" for one in dashboards()}
