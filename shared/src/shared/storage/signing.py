"""Requests to object stores that speak S3, signed (AWS signature, version 4). No I/O."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from shared.storage.objects import S3Credentials

EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True)
class S3Request:
    """One request to a store; `query` is sorted and percent-encoded, `headers` are lower-case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""


def encoded_query(parameters: Mapping[str, str]) -> str:
    """A query in the form that is signed."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='-_.~')}" for name, value in sorted(parameters.items()))


def signed_headers(request: S3Request, credentials: S3Credentials, region: str, at: datetime) -> dict[str, str]:
    """The headers of a request with those that sign it (AWS signature, version 4)."""
    stamp = at.strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(request.body).hexdigest() if request.body else EMPTY_SHA256
    headers = dict(request.headers) | {"x-amz-date": stamp, "x-amz-content-sha256": digest}
    if credentials.session_token:
        headers["x-amz-security-token"] = credentials.session_token
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    canonical = "\n".join((request.method, request.path, request.query, lines, names, digest))
    scope = f"{stamp[:8]}/{region}/s3/aws4_request"
    wanted = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{credentials.secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, wanted.encode(), "sha256").hex()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return headers
