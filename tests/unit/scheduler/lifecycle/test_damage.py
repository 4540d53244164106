"""What cannot be read of a run: set aside, named, and as if it were not there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scheduler.backends.lifecycle.folders.pod_folder import PodFolder, pod_folders
from scheduler.backends.lifecycle.folders.run_folder import RunFolder

FILES = ("order.json", "process.json", "exit.json", "base.json")
CONTENTS = (b"", b'{"pid": 1', b"[]", b"\xff\xfe\x00garbage", None)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("content", CONTENTS)
def test_a_damaged_file_of_a_run_is_as_if_it_were_missing(tmp_path: Path, name: str, content: bytes | None) -> None:
    run, file = RunFolder(tmp_path / "run-0", 0), tmp_path / "run-0" / name
    run.make()
    file.mkdir() if content is None else file.write_bytes(content)

    found = (
        run.read_order(),
        run.process(),
        run.started_at(),
        run.exit(),
        run.ended_at(),
        run.dropped_bytes(),
        run.groups(),
    )

    assert found == (None, None, None, None, None, 0, [])
    (kept,) = run.path.glob(f"{name}.damaged-*")
    assert kept.is_dir() if content is None else kept.read_bytes() == content


@pytest.mark.parametrize("content", [*CONTENTS, b"{}", b'{"name": "a", "deployment": {}}'])
def test_a_pod_without_its_record_is_no_pod_and_runs_no_longer(tmp_path: Path, content: bytes | None) -> None:
    folder = tmp_path / "pods" / "wine-v1-0"
    work = folder / "run-0" / "work"
    work.mkdir(parents=True)
    record = folder / "pod.json"
    record.mkdir() if content is None else record.write_bytes(content)
    left = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"], cwd=work)

    assert list(pod_folders(tmp_path / "pods")) == []

    assert left.wait(10) == -9
    assert len(list(folder.glob("pod.json.damaged-*"))) == 1
    assert [run.number for run in PodFolder(folder).runs()] == [0]
