"""Use cases of secrets, and where the key that seals them comes from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from controller.domain.names import taken
from controller.domain.registries.environment import secret_references
from controller.domain.registries.images import named_secrets
from controller.domain.registries.secrets import NewSecret, SealedValue, SecretKind, SecretValue, Vault, check_fields
from controller.domain.services.status import DesiredState
from controller.handlers.unit_of_work import UnitOfWork
from controller.store.access.people import load_project
from controller.store.alerting.definitions import channels_with
from controller.store.inference_tables.destinations import destinations_with
from controller.store.inference_tables.label_sources import sources_with
from controller.store.registries.secrets import (
    sealed_by_others,
    secret_by_name,
    versions_from,
    versions_of_images,
    versions_with_variables,
)
from controller.store.retraining.triggers import triggers_with
from controller.store.tables import SecretRow, VersionRow
from shared.contracts.deployment import ImageSource
from shared.errors import Conflict, Detail, InvalidInput, Unavailable
from shared.filesystem.private_files import read_or_create_key_file
from shared.ids import new_id


async def create_secret(unit: UnitOfWork, vault: Vault, command: NewSecret) -> SecretRow:
    """A new secret; `Conflict` when the name is taken."""
    await load_project(unit.session, command.project)
    if await secret_by_name(unit.session, command.name) is not None:
        raise taken(f"There is already a secret {command.name!r}")
    identity = new_id()
    value = vault.seal(identity, command.data)
    row = SecretRow(
        **command.model_dump(exclude={"data"}),
        id=identity,
        fields=sorted(command.data),
        key_id=value.key_id,
        sealed=value.sealed,
        creator=unit.actor,
        created_at=unit.now,
        updated_at=unit.now,
    )
    unit.session.add(row)
    await unit.session.flush()
    return row


async def check_named_secret(session: AsyncSession, name: str, kind: SecretKind, project: str | None) -> None:
    """`InvalidInput` unless there is a secret `name` of this kind; another project's is not there (None: any is)."""
    secret = await secret_by_name(session, name)
    if secret is None or (project is not None and secret.project != project):
        why = f"There is no secret {name!r}"
    elif secret.kind != kind:
        why = f"Secret {name!r} is of the kind {secret.kind}, not {kind}"
    else:
        return
    raise InvalidInput(why, (Detail(("secret",), why),))


async def replace_secret(unit: UnitOfWork, vault: Vault, secret: SecretRow, command: SecretValue) -> None:
    """Seal another value; it must be made of what the secret's kind needs."""
    check_fields(SecretKind(secret.kind), command.data)
    value = vault.seal(secret.id, command.data)
    secret.key_id, secret.sealed, secret.fields = value.key_id, value.sealed, sorted(command.data)
    secret.revision += 1
    secret.updated_at = unit.now
    for _, version in await _that_name(unit.session, secret, (lambda row: row.env,)):
        if version.wanted == DesiredState.STARTED:
            version.stale_secrets = sorted({secret.name, *(version.stale_secrets or ())})
            version.revision += 1
            version.updated_at = unit.now


async def delete_secret(unit: UnitOfWork, secret: SecretRow) -> None:
    """Forget a secret for good; `Conflict` names what needs it: versions, destinations, sources, channels, triggers."""
    used = await versions_from(unit.session, secret.name)
    named = await _that_name(unit.session, secret, (lambda row: row.env, lambda row: (row.last_good or {}).get("env")))
    pulled = await _with_image_of(unit.session, secret)
    opened = [f"destination {name}" for name in await destinations_with(unit.session, secret.name)]
    read = [f"label source {name}" for name in await sources_with(unit.session, secret.name)]
    told = [f"channel {name}" for name in await channels_with(unit.session, secret.name)]
    called = [f"retraining trigger {name}" for name in await triggers_with(unit.session, secret.name)]
    if used := [*used, *(name for name, _ in named), *pulled, *opened, *read, *told, *called][:5]:
        raise Conflict(f"Secret {secret.name!r} is in use by {', '.join(used)}")
    await unit.session.delete(secret)


async def _that_name(
    session: AsyncSession, secret: SecretRow, places: Sequence[Callable[[VersionRow], Any]]
) -> list[tuple[str, VersionRow]]:
    """Versions in whose environment variables, in one of these `places`, a secret is named."""
    return [
        (name, row)
        for name, row in await versions_with_variables(session, secret.project)
        if any(ref.secret == secret.name for place in places for ref in secret_references(place(row)))
    ]


async def _with_image_of(session: AsyncSession, secret: SecretRow) -> list[str]:
    """Versions whose image, or the one that they would be rolled back to, names a secret."""
    return [
        name
        for name, row in await versions_of_images(session, secret.project)
        for image in (row.image, (row.last_good or {}).get("image"))
        if image is not None
        and any(named == secret.name for named, _, _ in named_secrets(ImageSource.model_validate(image)))
    ]


async def reseal_secrets(session: AsyncSession, vault: Vault) -> tuple[list[str], list[str]]:
    """Seal with the vault's first key what older ones have sealed, so that those can be given up.

    Nothing else of a secret changes. Returns the names of these secrets, and of those that no key opens.
    """
    sealed, lost = [], []
    for secret in await sealed_by_others(session, vault.first_key_id):
        try:
            value = vault.seal(secret.id, unsealed_fields(vault, secret))
        except Unavailable:
            lost.append(secret.name)
        else:
            secret.key_id, secret.sealed = value.key_id, value.sealed
            sealed.append(secret.name)
    return sealed, lost


def unsealed_fields(vault: Vault, secret: SecretRow) -> dict[str, str]:
    """The fields of a secret, for the platform's own use."""
    return vault.unseal(secret.id, SealedValue(secret.key_id, secret.sealed))


def vault_from_keys(given: bytes | None, older: Sequence[bytes], file: Path) -> Vault:
    """The vault of this installation: with the `given` key, or the one in `file`, which is made where it is missing."""
    return Vault([given or read_or_create_key_file(file), *older])
