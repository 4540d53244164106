"""Environment variables of a pod: those that every pod has, plain ones of its deployment, and values of secrets.

Values of secrets are fetched from the controller at each start; how they reach the pod is the backend's part.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from uuid import UUID

from shared.contracts.deployment import Deployment, SecretKeyRef

AskForSecrets = Callable[[UUID, Sequence[SecretKeyRef]], Awaitable[Sequence[str]]]
"""The values that the controller has for a version, in the order asked for."""


THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def threads_of(deployment: Deployment) -> int:
    """How many threads a pod's libraries may use: as many as it has cores."""
    return max(1, math.ceil(deployment.resources.cpu))


def base_variables(pod: str, deployment: Deployment, folder: Path, command: Sequence[str]) -> dict[str, str]:
    """The variables of every pod: nothing of the platform's secrets, nothing of the scheduler's own environment."""
    return {
        "PATH": f"{Path(command[0]).parent}:/usr/bin:/bin",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "XDG_CACHE_HOME": f"{folder}/.cache",
        "MPLCONFIGDIR": f"{folder}/.cache/matplotlib",
        "NUMBA_CACHE_DIR": f"{folder}/.cache/numba",
        **identity_variables(pod, deployment),
        **dict.fromkeys(THREAD_LIMITS, str(threads_of(deployment))),
    }


def identity_variables(pod: str, deployment: Deployment) -> dict[str, str]:
    """Who a pod is: all that the platform tells a container of somebody's own image."""
    return {
        "PENSTOCK_POD": pod,
        "PENSTOCK_SERVICE": deployment.service,
        "PENSTOCK_VERSION": deployment.version,
    }


def plain_variables(deployment: Deployment) -> dict[str, str]:
    """Those whose values stand in the deployment."""
    return {name: value for name, value in deployment.env.items() if isinstance(value, str)}


async def secret_variables(ask: AskForSecrets | None, deployment: Deployment) -> dict[str, str]:
    """Those whose values are secrets. Raises what the controller answers, and `Unavailable` where it does not."""
    return await values_of_secrets(ask, deployment.version_id, deployment.env)


async def values_of_secrets(
    ask: AskForSecrets | None, owner: UUID, env: Mapping[str, str | SecretKeyRef]
) -> dict[str, str]:
    """Variables of `env` whose values are secrets, with these. Raises as `secret_variables`."""
    named = {name: value for name, value in env.items() if isinstance(value, SecretKeyRef)}
    if not named or ask is None:
        return {}
    return dict(zip(named, await ask(owner, tuple(named.values())), strict=True))
