"""Logins of image registries: the secret that a version names, sent to the registry that it is for and to no other."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from scheduler.backends.errors import PreparationFailed
from scheduler.backends.preparation.mounts import AskForImageSecret, image_secret
from shared.contracts.deployment import ImageSource, OciMount
from shared.image_reference import DEFAULT_REGISTRY, ImageReference, parse_image_reference

DOCKER_HUB = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io", "hub.docker.com"})


@dataclass(frozen=True)
class RegistryLogin:
    """How to get into a registry. `__repr__` shows no password."""

    username: str
    password: str = field(repr=False)


async def registry_login(ask: AskForImageSecret, version: UUID, source: ImageSource | OciMount) -> RegistryLogin | None:
    """What an image is pulled with; None: nothing.

    Raises:
        RegistryUnavailable: the controller does not answer.
        PreparationFailed: there is no such secret, or it is another registry's.
    """
    registry = registry_of(source.image)
    if source.credentials is None:
        return None
    fields = await image_secret(ask, version, source.credentials, "registry")
    server = fields.get("server")
    if server and host_of(server) != host_of(registry):
        why = f"secret {source.credentials} is a login of {server}, and {source.image} is of {registry}"
        raise PreparationFailed("ImageRefused", why, is_permanent=True)
    return RegistryLogin(fields["username"], fields["password"])


def private_images(source: ImageSource) -> list[ImageSource | OciMount]:
    """The images of a version, its own and those that it mounts, that are pulled with a login."""
    images: list[ImageSource | OciMount] = [source, *source.mounted_images().values()]
    return [each for each in images if each.credentials is not None]


async def registry_logins(ask: AskForImageSecret, version: UUID, source: ImageSource) -> dict[str, RegistryLogin]:
    """What a version's images are pulled with, by registry. Raises as `registry_login`."""
    found = {}
    for each in private_images(source):
        login = await registry_login(ask, version, each)
        if login is not None:
            found[registry_of(each.image)] = login
    return found


def registry_of(image: str) -> str:
    """Host and port of an image's registry. Raises `PreparationFailed` for what is no image's name."""
    return parsed_reference(image).registry


def parsed_reference(image: str) -> ImageReference:
    """The parts of an image's name. Raises `PreparationFailed` for what is none."""
    try:
        return parse_image_reference(image)
    except ValueError as error:
        why = f"{image[:200]} is no image name: {error}"
        raise PreparationFailed("ImageNameInvalid", why, is_permanent=True) from error


def host_of(server: str) -> str:
    """The host of a registry however it is written; Docker Hub has several."""
    host = server.removeprefix("https://").removeprefix("http://").partition("/")[0].lower()
    return DEFAULT_REGISTRY if host in DOCKER_HUB else host
