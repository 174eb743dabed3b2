"""Which names mean a secret, and which values of such a name are none.

A name is taken apart into words, so that `dbPassword`, `DB_PASSWORD` and `--db-password` are one case. What ends in a
word for a secret is one: `--password`, but not `--password-file`.
"""

import re

PASSWORDS = {"password", "passwd", "passphrase", "passcode", "passwort", "pass", "passw", "pwd", "pw", "secret", "psk"}
_ENDINGS = ("password", "passwd", "passphrase", "passwort", "pass", "pwd", "secret")  # keystorepassword, MYSQLPWD
_NO_PASSWORDS = (
    "bypass",
    "compass",
    "trespass",
    "underpass",
    "lowpass",
    "highpass",
    "allpass",
    "bandpass",
    "multipass",
)
TOKENS = {
    "token", "bearer", "jwt", "credential", "credentials", "creds", "apikey", "authkey", "masterauth", "requirepass",
    "authtoken", "setcookie", "signature", "sig", "hmac", "otp", "cred", "mnemonic", "htpasswd", "userpass", "auths",
}  # fmt: skip
_TOKEN_ENDINGS = (
    "token",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "userpwd",
    "authkey",
    "signature",
    "cookie",
)
_KEYS = {  # of: a key of these is a secret, any other key is not (primary-key, public-key)
    "api", "access", "private", "secret", "account", "encryption", "signing", "license", "licence", "storage", "auth",
    "shared", "master", "app", "application", "hmac", "ingest", "ingestion", "admin", "service", "subscription",
    "write", "consumer", "session", "cookie", "jwt", "crypto", "cipher", "decryption", "unseal", "recovery",
    "registration", "webhook", "encrypt", "instrumentation", "setup", "enrollment", "function", "functions", "fernet",
    "base",
}  # fmt: skip
WEAK = {
    "auth",
    "authorization",
    "authentication",
    "cookie",
    "cookies",
    "session",
    "sessionid",
    "sid",
    "sas",
    "key",
    "code",
    "tokens",
    "login",
}
_TAILS = {
    "id",
    "value",
    "string",
    "data",
    "b64",
    "base64",
    "text",
    "plain",
    "plaintext",
    "raw",
    "hash",
    "env",
    "base",
    "str",
}
_TOKENS_OF_TEXT = {  # a language model's tokens, a paging cursor
    "max", "min", "num", "number", "n", "per", "eos", "bos", "pad", "unk", "sep", "cls", "mask", "stop", "special",
    "total",     "input", "output", "prompt", "completion", "context", "next", "continuation", "page", "image", "new",
    "start", "end",
}  # fmt: skip
_PHRASES = {"pass", "seed", "recovery", "backup", "mnemonic", "key"}
_DENIALS = {"existing", "no", "not", "without", "skip", "ask", "disable", "is", "has", "require", "requires", "with"}
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
# References to a secret kept elsewhere, and words that are settings.
_REFERENCE = re.compile(
    r"\$\$?(?:\w+|\{.*\}|\(.*\))|`.*`?|%\w+%|%[a-z]|%\(\w+\)s|\{\{.*|<[^>]*>|@[\w~-]*[./]\S*"
    r"|(?:env|file|fd|vault|ssm|sops|ref|secretref|op|awssm|keyring|prompt):\S*|arn:.*|-|\*+|\*{3}\W.*|x+|\.\.\.|…",
    re.I | re.S,
)
_SETTING = re.compile(
    r"true|false|yes|no|on|off|none|null|nil|auto|default|required|optional|enabled|disabled|always|never|any|all|basic|digest"
    r"|ntlm|negotiate|kerberos|oauth2?|oidc|saml|ldap|plain|md5|scram-sha-(?:1|256|512)|peer|trust|cert(?:ificate)?|stdin",
    re.I,
)
_PATH = re.compile(
    r"(?:~|\.{1,2})?/[\w.@%~+-]{1,80}(?:/[\w.@%~+:=-]{0,120})*|[A-Za-z]:\\.*|[\w./-]+\.(?:pem|key|crt|txt|json|ya?ml|conf|cfg|ini|env|jar|p12|jks|pub|kdbx?|gpg|cookies?|sqlite|db|toml|properties|sock|netrc|sig|asc|der|csr|pfx|hex|bin|enc)"
)
_FILE = re.compile(
    r"(?:/(?:etc|run|var|root|home|opt|srv|usr|mnt|tmp|data|dev|proc|secrets?|vault)|~|\$\w+|\.\.?)/[\w./@%~+-]+"
)
_NUMBER = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]+)?(?:[kKmMgG]i?[bB]?|ms|s|m|h|d)?")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^\s@]*", re.I)


