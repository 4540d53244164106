"""How tests go to the workers: each file or group to one of them, each test once, whatever happens to the worker."""

from __future__ import annotations

from xdist.scheduler import LoadGroupScheduling
from xdist.workermanage import WorkerController


class EachTestOnce(LoadGroupScheduling):  # type: ignore[misc]  # xdist has no types
    """xdist's own, but what is in no group goes file by file, and a test in which a worker died has failed for good."""

    def _split_scope(self, nodeid: str) -> str:
        scope: str = super()._split_scope(nodeid)
        return scope.partition("::")[0]

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
