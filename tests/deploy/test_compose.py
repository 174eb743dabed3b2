"""docker-compose.yml, the Dockerfile and what they mount: rules that hold without a Docker."""

import re
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyOptions

from collectors.discover_start import MEMORY_BYTES
from deploy.kafka import POM
from deploy.kafka_settings import server_properties
from tests.deploy.compose import FILE, FILLED, ROOT, Missing, interpolated, services, variables

PARTS = ("agent", "sink", "view", "worker")
EVERY = pytest.mark.parametrize("name", services())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DOCKERFILE = re.sub(r"\\\n", "", (ROOT / "Dockerfile").read_text())


def instructions(kind: str) -> list[str]:
    return re.findall(rf"^{kind} (.*)", DOCKERFILE, re.MULTILINE)


def users() -> ET.Element:
    found = ET.parse(ROOT / "deploy" / "clickhouse" / "users.xml").getroot().find("users")
    assert found is not None
    return found


def test_the_file_is_one_that_compose_takes() -> None:
    options = PyOptions()
    options.apply_merge = True

    compose = options.from_yaml(interpolated(FILLED))
    compose.validate()

    assert set(compose.service_names()) == set(services()) > set(PARTS)


@pytest.mark.parametrize("name", FILLED)
def test_a_password_that_is_not_set_is_reported_in_one_sentence(name: str) -> None:
    with pytest.raises(Missing, match=f"^{name} is missing in .env, for which see .env.example$"):
        interpolated({**FILLED, name: ""})


def test_the_example_names_what_the_file_takes_and_sets_no_password() -> None:
    text = (ROOT / ".env.example").read_text()
    settings = dict(re.findall(r"^(?:# )?([A-Z_]+)=(.*)$", text, re.MULTILINE))

    assert set(settings) == variables()
    assert {name: settings[name] for name in FILLED} == dict.fromkeys(FILLED, "")


@EVERY
def test_images_are_of_one_version(name: str) -> None:
    _, _, tag = services()[name]["image"].rpartition(":")

    assert re.fullmatch(r"\d+(\.\d+){2,3}", tag)
    if name in PARTS:
        assert tag == PROJECT["version"]


@EVERY
def test_a_service_is_started_again_and_what_it_logs_is_bounded(name: str) -> None:
    service = services()[name]

    assert service["restart"] == "unless-stopped"
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}
    assert "no-new-privileges" in service["security_opt"]


@EVERY
def test_ports_are_this_hosts_own_and_who_listens_is_looked_after(name: str) -> None:
    service = services()[name]

    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert ("ports" in service) <= ("healthcheck" in service)


