"""Which image each version of an image runs: by its id on the engine, and by its digest in its registry."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from scheduler.domain.rollout import configuration_of
from shared.contracts.deployment import Deployment
from shared.image_reference import parse_image_reference


@dataclass(frozen=True)
class PinnedImage:
    """`id`: the engine's; `digest`: `repository@sha256:…`, None of one that was never in a registry."""

    id: str
    digest: str | None

    @property
    def shown(self) -> str:
        """What people are told."""
        return self.digest or self.id


class PinnedImages:
    """One small file for each version and configuration."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def key(self, deployment: Deployment, template: str) -> str:
        """Names a version in one configuration."""
        return f"{deployment.version_id}-{configuration_of(template)}"

    def read(self, key: str) -> PinnedImage | None:
        """None where none was found yet, or the file is damaged."""
        try:
            found = json.loads((self._folder / key).read_text())
            return PinnedImage(str(found["id"]), found["digest"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def is_private(self, identity: str, name: str) -> bool:
        """Whether an image was pulled with a login, or its name is being: it is nobody's who has none."""
        return self._private(identity).exists() or self._private(name).exists()

    @contextmanager
    def pulling_with_login(self, name: str) -> Iterator[None]:
        """What the name means is private from here on: a scheduler that is killed in between leaves it so."""
        mark = self._private(name)
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
        try:
            yield
        finally:
            mark.unlink(missing_ok=True)

    def mark_private(self, identity: str) -> None:
        """An image was pulled with a login."""
        mark = self._private(identity)
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()

    def _private(self, of: str) -> Path:
        """The mark of an image's id, or of a name's digest."""
        known = of if of.startswith("sha256:") else f"name:{sha256(of.encode()).hexdigest()}"
        return self._folder / "private" / known.replace(":", "-")

    def write(self, key: str, image: PinnedImage) -> None:
        """From now on the version has this one."""
        self._folder.mkdir(parents=True, exist_ok=True)
        aside = self._folder / f".{key}.{os.getpid()}"
        aside.write_text(json.dumps(asdict(image)))
        aside.replace(self._folder / key)


def repository_digest(digests: Sequence[str], name: str) -> str | None:
    """Of what an engine says of an image, the one in the repository that it was pulled from; else any."""
    wanted, known = _repository(name), {each: _repository(each) for each in digests}
    return next((each for each, found in known.items() if found == wanted), next(iter(digests), None))


def _repository(name: str) -> tuple[str, str] | None:
    try:
        found = parse_image_reference(name)
    except ValueError:  # an engine's own words for none
        return None
    return found.registry, found.repository
