"""GPUs of pods and jobs: given once they have their place, and kept in the pod's record for as long as it is there.

What was given is read from the records alone: a new scheduler that adopts pods gives none of their devices away.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from scheduler.backends.gpus.allocation import choose_gpus
from scheduler.backends.gpus.devices import Gpu
from scheduler.backends.lifecycle.folders.pod_folder import PodFolder, PodRecord


def lacks_gpus(record: PodRecord) -> bool:
    """Whether it was not given yet what it asks for."""
    return len(record.gpus) < record.deployment.resources.gpu


def has_lost_gpus(record: PodRecord, there: Collection[Gpu]) -> bool:
    """Whether a device of its is not there any more, or is not for pods any more."""
    known = {name for gpu in there for name in (gpu.id, gpu.number)}
    return not known.issuperset(record.gpus)


def give_gpus(folders: Sequence[PodFolder], there: Sequence[Gpu]) -> None:
    """Give those that have their place, and not their GPUs, devices that nobody else has; the oldest first."""
    taken = {gpu for folder in folders for gpu in folder.record.gpus}
    for folder in sorted(folders, key=lambda each: each.record.created_at):
        record = folder.record
        if not record.is_placed or record.is_terminating or not lacks_gpus(record):
            continue
        gpus = choose_gpus(record.deployment.resources.gpu, there, taken)
        if gpus is not None:
            folder.update(gpus=gpus)
            taken.update(gpus)
