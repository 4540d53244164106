"""Objects of a version: applied once, again after a hand changed them, fewer by choice, deleted after the routes."""

from __future__ import annotations

import asyncio
import base64
import copy
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import pytest

from kubernetes_world.objects import NAME, serving
from running_services.scheduler_world import OpenRoutes, wanted
from scheduler.backends.kubernetes.api.errors import ApiAway, ApiRefused
from scheduler.backends.kubernetes.manifests.names import object_name
from scheduler.backends.kubernetes.options import KubernetesOptions
from scheduler.backends.kubernetes.pods.departures import Departures
from scheduler.backends.kubernetes.pods.observer import PodObserver, VersionWanted
from scheduler.backends.kubernetes.versions import VersionDependencies, VersionWork
from scheduler.domain.rollout import template_of
from scheduler.domain.values import NO_FAULT, Observation, PodObservation
from shared.clock import SystemClock
from shared.contracts.deployment import Deployment, FileMount, ImageSource, OciMount
from shared.contracts.rpc.controller import ImageSecret
from shared.errors import NotFound, Unavailable
from waiting.eventually import eventually

OPTIONS = KubernetesOptions("models", "penstock:1", "http://s", drain_s=0.05)


class FakeCluster:
    """Deployments that are as they were applied last; every write is noted."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.writes: list[str] = []
        self.applied: list[dict[str, Any]] = []
        self.trouble: list[Exception] = []
        self.has_image_volumes = True

    def _note(self, write: str) -> None:
        if self.trouble:
            raise self.trouble.pop(0)
        self.writes.append(write)

    async def apply(self, path: str, manifest: dict[str, Any], *, dry_run: bool = False) -> dict[str, Any]:
        if dry_run:
            return manifest if self.has_image_volumes else without_image_volumes(manifest)
        self._note(f"apply {manifest['kind']}")
        self.applied.append(manifest)
        if manifest["kind"] != "Deployment":
            return manifest
        name = manifest["metadata"]["name"]
        before = self.objects.get(name)
        generation = 1 if before is None else before["metadata"]["generation"] + (before["spec"] != manifest["spec"])
        found = {**manifest, "metadata": {**manifest["metadata"], "uid": "u", "generation": generation}}
        self.objects[name] = found
        return found

    async def merge(self, path: str, changes: dict[str, Any]) -> dict[str, Any]:
        self._note(f"merge {path.rpartition('/')[2]}")
        return {}

    async def delete(self, path: str, **options: Any) -> None:
        self._note(f"delete {options}")
        self.objects.pop(path.rpartition("/")[2], None)


def without_image_volumes(manifest: dict[str, Any]) -> dict[str, Any]:
    """What an API server of 1.34 makes of a Deployment where its feature ImageVolume is off."""
    found = copy.deepcopy(manifest)
    spec = found["spec"]["template"]["spec"]
    dropped = {each["name"] for each in spec["volumes"] if "image" in each}
    spec["volumes"] = [each for each in spec["volumes"] if each["name"] not in dropped]
    for each in spec["containers"]:
        each["volumeMounts"] = [mount for mount in each["volumeMounts"] if mount["name"] not in dropped]
    return found


class At:
    """A version's work on a cluster."""

    def __init__(self, deployment: Deployment, secret: ImageSecret | Exception | None = None) -> None:
        self.secret = secret
        self.cluster = FakeCluster()
        self.routes = OpenRoutes()
        self.seen: list[Observation] = []
        clock = SystemClock()
        self.observer = PodObserver(
            self.seen.append, clock, lambda version: VersionWanted(1, template_of(deployment), 1), self._ready
        )
        self.observer.listed()
        departures = Departures(self.observer, self.routes, clock, OPTIONS)
        shared = VersionDependencies(
            self.cluster,  # type: ignore[arg-type]
            OPTIONS,
            clock,
            self._fence,
            self.observer,
            departures,
            self.cluster,  # type: ignore[arg-type]
            token_of=lambda name: f"token of {name}",
            ticket_of=lambda each: "ticket",
            ask_for_image_secret=self._image_secret,
        )
        self.fenced = 0
        self.work = VersionWork(deployment.version_id, object_name(deployment), shared)
        self.work.wanted = deployment

    def _ready(self, pod: Any) -> None:
        self.observer.set_report(pod.facts.name, None, pod.facts.run)

    async def _image_secret(self, version: UUID, name: str) -> ImageSecret:
        assert (version, name) == (self.work.version_id, "pull")
        if isinstance(self.secret, Exception):
            raise self.secret
        assert self.secret is not None
        return self.secret

    async def _fence(self) -> None:
        self.fenced += 1

    def add_pod(self, name: str, deployment: Deployment) -> None:
        found = serving(name=name, template=template_of(deployment))
        found["metadata"]["labels"]["penstock.io/version-id"] = str(deployment.version_id)
        self.observer.changed("added", found)

    def told_of(self, reason: str) -> list[PodObservation]:
        return [
            each for each in self.seen if isinstance(each, PodObservation) and each.note and each.note.reason == reason
        ]

    def pod(self, name: str) -> PodObservation:
        return [each for each in self.seen if isinstance(each, PodObservation) and each.pod == name][-1]


