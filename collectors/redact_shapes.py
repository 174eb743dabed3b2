"""Secrets known by their shape, wherever they stand: credentials of URLs, headers, SQL, key files, tokens.

Every pattern is linear in the text: repeated parts are possessive (`++`) or bounded.
"""

import re
from collections.abc import Callable

from collectors.redact_names import is_secret, strength
from collectors.redact_tokens import TOKEN

HIDDEN = "***"
_JUDGED = 256  # characters of a value by which it is judged where its name says little
Rule = Callable[[str], str]

_NAMED = re.compile(
    r"(?<![\w.$-])(?<!\$\{)(?P<name>[\w.$-]++(?:\[[\w.-]{0,40}\])?+)(?:\\?[\"'])?\s{0,4}(?P<sign>=>|:=|==?|:|%3[Dd])\s{0,4}+"
)
# The value ends where a quote, a query's parameter or a list's item does. An escaped quote is that of JSON within JSON.
_VALUE = re.compile(
    r"\\\"(?:(?!\\\").)*+\\\"|\"(?:[^\"\\]|\\.)*+\"|'(?:[^'\\]|\\.)*+'|\{(?!\{)[^{}]*+\}|\$\([^)]*+\)|\{\{[^}]*+\}\}"
    r"|[^\s&;,\"'<>)\]}|\\][^\s&;,\"'<>)\]}|\\]*+",
    re.S,
)
_PORT = re.compile(r"\d{2,5}(?![^/\s])")
_ELEMENT = re.compile(r"<(?P<name>[\w:.-]++)(?P<rest>[^<>]{0,200}>)(?P<value>[^<>]++)(?=</)")
_HEADER = re.compile(
    r"(?i)(?<![\w-])((?:proxy-)?authorization|set-cookie2?|cookie|x-[a-z0-9-]{0,40}(?:token|key|auth|secret|signature)[a-z0-9-]{0,40})"
    r"(\s{0,9}[:=]\s{0,9})(?!\s|/|\./|\$)([^\"'\n]++)"
)
_SCHEME = re.compile(
    r"(?i)(?<!\w)(bearer|basic|token|digest|apikey|negotiate)(\s+)(?=\S{0,200}[0-9+/=._-])([A-Za-z0-9+/=._~:-]{8,})"
)
_START = r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,30}+://"
# The last @ before the path ends the credentials: passwords hold @ and / unescaped more often than one would wish.
_URL = re.compile(rf"({_START}[^\s/:@\"'<>]*+:)(?!//)([^\s/\"'<>]*+(?<=@)|[^\s\"'<>@]{{1,200}}@)")
_URL_USER = re.compile(rf"({_START})(?=[A-Za-z0-9_.~%-]*[0-9])([A-Za-z0-9_.~%-]{{20,}})@")
_NOT_USERS = (  # schemes: npm:left-pad@1, mailto:me@example.org
    r"npm|jsr|node|workspace|patch|file|link|pkg|mailto|sips?|xmpp|acct|tel|urn|https?|ftp|cvs|svn|git|ssh|catalog|portal"
    r"|exec|github|gitlab|docker|oci"
)
_USERINFO = re.compile(
    rf"(?<![\w@:.%+-])(?!(?:{_NOT_USERS}):)(:pserver:)?([A-Za-z_][\w.+\\-]{{0,63}}:)"
    r"([^\s@/:'\"=,;(){}<>\[\]]{1,200})@(?=\[|[A-Za-z]|\d+\.\d+\.|\(|$)(?!sha\d)"
)
_SQL = re.compile(
    r"(?i)\b(identified\s+(?:with\s+\S+\s+)?(?:by|as)\s+(?:password\s+)?|password(?:\s+|\s*[=(]\s*)|set\s+password\s+(?:for\s+\S+\s*)?=?\s*"
    r"(?:password\s*\(\s*)?|secret(?:\s+|_key\s*=?\s*))(\\?'(?:[^'\\]|''|\\.)*+'|(?<=by )\"[^\"]*+\")"
)
_CALL = re.compile(r"(?i)(\.auth\(\s*[\"'][^\"']*+[\"']\s*,\s*|\bpragma\s+(?:re)?key\s*=\s*)([\"'])[^\"']*+\2")
_THIN = re.compile(r"(?i)(jdbc:oracle:\w+:[^/@\s]{1,64}/)[^@\s]++(?=@)")
_HASHES = re.compile(
    r"\$(?:1|2[abxy]|5|6|7|y|gy|apr1|argon2(?:i|d|id)|pbkdf2[\w-]{0,20}|scrypt|sha1)\$[A-Za-z0-9./$=,+_-]{12,}|\{S?SHA(?:256|384|512)?\}[A-Za-z0-9+/=]{20,}"
)
_KEY = r"[A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,6}-----"
_PRIVATE_KEY = re.compile(rf"-----BEGIN {_KEY}.*?(?:-----END {_KEY}|\Z)", re.S)
_HOOKS = ("hook", "telegram", "googleapis", "ifttt", "pagerduty", "hc-ping", "pushover", "weixin", "dingtalk", "chime")
_WEB_HOOK = re.compile(
    r"(?i)((?:hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)|discord(?:app)?\.com/api(?:/v\d+)?/webhooks|[\w.-]{1,80}\.webhook\.office\.com/webhookb2"
    r"|outlook\.office(?:365)?\.com/webhook|hooks\.zapier\.com/hooks/catch|maker\.ifttt\.com/trigger/[\w-]{1,80}/with/key|chat\.googleapis\.com/v1/spaces/[\w-]{1,40}/messages"
    r"|hooks\.chime\.aws/incomingwebhooks|api\.telegram\.org/bot|events\.pagerduty\.com/integration|[\w.-]{1,80}/hooks/mattermost|hc-ping\.com|open\.(?:feishu|larksuite)\.(?:cn|com)/open-apis/bot/v2/hook"
    r"|webhook\.site|pushover\.net/1|qyapi\.weixin\.qq\.com/cgi-bin/webhook/send|oapi\.dingtalk\.com/robot/send)[/?]?)([^\s\"'<>]+)"
)


