"""Containers of owners' images: which image it is, how it is had, what it is started with, what is mounted into it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import UUID

import httpx
import pytest

from running_services.scheduler_world import wanted
from scheduler.backends.docker.engine.client import Engine
from scheduler.backends.docker.engine.pull import AUTH_HEADER
from scheduler.backends.docker.preparation.container_plan import ContainerPlan
from scheduler.backends.docker.preparation.image_containers import ContainersBySource, ImageContainers, written_name
from scheduler.backends.docker.preparation.pinned_images import PinnedImages, repository_digest
from scheduler.backends.docker.site.host_paths import HostPaths
from scheduler.backends.errors import PreparationFailed, RegistryUnavailable
from scheduler.backends.lifecycle.folders.pod_folder import PodRecord
from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.backends.models.cache import ModelCache
from scheduler.backends.preparation.mounts import MountCache
from scheduler.domain.values import PodNote
from shared.contracts.deployment import FileMount, ImageSource, OciMount, S3Mount
from shared.contracts.rpc.controller import ImageSecret
from shared.errors import NotFound, Unavailable

IMAGE = "r.io:5000/team/app:1"
DIGEST = "r.io:5000/team/app@sha256:" + "a" * 64
PATHS = HostPaths({PurePosixPath("/"): PurePosixPath("/host")})
LOGIN = ImageSecret(kind="registry", fields={"username": "me", "password": "hush"})


@dataclass
class FakeEngine:
    """Images by name; what a registry has, and what it says of a pull."""

    here: dict[str, dict[str, Any]] = field(default_factory=dict)
    registry: dict[str, dict[str, Any]] = field(default_factory=dict)
    trouble: str | None = None
    pulls: list[httpx.Request] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/version":
            return httpx.Response(200, json={"ApiVersion": "1.41", "MinAPIVersion": "1.12", "Version": "20.10.24"})
        if path.endswith("/images/create"):
            self.pulls.append(request)
            return self._pulled(request.url.params["fromImage"])
        name = path.partition("/images/")[2].removesuffix("/json")
        found = self.here.get(name) or next((each for each in self.here.values() if each["Id"] == name), None)
        return httpx.Response(200, json=found) if found else httpx.Response(404, json={"message": "No such image"})

    def _pulled(self, name: str) -> httpx.Response:
        if self.trouble:
            return httpx.Response(200, content=json.dumps({"error": self.trouble}))
        self.here[name] = self.registry[name]
        return httpx.Response(200, content=json.dumps({"status": "Digest: sha256:12"}))


def image(identity: str = "sha256:1", *digests: str) -> dict[str, Any]:
    return {"Id": identity, "RepoDigests": list(digests)}


@dataclass
class At:
    """A home with one version of an image."""

    folder: Path
    engine: FakeEngine
    source: ImageSource = field(default_factory=lambda: ImageSource(image=IMAGE))
    secret: ImageSecret | Exception = field(default_factory=lambda: LOGIN)
    notes: list[PodNote] = field(default_factory=list)

    async def plan(self, template: str = "t", version: UUID | None = None) -> ContainerPlan:
        deployment = wanted(1).model_copy(update={"model_source": self.source, "version_id": version or UUID(int=7)})
        record = PodRecord(name="app-v1-x", deployment=deployment, template=template, created_at=0.0)
        run = RunFolder(self.folder / "run-0", 0)
        run.path.mkdir(exist_ok=True)
        return await self._containers().plan(record, run, PATHS, self.notes.append)

    def _containers(self) -> ImageContainers:
        async def ask(_: UUID, name: str) -> ImageSecret:
            assert name == "pull"
            if isinstance(self.secret, Exception):
                raise self.secret
            return self.secret

        async def no_registry(_: str) -> Any:
            raise AssertionError

        engine = Engine("unix:///s", httpx.MockTransport(self.engine.answer))
        mounts = MountCache(ModelCache(self.folder / "models", "http://m", {}, no_registry), ask)
        return ImageContainers(engine, PinnedImages(self.folder / "images"), mounts)


async def test_an_image_is_pulled_and_its_digest_told(tmp_path: Path) -> None:
    at = At(tmp_path, FakeEngine(registry={IMAGE: image("sha256:1", DIGEST)}))
    plan = await at.plan()
    assert (plan.image, plan.shown_image, plan.port, plan.health_path) == ("sha256:1", DIGEST, 8080, "/health")
    assert (plan.entrypoint, plan.arguments, plan.user, plan.is_root_read_only) == (None, None, None, False)
    assert plan.environment == {"PENSTOCK_POD": "app-v1-x", "PENSTOCK_SERVICE": "wine", "PENSTOCK_VERSION": "v1"}
    assert [note.reason for note in at.notes] == ["PullingImage", "ImagePulled"]
    assert DIGEST in at.notes[-1].message
    assert AUTH_HEADER not in at.engine.pulls[0].headers


async def test_a_version_keeps_its_image_whatever_its_tag_means_by_then(tmp_path: Path) -> None:
    engine = FakeEngine(registry={IMAGE: image("sha256:1", DIGEST), DIGEST: image("sha256:1", DIGEST)})
    at = At(tmp_path, engine)
    await at.plan()
    engine.registry[IMAGE] = image("sha256:2", DIGEST.replace("a" * 64, "b" * 64))
    assert ((await at.plan("t.5")).image, len(engine.pulls)) == ("sha256:1", 1)
    engine.here.clear()  # somebody has cleaned up
    assert (await at.plan()).image == "sha256:1"
    assert engine.pulls[-1].url.params["fromImage"] == DIGEST
    assert (await at.plan("another configuration")).image == "sha256:2"


async def test_an_image_that_was_built_on_this_machine_is_looked_for_nowhere_else(tmp_path: Path) -> None:
    at = At(tmp_path, FakeEngine(here={"docker.io/library/app:dev": image("sha256:9")}), ImageSource(image="app:dev"))
    plan = await at.plan()
    assert (plan.image, plan.shown_image, at.engine.pulls) == ("sha256:9", "sha256:9", [])
    at.engine.here.clear()
    with pytest.raises(PreparationFailed, match="was removed from this machine"):
        await at.plan()


async def test_a_private_image_is_pulled_with_its_login(tmp_path: Path) -> None:
    at = At(tmp_path, FakeEngine(registry={IMAGE: image("sha256:1", DIGEST)}))
    at.source = ImageSource(image=IMAGE, credentials="pull")
    plan = await at.plan()
    said = json.loads(base64.urlsafe_b64decode(at.engine.pulls[0].headers[AUTH_HEADER]))
    assert said == {"username": "me", "password": "hush", "serveraddress": "r.io:5000"}
    assert "hush" not in repr((plan, at.notes)) + "".join(
        path.read_text() for path in tmp_path.rglob("*") if path.is_file()
    )


async def test_what_was_pulled_with_a_login_is_nobodys_without_one(tmp_path: Path) -> None:
    at = At(tmp_path, FakeEngine(registry={IMAGE: image("sha256:1", DIGEST)}))
    at.source = ImageSource(image=IMAGE, credentials="pull")
    await at.plan()
    stranger = At(tmp_path, at.engine)
    at.engine.trouble = "unauthorized: authentication required"
    with pytest.raises(PreparationFailed) as failed:
        await stranger.plan(version=UUID(int=8))
    assert (failed.value.reason, failed.value.is_permanent) == ("ImageRefused", True)
    assert "name a secret with its user and password" in failed.value.message


async def test_an_image_whose_pull_with_a_login_was_cut_off_is_nobodys_without_one(tmp_path: Path) -> None:
    at = At(tmp_path, FakeEngine(registry={IMAGE: image("sha256:1", DIGEST)}))
    with PinnedImages(tmp_path / "images").pulling_with_login(IMAGE):  # as a scheduler leaves it that is killed there
        at.engine.here[IMAGE] = at.engine.registry[IMAGE]
        at.engine.trouble = "unauthorized: authentication required"
        with pytest.raises(PreparationFailed, match="does not give out"):
            await at.plan()
    assert (await at.plan()).shown_image == DIGEST  # a pull that has ended without it leaves the copy to everybody


async def test_an_image_that_somebody_put_here_serves_while_its_registry_does_not(tmp_path: Path) -> None:
    engine = FakeEngine(here={IMAGE: image("sha256:1", DIGEST)}, trouble="dial tcp: connection refused")
    at = At(tmp_path, engine)
    assert (await at.plan()).shown_image == DIGEST
    assert [(note.reason, note.level) for note in at.notes][1] == ("ImageNotChecked", "warning")


@pytest.mark.parametrize(
    ("trouble", "reason", "is_permanent"),
    [
        ("pull access denied for team/app, repository does not exist", "ImageRefused", True),
        ("manifest for r.io/team/app:1 not found: manifest unknown", "ImageNotFound", True),
        ("dial tcp 10.0.0.1:443: i/o timeout", "RegistryUnreachable", False),
        ("x509: certificate signed by unknown authority", "RegistryNotTrusted", False),
        ("toomanyrequests: You have reached your pull rate limit", "RegistryLimit", False),
        ("write /var/lib/docker/tmp/GetImageBlob2957072413: no space left on device", "NodeDiskFull", False),
        ("something new", "ImagePullFailed", False),
    ],
)
async def test_an_image_that_is_not_had_says_why(tmp_path: Path, trouble: str, reason: str, is_permanent: bool) -> None:
    with pytest.raises(PreparationFailed) as failed:
        await At(tmp_path, FakeEngine(trouble=trouble)).plan()
    assert (failed.value.reason, failed.value.is_permanent) == (reason, is_permanent)
    assert IMAGE in failed.value.message
    assert trouble in failed.value.message


@pytest.mark.parametrize(
    ("secret", "raised", "message"),
    [
        (Unavailable("nobody"), RegistryUnavailable, "secret pull cannot be asked for"),
        (NotFound("there is none"), PreparationFailed, "secret pull: there is none"),
        (ImageSecret(kind="s3", fields={}), PreparationFailed, "of the kind s3, not registry"),
        (
            ImageSecret(kind="registry", fields={"username": "me", "password": "hush", "server": "https://other.io"}),
            PreparationFailed,
            "secret pull is a login of https://other.io, and r.io:5000/team/app:1 is of r.io:5000",
        ),
    ],
)
async def test_a_login_that_cannot_be_used_is_sent_nowhere(
    tmp_path: Path, secret: ImageSecret | Exception, raised: type[Exception], message: str
) -> None:
    at = At(tmp_path, FakeEngine(), ImageSource(image=IMAGE, credentials="pull"), secret)
    with pytest.raises(raised, match=message):
        await at.plan()
    assert at.engine.pulls == []


async def test_what_a_version_says_of_its_container_is_what_it_gets(tmp_path: Path) -> None:
    mounts = (FileMount(path="/etc/app.yaml", content="a: 1\n"), S3Mount(path="/code", uri="s3://bucket/code"))
    source = ImageSource(image=IMAGE, command=("serve",), args=("--fast",), port=9000, health_path="/up", mounts=mounts)
    at = At(tmp_path, FakeEngine(registry={IMAGE: image("sha256:1", DIGEST)}), source)
    folder = tmp_path / "models" / "beef"
    folder.mkdir(parents=True)
    (tmp_path / "models" / "versions").mkdir()
    (tmp_path / "models" / "versions" / f"{UUID(int=7)}-t.1").write_text("beef")
    plan = await at.plan()
    assert (plan.entrypoint, plan.arguments, plan.port, plan.health_path) == (("serve",), ("--fast",), 9000, "/up")
    assert [(mount.target, mount.is_writable) for mount in plan.mounts] == [("/etc/app.yaml", False), ("/code", False)]
    assert plan.mounts[1].source == f"/host{folder}"
    file = Path(plan.mounts[0].source.removeprefix("/host"))
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("a: 1\n", 0o444)


async def test_files_of_an_image_are_refused_before_anything_is_pulled(tmp_path: Path) -> None:
    mounts = (OciMount(path="/models", uri="oci://r.io/models/wine:3"),)
    at = At(tmp_path, FakeEngine(), ImageSource(image=IMAGE, mounts=mounts))
    with pytest.raises(PreparationFailed, match="the Kubernetes backend can") as failed:
        await at.plan()
    assert (failed.value.reason, failed.value.is_permanent, at.engine.pulls) == ("ImageVolumesMissing", True, [])


async def test_what_is_no_image_name_is_asked_of_nobody(tmp_path: Path) -> None:
    at = At(tmp_path, FakeEngine(), ImageSource(image="../containers/json?all=1#"))
    with pytest.raises(PreparationFailed, match="is no image name") as failed:
        await at.plan()
    assert failed.value.is_permanent
    assert at.engine.pulls == []


async def test_a_version_is_prepared_by_what_it_is_made_from(tmp_path: Path) -> None:
    class Named:
        def __init__(self, name: str) -> None:
            self.name = name

        async def plan(self, *_: Any) -> ContainerPlan:
            return ContainerPlan(self.name, ())

        async def run(self) -> None:
            return None

    both = ContainersBySource(Named("model"), Named("image"))
    chosen = []
    for source in (wanted(1).model_source, ImageSource(image=IMAGE)):
        made = wanted(1).model_copy(update={"model_source": source})
        record = PodRecord(name="p", deployment=made, template="t", created_at=0.0)
        chosen.append((await both.plan(record, RunFolder(tmp_path, 0), PATHS, lambda _: None)).image)
    assert chosen == ["model", "image"]


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("app", "docker.io/library/app:latest"),
        ("cafe", "docker.io/library/cafe:latest"),
        ("team/app:2", "docker.io/team/app:2"),
        ("r.io/a", "r.io/a:latest"),
        ("r.io:5000/a:1", "r.io:5000/a:1"),
        (f"r.io:5000/a:1@{DIGEST[-71:]}", f"r.io:5000/a@{DIGEST[-71:]}"),
    ],
)
def test_an_engine_is_asked_for_the_full_name_with_one_tag_or_digest(given: str, name: str) -> None:
    assert written_name(given) == name


def test_the_digest_that_is_told_is_that_of_the_repository_it_came_from() -> None:
    other = "copy.io/app@sha256:" + "b" * 64
    choose: Callable[..., str | None] = repository_digest
    assert choose([other, DIGEST], IMAGE) == DIGEST
    assert choose([other], IMAGE) == other
    assert choose([f"python@{DIGEST[-71:]}"], "docker.io/library/python:3") == f"python@{DIGEST[-71:]}"
    assert choose([], IMAGE) is None
