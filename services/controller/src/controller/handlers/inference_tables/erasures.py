"""Use cases of erasures: ordered here, carried out by the inference-logger, which asks for what is open."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from controller.domain.inference_tables.erasures import NewErasure, final_by
from controller.domain.registries.secrets import Vault
from controller.handlers.inference_tables.masking_keys import unsealed_key
from controller.handlers.unit_of_work import UnitOfWork
from controller.store.inference_tables.erasures import open_erasures
from controller.store.inference_tables.masking_keys import key_of_project
from controller.store.tables import ErasureRow, ServiceRow
from shared.contracts.inference_tables.erasures import ErasureOrder, ErasureOrders, ErasureTerms
from shared.database import Database
from shared.errors import Unavailable
from shared.events import ErasureFinished
from shared.masking.values import hash_token


async def order_erasure(unit: UnitOfWork, service: ServiceRow, command: NewErasure, terms: ErasureTerms) -> ErasureRow:
    """An order; rows of requests that come later stay."""
    row = ErasureRow(
        service=service.name,
        project=service.project,
        by=command.by,
        column=command.column,
        subjects=list(command.subjects),
        count=len(command.subjects),
        creator=unit.actor,
        ordered_at=unit.now,
        final_by=final_by(unit.now, terms),
    )
    unit.session.add(row)
    await unit.session.flush()
    return row


async def open_orders(database: Database, vault: Vault) -> ErasureOrders:
    """What the inference-logger has to do. Of a column that may be hashed, the hashes are looked for too."""
    async with database.read() as session:
        return ErasureOrders(items=tuple([await _order(session, vault, row) for row in await open_erasures(session)]))


async def _order(session: AsyncSession, vault: Vault, row: ErasureRow) -> ErasureOrder:
    subjects: Sequence[str] = row.subjects
    if row.by == "column":
        subjects = [*subjects, *await _hashes(session, vault, row)]
    field = "values" if row.by == "column" else row.by
    return ErasureOrder(
        id=row.id,
        service=row.service,
        ordered_at=row.ordered_at,
        final_by=row.final_by,
        column=row.column,
        **{field: tuple(subjects)},
    )


async def _hashes(session: AsyncSession, vault: Vault, row: ErasureRow) -> list[str]:
    sealed = await key_of_project(session, row.project)
    if sealed is None:
        return []
    try:
        key = unsealed_key(vault, sealed)
    except Unavailable:
        return []  # what it hashed cannot be recognised by anybody any more
    return [hash_token(value, key) for value in row.subjects]


async def finish_erasure(session: AsyncSession, event: ErasureFinished) -> None:
    """Keep the receipt, and forget whom it was about."""
    row = await session.get(ErasureRow, event.erasure_id)
    if row is not None:
        row.is_finished, row.subjects = True, []
        row.receipt = event.receipt.model_dump(mode="json")
