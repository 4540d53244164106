"""One version on the cluster: its objects are brought to what is wanted, and back where somebody changed them.

Level-triggered: `wake` says look again; what is applied is compared with what the cluster has. A write that is refused
is tried again, later and later; the reason stands as a pod that cannot be made.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from scheduler.backends.errors import PreparationFailed, RegistryUnavailable
from scheduler.backends.kubernetes.api.client import KubernetesApi, Object
from scheduler.backends.kubernetes.api.errors import NOT_FOUND, ApiError, ApiRefused
from scheduler.backends.kubernetes.api.informer import Informer
from scheduler.backends.kubernetes.facts.sentences import WaitReason, explain_refused
from scheduler.backends.kubernetes.manifests.image_containers import file_key
from scheduler.backends.kubernetes.manifests.names import (
    DELETION_COST,
    TEMPLATE_LABEL,
    deployments_path,
    disruption_budgets_path,
    pods_path,
    pull_secret_name,
    secrets_path,
)
from scheduler.backends.kubernetes.manifests.objects import (
    GENERATION_ANNOTATION,
    deployment_manifest,
    disruption_budget_manifest,
    pull_secret_manifest,
    secret_manifest,
)
from scheduler.backends.kubernetes.manifests.parts import variable_key
from scheduler.backends.kubernetes.manifests.pod_template import TOKEN_KEY
from scheduler.backends.kubernetes.manifests.prepare_container import TICKET_KEY
from scheduler.backends.kubernetes.options import KubernetesOptions
from scheduler.backends.kubernetes.pods.departures import Departures
from scheduler.backends.kubernetes.pods.known_pod import KnownPod
from scheduler.backends.kubernetes.pods.observer import PodObserver
from scheduler.backends.preparation.mounts import AskForImageSecret, inline_files
from scheduler.backends.preparation.registry_logins import RegistryLogin, private_images, registry_logins
from scheduler.backends.preparation.variables import AskForSecrets, secret_variables
from scheduler.domain.rollout import template_of
from scheduler.domain.values import CLUSTER_UNAVAILABLE, IMAGE_VOLUMES_MISSING, SECRETS_UNAVAILABLE, PodNote
from shared.clock import Clock
from shared.contracts.deployment import Deployment
from shared.errors import PenstockError, Temporary

log = logging.getLogger("penstock.scheduler.kubernetes")

Failure = ApiError | PenstockError | RegistryUnavailable | PreparationFailed
FIRST_DELAY_S, LONGEST_DELAY_S = 1.0, 30.0
GOES_FIRST = "-100"
NO_IMAGE_VOLUMES = (
    "the cluster does not mount images as volumes: switch its feature ImageVolume on (API server and nodes, Kubernetes "
    "1.33 or newer), or mount the files from an artifact or a bucket"
)
RESTORED = "DeploymentRestored"
"""Reason of an event: somebody changed a Deployment, or removed it, and it is as its version says again."""


@dataclass(frozen=True)
class VersionDependencies:
    """What every version of a backend shares. `fence` raises once another scheduler leads."""

    api: KubernetesApi
    options: KubernetesOptions
    clock: Clock
    fence: Callable[[], Awaitable[None]]
    observer: PodObserver
    departures: Departures
    deployments: Informer
    token_of: Callable[[str], str]
    """Of a version's pods, by the name of its objects."""
    ticket_of: Callable[[Deployment], str]
    ask_for_secrets: AskForSecrets | None = None
    ask_for_image_secret: AskForImageSecret | None = None


