"""Secrets leave no host: what looks like one in a command line is replaced by ***.

The words and forms are those that programs really use: --password=x, --password x, -px (MySQL clients), PGPASSWORD=x,
user:secret@host in URLs, and Authorization headers.
"""

import re
from pathlib import PurePosixPath

HIDDEN = "***"
_LONG = (  # anywhere at the end of a name: PGPASSWORD, dbPassword, --admin-token
    r"pass(?:word|wd|phrase|code)?|secret|token|credential|bearer"
    r"|(?:api|access|private|secret|account|encryption|signing|license|storage|auth|shared|master)[-_]?key"
)
_BRIEF = r"pwd|auth|authorization|cookie|session|sas|jwt|dsn|psk"  # only as a word of a name: MYSQL_PWD
_NAME = rf"(?:{_LONG}|(?<![A-Za-z])(?:{_BRIEF}))s?(?:[-_](?:id|value|string|data|b64|base64|text|plain))?"
_VALUE = r"\"[^\"]*\"|'[^']*'|[^\s&;,\"']+"
_ASSIGNED = re.compile(rf"(?i)({_NAME}[\"']?\s{{0,9}}[=:]\s{{0,9}})({_VALUE})")
_FLAG = re.compile(rf"(?i)-{{1,2}}[A-Za-z0-9_.-]{{0,60}}?{_NAME}")
_HEADER = re.compile(
    r"(?i)\b((?:proxy-)?authorization|cookie|x-[a-z-]{0,40}(?:token|key|auth)[a-z-]{0,40})(\s{0,9}[:=]\s{0,9})[^\"']+"
)
_SCHEME = re.compile(r"(?i)\b(bearer|basic|token|digest)(\s+)(?=[^\s]*[0-9+/=._-])[A-Za-z0-9+/=._~-]{8,}")
_START = r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,30}://"
_URL = re.compile(rf"({_START}[^\s/:@]*:)([^\s/]+)@")
_URL_USER = re.compile(rf"({_START})([A-Za-z0-9_-]{{20,}})@")
_KNOWN = re.compile(
    r"\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}|xox[abprs]-[A-Za-z0-9-]{10,}"
    r"|AKIA[0-9A-Z]{16}|sk-[A-Za-z0-9_-]{20,}|eyJ[A-Za-z0-9_-]{8,999}\.[A-Za-z0-9_.-]{8,})"
)
# Programs whose -p is joined to a password, or whose -a, -u or -w takes one.
_SHORT = {
    "mysql": "-p", "mysqldump": "-p", "mysqladmin": "-p", "mariadb": "-p", "mariadb-dump": "-p", "mysqlimport": "-p",
    "sshpass": "-p", "redis-cli": "-a", "mongo": "-p", "mongosh": "-p", "ldapsearch": "-w", "ldapmodify": "-w",
    "sqlcmd": "-P", "ftp": "-p", "smbclient": "-U", "curl": "-u", "wget": "-u",
}  # fmt: skip
_APART = {"sshpass", "redis-cli", "mongo", "mongosh", "ldapsearch", "ldapmodify", "sqlcmd", "smbclient", "curl"}


def redact(arguments: list[str]) -> list[str]:
    """Return a command line with its secrets replaced; the number of arguments stays."""
    program = PurePosixPath(arguments[0]).name if arguments else ""
    short = _SHORT.get(program)
    redacted = arguments[:1] and [_within(arguments[0])]
    hide = False
    for argument in arguments[1:]:
        if hide and argument and not argument.startswith("--"):
            redacted.append(HIDDEN)
            hide = False
        elif short and argument == short and program in _APART:
            redacted.append(argument)
            hide = True
        elif short and argument.startswith(short) and len(argument) > 2 and not argument.startswith("--"):
            redacted.append(short + HIDDEN)
            hide = False
        else:
            redacted.append(_within(argument))
            hide = _takes_secret(argument)
    return redacted


def _takes_secret(argument: str) -> bool:
    """Tell whether the next argument is a secret: --password, but not --password-file."""
    return bool(_FLAG.fullmatch(argument))


def _within(argument: str) -> str:
    """Replace what is secret inside one argument; it may be a whole script, or one header."""
    argument = _URL.sub(rf"\1{HIDDEN}@", argument)
    argument = _URL_USER.sub(rf"\1{HIDDEN}@", argument)
    argument = _HEADER.sub(rf"\1\2{HIDDEN}", argument)
    argument = _SCHEME.sub(rf"\1\2{HIDDEN}", argument)
    argument = _ASSIGNED.sub(rf"\1{HIDDEN}", argument)
    return _KNOWN.sub(HIDDEN, argument)


def bounded(arguments: list[str], limit: int) -> list[str]:
    """Cut a command line to a number of characters; an ellipsis says where."""
    kept: list[str] = []
    for argument in arguments:
        if len(argument) > limit:
            return [*kept, argument[: max(limit, 0)] + "…"]
        kept.append(argument)
        limit -= len(argument) + 1
    return kept
