"""Where a table may be, looked up: on the disk, links resolved, or in its bucket. Blocking."""

from __future__ import annotations

import os
from pathlib import Path

from inference_logger.domain.destinations import LOG_FOLDER, placement_refusal
from inference_logger.store.s3 import S3Client
from inference_logger.store.storage import Storage
from shared.errors import Conflict


def check_place(location: str, known: frozenset[str], storage: Storage) -> None:
    """Raise `Conflict` where a table may not be: inside another one, whether by its path or by a link."""
    if storage.client is not None:
        _check_place_in_bucket(location, known, storage.client)
        return
    real = os.path.realpath(location)
    why = placement_refusal(real, known, is_listed=location in known or real in known)
    around = next((folder for folder in Path(real).parents if (folder / LOG_FOLDER).is_dir()), None)
    if why is None and around is not None:
        why = f"{location} lies inside the Delta table at {around}"
    if why is not None:
        raise Conflict(f"{why}: give the version another destination")


def _check_place_in_bucket(location: str, known: frozenset[str], client: S3Client) -> None:
    is_listed = location in known
    why = placement_refusal(location, known, is_listed=is_listed)
    if why is None and not is_listed:  # each of these is a request
        folders = client.folder.key(location).split("/")[:-1]
        parents = ("/".join(folders[:depth]) for depth in range(len(folders), 0, -1))
        around = next((parent for parent in parents if client.has_any(f"{parent}/{LOG_FOLDER}/")), None)
        why = f"{location} lies inside the Delta table at {around}" if around is not None else None
    if why is not None:
        raise Conflict(f"{why}: give the version another destination")
