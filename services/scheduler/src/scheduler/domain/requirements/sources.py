"""Where packages of a model's environment may come from.

Whoever publishes a model writes its requirement lines, and the platform's machine is what connects: a line must lead
neither to the platform's own network nor to a file of the machine. Allowed are the public Internet (an installation
may say no), the installation's own package indexes, and what an operator allows besides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from scheduler.domain.requirements.lines import UnreadableRequirements
from shared.security.addresses import AddressRule, normal_host
from shared.security.redaction import redact_credentials

Resolve = Callable[[str], Iterable[str]]
"""Addresses of a host; none where only a proxy can tell. Raises OSError."""

INDEXES_SETTING = "SCHEDULER_ALLOWED_INDEXES"
PATHS_SETTING = "SCHEDULER_ALLOWED_PACKAGE_PATHS"
INDEX_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS",
                   "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS")  # fmt: skip
_WEB = frozenset({"http", "https", "git+http", "git+https"})
_NAMED_ONLY = frozenset({"git+ssh", "ssh", "git+git", "git"})
"""Ways in that take the platform's own keys, or none: only to hosts that the operator names."""
_HOST = re.compile(r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9.])?$|^[0-9A-Fa-f:.]+$")
VARIABLE = "${"


@dataclass(frozen=True)
class SourceRule:
    """What an installation allows."""

    allowed: AddressRule = field(default_factory=AddressRule)
    """Hosts, addresses and networks that are allowed although they are not public."""
    own: frozenset[str] = frozenset()
    """`host:port` of the installation's own package indexes."""
    paths: tuple[Path, ...] = ()
    """Folders of the machine that lines may name."""
    is_public_allowed: bool = True

    def check(self, address: str, resolve: Resolve) -> None:
        """Raises `UnreadableRequirements`, naming the host and the setting; OSError where the host has no address."""
        shown = redact_credentials(address)
        parts = _split(address, shown)
        host = normal_host(parts.hostname or "")
        if not _HOST.match(host) or "\\" in address:
            raise UnreadableRequirements(f"`{shown}` names no host that can be told")
        if place_of(parts) in self.own or host in self.allowed.hosts:
            return
        if VARIABLE in address:
            raise UnreadableRequirements(f"`{shown}` has a variable in it: {INDEXES_SETTING} does not name {host}")
        if parts.scheme in _NAMED_ONLY or not self.is_public_allowed:
            raise UnreadableRequirements(f"`{shown}` is not allowed: {INDEXES_SETTING} does not name {host}")
        self._check_addresses(host, shown, resolve)

    def _check_addresses(self, host: str, shown: str, resolve: Resolve) -> None:
        if not all(self.allowed.allows(host, each) for each in resolve(host)):
            raise UnreadableRequirements(
                f"`{shown}` is not allowed: {host} is no public address; "
                f"an administrator can allow it with {INDEXES_SETTING}"
            )

    def allows_path(self, path: Path) -> bool:
        """Whether a line may name this file or folder of the machine, which is resolved already."""
        return any(path == each or path.is_relative_to(each) for each in self.paths)


def place_of(parts: SplitResult) -> str:
    """`host:port`."""
    default = 80 if parts.scheme.endswith("http") else 443
    return f"{normal_host(parts.hostname or '')}:{parts.port or default}"


def own_indexes(environ: Mapping[str, str]) -> frozenset[str]:
    """`host:port` of the package indexes that the installation itself is set to."""
    urls = [url.rpartition("=")[2] if "=http" in url else url
            for name in INDEX_VARIABLES for url in re.split(r"[\s,]+", environ.get(name, ""))]  # fmt: skip
    found = set()
    for url in urls:
        try:
            if url.startswith(("http://", "https://")):
                found.add(place_of(urlsplit(url)))
        except ValueError:
            continue
    return frozenset(found)


def _split(address: str, shown: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 - raises where it is no number
    except ValueError:
        raise UnreadableRequirements(f"`{shown}` is no address") from None
    if parts.scheme.lower() not in _WEB | _NAMED_ONLY:
        raise UnreadableRequirements(f"`{shown}`: addresses begin with https://, http:// or git+https://")
    return parts
