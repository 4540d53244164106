"""How many pods of a version to make and which to end: Kubernetes' rolling update, with no unavailable pods.

Source: Kubernetes Deployment controller, `maxSurge` 1, `maxUnavailable` 0.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from shared.contracts.deployment import Deployment

MAX_SURGE = 1


@dataclass(frozen=True)
class PodState:
    """What the decision needs of one pod. `template` names the model, resources and options that it runs with."""

    name: str
    template: str
    is_ready: bool
    is_terminating: bool
    age_s: float = 0.0


@dataclass(frozen=True)
class RolloutPlan:
    """Pods to make, and pods to end (each drains first)."""

    create: int = 0
    terminate: tuple[str, ...] = ()


def template_of(deployment: Deployment) -> str:
    """Name of what a pod runs: another name means that the pod has to be replaced."""
    configuration = hashlib.sha256(deployment.pod_configuration().encode()).hexdigest()[:12]
    return configuration if deployment.restart is None else f"{configuration}.{deployment.restart}"


def configuration_of(template: str) -> str:
    """The part of a template that a restart of all pods leaves as it was."""
    return template.partition(".")[0]


def plan_rollout(desired: int, template: str, pods: Sequence[PodState]) -> RolloutPlan:
    """What to do next so that `desired` pods of `template` run; repeated until it says: nothing."""
    alive = [pod for pod in pods if not pod.is_terminating]
    if desired == 0:
        return RolloutPlan(terminate=tuple(pod.name for pod in alive))
    current = [pod for pod in alive if pod.template == template]
    old = [pod for pod in alive if pod.template != template]
    room = desired + (MAX_SURGE if old else 0) - len(alive)
    create = max(0, min(desired - len(current), room))
    return RolloutPlan(create, _surplus(current, desired) + _replaceable(old, current, desired))


def _surplus(current: Sequence[PodState], desired: int) -> tuple[str, ...]:
    """Pods beyond `desired`: those that answer nobody first, then the youngest."""
    ranked = sorted(current, key=lambda pod: (pod.is_ready, pod.age_s))
    return tuple(pod.name for pod in ranked[: max(0, len(current) - desired)])


def _replaceable(old: Sequence[PodState], current: Sequence[PodState], desired: int) -> tuple[str, ...]:
    """Old pods that answer nobody, and as many ready ones as new ready ones stand in for."""
    idle = [pod.name for pod in old if not pod.is_ready]
    serving = [pod.name for pod in old if pod.is_ready]
    ready_now = len(serving) + sum(pod.is_ready for pod in current)
    return tuple(idle + serving[: max(0, ready_now - desired)])
