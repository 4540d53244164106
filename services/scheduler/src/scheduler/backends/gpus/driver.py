"""Where the driver's libraries lie that CUDA loads: in some containers in no folder that is looked in by itself."""

from __future__ import annotations

import os
from pathlib import Path

SEARCHED = "LD_LIBRARY_PATH"
MOUNTED = tuple(Path(each) for each in ("/usr/local/nvidia/lib64", "/usr/local/nvidia/lib"))
"""Where device plugins of clusters mount the libraries; no loader's cache names them."""
LIBRARY = "libcuda.so.1"


def library_variables(folders: tuple[Path, ...] = MOUNTED) -> dict[str, str]:
    """What makes CUDA be found; nothing where the system finds it, as it does where a driver was installed."""
    found = [str(folder) for folder in folders if (folder / LIBRARY).exists()]
    return {SEARCHED: os.pathsep.join(found)} if found else {}
