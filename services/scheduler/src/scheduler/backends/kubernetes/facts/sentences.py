"""Why a pod does not run, in one sentence with the next step; and whether waiting helps.

Reasons are those that kubelet, scheduler and API server give; their messages are told apart where one reason has
several causes. Sources: `pkg/kubelet/images/types.go`, `pkg/kubelet/container/sync_result.go`,
`pkg/kubelet/kuberuntime/kuberuntime_container.go`, `plugin/pkg/admission/resourcequota`, Kubernetes 1.34.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scheduler.backends.preparation.pull_trouble import PULL_OTHER, PULL_TROUBLE, Rule, told_by
from scheduler.domain.values import CAPACITY, IMAGE_VOLUMES_MISSING, NOT_PERMITTED

MAX_QUOTED = 300


@dataclass(frozen=True)
class WaitReason:
    """`is_terminal`: another try of the same pod cannot help; somebody has to change something."""

    reason: str
    message: str
    is_terminal: bool = False


_PULL_RULES: Sequence[Rule] = (
    (
        r"unauthorized|authentication required|no basic auth|access denied|denied:|\b401\b|\b403\b|forbidden",
        "ImageRefused",
        "the registry does not give out {image}: name a secret with its user and password, and check the image's name",
        True,
    ),
    (
        r"not found|manifest unknown|name unknown|does not exist|no match for platform",
        "ImageNotFound",
        "there is no image {image} for this node: check its name and tag, or push it, and start the version again",
        True,
    ),
    (
        r"invalid reference|could not parse|couldn't parse",
        "ImageNameInvalid",
        "{image} is no image name: correct it",
        True,
    ),
    *PULL_TROUBLE,
)

_CONFIG_RULES: Sequence[Rule] = (
    (
        r"runAsNonRoot|will run as root|non-numeric user",
        "ImageRunsAsRoot",
        "the image runs as root, or as a user without a number: build it with `USER` and a number above 0",
        True,
    ),
    (
        r"(secret|configmap) .*not found|couldn't find key",
        "SecretMissing",
        "an object that the pod takes its variables from is missing; it is made again",
        False,
    ),
)
_CONFIG_OTHER = ("", "ContainerNotCreated", "the node cannot make the container; it is tried again", False)

_CREATE_RULES: Sequence[Rule] = (
    (
        # The words of containerd before 2.1: such a mount has no folder of the node.
        r'failed to mkdir "": mkdir|image volumes? .*not supported',
        IMAGE_VOLUMES_MISSING,
        "the node cannot mount images as volumes: containerd 2.1, CRI-O 1.31 and newer ones can; or mount the files "
        "from an artifact or a bucket",
        True,
    ),
    (
        r"executable file not found|no such file or directory|no command specified|exec format error",
        "CommandNotFound",
        "the image cannot run its command: correct the command, or build the image for this kind of processor",
        True,
    ),
    (
        r"permission denied",
        "CommandNotPermitted",
        "the image's command may not be executed by the pod's user: correct its permissions",
        True,
    ),
)

_WAITING: Mapping[str, tuple[Sequence[Rule], Rule]] = {
    "ErrImagePull": (_PULL_RULES, PULL_OTHER),
    "ImagePullBackOff": (_PULL_RULES, PULL_OTHER),
    "RegistryUnavailable": (
        (),
        ("", "RegistryUnreachable", "{where} cannot reach the registry of {image}; it is tried again", False),
    ),
    "InvalidImageName": ((), ("", "ImageNameInvalid", "{image} is no image name: correct it", True)),
    "ErrImageNeverPull": (
        (),
        ("", "ImageNotOnNode", "{image} is not on the node, and may not be pulled: load it there", True),
    ),
    "ImageInspectError": (
        (),
        ("", "ImageDamaged", "the node cannot read its copy of {image}; it is tried again", False),
    ),
    "CreateContainerConfigError": (_CONFIG_RULES, _CONFIG_OTHER),
    "CreateContainerError": (_CREATE_RULES, _CONFIG_OTHER),
    "RunContainerError": (_CREATE_RULES, _CONFIG_OTHER),
    "StartError": (_CREATE_RULES, _CONFIG_OTHER),
}

_UNSCHEDULED_RULES: Sequence[Rule] = (
    (
        r"Insufficient (?P<what>[\w/-]+(?:\.[\w/-]+)*)",
        CAPACITY,
        "no node has enough {what} left: stop something, ask for less, or add a node",
        False,
    ),
    (r"Too many pods", CAPACITY, "every node has as many pods as it may: stop something, or add a node", False),
    (
        r"didn't match Pod's node affinity/selector",
        CAPACITY,
        "no node is one that this version may run on: label a node for its resource group or its kind of GPU, or "
        "change what it asks for",
        False,
    ),
    (
        r"untolerated taint",
        CAPACITY,
        "the nodes with room are kept for others, or are in trouble: free one, or add a node",
        False,
    ),
    (
        r"were unschedulable|is unschedulable",
        CAPACITY,
        "the nodes with room are isolated: open one again, or add a node",
        False,
    ),
    (
        r"PersistentVolumeClaim|volume",
        CAPACITY,
        "no node can have its volume: check the claim and its storage class",
        False,
    ),
    (r"no nodes available", CAPACITY, "the cluster has no node that takes pods: add one", False),
)
_UNSCHEDULED_OTHER = ("", CAPACITY, "the cluster finds no node for the pod yet", False)

_REFUSED_RULES: Sequence[Rule] = (
    (
        r'cannot (?P<verb>\w+) resource "(?P<what>[\w/]+)"',
        NOT_PERMITTED,
        "the scheduler's account may not {verb} {what}: give it the role of deploy/kubernetes/rbac-namespace.yaml",
        False,
    ),
    (
        r"exceeded quota: (?P<what>[\w.-]+)",
        CAPACITY,
        "the namespace's quota {what} is used up: stop something, or have it raised",
        False,
    ),
    (
        r"violates PodSecurity",
        "PodSecurityRefused",
        "the namespace's pod security does not admit the pod: change what the version asks for, or the namespace",
        True,
    ),
    (
        r"failed quota|maximum .* per (Container|Pod)|minimum .* per (Container|Pod)|limit range|must be less than",
        "LimitRangeRefused",
        "the namespace's limits do not admit a pod of this size: choose another size, or have them changed",
        True,
    ),
    (
        r"admission webhook|denied the request",
        "AdmissionRefused",
        "a policy of the cluster refuses the pod: change what the version asks for, or the policy",
        True,
    ),
    (
        r"priority ?class|runtimeclass",
        "ClassMissing",
        "the cluster lacks a class that the pods are to have: make it, or change the setting",
        True,
    ),
    (r"service ?account", "AccountMissing", "the service account of the pods is missing: make it", False),
    (
        r"being terminated",
        "NamespaceEnds",
        "the namespace is being deleted: choose another one",
        True,
    ),
)
_REFUSED_OTHER = ("", "PodsRefused", "the cluster refuses to make pods; it is tried again", False)


def explain_waiting(waiting: Mapping[str, Any], image: str) -> WaitReason | None:
    """Of a container that waits: `reason` and `message` of its state; None where it is on its way."""
    found = _WAITING.get(str(waiting.get("reason") or ""))
    if found is None:
        return None
    rules, other = found
    return _explain(rules, other, str(waiting.get("message") or ""), image=image, where="the node")


def explain_start_error(message: str, image: str) -> WaitReason:
    """Of a container that could not be started at all."""
    rules, other = _WAITING["StartError"]
    return _explain(rules, other, message, image=image, where="the node")


def explain_unscheduled(message: str) -> WaitReason:
    """Of a pod that has no node: the message of its condition `PodScheduled`."""
    first, _, _ = message.partition(" preemption:")
    return _explain(_UNSCHEDULED_RULES, _UNSCHEDULED_OTHER, first)


def explain_refused(message: str) -> WaitReason:
    """Of a Deployment whose pods cannot be made: the message of its condition `ReplicaFailure`, or of a refusal."""
    return _explain(_REFUSED_RULES, _REFUSED_OTHER, message)


def _explain(rules: Sequence[Rule], other: Rule, said: str, **facts: str) -> WaitReason:
    reason, words, is_terminal = told_by(rules, other, said, **facts)
    return WaitReason(reason, f"{words}{_quoted(said)}", is_terminal)


def _quoted(said: str) -> str:
    said = " ".join(said.split())
    if not said:
        return ""
    return f" ({said if len(said) <= MAX_QUOTED else said[: MAX_QUOTED - 1] + '…'})"
