"""What an argument of a program is, and what is left of it once its secret is hidden."""

import re
from enum import Enum, auto

from collectors.redact_names import is_secret
from collectors.redact_shapes import HIDDEN

_VARIABLE = re.compile(r"\$\{?\w+\}?")
_USER_SIGNS = re.compile(r"[^:%,@]*[:%,].+", re.S)
_NO_USER = re.compile(r"\d*:\d+|[A-Za-z]+://\S*|(?:[~.]{0,2}/)\S*|@\S*|[^:]*:\$\{?\w+\}?")
_USERINFO = re.compile(r"[\w.%-]+:[^\s@]+@.+")
_PASS = re.compile(r"(?:pass|str|hexkey|key|hexsalt):.+", re.S)
_ORACLE = re.compile(r"((?:\w+=)?\"?[\w$#.\[\]]+\"?/)(?!nolog$)(\"[^\"]*\"|[^\s/@]+)(@\S*)?")


class Kind(Enum):
    """What an argument is."""

    SECRET = auto()  # all of it
    JOINED = auto()  # all of it, joined to its option only: after a bare -p the program asks
    USER = auto()  # a user and a secret with a sign between them; without the sign it is a name
    COOKIE = auto()  # name=value; without = it is a file
    PREFIXED = auto()  # pass:SECRET; file:, env: and the like are references
    ORACLE = auto()  # user/SECRET@database
    LITERAL = auto()  # key=SECRET, whatever the key
    ACL = auto()  # >SECRET or #SECRET of a rule
    FLAG = auto()  # an option without an argument
    HARMLESS = auto()  # no secret, although its name says so


def hide(value: str, name: str, kind: Kind | None) -> str | None:
    """Return a value without its secret; None when there is none in it."""
    if not value:
        return None
    if kind is None:
        return HIDDEN if not value.startswith("--") and is_secret(name, value) else None
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
        return f"{found[1]}{HIDDEN}{found[3] or ''}" if found else None
    if kind is Kind.ACL:
        return value[0] + HIDDEN if value[0] in "><#!" and len(value) > 1 else None
    if kind is Kind.LITERAL:
        key, sign, _ = value.partition("=")
        return key + sign + HIDDEN if sign else None
    return value


def hide_joined(option: str, value: str) -> str | None:
    """Return an option and the secret joined to it, hidden; None when nothing is joined."""
    return None if not value or _VARIABLE.fullmatch(value) else option + HIDDEN