class VersionWork:
    """One version."""

    def __init__(self, version_id: UUID, name: str, dependencies: VersionDependencies) -> None:
        self.version_id = version_id
        self.name = name
        self.wanted: Deployment | None = None
        """None: nothing of it is to be left."""
        self.trouble: WaitReason | None = None
        """Why it cannot be brought to what is wanted."""
        self.is_backing_off = False
        """Whether its last try has failed, and the next one comes by itself."""
        self._dependencies = dependencies
        self._wake = asyncio.Event()
        self._applied: int | None = None
        """Generation of the Deployment that our last write made."""
        self._seen_as: tuple[int, int] | None = None
        """Generation and replicas of the version that the Deployment was seen to have."""
        self._attempt = 0
        self._is_secret_lost = False

    def wake(self) -> None:
        """Look again."""
        self._wake.set()

    def make_secret_again(self) -> None:
        """Its pods say that what they need of its secrets is missing, or not what it was."""
        self._is_secret_lost = True
        self._wake.set()

    def renew_login(self) -> None:
        """A registry refuses its pods: the login of its image may have been changed. The node tries again by itself."""
        if self.wanted is not None and _is_private(self.wanted):
            self.make_secret_again()

    @property
    def found(self) -> Object | None:
        """The Deployment that the cluster has."""
        return self._dependencies.deployments.objects.get(self.name)

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is wanted, and nothing there."""
        is_empty = self.wanted is None and self.found is None
        return is_empty and not self._dependencies.observer.of_version(self.version_id)

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            delay_s = await self._try()
            self.is_backing_off = delay_s > 0
            if delay_s:
                with suppress(TimeoutError):
                    async with asyncio.timeout(delay_s):
                        await self._wake.wait()
                self._wake.set()

    async def _try(self) -> float:
        """Bring it to what is wanted; seconds to wait for another try, 0 where it is done."""
        try:
            await (self._delete() if self.wanted is None else self._bring(self.wanted))
        except (ApiError, PenstockError, RegistryUnavailable, PreparationFailed) as why:
            return self._failed(why)
        self._attempt = 0
        self._set_trouble(None)
        return 0.0

    def _failed(self, why: Failure) -> float:
        if self._attempt == 0:
            log.warning("%s: %s", self.name, why.message)
        self._attempt += 1
        self._set_trouble(_trouble_of(why))
        return min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(self._attempt - 1, 10))

    def _set_trouble(self, trouble: WaitReason | None) -> None:
        self.trouble = trouble
        self.tell_unmade()

    def tell_unmade(self) -> None:
        """Tell of pods that cannot be made: since a write of ours is refused, or the cluster's own of them."""
        failure = self.trouble or (_replica_failure(self.found) if self.found else None)
        self._dependencies.observer.set_unmade(self.name, self.version_id, failure if self.wanted else None)

    # ── wanted ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def _bring(self, wanted: Deployment) -> None:
        found, template = self.found, template_of(wanted)
        if found is not None and self._is_as_wanted(found, wanted, template) and not self._is_secret_lost:
            self._seen_as = _told_by(wanted)
            self._dependencies.observer.reinstate(self.version_id, wanted.desired_replicas)
            return
        change = self._change_by_others(found, wanted)
        await self._write(found, wanted, template)
        if change is not None:
            said = f"{change}, outside of Penstock; it is as the version says again"
            self._dependencies.observer.tell_once(self.name, self.version_id, PodNote(RESTORED, said, "warning"))

    def _change_by_others(self, found: Object | None, wanted: Deployment) -> str | None:
        """What somebody did to a Deployment that was as wanted, in words; None: nobody has."""
        if self._applied is None or self._seen_as != _told_by(wanted):
            return None
        if found is None:
            return f"the Deployment {self.name} was deleted"
        if found["metadata"]["generation"] <= self._applied:
            return None  # a write of ours that was not seen yet
        replicas = (found.get("spec") or {}).get("replicas")
        what = f": {replicas} replicas, not {wanted.desired_replicas}" if replicas != wanted.desired_replicas else ""
        return f"the Deployment {self.name} was changed{what}"

    async def _write(self, found: Object | None, wanted: Deployment, template: str) -> None:
        await self._dependencies.fence()
        self._seen_as = None
        is_same_template = found is not None and _template_of(found) == template
        if found is not None and is_same_template:
            await self._choose_surplus(found, wanted, template)
        if found is not None and is_same_template and not self._is_secret_lost and not self._needs_login(found, wanted):
            await self._apply_deployment(wanted, is_new=False)
            return
        values, logins = await self._secret_values(wanted), await self._logins(wanted)
        if found is None and logins:  # a pod that is there before its login would be refused for good
            found = await self._apply_deployment(wanted.model_copy(update={"desired_replicas": 0}), is_new=True)
        if found is not None:
            await self._apply_secrets(wanted, found, values, logins)
        applied = await self._apply_deployment(wanted, is_new=found is None)
        if found is None:
            await self._apply_secrets(wanted, applied, values, logins)
        self._is_secret_lost = False

    def _needs_login(self, found: Object, wanted: Deployment) -> bool:
        """Whether the login of its image is written: an earlier scheduler may have been killed before it did, and it
        may have been changed since, which more pods on other nodes would be refused for."""
        is_more = wanted.desired_replicas > int((found.get("spec") or {}).get("replicas") or 0)
        return _is_private(wanted) and (self._applied is None or is_more)

    def _is_as_wanted(self, found: Object, wanted: Deployment, template: str) -> bool:
        metadata, spec = found["metadata"], found.get("spec") or {}
        told = (metadata.get("annotations") or {}).get(GENERATION_ANNOTATION)
        return (
            self._applied is not None
            and metadata.get("generation") == self._applied
            and told == str(wanted.generation)
            and spec.get("replicas") == wanted.desired_replicas
            and _template_of(found) == template
        )

    async def _apply_deployment(self, wanted: Deployment, *, is_new: bool) -> Object:
        shared = self._dependencies
        path = deployments_path(shared.options.namespace, self.name)
        manifest = deployment_manifest(wanted, shared.options, shared.token_of(self.name))
        if (image := wanted.image_source()) is not None and image.mounted_images():
            _require_image_volumes(await shared.api.apply(path, manifest, dry_run=True))
        applied = await shared.api.apply(path, manifest)
        self._applied = int(applied["metadata"]["generation"])
        if is_new:
            budget = disruption_budget_manifest(wanted, shared.options)
            await shared.api.apply(
                disruption_budgets_path(shared.options.namespace, self.name), _owned(budget, applied)
            )
        return applied

    async def _apply_secrets(
        self, wanted: Deployment, owner: Object, values: Mapping[str, str], logins: Mapping[str, RegistryLogin]
    ) -> None:
        """What pods take from secrets; they go with the Deployment. Logins that are not named any more are emptied."""
        shared = self._dependencies
        secret = _owned(secret_manifest(wanted, shared.options, values), owner)
        await shared.api.apply(secrets_path(shared.options.namespace, self.name), secret)
        name = pull_secret_name(wanted)
        if logins or name in _pull_secrets_of(owner):
            pull = _owned(pull_secret_manifest(wanted, shared.options, logins), owner)
            await shared.api.apply(secrets_path(shared.options.namespace, name), pull)

    async def _logins(self, wanted: Deployment) -> dict[str, RegistryLogin]:
        image, ask = wanted.image_source(), self._dependencies.ask_for_image_secret
        return {} if image is None or ask is None else await registry_logins(ask, wanted.version_id, image)

    async def _secret_values(self, wanted: Deployment) -> dict[str, str]:
        shared = self._dependencies
        variables = await secret_variables(shared.ask_for_secrets, wanted)
        return {
            TOKEN_KEY: shared.token_of(self.name),
            TICKET_KEY: shared.ticket_of(wanted),
            **{variable_key(name): value for name, value in variables.items()},
            **{file_key(number): mount.content for number, mount in inline_files(wanted).items()},
        }

    async def _choose_surplus(self, found: Object, wanted: Deployment, template: str) -> None:
        """Fewer pods are wanted: say which are to go, and have them leave the routes before the cluster ends them."""
        shared = self._dependencies
        if wanted.desired_replicas >= int((found.get("spec") or {}).get("replicas") or 0):
            return
        pods = [pod for pod in shared.observer.of_version(self.version_id) if not pod.facts.is_deleted]
        if any(pod.facts.template != template for pod in pods):
            return  # in the middle of a roll-out: the cluster's own order is as good
        surplus = surplus_of(pods, wanted.desired_replicas)
        for name in surplus:
            cost = {"metadata": {"annotations": {DELETION_COST: GOES_FIRST}}}
            with suppress(ApiRefused):  # it is gone already, or our account may not: the cluster chooses
                await shared.api.merge(pods_path(shared.options.namespace, name), cost)
        await shared.departures.withdraw(surplus, is_surplus=True)
        await shared.fence()

    # ── not wanted ───────────────────────────────────────────────────────────────────────────────────────────────

    async def _delete(self) -> None:
        shared = self._dependencies
        if self.found is None:
            return
        pods = [pod.facts.name for pod in shared.observer.of_version(self.version_id)]
        await shared.departures.withdraw(pods)
        if self.wanted is not None:  # it is wanted again
            return
        await shared.fence()
        try:
            await shared.api.delete(
                deployments_path(shared.options.namespace, self.name), propagationPolicy="Background"
            )
        except ApiRefused as refused:
            if refused.status != NOT_FOUND:
                raise
        self._applied = None


