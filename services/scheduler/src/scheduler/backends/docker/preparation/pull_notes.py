"""Progress of a pull as notes of its pod: not every step, or a pull of an hour would be a thousand events."""

from __future__ import annotations

import time

from scheduler.backends.docker.engine.pull import PullProgress
from scheduler.backends.preparation.port import AddNote
from scheduler.domain.values import PodNote

PULLING = "PullingImage"
PULLED = "ImagePulled"
EVERY_S = 10.0


class PullNotes:
    """Tells the progress of one image's pull at most every `EVERY_S`; the first time when so long has passed."""

    def __init__(self, image: str, add_note: AddNote) -> None:
        self._image = image
        self._add_note = add_note
        self._told_at = time.monotonic()

    def __call__(self, progress: PullProgress) -> None:
        """It has got so far."""
        if progress.total and time.monotonic() - self._told_at >= EVERY_S:
            self._told_at = time.monotonic()
            self._add_note(PodNote(PULLING, f"pulling {self._image}: {progress}"))
