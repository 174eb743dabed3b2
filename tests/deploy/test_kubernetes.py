"""deploy/servicemap-agent.yaml: what Kubernetes takes, and the same agent as under Compose."""

from typing import Any

import kubernetes_validate
import pytest
import yaml

from servicemap.config import load
from tests.deploy.compose import ROOT, services

FILE = ROOT / "deploy" / "servicemap-agent.yaml"
OBJECTS: list[dict[str, Any]] = list(yaml.safe_load_all(FILE.read_text()))
COMPOSED = services()["agent"]
VERSIONS = ("1.30", "1.33")  # the first with appArmorProfile as a field, and a later one


def one(kind: str) -> dict[str, Any]:
    (found,) = [each for each in OBJECTS if each["kind"] == kind]
    return found


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("each", OBJECTS, ids=lambda each: str(each["kind"]))
def test_kubernetes_takes_it(each: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(each, version, strict=True)


def test_the_agent_is_the_one_of_compose() -> None:
    pod = one("DaemonSet")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    security = container["securityContext"]

    assert container["image"] == COMPOSED["image"]
    assert container["args"] == COMPOSED["command"]
    assert security["capabilities"] == {"drop": COMPOSED["cap_drop"], "add": COMPOSED["cap_add"]}
    assert (pod["hostPID"], pod["hostNetwork"]) == (True, True)
    assert security["allowPrivilegeEscalation"] is False
    assert security["readOnlyRootFilesystem"] is COMPOSED["read_only"]
    hosts = {volume["name"]: volume["hostPath"]["path"] for volume in pod["volumes"] if "hostPath" in volume}
    mounts = [each for each in container["volumeMounts"] if each["name"] in hosts]
    assert all(each["readOnly"] for each in mounts)
    assert [f"{hosts[each['name']]}:{each['mountPath']}:ro" for each in mounts] == COMPOSED["volumes"]


def test_its_settings_are_ours() -> None:
    container = one("DaemonSet")["spec"]["template"]["spec"]["containers"][0]
    fields = {each["name"]: "node-1" for each in container["env"]}

    config = load(environment={**one("ConfigMap")["data"], **fields})

    assert config.log.url == "kafka://kafka.example:9092"
    assert config.collectors.labels == {"node": "node-1"}


def test_labels_select_the_pods() -> None:
    spec = one("DaemonSet")["spec"]
    assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"]
    assert {each["metadata"].get("namespace", "servicemap") for each in OBJECTS} == {
        one("Namespace")["metadata"]["name"]
    }
