"""Secrets in the environment variables of versions: which may be named, and their values for the scheduler."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from controller.domain.registries.secrets import SecretKind, Vault
from controller.handlers.registries.secrets import unsealed_fields
from controller.store.registries.secrets import load_secret, project_of_version
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


async def secret_values(database: Database, vault: Vault, query: SecretsQuery) -> SecretValues:
    """What the pods of a version are to be given, for the scheduler alone."""
    async with database.read() as session:
        project = await project_of_version(session, query.version_id)
        found = [(await environment_secret(session, ref, project), ref.key) for ref in query.refs]
        return SecretValues(values=tuple(unsealed_fields(vault, secret)[key] for secret, key in found))


def _refused(message: str) -> InvalidInput:
    return InvalidInput(message, (Detail(("env",), message),))
