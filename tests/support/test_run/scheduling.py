"""How tests are given to the workers: each file to one of them, each test once, whatever happens to the worker."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController


class EachTestOnce(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """xdist's own, but a test in which a worker died has failed and is not given to the next worker."""

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
