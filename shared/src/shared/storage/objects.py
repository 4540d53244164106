"""Object stores that speak S3: where a destination lies there, how it is opened, what its errors mean. No I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

S3 = "s3://"
_CODE = re.compile(r"<Code>\s*(\w{1,64})\s*</Code>")
_STATUS = re.compile(r"\bstatus(?: code)?:? ?(\d{3})\b", re.IGNORECASE)


@dataclass(frozen=True)
class S3Credentials:
    """Who the platform is to a store; never shown."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class BucketFolder:
    """A folder (`prefix`) of a bucket, and how the store is reached. No `endpoint`: AWS itself."""

    bucket: str
    prefix: str = ""
    endpoint: str | None = None
    region: str = "us-east-1"
    path_style: bool = True

    @property
    def is_secure(self) -> bool:
        """Whether it is reached over TLS."""
        return not (self.endpoint or "").startswith("http://")

    @property
    def host(self) -> str:
        """`host[:port]` that requests go to."""
        at = urlsplit(self.endpoint).netloc if self.endpoint else f"s3.{self.region}.amazonaws.com"
        return at if self.path_style else f"{self.bucket}.{at}"

    def path(self, key: str) -> str:
        """The path of a request about an object (or about the bucket, for an empty key), percent-encoded."""
        return quote(f"/{self.bucket}/{key}" if self.path_style else f"/{key}", safe="/-_.~")

    def key(self, location: str) -> str:
        """The key of `s3://<bucket>/…`."""
        return urlsplit(location).path.strip("/")

    def options(self, credentials: S3Credentials | None) -> dict[str, str]:
        """As delta-rs takes them: commits by conditional puts, and every request ends before long."""
        options = {
            "aws_region": self.region,
            "aws_conditional_put": "etag",
            "aws_virtual_hosted_style_request": str(not self.path_style).lower(),
            "aws_allow_http": str(not self.is_secure).lower(),
            "connect_timeout": "3s",
            "timeout": "10s",
            "max_retries": "3",
            "retry_timeout": "10s",
        }
        options["aws_endpoint_url"] = f"{'https' if self.is_secure else 'http'}://{self.host}"
        if credentials is None:
            return options | {"aws_skip_signature": "true"}
        options |= {"aws_access_key_id": credentials.access_key, "aws_secret_access_key": credentials.secret_key}
        return options | ({"aws_session_token": credentials.session_token} if credentials.session_token else {})


_MEANINGS = {
    "NoSuchBucket": "bucket {bucket} does not exist",
    "InvalidAccessKeyId": "the store does not know the access key",
    "SignatureDoesNotMatch": "the secret key does not belong to the access key",
    "AccessDenied": "the store denies access: the credentials may not do this in bucket {bucket}",
    "AllAccessDisabled": "the store denies access to bucket {bucket} altogether",
    "ExpiredToken": "the session token has expired",
    "InvalidToken": "the session token is not valid",
    "RequestTimeTooSkewed": "the clocks of this machine and of the store differ too much",
    "PermanentRedirect": "bucket {bucket} lies in another region or at another endpoint",
    "AuthorizationHeaderMalformed": "bucket {bucket} lies in another region",
    "SlowDown": "the store asks to be called less often",
    "NotImplemented": "the store does not support what it was asked for",
}
_OF_STATUS = {"401": "AccessDenied", "403": "AccessDenied"}
_UNREACHABLE = (
    (("dns error", "failed to lookup", "name or service not known"), "the store's host name cannot be resolved"),
    (("connection refused",), "the store refuses connections"),
    (("timed out", "timeout"), "the store does not answer in time"),
    (("error sending request", "connection reset", "connect error", "broken pipe"), "the store cannot be reached"),
)


def storage_failure(text: str, bucket: str) -> str | None:
    """What went wrong with a store, in one sentence that shows nothing of its answer; None: it was something else.

    Answers of stores may hold the access key and what was signed; they are never passed on.
    """
    code = _CODE.search(text)
    status = _STATUS.search(text)
    name = code[1] if code else _OF_STATUS.get(status[1], "") if status else ""
    if name in _MEANINGS:
        return _MEANINGS[name].format(bucket=bucket)
    if name or status:
        return f"the store answers {' '.join(filter(None, (status and status[1], name)))}"
    lower = text.lower()
    return next((meaning for hints, meaning in _UNREACHABLE if any(hint in lower for hint in hints)), None)


def nearest_destination(location: str, urls: Mapping[str, str]) -> str | None:
    """The name of the deepest of `urls` (by name) that `location` lies in; None where none holds it."""
    around = [(len(url), name) for name, url in urls.items() if f"{location}/".startswith(f"{url}/")]
    return max(around)[1] if around else None


def bucket_of(location: str) -> str:
    """The bucket of `s3://…`; empty for a path of this machine."""
    return location.removeprefix(S3).partition("/")[0] if location.startswith(S3) else ""