@asynccontextmanager
async def working(at: At) -> AsyncIterator[At]:
    task = asyncio.create_task(at.work.run())
    at.work.wake()
    try:
        yield at
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def settled(at: At) -> list[str]:
    """Everything that is to be written was."""
    at.work.wake()
    await asyncio.sleep(0.03)
    return at.cluster.writes


async def test_objects_are_applied_once_and_looking_again_writes_nothing() -> None:
    async with working(At(wanted())) as at:
        await eventually(lambda: len(at.cluster.writes) == 3)
        assert await settled(at) == ["apply Deployment", "apply PodDisruptionBudget", "apply Secret"]
        owned = [each["metadata"]["ownerReferences"][0]["uid"] for each in at.cluster.applied[1:]]
        assert owned == ["u", "u"]
        assert at.fenced == 1


async def test_what_a_hand_has_changed_is_brought_back() -> None:
    deployment = wanted()
    async with working(At(deployment)) as at:
        await eventually(lambda: len(at.cluster.writes) == 3)
        at.add_pod("p", deployment)
        assert len(await settled(at)) == 3
        found = at.cluster.objects[at.work.name]
        found["spec"] = {**found["spec"], "replicas": 7}
        found["metadata"]["generation"] += 1
        assert (await settled(at))[3:] == ["apply Deployment"]
        assert at.cluster.objects[at.work.name]["spec"]["replicas"] == 1
        (told,) = at.told_of("DeploymentRestored")
        assert told.pod == "p"
        assert told.note is not None
        assert "was changed: 7 replicas, not 1, outside of Penstock" in told.note.message


async def test_a_change_of_ours_is_nobodys_elses() -> None:
    deployment = wanted()
    async with working(At(deployment)) as at:
        await settled(at)
        at.work.wanted = deployment.model_copy(update={"generation": 2, "desired_replicas": 3})
        assert (await settled(at))[3:] == ["apply Deployment"]
        await settled(at)
        assert at.told_of("DeploymentRestored") == []


async def test_one_deleted_by_hand_is_made_again() -> None:
    async with working(At(wanted())) as at:
        await eventually(lambda: len(at.cluster.writes) == 3)
        await settled(at)
        del at.cluster.objects[at.work.name]
        assert (await settled(at))[3:] == ["apply Deployment", "apply PodDisruptionBudget", "apply Secret"]
        (told,) = at.told_of("DeploymentRestored")
        assert told.note is not None
        assert f"the Deployment {at.work.name} was deleted" in told.note.message
        assert at.pod(told.pod).is_gone  # it stood for the pods that there were not


async def test_surplus_leaves_the_routes_before_there_is_less() -> None:
    deployment = wanted(2)
    at = At(deployment)
    async with working(at):
        await eventually(lambda: len(at.cluster.writes) == 3)
        for name in (NAME, "wine-v1-abcdef-5d9c7b8f6-aaaaa"):
            at.add_pod(name, deployment)
            at.routes.routed.add(name)
        at.work.wanted = deployment.model_copy(update={"desired_replicas": 1, "generation": 2})
        at.work.wake()
        await eventually(lambda: len(at.cluster.writes) == 4)
        chosen = at.cluster.writes[3].removeprefix("merge ")
        await eventually(lambda: at.pod(chosen).status == "Terminating")
        await asyncio.sleep(0.1)
        assert len(at.cluster.writes) == 4  # routers still know it
        at.routes.routed.discard(chosen)
        await eventually(lambda: at.cluster.writes[4:] == ["apply Deployment"])
        other = next(name for name in at.observer.pods if name != chosen)
        assert at.pod(other).ready


