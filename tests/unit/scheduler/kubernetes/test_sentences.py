"""Each reason of a cluster is one sentence with the next step, and says whether waiting helps."""

from __future__ import annotations

import pytest

from scheduler.backends.kubernetes.facts.sentences import (
    WaitReason,
    explain_refused,
    explain_start_error,
    explain_unscheduled,
    explain_waiting,
)

IMAGE = "registry.example.com/wine:1"


def of_container(reason: str, message: str = "") -> WaitReason | None:
    return explain_waiting({"reason": reason, "message": message}, IMAGE)


@pytest.mark.parametrize(
    ("reason", "message", "ours", "is_terminal"),
    [
        (
            "ErrImagePull",
            'failed to resolve reference "registry.example.com/wine:1": registry.example.com/wine:1: not found',
            "ImageNotFound",
            True,
        ),
        (
            "ImagePullBackOff",
            'Back-off pulling image "registry.example.com/wine:1": ErrImagePull: rpc error: code = NotFound desc = '
            "failed to pull and unpack image: manifest unknown",
            "ImageNotFound",
            True,
        ),
        (
            "ErrImagePull",
            "failed to authorize: failed to fetch oauth token: unexpected status: 401 Unauthorized",
            "ImageRefused",
            True,
        ),
        (
            "ErrImagePull",
            "pull access denied, repository does not exist or may require authorization: server message: "
            "insufficient_scope: authorization failed",
            "ImageRefused",
            True,
        ),
        (
            "ErrImagePull",
            'failed to do request: Head "https://registry.example.com/v2/wine/manifests/1": dial tcp: lookup '
            "registry.example.com: no such host",
            "RegistryUnreachable",
            False,
        ),
        ("ErrImagePull", "x509: certificate signed by unknown authority", "RegistryNotTrusted", False),
        ("ErrImagePull", "toomanyrequests: You have reached your pull rate limit", "RegistryLimit", False),
        ("ErrImagePull", "failed to extract layer: write /x: no space left on device", "NodeDiskFull", False),
        ("ImagePullBackOff", 'Back-off pulling image "x"', "ImagePullFailed", False),
        ("InvalidImageName", 'couldn\'t parse image reference "Registry/WINE"', "ImageNameInvalid", True),
        ("ErrImageNeverPull", "Container image is not present with pull policy of Never", "ImageNotOnNode", True),
        (
            "CreateContainerConfigError",
            "container has runAsNonRoot and image will run as root (pod: ...)",
            "ImageRunsAsRoot",
            True,
        ),
        ("CreateContainerConfigError", 'secret "wine-v1-abcdef" not found', "SecretMissing", False),
        ("CreateContainerError", "failed to create shim task: permission denied: unknown", "CommandNotPermitted", True),
        (
            "CreateContainerError",
            'failed to generate container "59e1" spec: failed to generate spec: failed to mkdir "": mkdir : no such '
            "file or directory",
            "ImageVolumesMissing",
            True,
        ),
        ("CreateContainerError", "context deadline exceeded", "ContainerNotCreated", False),
    ],
)
def test_a_container_that_waits(reason: str, message: str, ours: str, is_terminal: bool) -> None:
    found = of_container(reason, message)
    assert found is not None
    assert (found.reason, found.is_terminal) == (ours, is_terminal)
    assert message.split(maxsplit=1)[0] in found.message
    assert len(found.message) < 600


@pytest.mark.parametrize("reason", ["ContainerCreating", "PodInitializing", "CrashLoopBackOff", ""])
def test_a_container_that_is_on_its_way_waits_for_nothing(reason: str) -> None:
    assert of_container(reason) is None


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (
            "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims "
            "found for incoming pod.",
            "no node has enough cpu left",
        ),
        ("0/3 nodes are available: 3 Insufficient nvidia.com/gpu.", "no node has enough nvidia.com/gpu left"),
        ("0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.", "label a node"),
        ("0/1 nodes are available: 1 node(s) had untolerated taint(s).", "kept for others"),
        ("0/1 nodes are available: 1 node(s) were unschedulable.", "isolated"),
        ("no nodes available to schedule pods", "no node that takes pods"),
        ("0/1 nodes are available: something new.", "finds no node"),
    ],
)
def test_a_pod_without_a_node_waits_for_room(message: str, words: str) -> None:
    found = explain_unscheduled(message)
    assert (found.reason, found.is_terminal) == ("Capacity", False)
    assert words in found.message
    assert "preemption" not in found.message


@pytest.mark.parametrize(
    ("message", "reason", "is_terminal"),
    [
        (
            'pods "wine-v1-abcdef-5d9c7b8f6-" is forbidden: exceeded quota: small, requested: limits.cpu=1, '
            "used: limits.cpu=2, limited: limits.cpu=2",
            "Capacity",
            False,
        ),
        (
            'pods "x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false',
            "PodSecurityRefused",
            True,
        ),
        ("maximum cpu usage per Container is 500m, but limit is 1", "LimitRangeRefused", True),
        ('admission webhook "policy.example.com" denied the request: no', "AdmissionRefused", True),
        ('no PriorityClass with name high was found: priority class "high"', "ClassMissing", True),
        (
            'error looking up service account models/default: serviceaccount "default" not found',
            "AccountMissing",
            False,
        ),
        (
            'deployments.apps "x" is forbidden: User "system:serviceaccount:models:penstock-scheduler" cannot patch '
            'resource "deployments" in API group "apps" in the namespace "models"',
            "NotPermitted",
            False,
        ),
        ("something new", "PodsRefused", False),
    ],
)
def test_pods_that_cannot_be_made(message: str, reason: str, is_terminal: bool) -> None:
    found = explain_refused(message)
    assert (found.reason, found.is_terminal) == (reason, is_terminal)
    assert message[:40].split(maxsplit=1)[0] in found.message


def test_a_quota_is_named() -> None:
    found = explain_refused("exceeded quota: small, requested: limits.cpu=1")
    assert "quota small is used up" in found.message


def test_a_command_that_is_not_in_the_image() -> None:
    said = 'exec: "/penstock/environment/bin/python": stat: no such file or directory: unknown'
    found = explain_start_error(said, IMAGE)
    assert (found.reason, found.is_terminal) == ("CommandNotFound", True)


def test_what_the_cluster_says_is_quoted_within_bounds() -> None:
    found = explain_refused("x" * 10_000)
    assert len(found.message) < 500
    assert found.message.endswith("…)")
