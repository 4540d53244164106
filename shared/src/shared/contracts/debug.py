"""The ticket of a debug request: what the controller signs (Ed25519) and a router lets in without an API key.

In the header it stands as `<base64url of its JSON>.<base64url of the signature of those characters>`. Only the
controller has the private key; routers read the public one in the intent of each service.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode

from pydantic import Field

from shared.contracts.base import Contract

DEBUG_HEADER = "X-Penstock-Debug"
SIGNED_CONTEXT = b"penstock debug ticket v1\n"
"""Stands before what is signed, so that the signature means nothing anywhere else."""


class DebugTicket(Contract):
    """One request to one version, once, until `expires_at`."""

    service: str
    version: str
    expires_at: float = Field(description="Unix seconds.")
    nonce: str = Field(min_length=16, description="Another one in each ticket: a router takes it once.")
    is_logged: bool = Field(default=False, description="Whether the request goes into the inference table.")

    def encode(self) -> bytes:
        """What is signed, after `SIGNED_CONTEXT`."""
        return urlsafe_b64encode(self.model_dump_json().encode())


def header_value(encoded: bytes, signature: bytes) -> bytes:
    """The header's value."""
    return encoded + b"." + urlsafe_b64encode(signature)


def split_header(value: bytes) -> tuple[bytes, bytes] | None:
    """What is signed and the signature; None where `value` has no such form."""
    encoded, _, signature = value.strip().partition(b".")
    try:
        return encoded, urlsafe_b64decode(signature)
    except binascii.Error:
        return None


def parse_ticket(encoded: bytes) -> DebugTicket:
    """The ticket that was signed; ValueError where it is none."""
    return DebugTicket.model_validate_json(urlsafe_b64decode(encoded))
