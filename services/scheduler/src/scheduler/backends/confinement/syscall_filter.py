"""A seccomp filter (seccomp(2)) for processes that keep the platform's user: what Landlock does not cover.

A socket file of the same user (that of a service manager, for example) would let a process have others act for it, and
resource limits of any process of the same user can be set: both are refused. Pairs of sockets are not concerned.
Standard library only.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform

PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
OFFSET_NUMBER, OFFSET_ARCHITECTURE, OFFSET_FIRST_ARGUMENT = 0, 4, 16
AF_UNIX, NO_FAMILY = 1, 0xFFFFFFFF
X32_BIT = 0x40000000
"""Marks the calls of a second set of numbers on x86_64."""
_MACHINES = {
    # architecture of audit(7), socket, prlimit64, io_uring_setup
    "x86_64": (0xC000003E, 41, 302, 425),
    "aarch64": (0xC00000B7, 198, 261, 425),
}


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint16), ("jt", ctypes.c_uint8), ("jf", ctypes.c_uint8), ("k", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction)))


def is_known() -> bool:
    """Whether there is a filter for this machine."""
    return platform.machine() in _MACHINES


def install_filter(*, sockets: bool) -> None:
    """Refuse those calls from now on, in this process and all that it starts; needs no_new_privs. Raises OSError.

    Without `sockets` those of AF_UNIX are let through: CUDA does not start without them.
    """
    if not is_known():
        return
    steps = [_Instruction(*step) for step in _steps(*_MACHINES[platform.machine()], AF_UNIX if sockets else NO_FAMILY)]
    array = (_Instruction * len(steps))(*steps)
    program = _Program(len(steps), array)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"seccomp: {os.strerror(error)}")


def _steps(architecture: int, socket: int, prlimit: int, io_uring: int, family: int) -> list[tuple[int, int, int, int]]:
    """The program: (code, jump if true, jump if false, value); a jump counts the instructions that it skips."""
    return [
        (LOAD, 0, 0, OFFSET_ARCHITECTURE),
        (EQUAL, 0, 11, architecture),
        (LOAD, 0, 0, OFFSET_NUMBER),
        (AT_LEAST, 9, 0, X32_BIT),
        (EQUAL, 8, 0, io_uring),
        (EQUAL, 2, 0, socket),
        (EQUAL, 3, 0, prlimit),
        (RETURN, 0, 0, ALLOW),
        (LOAD, 0, 0, OFFSET_FIRST_ARGUMENT),  # of socket: the family
        (EQUAL, 3, 2, family),
        (LOAD, 0, 0, OFFSET_FIRST_ARGUMENT),  # of prlimit64: the process, 0 for one's own
        (EQUAL, 0, 1, 0),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, ERRNO | errno.EPERM),
    ]
