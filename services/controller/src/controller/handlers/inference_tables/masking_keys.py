"""Keys of hashed columns: one for each project, made when it is first asked for, sealed like secrets."""

from __future__ import annotations

import os

from sqlalchemy.ext.asyncio import AsyncSession

from controller.domain.registries.secrets import SealedValue, Vault
from controller.store.access.people import load_project
from controller.store.inference_tables.masking_keys import key_of_project, keys_sealed_by_others
from controller.store.tables import MaskingKeyRow
from shared.clock import Clock
from shared.database import Database
from shared.errors import Unavailable
from shared.ids import new_id

KEY_BYTES = 32


async def masking_key(database: Database, vault: Vault, clock: Clock, project: str) -> bytes:
    """The key of a project; `NotFound` where there is neither a key nor a project of this name."""
    async with database.read() as session:
        row = await key_of_project(session, project)
    if row is None:
        async with database.unit_of_work() as session:
            row = await _made(session, vault, clock, project)
    return unsealed_key(vault, row)


async def _made(session: AsyncSession, vault: Vault, clock: Clock, project: str) -> MaskingKeyRow:
    await load_project(session, project, for_update=True)
    row = await key_of_project(session, project)
    if row is None:
        identity = new_id()
        value = vault.seal(identity, {"key": os.urandom(KEY_BYTES).hex()})
        row = MaskingKeyRow(
            project=project, id=identity, key_id=value.key_id, sealed=value.sealed, created_at=clock.now()
        )
        session.add(row)
        await session.flush()
    return row


async def reseal_masking_keys(session: AsyncSession, vault: Vault) -> list[str]:
    """Seal with the vault's first key what older ones have sealed; returns the projects whose key no key opens."""
    lost = []
    for row in await keys_sealed_by_others(session, vault.first_key_id):
        try:
            value = vault.seal(row.id, {"key": unsealed_key(vault, row).hex()})
        except Unavailable:
            lost.append(row.project)
        else:
            row.key_id, row.sealed = value.key_id, value.sealed
    return lost


def unsealed_key(vault: Vault, row: MaskingKeyRow) -> bytes:
    """The key itself; `Unavailable` where none of this installation opens it."""
    return bytes.fromhex(vault.unseal(row.id, SealedValue(row.key_id, row.sealed))["key"])
