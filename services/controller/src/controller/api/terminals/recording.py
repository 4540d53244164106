"""Recordings of sessions: asciicast v2, a file each, of what was printed, not of what was typed.

The file stops growing at its bound; that something is missing is its last line. It is written as it comes, so that a
controller that is killed leaves what there was.
"""

from __future__ import annotations

import codecs
import json
import logging
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from shared.contracts.terminals import TerminalSize

log = logging.getLogger("penstock.controller.terminals")

CUT = "\r\n[penstock: the recording is full]\r\n"


class Recording:
    """One file. A disk that fills up later ends the recording, not the session. Raises OSError at first."""

    def __init__(self, folder: Path, name: str, most_bytes: int, header: dict[str, Any], size: TerminalSize) -> None:
        self.path = folder / f"{name}.cast"
        self._left = most_bytes
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path.touch(mode=0o600, exist_ok=False)
        self._file: IO[str] | None = self.path.open("w", encoding="utf-8")
        self._write({"version": 2, "width": size.columns, "height": size.rows, **header})

    def output(self, elapsed_s: float, data: bytes) -> None:
        """What was printed."""
        if text := self._decoder.decode(data):
            self._event(elapsed_s, "o", text)

    def resize(self, elapsed_s: float, size: TerminalSize) -> None:
        """The terminal has another size."""
        self._event(elapsed_s, "r", f"{size.columns}x{size.rows}")

    def close(self) -> None:
        """No more."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None

    def _event(self, elapsed_s: float, kind: str, text: str) -> None:
        event = [round(elapsed_s, 6), kind, text]
        if self._file is not None and len(json.dumps(event)) > self._left:
            self._left = len(CUT) * 4
            self._write([round(elapsed_s, 6), "o", CUT])
            self.close()
        self._write(event)

    def _write(self, line: Any) -> None:
        if self._file is None:
            return
        text = json.dumps(line) + "\n"
        self._left -= len(text)
        try:
            self._file.write(text)
            self._file.flush()
        except OSError as error:
            log.warning("the recording %s ends here: %s", self.path.name, error.strerror)
            self.close()
