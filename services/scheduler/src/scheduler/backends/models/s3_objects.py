"""Objects below a prefix of an S3 bucket, read: each page of the list and each object is one signed request.

Connections go only to addresses that may be connected to (`AddressRule`): whoever publishes a version names the store.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx

from scheduler.backends.models.guarded_registry import PinnedRegistryTransport
from scheduler.backends.models.limits import ModelLimits, ModelSizeMeter
from shared.security.addresses import AddressRule
from shared.storage.objects import S3, BucketFolder, S3Credentials, storage_failure
from shared.storage.signing import S3Request, encoded_query, signed_headers

TIMEOUT = httpx.Timeout(20.0, read=60.0)
MAX_LISTING = 16 * 1024 * 1024
REGION_HEADER = "x-amz-bucket-region"
_KEY = re.compile(r"<Key>(.*?)</Key>", re.DOTALL)
_NEXT = re.compile(r"<NextContinuationToken>(.*?)</NextContinuationToken>", re.DOTALL)


class StoreRefuses(Exception):
    """The store answers with an error; the text says which, and nothing of the store's own words."""


class NothingThere(Exception):
    """No object has a key below the prefix."""


@dataclass
class BucketReader:
    """Reads one bucket. Raises httpx.TransportError while the store does not answer."""

    http: httpx.Client
    folder: BucketFolder
    credentials: S3Credentials | None

    @classmethod
    def of(cls, uri: str, endpoint: str | None, credentials: S3Credentials | None, rule: AddressRule) -> BucketReader:
        """For `s3://bucket/prefix`."""
        bucket, _, prefix = uri.removeprefix(S3).partition("/")
        http = httpx.Client(transport=PinnedRegistryTransport(rule), timeout=TIMEOUT, trust_env=False)
        return cls(http, BucketFolder(bucket, prefix.strip("/"), endpoint), credentials)

    def download(self, target: Path, limits: ModelLimits) -> Path:
        """Every object below the prefix, as files below `target`; a key that is the prefix itself, as one file.

        Raises StoreRefuses, NothingThere, ModelTooLarge.
        """
        meter, prefix = ModelSizeMeter(limits), self.folder.prefix
        target.mkdir(parents=True, exist_ok=True)
        is_empty = True
        for key in self._keys():
            if not (name := relative_key(key, prefix)):
                continue  # a marker of a folder, or of another one whose name begins the same
            is_empty = False
            meter.count_file(name)
            self._write(key, target / name, meter)
        if is_empty:
            raise NothingThere(f"s3://{self.folder.bucket}/{prefix}")
        return target

    def _keys(self) -> Iterator[str]:
        query = {"list-type": "2", "prefix": self.folder.prefix, "encoding-type": "url"}
        while True:
            with self._asked("", query) as answer:
                content = bytearray()
                for chunk in answer.iter_raw(64 * 1024):
                    content += chunk
                    if len(content) > MAX_LISTING:
                        raise StoreRefuses(f"a list has more than {MAX_LISTING} bytes")
            text = content.decode(errors="replace")
            yield from (unquote(unescape(key)) for key in _KEY.findall(text))
            following = _NEXT.search(text)
            if following is None:
                return
            query["continuation-token"] = unescape(following[1])

    def _write(self, key: str, path: Path, meter: ModelSizeMeter) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._asked(key, {}) as answer, path.open("wb") as file:
            for chunk in answer.iter_raw(1024 * 1024):
                meter.count_bytes(len(chunk))
                file.write(chunk)

    @contextmanager
    def _asked(self, key: str, query: Mapping[str, str]) -> Iterator[httpx.Response]:
        """The answer to a GET; AWS says where a bucket lies when it is asked in another region: it is asked there."""
        for is_last in (False, True):
            with self.http.stream("GET", self._url(key, query), headers=self._headers(key, query)) as answer:
                region = answer.headers.get(REGION_HEADER, "")
                if not is_last and self._is_elsewhere(answer.status_code, region):
                    self.folder = replace(self.folder, region=region)
                    continue
                self._check(answer)
                yield answer
                return

    def _is_elsewhere(self, status: int, region: str) -> bool:
        is_known = bool(re.fullmatch(r"[a-z0-9-]{1,32}", region))
        return self.folder.endpoint is None and status in (301, 307, 400) and is_known and region != self.folder.region

    def _url(self, key: str, query: Mapping[str, str]) -> str:
        scheme = "https" if self.folder.is_secure else "http"
        return f"{scheme}://{self.folder.host}{self.folder.path(key)}?{encoded_query(query)}".rstrip("?")

    def _headers(self, key: str, query: Mapping[str, str]) -> dict[str, str]:
        sent = {"host": self.folder.host, "accept-encoding": "identity"}
        if self.credentials is None:
            return sent
        request = S3Request("GET", self.folder.path(key), encoded_query(query), sent)
        return signed_headers(request, self.credentials, self.folder.region, datetime.now(UTC))

    def _check(self, answer: httpx.Response) -> None:
        if answer.is_success:
            return
        if answer.status_code in (429, 500, 502, 503, 504):
            raise httpx.TransportError(f"HTTP {answer.status_code}")
        said = next(answer.iter_raw(4096), b"").decode(errors="replace")
        bucket = self.folder.bucket
        why = storage_failure(f"status {answer.status_code} {said}", bucket)
        raise StoreRefuses(why or f"the store answers {answer.status_code}")


def relative_key(key: str, prefix: str) -> str:
    """The path of an object below the prefix; empty for what is no file there. Raises StoreRefuses."""
    if key == prefix:
        found = key.rpartition("/")[2]
    elif not prefix or key.startswith(f"{prefix}/"):
        found = key[len(prefix) :].removeprefix("/")
    else:
        return ""
    if not found or found.endswith("/"):
        return ""
    if "\\" in found or "\0" in found or any(part in ("", ".", "..") for part in found.split("/")):
        raise StoreRefuses(f"the bucket has an object with the key {key!r}, which is no path")
    return found


def store_host(endpoint: str | None) -> str:
    """Whom it is that does not answer."""
    return urlsplit(endpoint).netloc.rpartition("@")[2] if endpoint else "AWS"
