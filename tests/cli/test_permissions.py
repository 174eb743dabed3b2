"""What each permission gives: shown by `doctor --permissions`, and true of an agent that has nothing else."""

import ctypes
import json
import multiprocessing
import os
import re
import struct
from functools import cache
from multiprocessing.connection import Connection

import pytest
from click.testing import CliRunner

from collectors.capabilities import BITS, lacking
from collectors.permissions import PERMISSIONS, Permission
from collectors.settings import Settings
from servicemap.cli import main
from servicemap.host_checks import host_checks
from tests.deploy.compose import services

NOBODY = 65_534
PR_SET_KEEPCAPS = 8
VERSION_3 = 0x2008_0522  # of struct __user_cap_header_struct
NUMBER = re.compile(r"[0-9]+")  # of sockets and processes, which come and go
TAKING = [one for one in PERMISSIONS if one.takes]


def test_unit_and_container_have_what_it_takes_and_no_more() -> None:
    taken = {name for one in PERMISSIONS for name in one.takes if "/dev/kmsg" not in one.besides}
    assert taken == {f"CAP_{name}" for name in services()["agent"]["cap_add"]}


def test_each_is_listed_with_whether_it_is_here() -> None:
    as_text = CliRunner().invoke(main, ["doctor", "--permissions"]).stdout
    found = json.loads(CliRunner().invoke(main, ["doctor", "--permissions", "--json"]).stdout)

    assert [one["sees"] for one in found] == [one.sees for one in PERMISSIONS]
    assert all(f"  {one.sees}  " in as_text for one in PERMISSIONS)
    assert as_text.count("\nno ") == as_text.count("  lacks: ")


@pytest.mark.root
@pytest.mark.parametrize("one", TAKING, ids=lambda one: one.sees)
def test_another_user_with_just_these_capabilities_sees_what_root_sees(one: Permission) -> None:
    if lacking(*one.takes):
        pytest.skip(f"needs {' and '.join(one.takes)}")
    nobody, permitted, root = (
        NUMBER.sub("", lacked_by(user, capabilities)[one.sees])
        for user, capabilities in ((NOBODY, ()), (NOBODY, one.takes), (0, tuple(BITS)))
    )

    assert nobody == " and ".join(one.takes)
    assert permitted == root


@cache
def lacked_by(user: int, capabilities: tuple[str, ...]) -> dict[str, str]:
    """Return what a process of a user with some capabilities lacks to see each thing."""
    _look()  # all modules are loaded before, since another user may not read them
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_look_as, args=(theirs, user, capabilities))
    process.start()
    found: dict[str, str] = ours.recv()
    process.join()
    return found


def _look_as(pipe: Connection, user: int, capabilities: tuple[str, ...]) -> None:
    mask = sum(1 << BITS[name] for name in capabilities if not lacking(name))
    low, high = mask & 0xFFFF_FFFF, mask >> 32
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    assert libc.capset(struct.pack("=Ii", VERSION_3, 0), struct.pack("=6I", low, low, 0, high, high, 0)) == 0
    pipe.send(_look())


def _look() -> dict[str, str]:
    missing = {check.name: check.needs for check in host_checks(Settings()) if check.state != "ok"}
    return {one.sees: one.lacks(missing) for one in PERMISSIONS}