def hide_shapes(text: str) -> str:
    """Replace what is secret inside one text; it may be a whole script, or one header."""
    for rule in _RULES:
        text = rule(text)
    return text


def hide_assigned(text: str) -> str:
    """Replace the value in `name=value` and `name: value` where the name says that it is a secret."""
    kept, start, at = [], 0, 0
    while (found := _NAMED.search(text, at)) is not None:
        at = found.end()
        if (sure := strength(found["name"])) and (
            value := _VALUE.match(text, at, at + _JUDGED if sure == "weak" else len(text))
        ):
            at = value.end()
            bare = value[0].strip("\\\"'{}") if value[0][0] in "\\\"'{" else value[0]
            is_port = found[0].endswith(":") and _PORT.match(text, found.end())
            if not is_port and is_secret(found["name"], bare):
                at = _end_of_value(text, found.end())
                kept += [text[start : found.end()], _like(value[0])]
                start = at
    return "".join([*kept, text[start:]])


def _end_of_value(text: str, at: int) -> int:
    found = _VALUE.match(text, at)
    return found.end() if found else at


def _like(value: str) -> str:
    """Return the mark in the quotes of a value."""
    if value.startswith('\\"'):
        return f'\\"{HIDDEN}\\"'
    return f"{value[0]}{HIDDEN}{value[0]}" if value[0] in "\"'" else HIDDEN


def _element(found: re.Match[str]) -> str:
    secret = is_secret(found["name"].rpartition(":")[2], found["value"])
    return f"<{found['name']}{found['rest']}{HIDDEN}" if secret else found[0]


def _userinfo(found: re.Match[str]) -> str:
    return f"{found[1] or ''}{found[2]}{HIDDEN}@"


_RULES: tuple[Rule, ...] = (
    lambda text: _PRIVATE_KEY.sub(HIDDEN, text) if "-----" in text else text,
    lambda text: _URL.sub(rf"\1{HIDDEN}@", text) if "://" in text else text,
    lambda text: _URL_USER.sub(rf"\1{HIDDEN}@", text) if "://" in text else text,
    lambda text: _WEB_HOOK.sub(rf"\1{HIDDEN}", text) if "/" in text and any(map(text.__contains__, _HOOKS)) else text,
    lambda text: TOKEN.sub(HIDDEN, text),
    lambda text: _USERINFO.sub(_userinfo, text) if "@" in text else text,
    lambda text: _HEADER.sub(rf"\1\2{HIDDEN}", text),
    lambda text: _SCHEME.sub(rf"\1\2{HIDDEN}", text),
    lambda text: _SQL.sub(rf"\1'{HIDDEN}'", text) if " " in text else text,
    lambda text: _CALL.sub(rf"\1'{HIDDEN}'", text),
    lambda text: _THIN.sub(rf"\1{HIDDEN}", text) if "jdbc:" in text else text,
    lambda text: _HASHES.sub(HIDDEN, text),
    lambda text: _ELEMENT.sub(_element, text) if "</" in text else text,
    hide_assigned,
)