def _told_by(wanted: Deployment) -> tuple[int, int]:
    return wanted.generation, wanted.desired_replicas


def _is_private(wanted: Deployment) -> bool:
    """Whether an image of it is pulled with a login."""
    image = wanted.image_source()
    return image is not None and bool(private_images(image))


def surplus_of(pods: Sequence[KnownPod], desired: int) -> list[str]:
    """Pods beyond `desired`: those that answer nobody first, then the youngest."""
    ranked = sorted(pods, key=lambda pod: (pod.is_ready, -_created(pod)))
    return [pod.facts.name for pod in ranked[: max(0, len(ranked) - desired)]]


def _created(pod: KnownPod) -> float:
    return pod.facts.created_at.timestamp() if pod.facts.created_at else 0.0


def _template_of(found: Object) -> str | None:
    template = (found.get("spec") or {}).get("template") or {}
    return ((template.get("metadata") or {}).get("labels") or {}).get(TEMPLATE_LABEL)


def _trouble_of(why: Failure) -> WaitReason:
    """What pods wait for."""
    match why:
        case ApiRefused():
            return explain_refused(why.message)
        case RegistryUnavailable():
            return WaitReason(why.reason, why.message)
        case PreparationFailed():
            return WaitReason(why.reason, why.message, why.is_permanent)
        case Temporary():
            return WaitReason(SECRETS_UNAVAILABLE, why.message)
        case PenstockError():
            return WaitReason("SecretMissing", why.message)
        case ApiError():
            return WaitReason(CLUSTER_UNAVAILABLE, f"the cluster does not answer; it is tried again ({why.message})")


def _require_image_volumes(applied: Object) -> None:
    """Raises `PreparationFailed` where the cluster drops them: its pods would start without the files."""
    volumes = applied["spec"]["template"]["spec"].get("volumes") or ()
    if not any("image" in volume for volume in volumes):
        raise PreparationFailed(IMAGE_VOLUMES_MISSING, NO_IMAGE_VOLUMES, is_permanent=True)


def _pull_secrets_of(found: Object) -> set[str]:
    """Names of the secrets that the pods of a Deployment are pulled with, as it was before."""
    spec = ((found.get("spec") or {}).get("template") or {}).get("spec") or {}
    return {str(each.get("name")) for each in spec.get("imagePullSecrets") or ()}


def _replica_failure(found: Object) -> WaitReason | None:
    """Why the cluster cannot make the pods of a Deployment, where it cannot."""
    for condition in (found.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True":
            return explain_refused(str(condition.get("message") or ""))
    return None


def _owned(manifest: dict[str, Any], owner: Object) -> dict[str, Any]:
    """An object that goes with the Deployment."""
    reference = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "blockOwnerDeletion": False,
        "controller": False,
    }
    return {**manifest, "metadata": {**manifest["metadata"], "ownerReferences": [reference]}}
