"""What an argument of a program is, and what is left of it once its secret is hidden."""

import re
from enum import Enum, auto

from msgspec import Struct

from collectors.redact_names import is_command, is_secret
from collectors.redact_scripts import hide_echoed
from collectors.redact_tokens import HIDDEN

_OPTION = re.compile(r"--.*|-[A-Za-z]", re.S)
_VARIABLE = re.compile(r"\$\{?\w+\}?")
_USER_SIGNS = re.compile(r"[^:%,@]*[:%,].+", re.S)
_NO_USER = re.compile(r"\d*:\d+|[A-Za-z]+://\S*|(?:[~.]{0,2}/)\S*|@\S*|[^:]*:\$\{?\w+\}?")
_USERINFO = re.compile(r"[\w.%-]+:[^\s@]+@.+")
_PASS = re.compile(r"(?:pass|str|hexkey|key|hexsalt):.+", re.S)
_ORACLE = re.compile(r"((?:\w+=)?\"?[\w$#.\[\]]+\"?/)(?!nolog$)(\"[^\"]*\"|[^\s/@]+)(@\S*)?( as \w+)?")
_DSN = re.compile(r"((?:(?!p[=:])[A-Za-z][=:][^,\s]*+,)*+p[=:])[^,]++(.*)", re.S)
_HEX = re.compile(r"[0-9a-f]{64}")


class Kind(Enum):
    """What an argument is."""

    SECRET = auto()  # all of it
    JOINED = auto()  # all of it, joined to its option only: after a bare -p the program asks
    USER = auto()  # a user and a secret with a sign between them; without the sign it is a name
    COOKIE = auto()  # name=value; without = it is a file
    PREFIXED = auto()  # pass:SECRET; file:, env: and the like are references
    ORACLE = auto()  # user/SECRET@database
    DSN = auto()  # h=host,u=user,p=SECRET
    HEX = auto()  # 64 hexadecimal digits
    LITERAL = auto()  # key=SECRET, whatever the key
    ACL = auto()  # >SECRET or #SECRET of a rule
    FLAG = auto()  # an option without an argument
    HARMLESS = auto()  # no secret, although its name suggests one


class Program(Struct, frozen=True):
    """What is secret in a program's arguments."""

    options: dict[str, Kind] = {}
    valued: str = ""  # other short options that take a value, which ends a bundle: -sSLo FILE
    # The nth words after a word are secrets. "" is the program itself, http-basic.* every word that begins so.
    words: dict[str, tuple[int, ...]] = {}
    # After one of these words, a bare word that names a secret is followed by it: git config github.token X. "" is the
    # program itself.
    names: frozenset[str] = frozenset()
    last: frozenset[str] = frozenset()  # with one of these options or words, the last argument is a secret
    positional: Kind | None = None  # what every other word is
    # Short options, and long ones for a secret as a whole, mean one only after one of these words: docker login -p.
    after: frozenset[str] = frozenset()

    @property
    def bundles(self) -> bool:
        """Return whether short options may stand together: not where such options are words (openssl -passin)."""
        return not any(
            len(option) > 2 and option[1] != "-" and kind is not Kind.JOINED for option, kind in self.options.items()
        )


CONFIG = frozenset({"config", "configure", "create", "set", "put"})  # git config github.token X


def hide(value: str, name: str, kind: Kind | None) -> str | None:
    """Return a value without its secret; None when there is none in it."""
    if not value:
        return None
    if kind is None and is_command(name):
        return hide_echoed(value)
    if kind is None:
        return HIDDEN if not _OPTION.fullmatch(value) and is_secret(name, value) else None
    if kind is Kind.SECRET:
        return None if value.startswith("--") or value == "-" or _VARIABLE.fullmatch(value) else HIDDEN
    if kind is Kind.USER:
        secret = _USER_SIGNS.fullmatch(value) and not _NO_USER.fullmatch(value) and (name or _USERINFO.fullmatch(value))
        return HIDDEN if secret else None
    if kind is Kind.COOKIE:
        return HIDDEN if "=" in value else None
    if kind is Kind.PREFIXED:
        return value.partition(":")[0] + ":" + HIDDEN if _PASS.fullmatch(value) else None
    if kind is Kind.ORACLE:
        found = _ORACLE.fullmatch(value)
        return f"{found[1]}{HIDDEN}{found[3] or ''}{found[4] or ''}" if found else None
    if kind is Kind.DSN:
        found = _DSN.fullmatch(value)
        return f"{found[1]}{HIDDEN}{found[2]}" if found else None
    if kind is Kind.HEX:
        return HIDDEN if _HEX.fullmatch(value) else None
    if kind is Kind.ACL:
        return value[0] + HIDDEN if value[0] in "><#!" and len(value) > 1 else None
    if kind is Kind.LITERAL:
        key, sign, _ = value.partition("=")
        return key + sign + HIDDEN if sign else None
    return value


def hide_joined(option: str, value: str) -> str | None:
    """Return an option and the secret joined to it, hidden; None when nothing is joined."""
    return None if not value or _VARIABLE.fullmatch(value) else option + HIDDEN
