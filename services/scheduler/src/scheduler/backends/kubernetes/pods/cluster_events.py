"""Kubernetes' own events of our pods, beside ours: pulls, probes that fail, mounts, kills."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scheduler.backends.kubernetes.api.client import Object
from scheduler.backends.kubernetes.api.informer import Change
from scheduler.backends.kubernetes.pods.observer import PodObserver
from scheduler.domain.values import NoteLevel, PodNote

PODS_ONLY = "involvedObject.kind=Pod"
TOLD_OTHERWISE = frozenset({"FailedScheduling", "BackOff", "Failed", "Scheduled"})
"""What a pod's status says as well, in our words."""
WAITED_FOR = frozenset({"Pulling", "FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox"})
MAX_MESSAGE = 500


class ClusterEvents:
    """Hands on the events of pods from when it begins to listen; older ones were told before."""

    def __init__(self, observer: PodObserver) -> None:
        self._observer = observer
        self._is_listening = False

    def begin(self) -> None:
        """What was listed first is old; from here on events are news."""
        self._is_listening = True

    def changed(self, change: Change, found: Object) -> None:
        """There is a new event, or an old one has happened again."""
        if change == "deleted" or not self._is_listening:
            return
        pod = str((found.get("involvedObject") or {}).get("name") or "")
        if (kill := kill_reason(found)) is not None:
            self._observer.explain_kill(pod, kill)
        if (note := note_of(found)) is not None:
            self._observer.add_note(pod, note, is_stage=note.reason in WAITED_FOR)


def note_of(event: Mapping[str, Any]) -> PodNote | None:
    """What an event is to people; None where it is said otherwise, or is only a start that takes its time."""
    reason, message = str(event.get("reason") or ""), str(event.get("message") or "")
    is_start = reason == "Unhealthy" and message.startswith("Startup probe failed")
    if not reason or reason in TOLD_OTHERWISE or is_start:
        return None
    level: NoteLevel = "warning" if event.get("type") == "Warning" else "info"
    return PodNote(reason, " ".join(message.split())[:MAX_MESSAGE], level)


def kill_reason(event: Mapping[str, Any]) -> PodNote | None:
    """Why kubelet ends a container, where it does so by itself."""
    message = str(event.get("message") or "")
    if event.get("reason") != "Killing":
        return None
    if "failed liveness probe" in message:
        return PodNote("LivenessFailed", "ended by the node: it answered no liveness probe", "warning")
    if "failed startup probe" in message:
        return PodNote("StartTimeout", "ended by the node: it was not ready within its start time", "warning")
    return None
