"""Paths of the data plane: the fixed ones of a service, and those with variables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from router.domain.routes.entities import PathKind, RoutedService, RouteTarget

HEALTH_PATHS = ("ping", "health", "health/live", "health/ready", "v2/health/live", "v2/health/ready")
SCORING_PATHS = ("predict", "invocations")
_MODEL_PATH = re.compile(
    r"v2/?|v2/models/[^/]+(/versions/[^/]+)?(?P<infer>/infer)?|v2/models/[^/]+(/versions/[^/]+)?/ready"
)


def fixed_paths(service: RoutedService) -> Iterator[tuple[bytes, RouteTarget]]:
    """Paths without variables, each with its target: found by one dictionary look-up."""
    root = f"/{service.name}"
    for path in HEALTH_PATHS:
        yield f"{root}/{path}".encode(), RouteTarget(service, PathKind.HEALTH, b"", is_recorded=False)
    for path in SCORING_PATHS:
        pod_path = f"/{path}".encode()
        yield f"{root}/{path}".encode(), RouteTarget(service, PathKind.SCORING, pod_path)
        for version in service.versions.values():
            direct = RouteTarget(service, PathKind.SCORING, pod_path, version)
            yield f"{root}/versions/{version.name}/{path}".encode(), direct


def find_target(services: Mapping[str, RoutedService], path: bytes) -> RouteTarget | None:
    """Where a path with variables leads: Open Inference, and versions that pass through."""
    name, _, rest = path[1:].decode("latin-1").partition("/")
    service = services.get(name)
    if service is None or path[:1] != b"/":
        return None
    version = None
    if rest.startswith("versions/"):
        _, version_name, rest = (*rest.split("/", 2), "")[:3]
        version = service.versions.get(version_name)
        if version is None:
            return None
    pod_path = b"/" + rest.encode("latin-1")
    if any(each.passes_through for each in ((version,) if version else service.versions.values())):
        return RouteTarget(service, PathKind.RAW, pod_path, version)
    model_path = _MODEL_PATH.fullmatch(rest)
    if model_path is None:
        return None
    return RouteTarget(
        service,
        PathKind.INFER if model_path["infer"] else PathKind.METADATA,
        pod_path,
        version,
        model_path["infer"] is not None,
    )
