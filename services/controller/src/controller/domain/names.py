"""Names that people give: services and versions are DNS labels, models and aliases are narrower than MLflow's.

Everything that is not allowed here never reaches a path, a NATS subject or a filter string.
"""

from __future__ import annotations

import re

from shared.errors import Conflict, Detail, InvalidInput

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")
_MODEL = re.compile(r"[^/\\:'\"%`$\x00-\x1f\x7f]{1,255}\Z")
_MODEL_VERSION = re.compile(r"[1-9][0-9]{0,9}\Z")
_ALIAS = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}\Z")
_USER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,62}\Z")
_SPEC = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}\Z")
_GPU_KIND = re.compile(r"[A-Za-z0-9]([A-Za-z0-9 ._+/()-]{0,62}[A-Za-z0-9)])?\Z")
_TAG = re.compile(r"[A-Za-z0-9_.-]{1,250}=[^\\'\"%`\x00-\x1f\x7f]{0,255}\Z")
_KEY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.@-]{0,62}\Z")

RESERVED_SERVICES = frozenset({"api", "health", "healthz", "metrics", "ping", "readyz", "v1", "v2"})
"""First path segments that the data plane's own endpoints use, now or later."""


PLATFORM_ACTOR = "penstock"
"""Actor of what the platform does by itself, in the audit log."""

RESERVED_USERS = frozenset({"me", PLATFORM_ACTOR})
"""What stands for the caller in a path, and the platform's own name."""


def service_name(name: str) -> str:
    """`name` if it is a DNS label that may name a service; else `InvalidInput`."""
    checked = _checked(_LABEL, name, "name", "a DNS label: 1 to 63 of a-z, 0-9 and '-', not at either end")
    if checked in RESERVED_SERVICES:
        raise InvalidInput(f"{name!r} is a reserved name", (Detail(("name",), "reserved"),))
    return checked


def version_name(name: str) -> str:
    """`name` if it is a DNS label; else `InvalidInput`."""
    return _checked(_LABEL, name, "name", "a DNS label: 1 to 63 of a-z, 0-9 and '-', not at either end")


def model_name(name: str) -> str:
    """`name` if it can be a registered model's and holds nothing that a path or a filter would read differently."""
    checked = _checked(_MODEL, name, "model", "a registered model's name, without quotes, slashes, colons or '%'")
    if checked.strip() != checked or checked in {".", ".."}:
        raise InvalidInput(f"{name!r} is not a model name", (Detail(("model",), "not a model name"),))
    return checked


def model_version(version: str) -> str:
    """`version` if it is a positive whole number, as MLflow counts them."""
    return _checked(_MODEL_VERSION, version, "version", 'a positive whole number, such as "3"')


def model_alias(alias: str) -> str:
    """`alias` if MLflow would accept it."""
    return _checked(_ALIAS, alias, "alias", "letters, digits, '_', '-' and '.'")


def model_tag(tag: str) -> tuple[str, str]:
    """Key and value of `key=value`, if neither holds anything that a filter would read differently."""
    key, _, value = _checked(_TAG, tag, "tag", "key=value, without quotes, backslashes and '%'").partition("=")
    return key, value


def key_name(name: str) -> str:
    """`name` if it can label an API key."""
    return _checked(_KEY_NAME, name, "name", "1 to 63 letters, digits, spaces and any of _ . @ -")


def user_name(name: str) -> str:
    """`name` if it can name a user; else `InvalidInput`."""
    checked = _checked(_USER, name, "name", "1 to 63 letters, digits and any of _ . @ -, not with one of them first")
    if checked in RESERVED_USERS:
        raise InvalidInput(f"{name!r} is a reserved name", (Detail(("name",), "reserved"),))
    return checked


def project_name(name: str) -> str:
    """`name` if it is a DNS label; else `InvalidInput`."""
    return _checked(_LABEL, name, "name", "a DNS label: 1 to 63 of a-z, 0-9 and '-', not at either end")


def spec_name(name: str) -> str:
    """`name` if it can name a resource spec, such as `8C32G-T4`; else `InvalidInput`."""
    return _checked(_SPEC, name, "name", "1 to 63 letters, digits and any of _ . -, not with one of them first")


def gpu_kind(text: str) -> str:
    """`text` if the name of a kind of GPU can hold it, such as `H200` or `MIG 1g.18gb`; else `InvalidInput`.

    One space stands for several, and none at the ends: as names of GPUs have it.
    """
    return _gpu_kind(text)


def gpu_kind_in_group(text: str) -> str:
    """The same of a `resource_source`."""
    return _gpu_kind(text, "resource_source")


def _gpu_kind(text: str, *within: str) -> str:
    what = (
        "1 to 64 letters, digits, spaces and any of . _ + - / ( ), a letter or digit first, and one or ) last, "
        "such as H200 or MIG 1g.18gb"
    )
    return _checked(_GPU_KIND, " ".join(text.split()), "gpu_kind", what, *within)


def taken(message: str, field: str = "name") -> Conflict:
    """The refusal of a name, or of another `field`, that something has already: forms show it there."""
    return Conflict(message, (Detail((field,), message),))


def _checked(pattern: re.Pattern[str], value: str, field: str, what: str, *within: str) -> str:
    if not pattern.match(value):
        raise InvalidInput(
            f"{field} {value[:80]!r} is not valid: it must be {what}", (Detail((*within, field), f"must be {what}"),)
        )
    return value
