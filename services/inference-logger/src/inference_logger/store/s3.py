"""A small client of S3 for what delta-rs does not offer: conditional writes one by one, pages of keys, removal.

Blocking; callers run it in a thread. Each request has a bound of time and is tried once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import unquote

from shared.errors import UpstreamFailed
from shared.storage.objects import BucketFolder, S3Credentials, storage_failure
from shared.storage.signing import S3Request, encoded_query, signed_headers

TIMEOUT_S = 3.0
PAGE = 1000
LONGEST_ANSWER = 8 * 1024 * 1024
_KEY = re.compile(r"<Key>(.*?)</Key>", re.DOTALL)
_NEXT = re.compile(r"<NextContinuationToken>(.*?)</NextContinuationToken>", re.DOTALL)


class StoreFailure(UpstreamFailed):
    """A store did not do what it was asked; the message says why, in one sentence."""


class StoreRefusal(StoreFailure):
    """A store answered that it will not do it."""


@dataclass(frozen=True)
class Answer:
    """What a store answered."""

    status: int
    body: bytes


@dataclass(frozen=True)
class S3Client:
    """Requests about one bucket."""

    folder: BucketFolder
    credentials: S3Credentials | None
    timeout_s: float = TIMEOUT_S

    def put(self, key: str, body: bytes, *, if_absent: bool = False) -> bool:
        """Write an object; False: `if_absent`, and it is there (or is being written by somebody else)."""
        answer = self._send("PUT", key, body=body, headers={"if-none-match": "*"} if if_absent else {})
        if if_absent and answer.status in {409, 412}:
            return False
        self._require(answer)
        return True

    def get(self, key: str) -> bytes | None:
        """An object; None where there is none."""
        answer = self._send("GET", key)
        if answer.status == 404 and b"NoSuchBucket" not in answer.body:
            return None
        return self._require(answer).body

    def delete(self, key: str) -> None:
        """Remove an object, if it is there."""
        answer = self._send("DELETE", key)
        if answer.status != 404 or b"NoSuchBucket" in answer.body:
            self._require(answer)

    def keys(self, prefix: str, limit: int = PAGE) -> Iterator[str]:
        """The keys that begin with `prefix`, page by page of `limit`."""
        query = {"list-type": "2", "prefix": prefix, "max-keys": str(limit), "encoding-type": "url"}
        while True:
            text = self._require(self._send("GET", "", query=query)).body.decode()
            yield from (unquote(unescape(key)) for key in _KEY.findall(text))
            following = _NEXT.search(text)
            if following is None:
                return
            query["continuation-token"] = unescape(following[1])

    def has_any(self, prefix: str) -> bool:
        """Whether a key begins so."""
        return next(self.keys(prefix, limit=1), None) is not None

    def _require(self, answer: Answer) -> Answer:
        if answer.status >= 300:
            text = f"status {answer.status} {answer.body[:4096].decode(errors='replace')}"
            kind = StoreRefusal if answer.status < 500 or answer.status == 501 else StoreFailure
            raise kind(storage_failure(text, self.folder.bucket) or f"the store answers {answer.status}")
        return answer

    def _send(
        self,
        method: str,
        key: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        folder = self.folder
        sent = {"host": folder.host} | dict(headers or {})
        request = S3Request(method, folder.path(key), encoded_query(query or {}), sent, body)
        if self.credentials is not None:
            sent = signed_headers(request, self.credentials, folder.region, datetime.now(UTC))
        connection = (HTTPSConnection if folder.is_secure else HTTPConnection)(folder.host, timeout=self.timeout_s)
        try:
            connection.request(method, f"{request.path}?{request.query}".rstrip("?"), body or None, sent)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read(LONGEST_ANSWER))
        except (OSError, HTTPException, ValueError) as error:
            why = storage_failure(str(error), folder.bucket) or "the store cannot be reached"
            raise StoreFailure(f"{why} ({folder.host})") from error
        finally:
            connection.close()
