"""What an agent that was refused something needs: a capability, or the permission of a security module."""

import os

import pytest

from collectors.capabilities import MODULE, needed
from servicemap.host_checks import CAPABILITIES, mended_by

NOBODY = 65_534


def test_a_user_without_a_capability_needs_it() -> None:
    if os.geteuid():
        assert needed("CAP_SYS_PTRACE") == "CAP_SYS_PTRACE (run as root)"
        return
    os.seteuid(NOBODY)
    try:
        assert needed("CAP_SYS_PTRACE", "CAP_NET_RAW") == "CAP_SYS_PTRACE and CAP_NET_RAW (run as root)"
    finally:
        os.seteuid(0)


@pytest.mark.root
def test_one_that_has_the_capability_is_refused_by_a_security_module() -> None:
    found = needed("CAP_NET_RAW")

    assert found == f"{MODULE} CAP_NET_RAW"
    assert mended_by("requests", found) not in {"", CAPABILITIES}
