"""Requests to object stores are signed as AWS says, errors become sentences, places in buckets are told apart."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from inference_logger.domain.destinations import placement_refusal
from inference_logger.domain.object_storage import storage_reason
from inference_logger.domain.tables import TableKey, key_of, plain_path, table_location
from shared.storage.objects import BucketFolder, S3Credentials, nearest_destination, storage_failure
from shared.storage.signing import S3Request, encoded_query, signed_headers

AWS_EXAMPLE = S3Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")


def test_a_request_is_signed_as_in_the_example_of_aws() -> None:
    query = encoded_query({"prefix": "J", "max-keys": "2"})
    request = S3Request("GET", "/", query, {"host": "examplebucket.s3.amazonaws.com"})
    signed = signed_headers(request, AWS_EXAMPLE, "us-east-1", datetime(2013, 5, 24, tzinfo=UTC))
    assert signed["authorization"].endswith(
        "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
    )


def test_credentials_are_not_shown() -> None:
    folder = BucketFolder("lake", "tables", "https://s3.test")
    token = S3Credentials("AK", "sk", "token")
    assert repr(token) == "S3Credentials()"
    assert folder.options(token)["aws_session_token"] == "token"
    assert "aws_access_key_id" not in folder.options(None)


@pytest.mark.parametrize(
    ("folder", "host", "path"),
    [
        (BucketFolder("lake", endpoint="http://s3.test:9"), "s3.test:9", "/lake/a%20b"),
        (BucketFolder("lake", endpoint="http://s3.test:9", path_style=False), "lake.s3.test:9", "/a%20b"),
        (BucketFolder("lake", region="eu-west-1"), "s3.eu-west-1.amazonaws.com", "/lake/a%20b"),
    ],
)
def test_where_requests_go(folder: BucketFolder, host: str, path: str) -> None:
    assert (folder.host, folder.path("a b")) == (host, path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<Code>NoSuchBucket</Code>", "bucket lake does not exist"),
        ("<Error><Code>InvalidAccessKeyId</Code><AWSAccessKeyId>AK1</AWSAccessKeyId>", "does not know the access key"),
        ("Server returned non-2xx status code: 403 Forbidden", "denies access"),
        ("status 503 <Code>Whatever</Code>", "the store answers 503 Whatever"),
        ("error sending request: Connection refused (os error 111)", "refuses connections"),
        ("operation timed out", "does not answer in time"),
        ("Schema error: column x", None),
    ],
)
def test_errors_of_stores_become_sentences(text: str, said: str | None) -> None:
    found = storage_failure(text, "lake")
    assert found is None if said is None else said in (found or "")
    assert "AK1" not in storage_reason("s3://lake/x", OSError(text))


def test_places_in_buckets() -> None:
    urls = {"lake": "s3://lake", "red": "s3://lake/red"}
    assert nearest_destination("s3://lake/red/wine/payload", urls) == "red"
    assert nearest_destination("s3://lake/redder/wine", urls) == "lake"
    assert nearest_destination("s3://pond/red", urls) is None
    assert plain_path("s3://lake//x/") == "s3://lake/x"
    assert table_location("s3://lake/", "wine", "payload") == "s3://lake/wine/payload"
    assert key_of({"service": "wine", "destination": "s3://lake/x/"}) == TableKey("wine", "s3://lake/x")
    known = frozenset({"s3://lake/x/wine/payload", "/lake/x/tea/payload"})
    assert placement_refusal("s3://lake/x/tea/payload", known, is_listed=False) is None
    for inside in (
        "s3://lake/x/wine/payload/y/payload",
        "s3://lake/x/wine/y/payload",
        "s3://lake/_delta_log/a/payload",
    ):
        assert "s3://lake" in (placement_refusal(inside, known, is_listed=False) or "")
