"""Names of images are read as Docker reads them, and wrong ones are refused with a reason."""

from __future__ import annotations

import time

import pytest

from shared.image_reference import ImageReference, parse_image_reference

DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("wine", ("docker.io", "library/wine", None, None)),
        ("wine:1.0", ("docker.io", "library/wine", "1.0", None)),
        ("ns/wine", ("docker.io", "ns/wine", None, None)),
        ("index.docker.io/wine", ("docker.io", "library/wine", None, None)),
        ("localhost/wine", ("localhost", "wine", None, None)),
        ("localhost:5000/a/b__c/d-e--f:_x", ("localhost:5000", "a/b__c/d-e--f", "_x", None)),
        (f"registry.example.com/ns/wine:1@{DIGEST}", ("registry.example.com", "ns/wine", "1", DIGEST)),
        (f"wine@{DIGEST}", ("docker.io", "library/wine", None, DIGEST)),
        ("[::1]:5000/wine:1", ("[::1]:5000", "wine", "1", None)),
        ("10.0.0.1:5000/wine", ("10.0.0.1:5000", "wine", None, None)),
        ("Host/wine", ("Host", "wine", None, None)),
    ],
)
def test_the_parts_of_a_name(text: str, parts: tuple[str, str, str | None, str | None]) -> None:
    assert parse_image_reference(text) == ImageReference(*parts)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "1 to"),
        ("a" * 2000, "1 to"),
        ("https://example.com/wine", "scheme"),
        ("Wine", "lower-case"),
        ("ns/Wine", "lower-case"),
        ("wine ", "lower-case"),
        ("wine\n", "lower-case"),
        ("wïne", "lower-case"),
        ("ns//wine", "lower-case"),
        ("/wine", "lower-case"),
        ("wine/", "lower-case"),
        ("../wine", "registry"),
        ("a..b", "lower-case"),
        ("a___b", "lower-case"),
        ("a" * 256, "at most 255"),
        ("wine:", "tag"),
        ("wine:-x", "tag"),
        ("wine:" + "a" * 129, "tag"),
        ("wine:1:2", "tag"),
        ("wine:١", "tag"),
        ("wine@", "digest"),
        ("wine@sha256:12", "digest"),
        (f"wine@{DIGEST}@{DIGEST}", "digest"),
        ("localhost:99999/wine", "registry"),
        ("localhost:0/wine", "registry"),
        ("-host.com/wine", "registry"),
        ("host.com:١/wine", "registry"),
        ("0a" * 32, "id"),
        ("--privileged", "lower-case"),
    ],
)
def test_a_wrong_name_is_refused_with_a_reason(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_image_reference(text)


def test_no_name_takes_long() -> None:
    started = time.process_time()
    for hard in ("a-" * 500 + "!", "a" * 1000 + "!", "a" + "-" * 1000, "A-" * 500 + "/x", "a." * 500 + "/x"):
        with pytest.raises(ValueError, match=r"made of|host name"):
            parse_image_reference(hard)
    assert time.process_time() - started < 1
