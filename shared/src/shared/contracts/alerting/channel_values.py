"""Single values of channels, checked as text; what a name resolves to is checked where it is connected to.

Each raises `ValueError` with a sentence that does not repeat the value.
"""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import urlsplit

LONGEST_URL = 2048
WEBHOOK_SECRET_BYTES = range(24, 65)
"""Length of a Standard Webhooks secret, once decoded."""

_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}\Z")
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-]+)*\Z")
_HOST_PART = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_\-]{0,61}[A-Za-z0-9_])?\Z")


def check_url(url: str) -> str:
    """http or https, with a host, without user, password or fragment."""
    try:
        parts = urlsplit(url)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        raise ValueError("it is not a URL") from None
    if len(url) > LONGEST_URL:
        raise ValueError(f"it is longer than {LONGEST_URL} characters")
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise ValueError("it holds characters that URLs do not have")
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_valid:
        raise ValueError("it must be an http:// or https:// URL")
    if "@" in parts.netloc:
        raise ValueError("it must not hold a user or password")
    if "#" in url:
        raise ValueError("it must not hold a fragment")
    return url


def check_host(host: str) -> str:
    """A DNS name or an address, in ASCII."""
    if ":" in host:  # an IPv6 address
        if re.fullmatch(r"[0-9A-Fa-f:.]{2,45}", host):
            return host
        raise ValueError("it is not the name of a host")
    parts = host.rstrip(".").split(".")
    if len(host) > 253 or not all(_HOST_PART.match(part) for part in parts):
        raise ValueError("it is not the name of a host")
    return host


def check_address(address: str) -> str:
    """One plain mail address: no display name, no comment, no line break."""
    local, _, domain = address.rpartition("@")
    if len(address) > 254 or not _LOCAL_PART.match(local):
        raise ValueError("it is not a mail address")
    try:
        check_host(domain)
    except ValueError:
        raise ValueError("it is not a mail address") from None
    return address


def check_label_name(name: str) -> str:
    """As Prometheus names labels."""
    if not _LABEL.match(name):
        raise ValueError("names of labels are letters, digits and _, and do not begin with a digit")
    return name


def webhook_key(secret: str) -> bytes:
    """The key of a Standard Webhooks secret, `whsec_` and base64 of 24 to 64 bytes."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith("whsec_") or len(key) not in WEBHOOK_SECRET_BYTES:
        raise ValueError("it must be whsec_ followed by base64 of 24 to 64 bytes")
    return key
