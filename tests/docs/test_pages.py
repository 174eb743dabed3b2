import re
from pathlib import Path

import pytest
import yaml

from schemas.topics import ALL
from servicemap import reference
from servicemap.cli import main
from servicemap.config import PREFIX, Config, load
from servicemap.reference_cli import commands
from servicemap.settings import leaves, problems
from sinks.tables import TABLES
from tests.certificates import certify
from tests.docs.pages import GENERATED, PAGES, ROOT, Block, anchors, blocks, inline, links

SETTINGS = {".".join(path) for path, _ in leaves((), Config())}
CODE = re.compile(
    r"(?:benchmarks|collectors|dashboards|deploy|docs|graph|log|schemas|servicemap|sinks|streams|tests|view)/[\w./-]+"
)


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        if "://" in path:
            continue
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{name(page)} links to {link}, which does not exist"
        assert not anchor or anchor in anchors(target), f"{name(page)} links to {link}, but there is no such heading"


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        targets = {(page.parent / link.partition("#")[0]).resolve() for link in links(page) if "://" not in link}
        waiting += [target for target in targets if target.suffix == ".md" and target not in reached]
    unreached = [name(page) for page in PAGES if page not in reached]
    assert not unreached, f"link these pages in docs/index.md: {unreached}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_files_of_the_code_that_a_page_names_exist(page: Path) -> None:
    named = [text for text in inline(page) if CODE.fullmatch(text)]
    missing = [text for text in named if not (ROOT / text).exists()]
    assert not missing, f"{name(page)} names files that do not exist: {missing}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_settings_that_a_page_names_exist(page: Path) -> None:
    named = re.findall(rf"\b{PREFIX}[A-Z_]+[A-Z]\b", page.read_text())
    keys = {text: text.removeprefix(PREFIX).lower().replace("__", ".") for text in named}
    known = {*SETTINGS, *(f"{key}.name" for key in SETTINGS), "config"}
    unknown = [text for text, key in keys.items() if key not in known and not key.startswith("test_")]
    assert not unknown, f"{name(page)} names settings that do not exist: {unknown}"
    tables = {key.partition(".")[0] for key in SETTINGS if "." in key}
    dotted = [text for text in inline(page) if re.fullmatch(rf"({'|'.join(tables)})\.[a-z_]+", text)]
    unknown = [text for text in dotted if text not in SETTINGS]
    assert not unknown, f"{name(page)} names settings that do not exist: {unknown}"


@pytest.mark.parametrize("block", blocks({"toml"}), ids=lambda block: name(block.page))
def test_configuration_that_is_shown_can_be_used(block: Block, tmp_path: Path) -> None:
    file = tmp_path / "servicemap.toml"
    certify(tmp_path)
    (tmp_path / "kafka-password").write_text("secret\n")
    for service in ("clickhouse", "readers"):
        (tmp_path / f"{service}-password").write_text("secret\n")
    file.write_text(block.text.replace("/etc/servicemap/", f"{tmp_path}/"))
    assert list(problems(load(file, environment={}))) == []


def test_yaml_that_is_shown_is_yaml() -> None:
    for block in blocks({"yaml", "yml"}):
        assert list(yaml.safe_load_all(block.text)), name(block.page)


def test_the_generated_pages_are_current() -> None:
    expected = reference.generated()
    stale = [str(page) for page, text in expected.items() if not page.exists() or page.read_text() != text]
    assert not stale, f"run `make golden`: {stale} are not what the code makes"
    assert reference.pages().keys() == set(GENERATED.glob("*.md")), "all of docs/reference is generated"


def test_every_topic_table_setting_and_command_has_its_entry() -> None:
    expected = {
        "topics.md": {topic.name for topic in ALL},
        "tables.md": {table.name for table in TABLES},
        "configuration.md": SETTINGS,
        "cli.md": {command for command, _ in commands(main, "servicemap")},
    }
    for page, entries in expected.items():
        headings = set(re.findall(r"^#+ `?([^`\n]+?)`?$", (GENERATED / page).read_text(), re.M))
        assert entries <= headings, f"{page} lacks {sorted(entries - headings)}; run `make golden`"


def test_every_decision_has_a_number_of_its_own_and_the_three_parts() -> None:
    decisions = sorted((ROOT / "docs" / "adr").glob("*.md"))
    numbers = [int(page.name.partition("-")[0]) for page in decisions]
    assert numbers == list(range(1, len(numbers) + 1)), "decisions are numbered one after the other"
    for page, number in zip(decisions, numbers, strict=True):
        text = page.read_text()
        assert text.startswith(f"# {number}. "), f"{name(page)} has another number in its title"
        assert all(f"**{part}.**" in text for part in ("Context", "Decision", "Consequences")), name(page)
