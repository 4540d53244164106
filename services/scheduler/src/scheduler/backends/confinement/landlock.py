"""Landlock (landlock(7)) by bare system calls: which files a process and its children can reach, for good.

Standard library only. A ruleset is made while its paths can still be opened, and put in force later.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
CREATE_RULESET_VERSION = 1
RULE_PATH_BENEATH = 1
PR_SET_NO_NEW_PRIVS = 38

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
SCOPE_ABSTRACT_UNIX_SOCKET, SCOPE_SIGNAL = 1 << 0, 1 << 1

READ = EXECUTE | READ_FILE | READ_DIR
USE_DEVICE = READ_FILE | WRITE_FILE | IOCTL_DEV
_OF_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV

_libc = ctypes.CDLL(None, use_errno=True)


class _RulesetAttr(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathBeneathAttr(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def abi() -> int:
    """Version of the kernel's Landlock; 0 where it has none, it is switched off, or a seccomp profile refuses it."""
    version = _libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(CREATE_RULESET_VERSION))
    return max(0, int(version))


def missing_protections(version: int) -> list[str]:
    """What this version of Landlock cannot keep a process from, in words."""
    since = ((3, "truncating files that it can only read"), (5, "ioctl on devices"), (6, "signals to other processes"))
    return [what for needed, what in since if version < needed]


def all_file_access(version: int) -> int:
    """Every right on files that this version knows: what is not granted by a rule is denied."""
    bits = (1 << 13) - 1
    for since, bit in ((2, REFER), (3, TRUNCATE), (5, IOCTL_DEV)):
        bits |= bit if version >= since else 0
    return bits


class Ruleset:
    """Denies everything on files, and from version 6 on signals and abstract sockets, but for what is allowed."""

    def __init__(self, version: int) -> None:
        self.handled = all_file_access(version)
        scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL if version >= 6 else 0
        attr = _RulesetAttr(self.handled, 0, scoped)
        size = 24 if version >= 6 else 16 if version >= 4 else 8
        self.descriptor = _checked(
            _libc.syscall(CREATE_RULESET, ctypes.byref(attr), ctypes.c_size_t(size), ctypes.c_uint32(0)),
            "landlock_create_ruleset",
        )

    def allow(self, paths: Iterable[str], access: int) -> None:
        """Allow `access` on these paths and beneath them; a path that is not there is left out."""
        for path in paths:
            try:
                descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except OSError:
                continue
            try:
                self._add(descriptor, path, access)
            finally:
                os.close(descriptor)

    def _add(self, descriptor: int, path: str, access: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        allowed = access & self.handled & (-1 if is_folder else _OF_A_FILE)
        attr = _PathBeneathAttr(allowed, descriptor)
        added = _libc.syscall(
            ADD_RULE, self.descriptor, ctypes.c_int(RULE_PATH_BENEATH), ctypes.byref(attr), ctypes.c_uint32(0)
        )
        _checked(added, f"landlock_add_rule {path}")

    def restrict_self(self) -> None:
        """Put it in force for this thread and all that it starts. Raises OSError."""
        no_new_privileges()
        _checked(_libc.syscall(RESTRICT_SELF, self.descriptor, ctypes.c_uint32(0)), "landlock_restrict_self")
        os.close(self.descriptor)


def no_new_privileges() -> None:
    """No program that is executed from now on has more rights than this process (setuid programs, for example)."""
    _checked(_libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")


def _checked(result: int, what: str) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")
    return result
