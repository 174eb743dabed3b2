"""Secrets in scripts: SQL, calls of libraries, what is echoed into a program that reads a password.

Every pattern is linear in the text: repeated parts are possessive (`++`) or bounded.
"""

import re

from collectors.redact_tokens import HIDDEN

_TEXT = r"(?:'[^']*+'|\"[^\"]*+\")"
_BEFORE = rf"(?:{_TEXT}|[\w.:$]{{1,80}})\s{{0,9}},\s{{0,9}}"  # an argument before the secret
_SQL = re.compile(
    r"(?i)\b(identified\s+(?:with\s+\S+\s+)?(?:by|as)\s+(?:password\s+)?|password(?:\s+|\s*[=(]\s*)|set\s+password\s+(?:for\s+\S+\s*)?=?\s*"
    r"(?:password\s*\(\s*)?|secret(?:\s+|_key\s*=?\s*))"
    r"(\\?'(?:[^'\\]|''|\\.)*+'|(?<=(?:by|rd) )(?:\"[^\"]*+\"|\\\"[^\"\\]*+\\\"))"
)
# user, secret: requests.get(url, auth=(…)), HTTPBasicAuth(…), smtp.login(…), db.auth(…)
_SECOND = re.compile(
    rf"(?i)((?:\bauth\s{{0,9}}=\s{{0,9}}|(?:auth|credentials?|login|\bauthenticate|pgp_sym_(?:en|de)crypt|aes_(?:en|de)crypt)\s{{0,9}})"
    rf"\(\s{{0,9}}{_BEFORE})({_TEXT})"
)
# host or source, user, secret: mysqli(…), PDO(…), DBI->connect(…), DriverManager.getConnection(…)
_THIRD = re.compile(rf"(?i)((?:\b(?:mysqli?|pdo)|connect|connection)\s{{0,9}}\(\s{{0,9}}{_BEFORE}{_BEFORE})({_TEXT})")
# ClickHouse's functions and engines of tables: host, database, table, user, secret; s3: address, key, secret
_FIFTH = re.compile(
    rf"(?i)((?:mysql|postgresql|mongodb|remote|remotesecure|materializedmysql|materializedpostgresql)\s{{0,9}}\(\s{{0,9}}(?:{_BEFORE}){{3,4}})"
    rf"({_TEXT})(?=\s{{0,9}}(?:\)|,))"
)
_STORE = re.compile(
    rf"(?i)((?:s3|s3cluster|gcs|cosn|oss|iceberg|hudi|deltalake)\s{{0,9}}\(\s{{0,9}}{_BEFORE}'(?:[A-Z0-9]{{16,128}}|\*+)'\s{{0,9}},\s{{0,9}})({_TEXT})"
)
_PRAGMA = re.compile(rf"(?i)(\bpragma\s+(?:re)?key\s{{0,9}}=\s{{0,9}})({_TEXT})")
_SECURE_STRING = re.compile(rf"(?i)(\bConvertTo-SecureString\s+(?:-String\s+)?)({_TEXT}|[^\s\"']++)")
_NETRC = re.compile(r"(\blogin\s{1,9}[^\s]{1,100}\s{1,9}password\s{1,9})([^\s;\"']++)")
_EXPECT = re.compile(
    r"(?i)(ass(?:word|phrase)[^;{]{0,80}[;{]?\s{0,20}(?:exp_)?send\s{1,9}(?:--\s{1,9})?\")([^\"]++)(?=\")"
)
_READERS = r"(?:(?:ch|smb)?passwd|cryptsetup|kinit|debconf-set-selections|saslpasswd2|vncpasswd|pdbedit|ssh-add)\b"
_PIPE = re.compile(
    r"(\b(?:echo|printf)\s{1,9}(?:-[neE]{1,3}\s{1,9})?)((?:'[^']*+'|\"(?:[^\"\\]|\\.)*+\"|[^|;&\n'\"]){1,400}?)"
    r"(\s{0,9}\|\s{0,9}(?:sudo\s{1,9}(?:-\w{1,20}\s{1,9}){0,4}-\w{0,9}S\b|[^|;&\n]{0,200}?(?:stdin\b|-fd[\s=]0\b)"
    rf"|(?:sudo\s{{1,9}}(?:-\S{{1,20}}\s{{1,9}}){{0,4}})?(?:[\w/.-]{{0,40}}/)?{_READERS}|sudo\s{{1,9}}-\w{{0,9}}S\b))"
)
_HERE = re.compile(
    rf"((?:stdin|sudo\s{{1,9}}-\w{{0,9}}S|\b{_READERS})\b[^|;&\n<]{{0,80}}<<<\s{{0,9}})({_TEXT}|[^\s;&|\"']++)"
)
_ECHO = re.compile(r"(\s{0,9}(?:/\S{1,60}/)?(?:echo|printf)\s{1,9})(.+)", re.S)


def hide_echoed(command: str) -> str | None:
    """Return the command that prints a password without it; None for one that fetches it."""
    found = _ECHO.fullmatch(command)
    return found[1] + HIDDEN if found else None


def _in_sql(found: re.Match[str]) -> str:
    return f"{found[1]}'{HIDDEN}'"


def _in_quotes(found: re.Match[str]) -> str:
    """Hide the second group; its quotes stay."""
    quote = found[2][0] if found[2][0] in "'\"" else ""
    return f"{found[1]}{quote}{HIDDEN}{quote}"


_MARKED = (
    ("key", _PRAGMA),
    ("KEY", _PRAGMA),
    ("SecureString", _SECURE_STRING),
    ("login", _NETRC),
    ("send", _EXPECT),
    ("<<<", _HERE),
)
_CALLS = (_SECOND, _THIRD, _STORE, _FIFTH)


def hide_in_script(text: str) -> str:
    """Replace the secrets of a script. What is no script costs two searches."""
    if "(" in text and "," in text:
        for call in _CALLS:
            text = call.sub(_in_quotes, text)
    if " " not in text:
        return text
    text = _SQL.sub(_in_sql, text)
    for mark, pattern in _MARKED:
        if mark in text:
            text = pattern.sub(_in_quotes, text)
    return _PIPE.sub(rf"\1{HIDDEN}\3", text) if "|" in text else text
