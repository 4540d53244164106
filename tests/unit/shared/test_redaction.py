"""Credentials in texts that people see."""

from __future__ import annotations

import pytest

from shared.security.redaction import find_credentials, redact, redact_credentials


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "--extra-index-url http://builder:s3cret@10.0.0.1:9/simple",
            "--extra-index-url http://****@10.0.0.1:9/simple",
        ),
        ("--index-url=https://t0ken@host/simple", "--index-url=https://****@host/simple"),
        ("-i https://user:p%2Fw@host/simple", "-i https://****@host/simple"),
        ("-f https://host/wheels?token=abcdef&page=1", "-f https://host/wheels?token=****&page=****"),
        ("git+https://user:t0ken@host/o/r.git@v1#egg=r", "git+https://****@host/o/r.git@v1#egg=r"),
        ("-e git+https://t0ken@host/o/r.git@main", "-e git+https://****@host/o/r.git@main"),
        ("name @ https://u:s3cret@h/x.whl#sha256=00ff", "name @ https://****@h/x.whl#sha256=00ff"),
        ("-e file://user:s3cret@host/x", "-e file://****@host/x"),
        ("https://user:with/slash?and#hash@host/simple", "https://****@host/simple"),
        ("https://user:two@ats@host/simple", "https://****@host/simple"),
        ("two https://a:s3cret@h/x and https://b:s3cret@i/y.", "two https://****@h/x and https://****@i/y."),
        ("git+https://host/o/r.git@v1.2", "git+https://host/o/r.git@v1.2"),
        ("numpy==2.0 --hash=sha256:00ff  # a@b", "numpy==2.0 --hash=sha256:00ff  # a@b"),
        ("https://host:8080/simple/", "https://host:8080/simple/"),
        ("http://[::1]:8080/simple/", "http://[::1]:8080/simple/"),
    ],
)
def test_credentials_of_addresses_are_hidden(text: str, shown: str) -> None:
    assert redact_credentials(text) == shown
    assert redact_credentials(shown) == shown


def test_credentials_are_not_repeated_by_who_was_given_them() -> None:
    secrets = find_credentials(["-i https://user:p%40ss-word@host/simple", "-f https://host/?sig=AbC123", "a==1"])
    assert secrets == {"p%40ss-word", "p@ss-word", "AbC123"}
    assert redact(secrets, "401 for p@ss-word (p%40ss-word), AbC123") == "401 for **** (****), ****"
