"""Find the name in a word, without versions, numbers, addresses, hashes and dates, which change or mean nothing."""

import re

_VERSION = re.compile(r"[-_.@ ]?(?<![A-Za-z\d])[vV]?\d+\.\d+[\w.+~-]*$|[-_.][vV]\d+\.\d+[\w.+~-]*$")
_DATE = re.compile(r"[-_.@](?:RELEASE|release)?\.?\d{4}-?\d{2}-?\d{2}[\dTtZz:._-]*$|[-_.@]\d{8,}[\d._-]*$")
_HASH = re.compile(r"[-_.@]g?(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,64}$")
_UUID = re.compile(r"[-_.@:]?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-f])")
_BUILD = re.compile(r"[-_.](?:SNAPSHOT|RELEASE|FINAL|GA|LATEST|build\.?\d+)$", re.IGNORECASE)
_PLATFORM = re.compile(r"[-_.](?:linux|darwin)[-_.]?(?:amd64|arm64|x86_64|x64|aarch64|386|arm(?:v\d)?|64|musl)?$")
_SUFFIXES = (_VERSION, _DATE, _HASH, _BUILD, _PLATFORM)
_LONGEST = 255  # the longest name of a file; the patterns take time that grows with the square of it
_LETTERS = re.compile(r"[^\W\d_]")
_ID = re.compile(r"(?=.*\d)[0-9a-f]{7,64}")
_PLACE = re.compile(r"\[?[0-9a-fA-F.:]*:[0-9a-fA-F.:]*\]?(?::\d+)?|[\w.-]*:\d+|\d[\d.,:/_-]*|.*://.*|v?\d+\.[\w.+-]*")


def words(text: str) -> frozenset[str]:
    """Return the words of a table."""
    return frozenset(text.split())


def versionless(name: str) -> str:
    """Return a name without its version: pay-1.2.3-SNAPSHOT becomes pay, and orders-2 stays."""
    if len(name) > _LONGEST:
        return name
    name = without_ids(name) or name
    for _ in range(4):
        shorter = name
        for suffix in _SUFFIXES:
            cut = suffix.sub("", shorter)
            shorter = cut if _LETTERS.search(cut) else shorter
        if shorter == name:
            break
        name = shorter
    return name


def without_ids(name: str) -> str:
    """Return a name without the UUIDs in it."""
    return _UUID.sub("", name)


def fit(word: str) -> bool:
    """Return whether a word can be a name: no value, option, address, port, number or id."""
    if not word or len(word) > 64 or word[0] in "-+@%=$&<>|" or word.endswith("…"):
        return False
    if "=" in word or any(letter.isspace() for letter in word) or not _LETTERS.search(word):
        return False
    return not (_ID.fullmatch(word) or _PLACE.fullmatch(word) or _UUID.search(word))
