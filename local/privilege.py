"""Gives up root in a freshly forked child: PostgreSQL refuses to run as root."""

from __future__ import annotations

import ctypes
import os
import pwd
import sys

CANDIDATES = ("postgres", "nobody", "daemon")

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_SET_CHILD_SUBREAPER = 36
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522

ON_LINUX = sys.platform == "linux"
_libc = ctypes.CDLL(None, use_errno=True) if ON_LINUX else None


def unprivileged_user() -> str | None:
    """The system user for a service which refuses to run as root; None when we are not root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall() if entry.pw_uid != 0}
    for name in CANDIDATES:
        if name in known:
            return name
    raise LookupError(f"running as root, and none of the users {', '.join(CANDIDATES)} exists")


def die_with_parent(signal_number: int) -> None:
    """Ask the kernel to send us this signal when the thread that forked us ends (Linux)."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies (Linux)."""
    if _libc is not None:
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def become(user: str) -> None:
    """Turn this process into `user`, for good.

    On Linux the right to pass directories survives: the state of a stack may lie below a
    directory which only root may enter, and opening that to everybody would be worse.
    """
    entry = pwd.getpwnam(user)
    if _libc is not None:
        _libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    _keep_passing_directories()


def _keep_passing_directories() -> None:
    if _libc is None:
        return
    # Permitted, effective and inheritable must equal the ambient set: with more, the kernel
    # would treat the next exec as privileged and the loader would ignore relative library paths.
    bit = 1 << _CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
    if _libc.capset(header, sets) == 0:
        _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0)
