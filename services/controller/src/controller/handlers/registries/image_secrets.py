"""Secrets that the images of versions name: which may be named, and their fields for the scheduler."""

from __future__ import annotations

from typing import Literal, cast

from sqlalchemy.ext.asyncio import AsyncSession

from controller.domain.registries.images import Loc, named_secrets
from controller.domain.registries.secrets import SecretKind, Vault, check_fields
from controller.handlers.registries.secrets import unsealed_fields
from controller.store.registries.secrets import load_secret, project_of_version
from controller.store.tables import SecretRow
from shared.contracts.deployment import ImageSource
from shared.contracts.rpc.controller import ImageSecret, ImageSecretQuery
from shared.database import Database
from shared.errors import Detail, InvalidInput, NotFound

_HANDED_OVER = (SecretKind.REGISTRY, SecretKind.S3)
"""Kinds whose fields the scheduler is given by this way; tracking servers have one of their own."""


async def lock_image_secrets(session: AsyncSession, image: ImageSource, project: str) -> None:
    """Lock the secrets that `image` names until the transaction ends: nobody deletes one that begins to be used.

    Raises `NotFound` for another project's, `InvalidInput` for one of another kind.
    """
    for name, kind, loc in named_secrets(image):
        secret = await load_secret(session, name, for_update=True)
        _check(secret, kind, project, loc)


async def image_secret(database: Database, vault: Vault, query: ImageSecretQuery) -> ImageSecret:
    """A secret of the project of a version, for the scheduler alone. Raises `NotFound`, `InvalidInput`."""
    async with database.read() as session:
        project = await project_of_version(session, query.version_id)
        secret = await load_secret(session, query.secret)
    kind = SecretKind(secret.kind)
    _check(secret, kind if kind in _HANDED_OVER else SecretKind.REGISTRY, project, ("secret",))
    fields = unsealed_fields(vault, secret)
    check_fields(kind, fields)
    return ImageSecret(kind=cast(Literal["registry", "s3"], kind.value), fields=fields)


def _check(secret: SecretRow, kind: SecretKind, project: str, loc: Loc) -> None:
    if secret.project != project:
        raise NotFound(f"There is no secret {secret.name!r}")
    if secret.kind != kind:
        why = f"Secret {secret.name!r} is of the kind {secret.kind}, not {kind}"
        raise InvalidInput(why, (Detail(loc, why),))
