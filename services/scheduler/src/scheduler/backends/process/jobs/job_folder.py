"""Where jobs live on disk: `<home>/jobs/<name>/`, a pod's folder with one run, and `job.json`.

`pod.json` says what metering and the output need, as it does of a pod. `job.json` says what was ordered and, once it is
over, how it ended: a scheduler that starts goes on from there.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scheduler.backends.lifecycle.folders.damage import end_processes_below, read_or_set_aside
from scheduler.backends.lifecycle.folders.json_files import write_json
from scheduler.backends.lifecycle.folders.pod_folder import PodFolder, PodRecord, pod_folders
from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.domain.jobs import JobEnd
from shared.contracts.deployment import Deployment, MlflowSource
from shared.contracts.jobs import JOB_VERSION, JobOrder
from shared.filesystem.files import set_aside

TEMPLATE = "job"
ALPHABET = string.ascii_lowercase + string.digits
LONGEST_SERVICE = 40
"""Characters of a service's name that stand in its job's."""


class JobFolder:
    """One job."""

    def __init__(self, pod: PodFolder, order: JobOrder, end: JobEnd | None) -> None:
        self.pod = pod
        self.order = order
        self.end = end

    @classmethod
    def create(cls, root: Path, order: JobOrder, now: float) -> JobFolder:
        """Make the folder of a new job."""
        suffix = "".join(secrets.choice(ALPHABET) for _ in range(8))
        name = f"{order.service[:LONGEST_SERVICE].rstrip('-')}-job-{suffix}"
        path = root / name
        path.mkdir(parents=True, mode=0o700)
        write_json(str(path / "job.json"), {"order": order.model_dump(mode="json"), "end": None})
        folder = PodFolder(path)
        folder.save(
            PodRecord(name=name, deployment=_deployment(order), template=TEMPLATE, created_at=now, is_placed=False)
        )
        return cls(folder, order, None)

    @property
    def name(self) -> str:
        """Whose output it is."""
        return self.pod.record.name

    @property
    def run(self) -> RunFolder:
        """Its only run."""
        return self.pod.run(0)

    def finish(self, end: JobEnd) -> None:
        """Store how it ended, for good."""
        self.end = end
        self._write(self.order)
        self.pod.update(ended_run=0)

    def _write(self, order: JobOrder) -> None:
        end = None if self.end is None else self.end.as_json()
        write_json(str(self.pod.path / "job.json"), {"order": order.model_dump(mode="json"), "end": end})


def job_folders(root: Path) -> Iterator[JobFolder]:
    """Every job under `root` (`<home>/jobs`); one whose files are damaged is set aside, its process ended."""
    for pod in pod_folders(root):
        found = read_or_set_aside(pod.path / "job.json", ("order",))
        if found is None:
            continue
        try:
            yield JobFolder(pod, JobOrder.model_validate(found["order"]), _end(found.get("end")))
        except (ValueError, TypeError) as error:
            set_aside(pod.path / "job.json", str(error).splitlines()[0])
            end_processes_below(pod.path)


def _end(found: dict[str, Any] | None) -> JobEnd | None:
    return None if found is None else JobEnd.of_json(found)


def _deployment(order: JobOrder) -> Deployment:
    """As pods are described, for metering and limits."""
    return Deployment(
        service_id=order.service_id,
        service=order.service,
        version_id=order.id,
        version=JOB_VERSION,
        generation=1,
        desired_replicas=1,
        model_source=MlflowSource(model="-", version="0"),
        resources=order.resources,
        project=order.project,
    )
