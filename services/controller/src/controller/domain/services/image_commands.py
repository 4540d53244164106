"""The body of a version that is made from a container image: what its owner may say of the container.

Checked alone: whether the image is there, and whether its registry lets us in, shows when a pod is made. Every message
says which part is wrong and what it must be.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from controller.domain.commands import Command, ServiceName
from shared.contracts.deployment import OCI_SCHEME, ImageSource
from shared.image_reference import MAX_REFERENCE, parse_image_reference

MAX_WORDS = 64
"""Of a command, and of arguments."""
MAX_MOUNTS = 16
MAX_FILE_BYTES = 32 * 1024
"""Of all files that stand in a version itself: they travel with each event that has the version's pods in it."""

_MODEL_URI = re.compile(r"models:/(?:[^/\\:'\"%`$\x00-\x1f\x7f]{1,255}/[1-9][0-9]{0,9}|m-[0-9a-f]{32})\Z")
_RUN_URI = re.compile(r"(?:runs:/[A-Za-z0-9_-]{1,64}|mlflow-artifacts:)/(?P<path>[^?#%\\\x00-\x1f\x7f]+)\Z")
_BUCKET_URI = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/(?P<prefix>[^?#\\\x00-\x1f\x7f]*))?\Z", re.ASCII)
_CLOSED = ("/proc", "/sys", "/dev", "/run/secrets")
"""Folders of a container that are the system's."""


def _wrong(message: str) -> PydanticCustomError:
    return PydanticCustomError("image", "{message}", {"message": message})


def _image_name(name: str) -> str:
    try:
        parse_image_reference(name)
    except ValueError as wrong:
        raise _wrong(f"{name[:80]!r} names no image: {wrong}") from None
    return name


def _word(word: str) -> str:
    if any(character == "\x00" or "\ud800" <= character <= "\udfff" for character in word):
        raise _wrong("must be text without NUL and lone surrogates")
    return word


def _url_path(path: str) -> str:
    """A path that is asked for as it stands: what needs quoting, or would lead elsewhere, is none."""
    if not path.startswith("/") or not re.fullmatch(r"[A-Za-z0-9/._~!$&'()*+,;=:@-]+", path):
        raise _wrong("must be a path such as /predict: '/' first, no spaces, queries, fragments or quoted characters")
    if path.startswith("//") or not {".", ".."}.isdisjoint(path.split("/")):
        raise _wrong("must be a path without '//' at its beginning, '.' and '..'")
    return path


def _container_path(path: str) -> str:
    """An absolute path in the container, as it is stored: without a slash at its end."""
    if not path.startswith("/") or not path.isprintable() or ":" in path or "\\" in path or "," in path:
        raise _wrong("must be an absolute path in the container, of printable characters without ':', ',' and '\\'")
    parts = path.removesuffix("/").split("/")[1:]
    if not parts or any(part in ("", ".", "..") for part in parts):
        raise _wrong("must be a path below '/', without '//', '.' and '..'")
    if any(f"{path}/".startswith(f"{closed}/") for closed in _CLOSED):
        raise _wrong(f"must not lie in {', '.join(_CLOSED)}: they are the system's")
    return path.removesuffix("/")


def _artifact_uri(uri: str) -> str:
    of_run = _RUN_URI.fullmatch(uri)
    if not _MODEL_URI.fullmatch(uri) and of_run is None:
        raise _wrong("must be models:/name/3, models:/m-<id>, runs:/<run id>/path or mlflow-artifacts:/path")
    if of_run is not None and any(part in ("", ".", "..") for part in of_run["path"].removesuffix("/").split("/")):
        raise _wrong("must have a path without '//', '.' and '..'")
    return uri


def _bucket_uri(uri: str) -> str:
    found = _BUCKET_URI.fullmatch(uri)
    if found is None or not {".", ".."}.isdisjoint((found["prefix"] or "").split("/")):
        raise _wrong("must be s3://bucket/prefix")
    return uri


def _oci_uri(uri: str) -> str:
    if not uri.startswith(OCI_SCHEME):
        raise _wrong("must be oci://registry/repository:tag")
    _image_name(uri.removeprefix(OCI_SCHEME))
    return uri


def _store_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_address = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_address = False
    is_plain = url.isascii() and url.isprintable() and not any(character in url for character in " \\?#@")
    if not is_address or not is_plain or parts.scheme not in ("http", "https") or parts.path not in ("", "/"):
        raise _wrong("must be the http:// or https:// address of an object store, without credentials, path or query")
    return url


ContainerPath = Annotated[str, Field(max_length=512), AfterValidator(_container_path)]
UrlPath = Annotated[str, Field(max_length=256), AfterValidator(_url_path)]
Word = Annotated[str, Field(max_length=8192), AfterValidator(_word)]
_Words = Annotated[tuple[Word, ...], Field(max_length=MAX_WORDS)]


class ArtifactMountBody(Command):
    """Files of an MLflow artifact, read-only below `path`."""

    kind: Literal["artifact"] = Field(description="Files of an MLflow artifact.")
    path: ContainerPath = Field(description="Absolute path in the container.")
    uri: Annotated[str, Field(max_length=1024), AfterValidator(_artifact_uri)] = Field(
        description="`models:/name/3`, `models:/m-<id>`, `runs:/<run id>/path` or `mlflow-artifacts:/path`."
    )
    registry: ServiceName | None = Field(
        default=None, description="Secret of the kind `mlflow`; null: the platform's own tracking server."
    )


class S3MountBody(Command):
    """Objects under a prefix, read-only below `path`."""

    kind: Literal["s3"] = Field(description="Objects under a prefix.")
    path: ContainerPath = Field(description="Absolute path in the container.")
    uri: Annotated[str, Field(max_length=1024), AfterValidator(_bucket_uri)] = Field(description="`s3://bucket/prefix`")
    credentials: ServiceName | None = Field(
        default=None, description="Secret of the kind `s3`; null: the objects are public."
    )
    endpoint: Annotated[str, Field(max_length=1024), AfterValidator(_store_url)] | None = Field(
        default=None, description="`https://…` of another store than AWS."
    )


class OciMountBody(Command):
    """Files of a container image, read-only below `path`; the node mounts the image itself. For Kubernetes alone."""

    kind: Literal["oci"] = Field(description="Files of a container image; on Kubernetes.")
    path: ContainerPath = Field(description="Absolute path in the container.")
    uri: Annotated[str, Field(max_length=MAX_REFERENCE + len(OCI_SCHEME)), AfterValidator(_oci_uri)] = Field(
        description="`oci://registry/repository:tag`, or with `@sha256:…`: then it never changes."
    )
    credentials: ServiceName | None = Field(
        default=None, description="Secret of the kind `registry` that it is pulled with; null: everybody may pull it."
    )


class FileMountBody(Command):
    """One read-only file at `path`. Its text is as visible as the rest of the version: no place for passwords."""

    kind: Literal["file"] = Field(description="One file, its text given here.")
    path: ContainerPath = Field(description="Absolute path in the container.")
    content: Annotated[str, Field(max_length=MAX_FILE_BYTES), AfterValidator(_word)] = Field(description="Its text.")


MountBody = Annotated[ArtifactMountBody | S3MountBody | OciMountBody | FileMountBody, Field(discriminator="kind")]


class ImageModelSource(Command):
    """A container image that answers HTTP by itself; for the Docker and Kubernetes backends. `env` stands beside it.

    Requests reach it as callers sent them, at `predict_path`; nothing of it is read but its answers.
    """

    kind: Literal["image"] = Field(description="A container image.")
    image: Annotated[str, Field(max_length=MAX_REFERENCE), AfterValidator(_image_name)] = Field(
        description="`registry/repository:tag`, or with `@sha256:…`: then it never changes."
    )
    credentials: ServiceName | None = Field(
        default=None, description="Secret of the kind `registry` that it is pulled with; null: everybody may pull it."
    )
    command: Annotated[_Words, Field(min_length=1)] | None = Field(
        default=None, description="Replaces the image's own start command (its entry point); null: that one."
    )
    args: _Words | None = Field(default=None, description="Arguments of it; null: the image's own.")
    port: Annotated[int, Field(strict=True, ge=1, le=65_535)] = Field(default=8080, description="Where it listens.")
    health_path: UrlPath = Field(default="/health", description="A GET answers 2xx from the time that it is ready.")
    predict_path: UrlPath = Field(default="/predict", description="Where it takes predictions.")
    mounts: Annotated[tuple[MountBody, ...], Field(max_length=MAX_MOUNTS)] = Field(
        default=(), description="Files that its containers find, read-only."
    )

    @field_validator("command")
    @classmethod
    def _names_a_program(cls, command: Sequence[str] | None) -> Sequence[str] | None:
        if command is not None and not command[0].strip():
            raise _wrong("must begin with the name of a program")
        return command

    @field_validator("mounts")
    @classmethod
    def _side_by_side(cls, mounts: tuple[MountBody, ...]) -> tuple[MountBody, ...]:
        paths = sorted(mount.path for mount in mounts)
        for path in paths:
            if around := [other for other in paths if path.startswith(f"{other}/") or paths.count(path) > 1]:
                raise _wrong(f"{path} lies at or in {around[0]}, which is mounted too: mounts lie side by side")
        if sum(len(mount.content.encode()) for mount in mounts if isinstance(mount, FileMountBody)) > MAX_FILE_BYTES:
            raise _wrong(f"files take at most {MAX_FILE_BYTES} bytes together: mount larger ones from an artifact")
        return mounts

    @field_validator("mounts")
    @classmethod
    def _one_login_for_each_registry(cls, mounts: tuple[MountBody, ...], info: ValidationInfo) -> tuple[MountBody, ...]:
        """A node knows logins by registry: of two for the same one it would try any."""
        images = [(mount.uri.removeprefix(OCI_SCHEME), mount.credentials) for mount in mounts if mount.kind == "oci"]
        logins = [(info.data.get("image"), info.data.get("credentials")), *images]
        known: dict[str, str] = {}
        for image, secret in logins:
            if image is None or secret is None:
                continue
            registry = parse_image_reference(image).registry
            if known.setdefault(registry, secret) != secret:
                raise _wrong(f"images of {registry} are pulled with one secret: choose {known[registry]} or {secret}")
        return mounts

    def as_contract(self) -> ImageSource:
        """What the scheduler is told."""
        return ImageSource.model_validate(self.model_dump())
