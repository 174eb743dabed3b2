"""Secrets known by their shape, wherever they stand: credentials of URLs, headers, SQL, key files, tokens.

Every pattern is linear in the text: repeated parts are possessive (`++`) or bounded.
"""

import re
from collections.abc import Callable

from collectors.redact_names import is_secret, strength
from collectors.redact_scripts import hide_in_script
from collectors.redact_tokens import HIDDEN, TOKEN

Rule = Callable[[str], str]
_JUDGED = 256  # characters of a value by which it is judged where its name is not enough

_NAMED = re.compile(
    r"(?<![\w.$-])(?<!\$\{)(?P<name>[\w.$-]++(?:\[[\w.-]{0,40}\])?+)(?:\\?[\"'])?[\]}]?\s{0,4}(?P<sign>=>|:=|==?|:(?!:)|%3[Dd])\s{0,4}+"
)
# The value ends where a quote, a query's parameter or a list's item does. An escaped quote is that of JSON within JSON.
_VALUE = re.compile(
    r"\\\"(?:(?!\\\").)*+\\\"|\"(?:[^\"\\]|\\.)*+\"|'(?:[^'\\]|\\.)*+'|\{(?!\{)[^{}]*+\}|\$\([^)]*+\)|\{\{[^}]*+\}\}"
    r"|[^\s&;,\"'<>)\]}|\\][^\s&;,\"'<>)\]}|\\]*+",
    re.S,
)
_NESTED = re.compile(r"[A-Z]\w{1,60}(?::\w{1,60}){0,4}=")  # Jwt:Issuer=X is a name of two parts
_TASK = re.compile(
    r"(?!pass)[a-z][a-z_-]{0,40}(?::[a-z_-]{1,40}){1,4}(?::\d{1,20})?"
)  # auth:token:42, credentials:show
_PORT = re.compile(r"\d{2,5}(?![^/\s])")
_ELEMENT = re.compile(r"<(?P<name>[\w:.-]++)(?P<rest>[^<>]{0,200}>)(?P<value>[^<>]++)(?=</)")
_HEADER = re.compile(
    r"(?i)(?<![\w-])((?:proxy-)?authorization|set-cookie2?|cookie|x-[a-z0-9-]{0,40}(?:token|key|auth|secret|signature)[a-z0-9-]{0,40})"
    r"(\s{0,9}[:=]\s{0,9})(?!\s|/|\./|\$|\*\*\*)([^\"'\n]++)"
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
_THIN = re.compile(r"(?i)(jdbc:oracle:\w+:[^/@\s]{1,64}/)[^@\s]++(?=@)")
_EASY_CONNECT = re.compile(r"(?<![\w/:@.-])(\w{1,64}/)[^\s/@\"']{1,128}(?=@//)")  # scott/SECRET@//host/service
_AZURE_KEY = re.compile(r"(fs\.azure\.account\.key\.[\w.-]{1,200}=)([^\s;,\"']++)")
_QEMU = re.compile(r"((?<![\w-])secret,(?:[\w-]{1,40}=(?!data)[^,\s]*+,){0,9}data=)([^\s,]++)")
_PAIR_OF_HELM = re.compile(r"(\bname=([\w.-]{1,100}),(?:[\w.\[\]-]{0,100}\.)?value=)([^,\s]++)")
_STREAM = re.compile(
    r"(?i)(rtmps?://[^\s/]{1,200}/(?:[^\s/]{1,100}/){1,4})(?=[^\s/]{0,200}[0-9_-])([A-Za-z0-9_?&=-]{16,})"
)
_PAIR = re.compile(  # {"name": "DB_PASSWORD", "value": "X"}: variables of containers
    r"(\"(?:name|Name|key|Key)\\?\"\s{0,9}:\s{0,9}\\?\"([\w.-]{1,100})\\?\"\s{0,9},\s{0,9}\\?\"(?:value|Value)\\?\"\s{0,9}:\s{0,9})(\\?\")((?:[^\"\\]|\\[^\"])++)"
)
_HASHES = re.compile(
    r"\$(?:1|2[abxy]|5|6|7|y|gy|apr1|argon2(?:i|d|id)|pbkdf2[\w-]{0,20}|scrypt|sha1)\$[A-Za-z0-9./$=,+_-]{12,}|\{S?SHA(?:256|384|512)?\}[A-Za-z0-9+/=]{20,}"
)
_KEY = r"[A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,6}-----"
_PRIVATE_KEY = re.compile(rf"-----BEGIN {_KEY}.*?(?:-----END {_KEY}|\Z)", re.S)
_HOOKS = ("hook", "telegram", "googleapis", "ifttt", "pagerduty", "hc-ping", "pushover", "weixin", "dingtalk", "chime")
_WEB_HOOK = re.compile(
    r"(?i)((?:hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)|discord(?:app)?\.com/api(?:/v\d+)?/webhooks|[\w.-]{1,80}\.webhook\.office\.com/webhookb2"
    r"|outlook\.office(?:365)?\.com/webhook|hooks\.zapier\.com/hooks/catch|maker\.ifttt\.com/trigger/[\w-]{1,80}/with/key|chat\.googleapis\.com/v1/spaces/[\w-]{1,40}/messages"
    r"|hooks\.chime\.aws/incomingwebhooks|api\.telegram\.org/bot|events\.pagerduty\.com/integration|[\w.-]{1,80}/hooks/(?=[A-Za-z0-9]{17})|hc-ping\.com|open\.(?:feishu|larksuite)\.(?:cn|com)/open-apis/bot/v2/hook"
    r"|webhook\.site|pushover\.net/1|qyapi\.weixin\.qq\.com/cgi-bin/webhook/send|oapi\.dingtalk\.com/robot/send)[/?]?)([^\s\"'<>]+)"
)


def hide_shapes(text: str) -> str:
    """Replace what is secret inside one text; it may be a whole script, or one header."""
    for rule in _RULES:
        text = rule(text)
    return text


def hide_assigned(text: str) -> str:
    """Replace the value in `name=value` and `name: value` where the name means a secret."""
    kept, start, at = [], 0, 0
    while (found := _NAMED.search(text, at)) is not None:
        at = found.end()
        if found["sign"] == ":" and (_NESTED.match(text, at) or _TASK.fullmatch(text)):
            continue
        if (sure := strength(found["name"])) and (
            value := _VALUE.match(text, at, at + _JUDGED if sure == "weak" else len(text))
        ):
            bare = value[0].strip("\\\"'{}") if value[0][0] in "\\\"'{" else value[0]
            is_port = found[0].endswith(":") and _PORT.match(text, found.end())
            if not is_port and is_secret(found["name"], bare):
                at = _end_of_value(text, found.end())
                kept += [text[start : found.end()], _like(value[0])]
                start = at
            elif value[0][0] not in "\\\"'{":  # what is in quotes or brackets may hold names of its own
                at = value.end()
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


def _pair_of_helm(found: re.Match[str]) -> str:
    return f"{found[1]}{HIDDEN}" if is_secret(found[2], found[3]) else found[0]


def _pair(found: re.Match[str]) -> str:
    return f"{found[1]}{found[3]}{HIDDEN}" if is_secret(found[2], found[4]) else found[0]


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
    hide_in_script,
    lambda text: _THIN.sub(rf"\1{HIDDEN}", text) if "jdbc:" in text else text,
    lambda text: _EASY_CONNECT.sub(rf"\1{HIDDEN}", text) if "@//" in text else text,
    lambda text: _AZURE_KEY.sub(rf"\1{HIDDEN}", text) if "azure" in text else text,
    lambda text: _QEMU.sub(rf"\1{HIDDEN}", text) if "secret," in text else text,
    lambda text: _STREAM.sub(rf"\1{HIDDEN}", text) if "rtmp" in text else text,
    lambda text: _PAIR.sub(_pair, text) if "alue" in text else text,
    lambda text: _PAIR_OF_HELM.sub(_pair_of_helm, text) if "value=" in text else text,
    lambda text: _HASHES.sub(HIDDEN, text),
    lambda text: _ELEMENT.sub(_element, text) if "</" in text else text,
    hide_assigned,
)
