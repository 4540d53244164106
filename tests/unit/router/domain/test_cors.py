"""Cross-origin header lines."""

from __future__ import annotations

from router.domain.access.cors import CorsPolicy
from shared.contracts.routes import Cors


def test_cross_origin_lines() -> None:
    some = CorsPolicy(Cors(allow_origins=("https://shop.example",), allow_credentials=True))
    assert b"Access-Control-Allow-Origin: https://shop.example\r\nVary: Origin" in some.response_lines(
        b"https://shop.example"
    )
    assert b"Allow-Credentials: true" in some.preflight_lines(b"https://shop.example")
    assert some.response_lines(b"https://evil.example") == some.preflight_lines(b"null") == b"Vary: Origin\r\n"
    anyone = CorsPolicy(Cors(allow_origins=("*",), max_age_s=5))
    assert b"Access-Control-Allow-Origin: *\r\n" in anyone.preflight_lines(b"https://x")
    assert b"Access-Control-Max-Age: 5\r\n" in anyone.preflight_lines(b"https://x")
    reckless = CorsPolicy(Cors(allow_origins=("*",), allow_credentials=True))
    assert reckless.response_lines(b"https://x") == b"Vary: Origin\r\n"