def strength(name: str) -> str:
    """Return how surely a name means a secret: "password", "token", "weak" or "" for not at all."""
    words = [word.lower() for word in _WORDS.findall(name)]
    while len(words) > 1 and words[-1] in _TAILS and not words[-1].isdigit():
        words.pop()
    while len(words) > 1 and words[-1].isdigit():
        words.pop()
    if name == "_auth" or name.endswith(":_auth"):
        return "token"
    if not words or words[0] in _DENIALS or (len(words) > 1 and words[-2] in _DENIALS):
        return ""
    return _strength(words[-1], set(words[:-1]), words[-2] if len(words) > 1 else "")


def _strength(last: str, before: set[str], previous: str) -> str:
    if last in {"keys", "secrets", "passwords", "passphrases"}:
        last = last[:-1]
    if last in PASSWORDS or (last.endswith(_ENDINGS) and not last.endswith(_NO_PASSWORDS)):
        return (
            ""
            if previous in {"low", "high", "band", "multi", "single", "two", "render"} and last == "pass"
            else "password"
        )
    if last in {"token", "tokens"} and before & _TOKENS_OF_TEXT:
        return ""
    if last == "phrase" and previous in _PHRASES:
        return "password"
    if last == "key":
        return "token" if previous in _KEYS or previous.endswith(("api", "access", "secret")) else "weak"
    if last in TOKENS or (last.endswith(_TOKEN_ENDINGS) and last not in WEAK):
        return "token"
    if (last == "cookie" and previous in {"erlang", "set"}) or (last == "auth" and previous == "rediscli"):
        return "token"
    return "weak" if last in WEAK else ""


def is_secret(name: str, value: str) -> bool:
    """Return whether a value of a name is a secret: not a reference to one, a switch, a file or a number of tokens."""
    sure = strength(name)
    if not sure or not value or _REFERENCE.fullmatch(value):
        return False
    if sure == "password":
        return not _is_setting_of_password(name, value)
    value = value.partition(",")[0] or value
    if re.fullmatch(r"[0-9]{6,8}", value) and name.lower().endswith("otp"):
        return True
    if _SETTING.fullmatch(value) or (_PATH.fullmatch(value) and not is_random(value)) or _NUMBER.fullmatch(value):
        return False
    if _ADDRESS.match(value):
        return False  # what is secret inside has a shape of its own
    return sure == "token" or is_random(value) or (bool(re.search(r"(?i)auth|login", name)) and ":" in value)


def _is_setting_of_password(name: str, value: str) -> bool:
    if re.fullmatch(r"(?i)true|false|yes|no|none|null|on|off|prompt|ask", value):
        return True
    if _FILE.fullmatch(value) or value in {"stdin", "/dev/stdin"}:
        return True
    last = _WORDS.findall(name)[-1].lower()
    if (last in {"pwd", "oldpwd", "psk"} or last.rstrip("s").endswith("secret")) and _PATH.fullmatch(value):
        return True
    return last == "pass" and bool(re.fullmatch(r"[0-9]", value))  # ffmpeg -pass 1


def is_command(name: str) -> bool:
    """Return whether a name means a command that prints a secret: --password-command."""
    stem = name.lower()
    for ending in ("command", "cmd", "eval"):
        if stem.endswith(ending):
            return strength(stem.removesuffix(ending)) == "password"
    return False


def is_random(value: str) -> bool:
    """Return whether a text looks drawn by chance: long, without spaces, with digits and letters."""
    runs = re.findall(r"[A-Za-z0-9+=_~-]{12,}", value)
    return any(re.search(r"[0-9]", run) and re.search(r"[A-Za-z]", run) for run in runs)
