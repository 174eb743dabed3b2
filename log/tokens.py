"""Tokens for OAUTHBEARER from a program of the operator, kept until they get old.

The program prints what a token endpoint answers (RFC 6749, 5.1): JSON with `access_token` and `expires_in`.
"""

import subprocess
import threading
import time
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from log.protocol import LogUnavailable

COMMAND_SECONDS = 10.0
RENEWED = 0.8  # the share of its lifetime for which a token is used, as in librdkafka


class _Answer(Struct):
    access_token: str
    expires_in: float


class Token(Struct, frozen=True):
    """A token, and when it expires, in seconds since the epoch."""

    value: str
    expires: float


class Tokens:
    """Runs the program when a token is needed and the last one is old. Thread-safe."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._lock = threading.Lock()
        self._token = Token("", 0.0)
        self._renew_at = 0.0

    def get(self) -> Token:
        """Return a token that is valid; LogUnavailable has the reason why there is none."""
        with self._lock:
            now = time.time()
            if now >= self._renew_at:
                answer = self._run()
                self._token = Token(answer.access_token, now + answer.expires_in)
                self._renew_at = now + RENEWED * answer.expires_in
            return self._token

    def expire(self) -> None:
        """Run the program again when a token is needed next."""
        with self._lock:
            self._renew_at = 0.0

    def _run(self) -> _Answer:
        name = self._command[0]  # no arguments: they may hold secrets
        try:
            done = subprocess.run(
                self._command, stdin=subprocess.DEVNULL, capture_output=True, timeout=COMMAND_SECONDS, check=False
            )
        except OSError as error:
            raise LogUnavailable(f"log.sasl.token_command {name} cannot be run: {error.strerror}") from None
        except subprocess.TimeoutExpired:
            raise LogUnavailable(
                f"log.sasl.token_command {name} printed no token within {COMMAND_SECONDS:.0f} s: run it by hand"
            ) from None
        if done.returncode:
            raise LogUnavailable(f"log.sasl.token_command {name} failed with code {done.returncode}: run it by hand")
        try:
            return msgspec.json.decode(done.stdout, type=_Answer)
        except msgspec.MsgspecError as error:
            raise LogUnavailable(
                f"log.sasl.token_command {name} has to print JSON with access_token and expires_in: {error}"
            ) from None
