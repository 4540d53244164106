"""Pods that are images of their owners: what is applied for them, and what is read of them."""

from __future__ import annotations

import json
from typing import Any

import kubernetes_validate
import pytest

from kubernetes_world.objects import container, ended, pod, running, serving
from running_services.scheduler_world import wanted
from scheduler.backends.kubernetes.facts.pods import PodFacts, read_pod
from scheduler.backends.kubernetes.manifests.objects import deployment_manifest, pull_secret_manifest
from scheduler.backends.kubernetes.options import KubernetesOptions
from scheduler.backends.kubernetes.pods.observer import PodObserver, VersionWanted
from scheduler.backends.preparation.registry_logins import RegistryLogin
from scheduler.domain.values import Observation, PodObservation
from shared.clock import SystemClock
from shared.contracts.deployment import (
    ArtifactMount,
    Deployment,
    FileMount,
    ImageSource,
    OciMount,
    S3Mount,
    SecretKeyRef,
)

OPTIONS = KubernetesOptions(
    namespace="models", image="penstock:1", supply_url="http://s:9112", image_pull_secrets=("ours",), claim="kept"
)
MOUNTING = ImageSource(
    image="app",
    mounts=(
        FileMount(path="/etc/app.yaml", content="a: 1"),
        OciMount(path="/models", uri="oci://models.io/wine:3", credentials="hub"),
    ),
)
DIGEST = "r.io/app@sha256:" + "a" * 64
FULL = ImageSource(
    image="r.io/app:1",
    credentials="pull",
    command=("serve",),
    args=("--port", "9000"),
    port=9000,
    health_path="/up",
    mounts=(
        ArtifactMount(path="/model", uri="models:/wine/3"),
        FileMount(path="/etc/app.yaml", content="a: secret recipe"),
        S3Mount(path="/code", uri="s3://bucket/code", credentials="store"),
    ),
)


def deployed(source: ImageSource) -> Deployment:
    env: dict[str, str | SecretKeyRef] = {"MODE": "fast", "KEY": SecretKeyRef(secret="s", key="k")}
    return wanted(2).model_copy(update={"model_source": source, "env": env})


def spec_of(source: ImageSource, options: KubernetesOptions = OPTIONS) -> dict[str, Any]:
    found: dict[str, Any] = deployment_manifest(deployed(source), options, "t" * 64)["spec"]["template"]["spec"]
    return found


@pytest.mark.parametrize(
    ("source", "version"),
    [
        *((source, version) for source in (FULL, ImageSource(image="app")) for version in ("1.30", "1.34", "1.35")),
        (MOUNTING, "1.34"),
        (MOUNTING, "1.35"),
    ],
)
def test_objects_of_an_image_are_valid(source: ImageSource, version: str) -> None:
    kubernetes_validate.validate(deployment_manifest(deployed(source), OPTIONS, "token"), version, strict=True)
    pull = pull_secret_manifest(deployed(source), OPTIONS, {"r.io": RegistryLogin("me", "hush")})
    kubernetes_validate.validate(pull, version, strict=True)


def test_an_image_is_started_as_its_version_says_and_told_nothing_of_ours() -> None:
    (main,) = spec_of(FULL)["containers"]
    assert (main["image"], main["command"], main["args"]) == ("r.io/app:1", ["serve"], ["--port", "9000"])
    assert main["ports"] == [{"name": "http", "containerPort": 9000, "protocol": "TCP"}]
    assert {name["name"] for name in main["env"]} == {
        "PENSTOCK_POD", "PENSTOCK_SERVICE", "PENSTOCK_VERSION", "MODE", "KEY"
    }  # fmt: skip
    for each in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert main[each]["httpGet"] == {"path": "/up", "port": 9000, "scheme": "HTTP"}
    (plain,) = spec_of(ImageSource(image="app"))["containers"]
    assert not {"command", "args", "imagePullPolicy"} & plain.keys()


def test_an_image_is_confined_as_restricted_asks_but_for_its_own_user_and_root() -> None:
    spec = spec_of(FULL)
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert "runAsUser" not in spec["securityContext"]
    (main,) = spec["containers"]
    context = main["securityContext"]
    assert (context["allowPrivilegeEscalation"], context["capabilities"]) == (False, {"drop": ["ALL"]})
    assert (context["runAsNonRoot"], context["readOnlyRootFilesystem"]) == (True, False)
    (prepare,) = spec["initContainers"]
    assert (prepare["securityContext"]["runAsUser"], prepare["securityContext"]["readOnlyRootFilesystem"]) == (
        10001,
        True,
    )
    as_root = KubernetesOptions("models", "penstock:1", "http://s", has_root_images=True)
    assert spec_of(FULL, as_root)["containers"][0]["securityContext"]["runAsNonRoot"] is False