async def test_a_version_is_deleted_after_its_pods_left_the_routes() -> None:
    deployment = wanted()
    at = At(deployment)
    async with working(at):
        await eventually(lambda: len(at.cluster.writes) == 3)
        at.add_pod(NAME, deployment)
        at.routes.routed.add(NAME)
        at.work.wanted = None
        at.work.wake()
        await eventually(lambda: at.pod(NAME).status == "Terminating")
        await asyncio.sleep(0.1)
        assert len(at.cluster.writes) == 3
        at.routes.routed.clear()
        await eventually(lambda: at.cluster.writes[3:] == ["delete {'propagationPolicy': 'Background'}"])


async def test_a_refusal_is_told_and_tried_again() -> None:
    at = At(wanted())
    at.cluster.trouble = [ApiRefused(403, "Forbidden", 'violates PodSecurity "restricted"'), ApiAway("away")]
    async with working(at):
        await eventually(lambda: at.work.trouble is not None)
        (unmade,) = at.observer.unmade.values()
        assert unmade[1].reason == "PodSecurityRefused"
        await eventually(lambda: len(at.cluster.writes) == 3, within=10)
        await eventually(lambda: not at.observer.unmade)


async def test_a_cluster_that_is_away_is_what_the_version_waits_for() -> None:
    at = At(wanted())
    at.cluster.trouble = [ApiAway("https://c cannot be reached")]
    async with working(at):
        await eventually(lambda: at.observer.unmade)
        (told,) = at.observer.waiting_reasons().values()
        assert told == "the cluster does not answer; it is tried again (https://c cannot be reached)"
        (unmade,) = at.observer.unmade
        assert at.pod(unmade).reason in NO_FAULT  # its deadline waits too
        await eventually(lambda: not at.observer.unmade, within=10)


# ── images ───────────────────────────────────────────────────────────────────────────────────────────────────────────

LOGIN = ImageSecret(kind="registry", fields={"username": "me", "password": "hush"})


def an_image(credentials: str | None = "pull", **changes: Any) -> Deployment:
    mounts = (FileMount(path="/etc/app.yaml", content="a: 1"),)
    source = ImageSource(image="r.io:5000/team/app:1", credentials=credentials, mounts=mounts)
    return wanted(2).model_copy(update={"model_source": source, **changes})


def pull_secret(at: At) -> dict[str, Any]:
    written = [each for each in at.cluster.applied if each.get("type") == "kubernetes.io/dockerconfigjson"][-1]
    assert written["metadata"]["name"] == f"{at.work.name}-pull"
    found: dict[str, Any] = json.loads(base64.b64decode(written["data"][".dockerconfigjson"]))
    return {"auths": found["auths"], "owner": written["metadata"]["ownerReferences"][0]["uid"]}


async def test_no_pod_of_a_private_image_is_there_before_its_login() -> None:
    async with working(At(an_image(), LOGIN)) as at:
        await eventually(lambda: len(at.cluster.writes) == 5)
        assert at.cluster.writes == [
            "apply Deployment", "apply PodDisruptionBudget", "apply Secret", "apply Secret", "apply Deployment"
        ]  # fmt: skip
        deployments = [each for each in at.cluster.applied if each["kind"] == "Deployment"]
        assert [each["spec"]["replicas"] for each in deployments] == [0, 2]
        auth = base64.b64encode(b"me:hush").decode()
        login = {"username": "me", "password": "hush", "auth": auth}
        assert pull_secret(at) == {"auths": {"r.io:5000": login}, "owner": "u"}
        secret = next(each for each in at.cluster.applied if each.get("type") == "Opaque")
        assert base64.b64decode(secret["data"]["file.0"]) == b"a: 1"
        assert len(await settled(at)) == 5


