"""Why a request cannot be answered now, in the client's words: what does not exist, and what each version is doing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from router.domain.routes.entities import RoutedService, RoutedVersion
from router.domain.routes.table import RouteTable

_NAME = re.compile("[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_DOING = {
    "starting": "version {} is starting",
    "waiting": "version {} waits for room for its pods",
    "failed": "version {} has failed to start",
}
_RETRY_AFTER_S = {"waiting": 10, "failed": 30}
STOPPED_RETRY_AFTER_S = 30


@dataclass(frozen=True, slots=True)
class NoPodReason:
    """Why there is no pod, and after how many seconds it is worth asking again."""

    message: str
    retry_after_s: int = 1


def eligible_versions(service: RoutedService, name: str | None) -> list[RoutedVersion]:
    """Versions that may answer: the one of that name; None: those with a weight, and the fallback."""
    if name is not None:
        return [version for version in service.versions.values() if version.name == name]
    return [version for version in service.versions.values() if version.weight or version is service.fallback]


def longest_hold_s(versions: Iterable[RoutedVersion]) -> float:
    """How long a request waits for a pod of any of them: not at all for one that has failed, nobody starts it again."""
    return max((version.hold_s for version in versions if version.phase != "failed"), default=0.0)


def explain_no_pod(service: RoutedService, name: str | None = None) -> NoPodReason:
    """Why no pod answers for the service, or for its version of that name."""
    if not service.versions:
        return NoPodReason(f"Service {service.name!r} is stopped.", STOPPED_RETRY_AFTER_S)
    asked = eligible_versions(service, name)
    if name is not None and not asked:
        return NoPodReason(f"Version {name!r} of service {service.name!r} is stopped.", STOPPED_RETRY_AFTER_S)
    parts = [_doing(version) for version in asked] or ["no version has a weight"]
    if name is None:
        parts += [_idle(version) for version in service.versions.values() if version.pods and version not in asked]
    retry_after_s = min((_RETRY_AFTER_S.get(version.phase or "", 1) for version in asked), default=1)
    return NoPodReason(f"Service {service.name!r} cannot answer now: {'; '.join(parts)}.", retry_after_s)


def _doing(version: RoutedVersion) -> str:
    return _DOING.get(version.phase or "", "version {} has no ready pod").format(version.name)


def _idle(version: RoutedVersion) -> str:
    return f"{version.name} is ready but has weight 0 and is not the fallback"


def names_unknown_service(table: RouteTable, path: bytes) -> bool:
    """Whether a path names a service, or a version of one, that is not in the table; it may be there soon."""
    parts = path.decode("latin-1").split("/")
    if len(parts) < 3 or not _NAME.fullmatch(parts[1]):
        return False
    service = table.services.get(parts[1])
    if service is None:
        return True
    return len(parts) > 4 and parts[2] == "versions" and parts[3] not in service.versions


def explain_missing(table: RouteTable, path: bytes) -> str:
    """Why a path has no target, naming what does not exist."""
    parts = path.decode("latin-1").split("/")
    name = parts[1] if len(parts) > 1 else ""
    if name not in table.services:
        return f"There is no service {name!r} here."
    if len(parts) > 3 and parts[2] == "versions" and parts[3] not in table.services[name].versions:
        return f"Service {name!r} has no running version {parts[3]!r}."
    return f"Service {name!r} has no path {'/' + '/'.join(parts[2:])!r}."
