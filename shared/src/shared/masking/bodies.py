"""Masking of a logged body: its bytes in, bytes without clear text of masked columns out, or None where that cannot be.

The body is written anew from what was understood of it: what the rules did not see is not in it either.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

import orjson

from shared.masking.documents import FORMATS, Columns, NotMaskable, mask_request, mask_response
from shared.masking.values import DROP

REFUSED = frozenset({400, 413, 415, 422})
"""Statuses of requests that were not understood: whatever stands in them may stand in the wrong place."""
_SUCCESS = range(200, 300)
_NOT_POSSIBLE = (NotMaskable, ValueError, RecursionError, orjson.JSONEncodeError)
"""JSON that is nested deeper than 254 levels can be read, and not be written."""


class Masker:
    """Rules, and the key of the hashes (None where no rule says `hash`)."""

    def __init__(self, rules: Iterable[tuple[str, str]], key: bytes | None) -> None:
        self._columns = Columns(dict(rules), key)
        self._of_answers = self._columns.of_answers()

    def request(self, body: bytes, status: int) -> bytes | None:
        """A request's body, by the status that it was answered with; None: the rules cannot be applied."""
        if not body:
            return body
        if status in REFUSED:
            return None
        try:
            if body.lstrip()[:1] not in b"{[":
                return self._csv(body) if status in _SUCCESS else None
            document = orjson.loads(body)
            return orjson.dumps(mask_request(document, self._columns, is_flat=_is_flat(document, body)))
        except _NOT_POSSIBLE:
            return None

    def response(self, body: bytes, status: int) -> bytes | None:
        """An answer's body; one that is no success may quote what was asked, and is left out."""
        if not body:
            return body
        if status not in _SUCCESS:
            return None
        try:
            return orjson.dumps(mask_response(orjson.loads(body), self._of_answers))
        except _NOT_POSSIBLE:
            return None

    def _csv(self, body: bytes) -> bytes:
        """CSV with a header, as models take it."""
        text = body.decode().removeprefix("\ufeff")
        try:
            lines = [line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line]
        except csv.Error as error:
            raise NotMaskable(str(error)) from error
        if len(lines) < 2 or any(len(line) != len(lines[0]) for line in lines):
            raise NotMaskable("no CSV with a header and rows")
        actions = [self._columns.action(name) for name in lines[0]]
        if not any(actions):
            raise NotMaskable("the header names none of the masked columns")
        kept = [at for at, action in enumerate(actions) if action != DROP]
        written = io.StringIO(newline="")
        writer = csv.writer(written, lineterminator="\n")
        writer.writerow([lines[0][at] for at in kept])
        for line in lines[1:]:
            writer.writerow([self._cell(line[at], actions[at]) for at in kept])
        return written.getvalue().encode()

    def _cell(self, text: str, action: str | None) -> str:
        return text if action is None or not text else str(self._columns.masked(text, action))


def _is_flat(document: Any, body: bytes) -> bool:
    """Whether no value in the rows can be an object: there are no more braces than the rows themselves need."""
    if type(document) is not dict:
        return False
    rows = next((document[form] for form in FORMATS if form in document), None)
    own = len(rows) if type(rows) is list else 1
    return body.count(b"{") <= own + 1
