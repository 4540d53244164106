"""Secrets that container images of versions name."""

from __future__ import annotations

from collections.abc import Iterator

from controller.domain.registries.secrets import SecretKind
from shared.contracts.deployment import ArtifactMount, ImageSource, OciMount, S3Mount

Loc = tuple[str | int, ...]


def named_secrets(image: ImageSource) -> Iterator[tuple[str, SecretKind, Loc]]:
    """Every secret that `image` names, the kind that it must be of, and where it stands in a body."""
    if image.credentials is not None:
        yield image.credentials, SecretKind.REGISTRY, ("model_source", "image", "credentials")
    for position, mount in enumerate(image.mounts):
        at: Loc = ("model_source", "image", "mounts", position)
        if isinstance(mount, ArtifactMount) and mount.registry is not None:
            yield mount.registry, SecretKind.MLFLOW, (*at, "registry")
        if isinstance(mount, S3Mount) and mount.credentials is not None:
            yield mount.credentials, SecretKind.S3, (*at, "credentials")
        if isinstance(mount, OciMount) and mount.credentials is not None:
            yield mount.credentials, SecretKind.REGISTRY, (*at, "credentials")
