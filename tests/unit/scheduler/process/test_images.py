"""Images need what runs containers: where pods are processes, a version of one fails for good, and says what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from running_services.scheduler_world import wanted
from scheduler.backends.errors import PreparationFailed
from scheduler.backends.lifecycle.folders.pod_folder import PodRecord
from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.backends.process.options import PodOptions
from scheduler.backends.process.runner import ProcessRunner
from shared.clock import SystemClock
from shared.contracts.deployment import ImageSource


async def test_an_image_is_refused_with_the_next_step(tmp_path: Path) -> None:
    class Never:
        async def command(self, *_: Any) -> list[str]:
            raise AssertionError

    deployment = wanted(1).model_copy(update={"model_source": ImageSource(image="r.io/app:1")})
    record = PodRecord(name="app-v1-x", deployment=deployment, template="t", created_at=0.0)
    with pytest.raises(PreparationFailed) as refused:
        await ProcessRunner(Never(), PodOptions(), SystemClock()).prepare(
            record, RunFolder(tmp_path, 0), lambda _: None
        )
    assert (refused.value.reason, refused.value.is_permanent) == ("ImageNotPossible", True)
    assert "SCHEDULER_BACKEND" in refused.value.message
