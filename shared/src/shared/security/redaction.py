"""Takes credentials out of texts that people see: requirement lines, output of installers, messages.

A URL may hold them as user and password, as a token in the user's place, and in its query. What is hidden is replaced
by `****`; scheme, host, path, and the name of each query parameter stay. A reference such as `@v1.2` at the end of a
repository's path is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote

REDACTED = "****"
_URL = re.compile(r"(?P<scheme>\b[A-Za-z][A-Za-z0-9+.-]*:/{1,3})(?P<rest>[^\s\"'<>]+)")
_PARAMETER = re.compile(r"(?P<name>[?&;][^=&;#\s]+=)(?P<value>[^&;#\s]*)")
_FRAGMENTS = frozenset({"egg", "subdirectory", "sha256", "sha384", "sha512", "sha224", "sha1", "md5"})
_MIN_SECRET = 4
"""A shorter text would be found in half of all words."""


def redact_credentials(text: str) -> str:
    """`text` with the credentials of every URL in it hidden."""
    return _URL.sub(lambda found: found["scheme"] + _hide(found["scheme"], found["rest"]), text)


def find_credentials(texts: Iterable[str]) -> frozenset[str]:
    """The credentials themselves, as written and as decoded: what must not be repeated by whoever was given them."""
    found: set[str] = set()
    for text in texts:
        for url in _URL.finditer(text):
            found |= _secrets(url["scheme"], url["rest"])
    return frozenset(secret for secret in found if len(secret) >= _MIN_SECRET)


def redact(secrets: Iterable[str], text: str) -> str:
    """`text` without credentials of URLs, and without these secrets."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, REDACTED)
    return redact_credentials(text)


def _hide(scheme: str, rest: str) -> str:
    user, after = _split_user(scheme, rest)
    address, mark, fragment = after.partition("#")
    address = _PARAMETER.sub(lambda found: found["name"] + REDACTED, address)
    if mark and fragment.partition("=")[0] not in _FRAGMENTS:
        fragment = REDACTED
    return (f"{REDACTED}@" if user else "") + address + mark + fragment


def _secrets(scheme: str, rest: str) -> set[str]:
    user, after = _split_user(scheme, rest)
    name, colon, password = user.partition(":")
    raw = {password if colon else name} | {found["value"] for found in _PARAMETER.finditer(after.partition("#")[0])}
    return raw | {unquote(secret) for secret in raw}


def _split_user(scheme: str, rest: str) -> tuple[str, str]:
    """User information and what follows it. A password may hold `/`, `?`, `#` and `@` although none should."""
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    host = authority.rpartition("@")[2]
    port = host.partition("]")[2].removeprefix(":") if host.startswith("[") else host.partition(":")[2]
    is_cut_short = bool(port) and not port.isdecimal()
    is_repository = scheme.partition(":")[0].startswith(("git+", "hg+", "bzr+", "svn+")) or scheme.startswith("git:")
    if "@" in rest and (is_cut_short or ("@" not in authority and not is_repository and _looks_like_user(rest))):
        user, _, after = rest.rpartition("@")
        return user, after
    user, _, after_user = authority.rpartition("@")
    return user, after_user + rest[len(authority) :]


def _looks_like_user(rest: str) -> bool:
    """Whether the text before the first `@` begins like `user:…`."""
    return ":" in rest.partition("@")[0].partition("/")[0]
