"""Gives up the rights of root: another user, and no capabilities (capabilities(7)). Standard library only."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence

CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
LAST_CAPABILITY = 63
PR_SET_DUMPABLE, PR_SET_KEEPCAPS, PR_CAPBSET_DROP, PR_CAP_AMBIENT = 4, 8, 24, 47
PR_CAP_AMBIENT_RAISE = 2
CAPABILITY_VERSION_3 = 0x20080522
CLONE_NEWNS = 0x00020000
MS_NOSUID, MS_NODEV, MS_REC, MS_PRIVATE = 2, 4, 1 << 14, 1 << 18

_libc = ctypes.CDLL(None, use_errno=True)


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def switch_user(user: int, groups: Sequence[int], *, keeps_search: bool) -> None:
    """Be `user` (and the group of that number) from now on, without capabilities. Raises OSError.

    `keeps_search`: go on reading what only root may; for processes that Landlock keeps to certain paths, where those
    lie in folders that are closed to all others.
    """
    kept = [CAP_DAC_READ_SEARCH] if keeps_search else []
    _drop_bounding_set(kept)
    os.setgroups(list(groups))
    _prctl(PR_SET_KEEPCAPS, 1)
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    drop_capabilities(kept)
    _prctl(PR_SET_DUMPABLE, 1)  # else its own /proc/self would belong to root


def drop_capabilities(kept: Sequence[int] = ()) -> None:
    """Have no capabilities but these, over an execve too. Raises OSError."""
    mask = sum(1 << each for each in kept)
    header, sets = _Header(CAPABILITY_VERSION_3, 0), (_Sets * 2)()
    sets[0] = _Sets(mask, mask, mask)
    if _libc.capset(ctypes.byref(header), sets) < 0:
        raise OSError(ctypes.get_errno(), "capset")
    for each in kept:
        _prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, each)


def open_files_of_others() -> None:
    """Have no capabilities but what root opens the files of other users with, as far as this process has them."""
    header, sets = _Header(CAPABILITY_VERSION_3, 0), (_Sets * 2)()
    if _libc.capget(ctypes.byref(header), sets) < 0:
        raise OSError(ctypes.get_errno(), "capget")
    drop_capabilities([each for each in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH) if sets[0].permitted >> each & 1])


def own_shared_memory() -> bool:
    """Have a /dev/shm of one's own, which is gone with the last process that sees it; whether that was allowed."""
    if _libc.unshare(CLONE_NEWNS) < 0:
        return False
    if _libc.mount(b"none", b"/", None, ctypes.c_ulong(MS_REC | MS_PRIVATE), None) < 0:
        return False
    flags = ctypes.c_ulong(MS_NOSUID | MS_NODEV)
    return bool(_libc.mount(b"tmpfs", b"/dev/shm", b"tmpfs", flags, b"mode=1777") == 0)


def _drop_bounding_set(kept: Sequence[int]) -> None:
    for each in range(LAST_CAPABILITY + 1):
        if each not in kept:
            _libc.prctl(PR_CAPBSET_DROP, each, 0, 0, 0)  # one that this kernel does not know is an error


def _prctl(*arguments: int) -> None:
    if _libc.prctl(*arguments, *([0] * (5 - len(arguments)))) < 0:
        raise OSError(ctypes.get_errno(), f"prctl {arguments[0]}")