async def test_a_login_that_is_not_named_any_more_is_emptied() -> None:
    deployment = an_image()
    async with working(At(deployment, LOGIN)) as at:
        await eventually(lambda: len(at.cluster.writes) == 5)
        at.work.wanted = an_image(None, version_id=deployment.version_id, generation=2)
        at.work.wake()
        await eventually(lambda: at.cluster.writes[5:] == ["apply Secret", "apply Secret", "apply Deployment"])
        assert pull_secret(at) == {"auths": {}, "owner": "u"}
        spec = at.cluster.objects[at.work.name]["spec"]["template"]["spec"]
        assert "imagePullSecrets" not in spec


async def test_a_scheduler_that_takes_over_writes_the_login_again() -> None:
    deployment = an_image()
    at = At(deployment, LOGIN)
    async with working(at):
        await eventually(lambda: len(at.cluster.writes) == 5)
    after = At(deployment, LOGIN)
    after.cluster.objects = at.cluster.objects
    async with working(after):
        assert await eventually(lambda: after.cluster.writes == ["apply Secret", "apply Secret", "apply Deployment"])


async def test_more_pods_are_pulled_with_the_login_of_now() -> None:
    deployment = an_image()
    async with working(At(deployment, LOGIN)) as at:
        await eventually(lambda: len(at.cluster.writes) == 5)
        at.secret = ImageSecret(kind="registry", fields={"username": "me", "password": "new"})
        at.work.wanted = deployment.model_copy(update={"desired_replicas": 3, "generation": 2})
        at.work.wake()
        await eventually(lambda: at.cluster.writes[5:] == ["apply Secret", "apply Secret", "apply Deployment"])
        assert pull_secret(at)["auths"]["r.io:5000"]["password"] == "new"
        at.work.wanted = deployment.model_copy(update={"desired_replicas": 1, "generation": 3})
        at.work.wake()
        await eventually(lambda: at.cluster.writes[8:] == ["apply Deployment"])


async def test_a_login_that_a_registry_refuses_is_written_again() -> None:
    async with working(At(an_image(), LOGIN)) as at:
        await eventually(lambda: len(at.cluster.writes) == 5)
        at.secret = ImageSecret(kind="registry", fields={"username": "me", "password": "new"})
        at.work.renew_login()
        await eventually(lambda: at.cluster.writes[5:] == ["apply Secret", "apply Secret", "apply Deployment"])
        assert pull_secret(at)["auths"]["r.io:5000"]["password"] == "new"
    async with working(At(an_image(None))) as public:
        await eventually(lambda: len(public.cluster.writes) == 3)
        public.work.renew_login()
        assert len(await settled(public)) == 3


@pytest.mark.parametrize(
    ("secret", "reason", "is_terminal"),
    [
        (Unavailable("nobody"), "SecretsUnavailable", False),
        (NotFound("there is none"), "SecretMissing", False),
        (
            ImageSecret(kind="registry", fields={"username": "me", "password": "hush", "server": "other.io"}),
            "ImageRefused",
            True,
        ),
    ],
)
async def test_a_login_that_cannot_be_had_is_told_and_nothing_made(
    secret: ImageSecret | Exception, reason: str, is_terminal: bool
) -> None:
    async with working(At(an_image(), secret)) as at:
        await eventually(lambda: at.work.trouble)
        assert at.work.trouble is not None
        assert (at.work.trouble.reason, at.work.trouble.is_terminal) == (reason, is_terminal)
        assert at.cluster.writes == []


async def test_a_version_whose_image_volumes_the_cluster_drops_is_told_and_not_made() -> None:
    mounts = (OciMount(path="/models", uri="oci://models.io/wine:3", credentials="pull"),)
    deployment = wanted(1).model_copy(update={"model_source": ImageSource(image="r.io/app:1", mounts=mounts)})
    at = At(deployment, LOGIN)
    at.cluster.has_image_volumes = False
    async with working(at):
        await eventually(lambda: at.work.trouble)
        assert at.work.trouble is not None
        assert (at.work.trouble.reason, at.work.trouble.is_terminal) == ("ImageVolumesMissing", True)
        assert "feature ImageVolume" in at.work.trouble.message
        assert at.cluster.writes == []
        at.cluster.has_image_volumes = True
        at.work.wake()
        await eventually(lambda: len(at.cluster.writes) == 5)
        assert list(pull_secret(at)["auths"]) == ["models.io"]