def test_files_are_brought_before_it_starts_and_are_not_to_be_written_to() -> None:
    spec = spec_of(FULL)
    (prepare,), (main,) = spec["initContainers"], spec["containers"]
    assert (prepare["image"], {"name": "PENSTOCK_MOUNTS", "value": "0,2"} in prepare["env"]) == ("penstock:1", True)
    mounts = {each["mountPath"]: each for each in main["volumeMounts"]}
    assert {path: (each["name"], each["subPath"]) for path, each in mounts.items() if "subPath" in each} == {
        "/model": ("prepared", "mounts/0"),
        "/etc/app.yaml": ("files", "1"),
        "/code": ("prepared", "mounts/2"),
    }
    assert all(each["readOnly"] for each in mounts.values() if "subPath" in each)
    (files,) = [each["secret"] for each in spec["volumes"] if each["name"] == "files"]
    assert files["items"] == [{"key": "file.1", "path": "1"}]
    assert "initContainers" not in spec_of(ImageSource(image="app"))


def test_an_image_that_is_mounted_is_a_volume_whose_login_the_node_finds() -> None:
    spec = spec_of(MOUNTING)
    (main,) = spec["containers"]
    (volume,) = [each for each in spec["volumes"] if "image" in each]
    assert volume == {"name": "image-1", "image": {"reference": "models.io/wine:3"}}
    assert {"name": "image-1", "mountPath": "/models", "readOnly": True} in main["volumeMounts"]
    assert ("initContainers" in spec, [each["name"][-5:] for each in spec["imagePullSecrets"]]) == (
        False,
        ["ours", "-pull"],
    )


def test_logins_and_files_are_no_part_of_the_deployment() -> None:
    spec = spec_of(FULL)
    names = [each["name"] for each in spec["imagePullSecrets"]]
    assert (names[0], names[1].endswith("-pull")) == ("ours", True)
    assert "secret recipe" not in json.dumps(deployment_manifest(deployed(FULL), OPTIONS, "t"))


# ── what is read of pods ─────────────────────────────────────────────────────────────────────────────────────────────


def of_an_image(found: dict[str, Any]) -> dict[str, Any]:
    found["metadata"]["labels"]["penstock.io/source"] = "image"
    (main,) = found["spec"]["containers"]
    main |= {"ports": [{"containerPort": 9000}], "readinessProbe": {"httpGet": {"path": "/up", "port": 9000}}}
    for status in found["status"]["containerStatuses"]:
        status["imageID"] = f"docker-pullable://{DIGEST}"
    return found


def facts(found: dict[str, Any]) -> PodFacts:
    read = read_pod(found)
    assert read is not None
    return read


def test_an_image_is_reached_and_asked_where_its_version_says() -> None:
    read = facts(of_an_image(serving()))
    assert (read.address, read.health_path, read.image) == ("10.244.0.7:9000", "/up", DIGEST)
    ours = facts(serving())
    assert (ours.address, ours.health_path, ours.image) == ("10.244.0.7:8080", None, None)


def test_the_image_that_cannot_be_pulled_is_named_among_those_that_are_mounted() -> None:
    refused = 'failed to resolve image: failed to do request: Head "https://r.io/v2/": r.io/models:3: 401 Unauthorized'
    found = of_an_image(pod(main=container("model", {"waiting": {"reason": "ErrImagePull", "message": refused}})))
    found["spec"]["volumes"] = [{"name": "image-0", "image": {"reference": "r.io/models:3"}}]
    wait = facts(found).wait
    assert wait is not None
    assert (wait.reason, "does not give out r.io/models:3" in wait.message) == ("ImageRefused", True)


def test_the_exit_codes_of_an_image_are_its_own() -> None:
    crashed = container("model", running(), ended(5), restarts=1)
    assert [run.end.is_permanent for run in facts(pod(main=crashed)).runs if run.end] == [True]
    assert [run.end.is_permanent for run in facts(of_an_image(pod(main=crashed))).runs if run.end] == [False]


def test_the_digest_is_told_once_and_stands_beside_the_pod() -> None:
    seen: list[Observation] = []
    observer = PodObserver(seen.append, SystemClock(), lambda _: VersionWanted(1, "t1", 1))
    observer.listed()
    for version in ("5", "6"):
        observer.changed("added" if version == "5" else "changed", of_an_image(serving(version)))
    told = [each for each in seen if isinstance(each, PodObservation) and each.note is not None]
    assert [(each.note.reason, each.note.message) for each in told if each.note] == [
        ("ImagePulled", f"its image is {DIGEST}")
    ]
    assert told[-1].image == DIGEST
