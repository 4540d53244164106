"""What a model prints while it predicts goes to the pod's output with the request's id in front of each line.

The form is `[request_id=<id>] text`; `<id>` is several ids with commas where callers shared the predict. The
reader of the pod's output removes the prefix.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

MAX_IDS = 8


class TaggedStream:
    """A text stream that starts each line with the tag, while there is one."""

    def __init__(self, raw: TextIO) -> None:
        self.raw = raw
        self.tag = ""
        self._partial = ""
        self._lock = threading.RLock()

    def write(self, text: str) -> int:
        """Write through, or line by line with the tag."""
        with self._lock:
            if not self.tag:
                self.raw.write(text)
            else:
                *lines, self._partial = (self._partial + text).split("\n")
                self.raw.write("".join(f"{self.tag}{line}\n" for line in lines))
        return len(text)

    def writelines(self, lines: Sequence[str]) -> None:
        """Write each."""
        for line in lines:
            self.write(line)

    def set_tag(self, tag: str) -> None:
        """Start or end a tagged stretch; a line without its end is ended."""
        with self._lock:
            if self._partial:
                self.raw.write(f"{self.tag}{self._partial}\n")
                self._partial = ""
            if self.tag:
                self.raw.flush()
            self.tag = tag

    def flush(self) -> None:
        """Flush what is complete."""
        self.raw.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw, name)


class PodLog:
    """Standard output and standard error of this process."""

    def __init__(self) -> None:
        self.streams: tuple[TaggedStream, ...] = ()

    def install(self) -> None:
        """Stand in front of both streams; before a model's logging handlers take hold of them."""
        out, err = TaggedStream(sys.stdout), TaggedStream(sys.stderr)
        sys.stdout, sys.stderr = out, err
        self.streams = (out, err)

    @contextmanager
    def tagged(self, request_ids: Sequence[str]) -> Iterator[None]:
        """Everything printed inside belongs to these requests."""
        tag = tag_of(request_ids)
        for stream in self.streams:
            stream.set_tag(tag)
        try:
            yield
        finally:
            for stream in self.streams:
                stream.set_tag("")

    def write(self, text: str, request_id: str = "") -> None:
        """A line, or several, of the server's own in the log."""
        tag = tag_of([request_id]) if request_id else ""
        raw = self.streams[1].raw if self.streams else sys.stderr
        raw.write("".join(f"{tag}{line}\n" for line in text.rstrip().split("\n")))
        raw.flush()


def tag_of(request_ids: Sequence[str]) -> str:
    """The prefix of a line that belongs to these requests."""
    return f"[request_id={join_ids(request_ids)}] "


def join_ids(request_ids: Sequence[str]) -> str:
    """The first of these ids, and how many more there are."""
    more = f",+{len(request_ids) - MAX_IDS}" if len(request_ids) > MAX_IDS else ""
    return ",".join(request_ids[:MAX_IDS]) + more
