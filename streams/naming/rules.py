"""Rules by which the user names services."""

import re
from collections.abc import Sequence

from msgspec import Struct


class NamingRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Name a service by hand: every given pattern must match the whole of its fact."""

    service: str
    program: str = ".*"
    cmdline: str = ".*"
    unit: str = ".*"
    container: str = ".*"
    user: str = ".*"

    @property
    def asked(self) -> str:
        """Return the patterns that were given, as name=pattern."""
        given = ((name, getattr(self, name)) for name in self.__struct_fields__ if name != "service")
        return " ".join(f"{name}={pattern}" for name, pattern in given if pattern != ".*")

    def matches(self, program: str, cmdline: Sequence[str], unit: str, container: str, user: str) -> bool:
        """Return whether the rule matches these facts of a process."""
        facts = (
            (self.program, program),
            (self.cmdline, " ".join(cmdline)),
            (self.unit, unit),
            (self.container, container),
            (self.user, user),
        )
        return all(re.fullmatch(pattern, fact, re.DOTALL) for pattern, fact in facts)
