"""GPUs of pods and jobs: given once they have their place, and kept in the pod's record for as long as it is there.

What was given is read from the records alone: a new scheduler that adopts pods gives none of their devices away.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from scheduler.backends.lifecycle.folders.pod_folder import PodFolder, PodRecord
from scheduler.domain.gpus import Gpu


def lacks_gpus(record: PodRecord) -> bool:
    """Whether it was not given yet what it asks for."""
    return len(record.gpus) < record.deployment.resources.gpu


def has_lost_gpus(record: PodRecord, there: Collection[Gpu]) -> bool:
    """Whether a device of its is not there any more, or is not for pods any more."""
    known = {name for gpu in there for name in (gpu.id, gpu.number)}
    return not known.issuperset(record.gpus)


def store_gpus(folders: Sequence[PodFolder], given: Mapping[str, tuple[str, ...]]) -> None:
    """Write down what pods were given, by their names."""
    for folder in folders:
        if gpus := given.get(folder.record.name):
            folder.update(gpus=gpus)
