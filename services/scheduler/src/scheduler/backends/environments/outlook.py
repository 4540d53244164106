"""Whether a model version that nobody has published yet will have to wait for an environment to be built.

Told by the very code that decides it when a pod starts, from the few files that describe the environment. No host is
looked up: an address among the requirements has to be resolved by the build anyway.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from scheduler.backends.environments.store import REFUSED, EnvironmentStore
from scheduler.backends.errors import PreparationFailed
from scheduler.domain.requirements.files import ModelDescription, read_mlmodel
from scheduler.domain.requirements.lines import UnreadableRequirements
from shared.contracts.rpc.scheduler import EnvironmentOutlook, ModelFiles


def environment_outlook(store: EnvironmentStore, files: ModelFiles) -> EnvironmentOutlook:
    """What a start would find now. Reads the metadata of every installed package: for a thread."""
    default = ModelDescription()
    if not _has_usual_names(files, default):
        return EnvironmentOutlook(state="unknown", reason="its MLmodel file keeps its environment in files of its own")
    with tempfile.TemporaryDirectory(prefix="penstock-outlook-") as name:
        folder = Path(name)
        texts = {
            "MLmodel": files.mlmodel,
            "requirements.txt": files.requirements,
            default.python_env: files.python_env,
            default.conda: files.conda,
        }
        for file, text in texts.items():
            if text is not None:
                (folder / file).write_text(text)
        return _outlook(store, folder)


def _has_usual_names(files: ModelFiles, default: ModelDescription) -> bool:
    try:
        described = read_mlmodel(files.mlmodel or "")
    except UnreadableRequirements:
        return True  # the plan says what is wrong
    return (described.python_env, described.conda) == (default.python_env, default.conda)


def _outlook(store: EnvironmentStore, folder: Path) -> EnvironmentOutlook:
    try:
        plan = store.plan(folder, resolve=lambda _: ())
    except PreparationFailed as failed:
        # Lines that name files of the model are refused here, where these are not: only its start can tell.
        is_known = failed.reason != REFUSED
        return EnvironmentOutlook(state="refused" if is_known else "unknown", reason=failed.message)
    if plan.key is None:
        return EnvironmentOutlook(state="own")
    return EnvironmentOutlook(state="built" if store.is_built(plan.key) else "to_build", unmet=plan.comparison.unmet)
