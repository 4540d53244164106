"""Secrets that the platform keeps for others (registry and MLflow credentials, webhook secrets), sealed.

AES-256-GCM under a key from outside the database, whose id stands beside each secret, so that keys can be rotated: new
secrets are sealed with the first key, old ones are opened with theirs. The secret's identity is authenticated with it,
so that a row copied over another one does not open.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from controller.domain import names
from controller.domain.commands import Command, ServiceName, Text
from shared.contracts.alerting.channel_credentials import check_credentials
from shared.contracts.alerting.channels import ChannelKind
from shared.database_urls import parse_database_url
from shared.errors import Detail, InvalidInput, Unavailable

_NONCE_BYTES = 12


class SecretKind(StrEnum):
    """What a secret is for."""

    REGISTRY = "registry"
    WEBHOOK = "webhook"
    MLFLOW = "mlflow"
    S3 = "s3"
    POSTGRESQL = "postgresql"
    HTTP = "http"
    OPAQUE = "opaque"
    WECOM = "wecom"
    DINGTALK = "dingtalk"
    FEISHU = "feishu"
    LARK = "lark"
    SLACK = "slack"
    PAGERDUTY = "pagerduty"
    ALERTMANAGER = "alertmanager"
    SMTP = "smtp"


FIELDS: Mapping[SecretKind, tuple[frozenset[str], frozenset[str]]] = {
    SecretKind.REGISTRY: (frozenset({"username", "password"}), frozenset({"server"})),
    SecretKind.WEBHOOK: (frozenset({"secret"}), frozenset({"previous_secret", "username", "password", "token"})),
    SecretKind.MLFLOW: (frozenset({"url"}), frozenset({"username", "password", "token"})),
    SecretKind.POSTGRESQL: (frozenset({"url"}), frozenset()),
    SecretKind.HTTP: (frozenset(), frozenset({"username", "password", "token"})),
    SecretKind.S3: (frozenset({"access_key", "secret_key"}), frozenset({"session_token"})),
}
"""Kind → the fields that a secret must have, and those that it may have besides."""

CHANNELS: Mapping[SecretKind, ChannelKind] = {
    SecretKind.WECOM: "wecom",
    SecretKind.DINGTALK: "dingtalk",
    SecretKind.FEISHU: "feishu",
    SecretKind.LARK: "lark",
    SecretKind.SLACK: "slack",
    SecretKind.PAGERDUTY: "pagerduty",
    SecretKind.ALERTMANAGER: "alertmanager",
    SecretKind.SMTP: "smtp",
}
"""Kinds that hold the credentials of channels; `channel_credentials` (shared) knows what those are made of."""

SecretText = Annotated[str, Field(min_length=1, max_length=65_536)]
FieldName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,62}$")]
SecretData = Annotated[dict[FieldName, SecretText], Field(min_length=1, max_length=32)]


class NewSecret(Command):
    """A secret: its fields, such as `username` and `password`, go in and never come out."""

    name: Annotated[str, AfterValidator(names.service_name)]
    project: ServiceName = "default"
    kind: SecretKind
    description: Text = ""
    data: SecretData = Field(repr=False)

    @model_validator(mode="after")
    def _fields_of_its_kind(self) -> NewSecret:
        check_fields(self.kind, self.data)
        return self


class SecretValue(Command):
    """Another value for a secret; the whole of it is replaced."""

    data: SecretData = Field(repr=False)


def check_fields(kind: SecretKind, data: Mapping[str, str]) -> None:
    """Refuse what a secret of this kind cannot be made of; the message names fields and shows no value."""
    if kind is SecretKind.OPAQUE:  # whatever a model's environment variables need
        return
    if kind in CHANNELS:
        check_credentials(CHANNELS[kind], {}, data)
        return
    needed, possible = FIELDS[kind]
    if missing := sorted(needed - set(data)):
        raise _wrong(f"A secret of the kind {kind} needs {', '.join(missing)}", missing[0], "missing")
    if set(data) - needed - possible:
        raise _wrong(f"A secret of the kind {kind} takes only {', '.join(sorted(needed | possible))}", None, "unknown")
    _check_values(kind, data)


def _check_values(kind: SecretKind, data: Mapping[str, str]) -> None:
    match kind:
        case SecretKind.MLFLOW:
            _check_credentials(data)
            _check_url(data["url"])
        case SecretKind.HTTP:
            _check_credentials(data)
            _check_headers({name: value for name, value in data.items() if name == "token"})
        case SecretKind.POSTGRESQL:
            _check_database_url(data["url"])
        case SecretKind.S3:
            _check_headers(data)


def _check_headers(data: Mapping[str, str]) -> None:
    for name, value in data.items():
        if not value.isascii() or not value.isprintable() or " " in value:
            raise _wrong(f"{name} is made of printable ASCII characters without spaces", name, "not printable ASCII")


def _check_credentials(data: Mapping[str, str]) -> None:
    if ("username" in data) != ("password" in data):
        missing = "password" if "username" in data else "username"
        raise _wrong(f"username and password belong together: {missing} is missing", missing, "missing")
    if "token" in data and "password" in data:
        raise _wrong("Give either username and password, or a token", "token", "not beside username and password")
    if not all(value.isprintable() and value.isascii() for name, value in data.items() if name == "token"):
        raise _wrong("A token is made of printable ASCII characters", "token", "not printable ASCII")
    if ":" in data.get("username", ""):
        raise _wrong("A username must not hold a colon", "username", "holds a colon")


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError as wrong:
        raise _wrong("url is not a URL", "url", "not a URL") from wrong
    is_plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_valid or not is_plain:
        raise _wrong("url must be an http:// or https:// URL", "url", "not an http or https URL")
    if "@" in parts.netloc or "?" in url or "#" in url:
        raise _wrong("url must hold no credentials, query or fragment", "url", "more than an address")


def _check_database_url(url: str) -> None:
    try:
        parse_database_url(url)
    except ValueError as wrong:
        raise _wrong(f"url {wrong}", "url", str(wrong)) from None


def _wrong(message: str, field: str | None, why: str) -> InvalidInput:
    return InvalidInput(message, (Detail(("data",) if field is None else ("data", field), why),))


@dataclass(frozen=True)
class SealedValue:
    """A secret as it is stored."""

    key_id: str
    sealed: bytes


class Vault:
    """Seals with the first key and unseals with any of them."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = {key_id(key): key for key in keys}
        self._first = key_id(keys[0])

    @property
    def first_key_id(self) -> str:
        """Id of the key that seals."""
        return self._first

    def seal(self, identity: UUID, data: Mapping[str, str]) -> SealedValue:
        """Seal the fields of the secret `identity`."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  (7 MB that most never need)

        nonce, plain = os.urandom(_NONCE_BYTES), json.dumps(dict(data)).encode()
        sealed = nonce + AESGCM(self._keys[self._first]).encrypt(nonce, plain, identity.bytes)
        return SealedValue(self._first, sealed)

    def unseal(self, identity: UUID, value: SealedValue) -> dict[str, str]:
        """The fields; `Unavailable` where this installation does not have the key."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

        key = self._keys.get(value.key_id)
        if key is None:
            raise Unavailable(f"A secret is sealed with key {value.key_id}, which is not configured")
        nonce, sealed = value.sealed[:_NONCE_BYTES], value.sealed[_NONCE_BYTES:]
        try:
            opened: dict[str, str] = json.loads(AESGCM(key).decrypt(nonce, sealed, identity.bytes))
        except InvalidTag as wrong:
            raise Unavailable("A secret does not open: its row was damaged or exchanged") from wrong
        return opened


def key_id(key: bytes) -> str:
    """A short name of a key that says nothing of it."""
    return hashlib.sha256(b"penstock secret key\n" + key).hexdigest()[:16]
