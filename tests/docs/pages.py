"""The pages, in pieces that can be checked: blocks, the commands in them, inline code, links, headings."""

import re
import shlex
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
GENERATED = ROOT / "docs" / "reference"
SHELLS = {"sh", "bash", "shell", "console"}
_ASSIGNMENT = re.compile(r"[A-Z][A-Z0-9_]*=.*", re.S)
_REDIRECTIONS = {">", ">>", "<", "2>", "&>"}
_WRAPPERS = {"sudo", "exec", "time", "nohup", "do", "then"}


class Block(NamedTuple):
    """A fenced block: the page, its language, its text."""

    page: Path
    language: str
    text: str


class Command(NamedTuple):
    """A simple command as it stands on a page: words without redirections, and the environment given with it."""

    page: Path
    words: tuple[str, ...]
    environment: tuple[str, ...] = ()
    inline: bool = False

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}: {shlex.join((*self.environment, *self.words))}"


@cache
def tokens(page: Path) -> list[Token]:
    """Return the page's tokens, those within paragraphs included."""
    found = MarkdownIt("commonmark").enable("table").parse(page.read_text())
    return [inner for token in found for inner in (token, *(token.children or ()))]


def blocks(languages: Iterable[str] = (), pages: Iterable[Path] = PAGES) -> list[Block]:
    """Return the fenced blocks of the pages, in these languages or in all."""
    wanted = set(languages)
    return [
        Block(page, token.info.strip(), token.content)
        for page in pages
        for token in tokens(page)
        if token.type == "fence" and (not wanted or token.info.strip() in wanted)
    ]


def inline(page: Path) -> list[str]:
    """Return the inline code of a page."""
    return [token.content for token in tokens(page) if token.type == "code_inline"]


def links(page: Path) -> list[str]:
    """Return where the links and pictures of a page lead."""
    targets = [token.attrGet("href") or token.attrGet("src") for token in tokens(page)]
    return [str(target) for target in targets if target]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ +(.+)$", page.read_text(), re.M)
    plain = (re.sub(r"[^\w\- ]", "", title.lower()) for title in titles)
    return {title.strip().replace(" ", "-") for title in plain}


def commands(pages: Iterable[Path] = PAGES) -> list[Command]:
    """Return every command in blocks for a shell, and inline code that begins like one of ours."""
    found = [
        Command(block.page, words, environment)
        for block in blocks(SHELLS, pages)
        for environment, words in shell(_typed(block))
    ]
    for page in pages:
        for text in inline(page):
            if re.match(r"(servicemap|make) \S", text):
                found += [Command(page, words, environment, inline=True) for environment, words in shell(text)]
    return found


def _typed(block: Block) -> str:
    """Return what is typed: of a console, what follows the prompt."""
    if block.language != "console":
        return block.text
    return "\n".join(line[2:] for line in block.text.splitlines() if line.startswith("$ "))


def shell(text: str) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Split shell text into simple commands: what each is given as environment, and its words."""
    text = re.sub(r"<<-?\s*'?(\w+)'?([^\n]*)\n.*?^\s*\1$", r"\2", text, flags=re.S | re.M)  # here-documents
    text = re.sub(r"(^|[ \t])#[ \t!][^\n]*", "", text.replace("\\\n", " "), flags=re.M)
    lexer = shlex.shlex(text, posix=True, punctuation_chars="|;&<>\n")
    lexer.whitespace = " \t"
    lexer.wordchars += "…,:@%+{}[]()!$?*^#=\\"
    lexer.commenters = ""
    yield from _simple(lexer)


def _simple(words: Iterable[str]) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    held: list[str] = []
    skip = False
    for word in (*words, ";"):
        if set(word) <= set("|;&\n"):
            environment = tuple(takewhile(_ASSIGNMENT.fullmatch, held))
            rest = held[len(environment) :]
            while rest and rest[0] in _WRAPPERS:
                rest = rest[1:]
            if rest:
                yield environment, tuple(rest)
            held = []
        elif word in _REDIRECTIONS:
            skip = True
        elif skip:
            skip = False
        else:
            held.append(word)
