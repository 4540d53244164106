"""What a pod needs before it starts: its model and environment, and its secrets.

Each is asked for until it is there, with longer and longer pauses; what it waits for is noted each time, and once in
the output of the run.
"""

from __future__ import annotations

from collections.abc import Callable

from scheduler.backends.errors import RegistryUnavailable
from scheduler.backends.lifecycle.dependencies import PodDependencies
from scheduler.backends.lifecycle.folders.pod_folder import PodFolder
from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.backends.lifecycle.runner import PreparedRun
from scheduler.backends.preparation.variables import secret_variables
from scheduler.domain.restarts import retry_delay_s
from scheduler.domain.values import REGISTRY_UNAVAILABLE, SECRETS_MISSING, SECRETS_UNAVAILABLE, PodNote
from shared.errors import PenstockError, Temporary


async def prepare_run(
    folder: PodFolder, run: RunFolder, dependencies: PodDependencies, add_note: Callable[[PodNote], None]
) -> PreparedRun:
    """What the run needs; asked for again for as long as the registry is away. Raises `PreparationFailed`."""
    attempt = 0
    while True:
        try:
            return await dependencies.runner.prepare(folder.record, run, add_note)
        except RegistryUnavailable as away:
            attempt += 1
            if attempt == 1:
                whom = "the model registry" if away.reason == REGISTRY_UNAVAILABLE else "what runs containers"
                run.write_line(f"waiting for {whom}: {away.message}")
            add_note(PodNote(away.reason, away.message, "warning"))
            await dependencies.clock.sleep(retry_delay_s(attempt))


async def fetch_secrets(
    folder: PodFolder, run: RunFolder, dependencies: PodDependencies, add_note: Callable[[PodNote], None]
) -> dict[str, str]:
    """The variables whose values are secrets; asked for again until the controller has them all."""
    attempt = 0
    while True:
        try:
            return await secret_variables(dependencies.ask_for_secrets, folder.record.deployment)
        except PenstockError as refused:
            attempt += 1
            reason = SECRETS_UNAVAILABLE if isinstance(refused, Temporary) else SECRETS_MISSING
            if attempt == 1:
                run.write_line(f"waiting for its secrets: {refused.message}")
            add_note(PodNote(reason, refused.message, "warning"))
            await dependencies.clock.sleep(retry_delay_s(attempt))
