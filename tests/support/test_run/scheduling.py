"""How tests go to the workers: each file or group to one of them, each test once, whatever happens to the worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController


class EachTestOnce(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """xdist's own with larger groups than files, and a test in which a worker died has failed for good.

    xdist's `loadgroup` changes the names of tests in the workers, which pytest 9.2 takes no notice of.
    """

    def __init__(self, config: pytest.Config, log: Any, group_of: Callable[[str], str]) -> None:
        super().__init__(config, log)
        self._group_of = group_of

    def _split_scope(self, nodeid: str) -> str:
        return self._group_of(nodeid.partition("::")[0])

    def remove_node(self, node: WorkerController) -> str | None:
        """The test that ran when the worker died; its other tests go back to the queue."""
        workload = self.assigned_work.pop(node)
        unfinished = [(unit, test) for unit in workload.values() for test, is_done in unit.items() if not is_done]
        if not unfinished:
            return None
        unit, crashed = unfinished[0]
        unit[crashed] = True
        self.workqueue.update({file: unit for file, unit in workload.items() if not all(unit.values())})
        for other in self.assigned_work:
            self._reschedule(other)
        return str(crashed)
