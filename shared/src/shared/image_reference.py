"""Names of container images: `registry/repository:tag@digest`.

The grammar and its defaults are those of `github.com/distribution/reference` (`reference.go`, `normalize.go`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DEFAULT_REGISTRY = "docker.io"
MAX_REPOSITORY = 255
"""Characters of a repository, without its registry."""
MAX_REFERENCE = 1024
"""Characters that are looked at at all: registry 255 + repository 255 + tag 128 + digest leave room."""

_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_REGISTRY = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::(?P<port>[0-9]{{1,5}}))?", re.ASCII)
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128}")
_IDENTIFIER = re.compile(r"[a-f0-9]{64}")


@dataclass(frozen=True)
class ImageReference:
    """An image by its full name; without a tag and a digest it means the tag `latest`."""

    registry: str
    repository: str
    tag: str | None
    digest: str | None


def parse_image_reference(text: str) -> ImageReference:
    """The parts of `text`, Docker Hub's defaults filled in; `ValueError` says in words what is wrong."""
    if not text or len(text) > MAX_REFERENCE:
        raise ValueError(f"an image's name has 1 to {MAX_REFERENCE} characters")
    if "://" in text:
        raise ValueError("an image's name has no scheme: registry/repository:tag")
    name, at, digest = text.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        raise ValueError("what follows '@' is a digest, such as sha256: and 64 hexadecimal digits")
    head, slash, last = name.rpartition("/")
    last, colon, tag = last.partition(":")
    if colon and not _TAG.fullmatch(tag):
        raise ValueError("a tag is made of letters, digits, '_', '.' and '-', at most 128, not '.' or '-' first")
    registry, repository = _split(head + slash + last)
    return ImageReference(registry, repository, tag or None, digest or None)


def _split(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    is_registry = bool(slash) and (bool({".", ":"} & set(first)) or first == "localhost" or first != first.lower())
    registry, repository = (first, rest) if is_registry else (DEFAULT_REGISTRY, name)
    found = _REGISTRY.fullmatch(registry)
    if found is None or not 0 < int(found["port"] or 1) < 65_536:
        raise ValueError("a registry is a host name or an address, with a port if need be")
    if len(repository) > MAX_REPOSITORY or not _REPOSITORY.fullmatch(repository):
        raise ValueError(
            f"a repository is made of lower-case letters and digits, joined by '.', '_', '__', '-' and '/', "
            f"at most {MAX_REPOSITORY}"
        )
    if _IDENTIFIER.fullmatch(repository):
        raise ValueError("64 hexadecimal digits are an image's id, not its name")
    if registry == "index.docker.io":
        registry = DEFAULT_REGISTRY
    if registry == DEFAULT_REGISTRY and "/" not in repository:
        repository = f"library/{repository}"
    return registry, repository
