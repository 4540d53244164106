"""The text of a file that somebody's editor wrote: UTF-8 as a rule, else what it says of itself (as pip reads them)."""

from __future__ import annotations

import codecs
import re

from scheduler.domain.requirements.lines import UnreadableRequirements

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CODING = re.compile(rb"coding[:=]\s*([-\w.]+)")


def decode_text(content: bytes, name: str) -> str:
    """By its byte order mark, its `coding:` line (one of the first two), as UTF-8, and at last as Latin-1.

    Raises:
        UnreadableRequirements: it is not what it says, or holds no text.
    """
    try:
        text = _decoded(content)
    except (UnicodeError, LookupError) as wrong:
        raise UnreadableRequirements(f"{name} cannot be read as text: {wrong}"[:300]) from None
    if "\0" in text:
        raise UnreadableRequirements(f"{name} holds no text")
    return text


def _decoded(content: bytes) -> str:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding)
    if b"\0" in content[:4]:  # UTF-16 without a mark: every other byte of plain text is 0
        return content.decode("utf-16-be" if content[:1] == b"\0" else "utf-16-le")
    for line in content.split(b"\n", 2)[:2]:
        if line.lstrip().startswith(b"#") and (found := _CODING.search(line)):
            return content.decode(found[1].decode("ascii"))
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")
