"""libgomp for LightGBM's library where the system has none, such as a bare Debian: the one in scikit-learn's wheel.

LightGBM's wheel needs `libgomp.so.1` of the system (Debian: libgomp1) and brings none. The linker looks for that name
in `LD_LIBRARY_PATH`, which is read when a process starts: this helps processes that tests start, not the tests' own.
"""

from __future__ import annotations

import ctypes
import os
import sys
import sysconfig
from contextlib import suppress
from functools import cache
from pathlib import Path

NAME = "libgomp.so.1"


@cache
def openmp_environment() -> dict[str, str]:
    """Variables with which a new process finds libgomp; none where the system has it.

    Raises:
        LookupError: there is neither the system's nor one in scikit-learn's wheel.
    """
    if sys.platform != "linux" or _system_has_it():
        return {}
    bundled = sorted(Path(sysconfig.get_path("platlib")).glob("scikit_learn.libs/libgomp*.so*"))
    if not bundled:
        raise LookupError(f"{NAME} is missing (Debian: libgomp1), and scikit-learn's wheel brings none")
    folder = Path(sys.prefix) / "openmp"
    folder.mkdir(exist_ok=True)
    with suppress(FileExistsError):  # another process of this test run was first
        (folder / NAME).symlink_to(bundled[0])
    others = os.environ.get("LD_LIBRARY_PATH")
    return {"LD_LIBRARY_PATH": f"{folder}:{others}" if others else str(folder)}


def _system_has_it() -> bool:
    try:
        ctypes.CDLL(NAME)
    except OSError:
        return False
    return True
