"""Signatures of models by version and generation, as SQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from inference_logger.domain.inferences.signatures import KnownSignatures, parse_signature
from inference_logger.store.tables import SignatureRow
from shared.contracts.deployment import ModelSignature
from shared.contracts.rpc.inference_logger.signatures import SignatureList, VersionSignature

MOST_GENERATIONS = 100
"""Signatures that are kept of a version."""


async def save_signature(
    session: AsyncSession, service: str, key: tuple[str, int], signature: ModelSignature | None
) -> None:
    """Note what a pod of that version and generation says of its model; None: nothing, which takes nothing back."""
    version_id, generation = key
    row = await session.get(SignatureRow, key)
    if row is None:
        row = SignatureRow(version_id=version_id, generation=generation, service=service)
        session.add(row)
        await _forget_old(session, version_id, generation)
    if signature is not None and (row.inputs, row.outputs) != (signature.inputs, signature.outputs):
        row.inputs, row.outputs = signature.inputs, signature.outputs


async def _forget_old(session: AsyncSession, version_id: str, generation: int) -> None:
    table: Any = SignatureRow
    oldest = generation - MOST_GENERATIONS
    await session.execute(delete(table).where(table.version_id == version_id, table.generation < oldest))


async def find_signatures(session: AsyncSession, service: str) -> KnownSignatures:
    """All that is known of a service's versions."""
    table: Any = SignatureRow
    found = (await session.execute(select(table).where(table.service == service))).scalars()
    return KnownSignatures(
        {(row.version_id, row.generation): parse_signature(row.inputs, row.outputs) for row in found}
    )


async def list_signatures(session: AsyncSession, service: str) -> SignatureList:
    """The same as texts, those of a version that are alike in one."""
    table: Any = SignatureRow
    order = (table.version_id, table.generation)
    found = (await session.execute(select(table).where(table.service == service).order_by(*order))).scalars()
    alike: dict[tuple[str, str | None, str | None], list[int]] = {}
    for row in found:
        alike.setdefault((row.version_id, row.inputs, row.outputs), []).append(row.generation)
    signatures = [
        VersionSignature(version_id=version_id, generations=tuple(generations), inputs=inputs, outputs=outputs)
        for (version_id, inputs, outputs), generations in alike.items()
    ]
    return SignatureList(service=service, signatures=tuple(signatures))


async def delete_signatures(session: AsyncSession, service: str) -> None:
    """The service and its tables are gone."""
    table: Any = SignatureRow
    await session.execute(delete(table).where(table.service == service))
