"""What the supervisor found wrong and what it did: one JSON object a line, the newest last, bounded."""

from __future__ import annotations

import json
import logging
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any

log = logging.getLogger("penstock.launcher")

KEPT = 200


class Incidents:
    """`run/incidents.jsonl`. Writing never raises: the disk may be what is wrong."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._unwritten: deque[str] = deque(maxlen=KEPT)

    def note(self, name: str, text: str) -> str:
        """Add one, said in the log too; returns it with its time, for people."""
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        log.warning("penstock: %s: %s", name, text)
        self._unwritten.append(json.dumps({"at": at, "name": name, "text": text}))
        with suppress(OSError):
            kept = self._lines()[-KEPT:]
            self._file.write_text("\n".join([*kept, *self._unwritten]) + "\n")
            self._unwritten.clear()
        return f"{at} {text}"

    def read(self) -> list[dict[str, Any]]:
        """Oldest first; lines that cannot be read are left out."""
        found = []
        for line in self._lines():
            with suppress(ValueError):
                found.append(json.loads(line))
        return [one for one in found if isinstance(one, dict)]

    def _lines(self) -> list[str]:
        try:
            return self._file.read_text(errors="replace").splitlines()
        except OSError:
            return []
