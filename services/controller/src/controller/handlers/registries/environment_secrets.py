"""Secrets in the environment variables of versions: which may be named, and their values for the scheduler."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from controller.domain.registries.environment import secret_references
from controller.domain.registries.secrets import SecretKind, Vault
from controller.handlers.registries.secrets import unsealed_fields
from controller.store.registries.secrets import load_secret, project_of_service, project_of_version
from controller.store.tables import SecretRow
from shared.contracts.deployment import SecretKeyRef
from shared.contracts.rpc.controller import SecretsQuery, SecretValues
from shared.database import Database
from shared.errors import Detail, InvalidInput, NotFound


async def environment_secret(
    session: AsyncSession, ref: SecretKeyRef, project: str, *, for_update: bool = False
) -> SecretRow:
    """The secret that `ref` names in `project`, with that key; another project's is not there."""
    secret = await load_secret(session, ref.secret, for_update=for_update)
    if secret.project != project:
        raise NotFound(f"There is no secret {ref.secret!r}")
    if secret.kind != SecretKind.OPAQUE:
        raise _refused(f"Secret {ref.secret!r} is of the kind {secret.kind}; variables take those of the kind opaque")
    if ref.key not in secret.fields:
        raise _refused(f"Secret {ref.secret!r} has no key {ref.key!r}; there are {', '.join(secret.fields)}")
    return secret


async def lock_environment_secrets(session: AsyncSession, env: Mapping[str, Any], project: str) -> None:
    """Lock the secrets that `env` names until the transaction ends: nobody deletes one that begins to be used."""
    for ref in secret_references(env):
        await environment_secret(session, ref, project, for_update=True)


async def secret_values(database: Database, vault: Vault, query: SecretsQuery) -> SecretValues:
    """What the pods of a version, or the jobs of a service, are to be given, for the scheduler alone."""
    async with database.read() as session:
        if query.version_id is not None:
            project = await project_of_version(session, query.version_id)
        else:
            project = await project_of_service(session, query.service_id)
        found = [(await environment_secret(session, ref, project), ref.key) for ref in query.refs]
        return SecretValues(values=tuple(unsealed_fields(vault, secret)[key] for secret, key in found))


def _refused(message: str) -> InvalidInput:
    return InvalidInput(message, (Detail(("env",), message),))