def test_kafka_alone_can_be_opened_to_other_hosts() -> None:
    opened = services({**FILLED, "KAFKA_ADDRESS": "10.0.0.1"})

    assert [port for service in opened.values() for port in service.get("ports", []) if port[:9] != "127.0.0.1"] == [
        "10.0.0.1:9092:9092"
    ]
    assert "OUTSIDE://10.0.0.1:9092" in opened["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    assert opened["agent"]["environment"]["SERVICEMAP_LOG__URL"] == "kafka://10.0.0.1:9092"


@pytest.mark.parametrize("name", PARTS)
def test_a_part_writes_nothing_and_has_the_privileges_it_needs(name: str) -> None:
    part = services()[name]

    assert part["read_only"]
    assert part["cap_drop"] == ["ALL"]
    capabilities = ["BPF", "DAC_READ_SEARCH", "NET_ADMIN", "NET_RAW", "PERFMON", "SYS_ADMIN", "SYS_PTRACE"]
    needed = capabilities if name == "agent" else []
    assert part.get("cap_add", []) == needed
    assert ("user" in part) == (name == "agent")  # the others are as the image sets


def test_the_agent_sees_the_host_and_not_its_container() -> None:
    agent = services()["agent"]

    assert [agent[what] for what in ("pid", "network_mode", "uts", "cgroup")] == ["host"] * 4
    assert "/etc/machine-id:/etc/machine-id:ro" in agent["volumes"]


@EVERY
def test_what_is_mounted_is_there(name: str) -> None:
    declared = yaml.safe_load(FILE.read_text())["volumes"]
    for mount in services()[name].get("volumes", []):
        source, *rest = mount.split(":")
        if source.startswith("./"):
            assert (ROOT / source).exists()
        assert rest[1:] == ["ro"] if source[0] in "./" else source in declared


@EVERY
def test_a_service_waits_for_what_it_needs_to_be_healthy(name: str) -> None:
    for other, how in services()[name].get("depends_on", {}).items():
        assert how == {"condition": "service_healthy"}
        assert "healthcheck" in services()[other]


def test_kafka_is_that_of_make_kafka() -> None:
    version = re.search(r"<kafka.version>(.*)</", POM.read_text())
    local = dict(line.split("=", 1) for line in server_properties("", 0, 0, Path()).splitlines())
    printed: dict[str, Any] = services()["kafka"]["environment"]
    own = {name for name in printed if re.search("LISTENER|QUORUM|LOG_DIRS|HEAP|CLUSTER", name)}

    assert version
    assert services()["kafka"]["image"] == f"apache/kafka:{version[1]}"
    assert {name: printed[name] for name in set(printed) - own} == {
        name: local[name.removeprefix("KAFKA_").lower().replace("_", ".")] for name in set(printed) - own
    }


def test_clickhouse_knows_the_users_of_the_parts_and_nobody_without_a_password() -> None:
    inside = services()["clickhouse"]["environment"]
    passwords = {user.tag: user.find("password") for user in users() if "remove" not in user.attrib}
    meant = {}
    for name in ("sink", "view"):
        found = re.match(r"clickhouse://(\w+):(\w+)@", services()[name]["environment"]["SERVICEMAP_STORE__URL"])
        assert found
        meant[found[1]] = found[2]
    grafana = services()["grafana"]["environment"]

    assert [user.tag for user in users() if user.get("remove")] == ["default"]
    assert {name: inside[each.attrib["from_env"]] for name, each in passwords.items() if each is not None} == meant
    assert set(passwords) == set(meant)
    assert grafana["CLICKHOUSE_PASSWORD"] == inside["CLICKHOUSE_READER_PASSWORD"]
    assert grafana["CLICKHOUSE_USER"] == "reader"


def test_who_reads_can_change_nothing() -> None:
    grants = [query.text or "" for query in users().iterfind("reader/grants/query")]

    assert grants
    assert all(grant.startswith("GRANT SELECT ON ") for grant in grants)
    assert users().findtext("reader/profile") == "reads"


@pytest.mark.parametrize("name", ["users.xml", "config.xml"])
def test_settings_of_clickhouse_are_read_as_clickhouses(name: str) -> None:
    assert ET.parse(ROOT / "deploy" / "clickhouse" / name).getroot().tag == "clickhouse"


def test_the_image_is_built_of_what_is_locked_and_runs_without_root() -> None:
    (python,) = instructions("ARG")
    installs = [
        run for run in instructions("RUN") for run in run.split("&&") if "pip " in run and "uninstall" not in run
    ]

    assert re.fullmatch(r"PYTHON=python:3\.\d+\.\d+-slim-\w+", python)
    assert all(base.startswith("${PYTHON}") for base in instructions("FROM"))
    assert all(re.search("--require-hashes|--no-index|--no-deps --no-build-isolation", run) for run in installs)
    assert instructions("USER") == ["10001:10001"]
    assert instructions("ENTRYPOINT") == ['["servicemap"]']


def test_the_image_is_built_of_what_the_wheel_is_built_of_and_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    kept = {line[1:] for line in lines if line.startswith("!")}
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]

    assert "*" in lines
    assert {name for name in kept if (ROOT / name).is_dir()} == set(wheel["packages"])
    assert {"requirements.lock", "pyproject.toml", "hatch_build.py", "package-lock.json", "README.md"} <= kept
    assert all((ROOT / name).exists() for name in kept)


def test_the_agent_has_the_same_capabilities_under_systemd() -> None:
    unit = (ROOT / "deploy" / "servicemap-agent.service").read_text()
    printed = dict(re.findall(r"^(\w+Capabilities|CapabilityBoundingSet)=(.*)$", unit, re.MULTILINE))

    capabilities = [f"CAP_{name}" for name in services()["agent"]["cap_add"]]
    assert {name: value.split() for name, value in printed.items()} == {
        "AmbientCapabilities": capabilities,
        "CapabilityBoundingSet": capabilities,
    }
    assert "DynamicUser=yes" in unit.splitlines()


def test_a_program_that_grows_does_not_end_the_agent_under_systemd() -> None:
    unit = (ROOT / "deploy" / "servicemap-agent.service").read_text()
    (most,) = re.findall(r"^MemoryMax=(\d+)M$", unit, re.MULTILINE)

    assert (int(most) << 20) / 2 >= MEMORY_BYTES
    assert "OOMPolicy=continue" in unit.splitlines()
