"""Pods on a real GPU: what `check_devices.py` looks at, which also runs by itself where nothing is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scheduler.backends.gpus.devices import find_gpus
from scheduler.backends.gpus.nvml import open_nvml

CHECK = Path(__file__).with_name("check_devices.py")


@pytest.mark.gpu
def test_pods_have_their_own_devices_and_are_measured() -> None:
    if not find_gpus(open_nvml()):
        pytest.skip("no GPU of NVIDIA's answers on this machine")
    done = subprocess.run([sys.executable, str(CHECK)], capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
