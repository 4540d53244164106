"""The inference-logger, as far as a controller asks it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

from shared.bus import Bus
from shared.clock import SystemClock
from shared.contracts.chunks import ChunkStream
from shared.contracts.inference_tables.erasures import ErasureIds, ErasureQuery, ErasureReceipt, ErasureTerms
from shared.contracts.rpc.inference_logger.signatures import (
    SIGNATURES,
    SignatureList,
    SignaturesQuery,
    VersionSignature,
)
from shared.contracts.rpc.inference_logger.tables import (
    ACCOUNTING,
    ERASURE_RECEIPT,
    ERASURE_TERMS,
    ERASURES_BEGUN,
    READ,
    ROWS,
    TABLE,
    TABLES,
    AccountingPage,
    AccountingPoint,
    AccountingQuery,
    ReadQuery,
    RowPage,
    RowsQuery,
    TableColumn,
    TableDetails,
    TableList,
    TableQuery,
    TablesQuery,
    TableView,
)
from shared.contracts.rpc.method import Nothing
from shared.errors import NotFound


class LoggerAnswers:
    """Answers about inference tables and erasures; a test says which."""

    def __init__(self, nats_url: str) -> None:
        self.logger = Bus("inference-logger", nats_url, clock=SystemClock(), owns_streams=True)
        self.rows: tuple[dict[str, Any], ...] = ()
        self.read_pieces: list[bytes] = [
            b'{"columns":["request_id"],"next_cursor":null,',
            b'"items":[{"request_id":"r1"}]}',
        ]
        self.asked_reads: list[ReadQuery] = []
        self.asked_accounts: list[AccountingQuery] = []
        self.receipts: dict[UUID, ErasureReceipt] = {}
        self.logger.serve(TABLES, self._tables)
        self.logger.serve(ROWS, self._rows)
        self.logger.serve(TABLE, self._table)
        self.logger.serve(READ, self._read)
        self.logger.serve(ACCOUNTING, self._account)
        self.logger.serve(SIGNATURES, self._signatures)
        self.logger.serve(ERASURE_TERMS, self._erasure_terms)
        self.logger.serve(ERASURE_RECEIPT, self._erasure_receipt)
        self.logger.serve(ERASURES_BEGUN, self._erasures_begun)

    async def _tables(self, query: TablesQuery) -> TableList:
        table = TableView(
            name=f"{query.service}.payload", service="wine", kind="payload", location="file:///t", rows=1, version=0
        )
        return TableList(items=(table,))

    async def _table(self, query: TableQuery) -> TableDetails:
        (view,) = (await self._tables(TablesQuery(service=query.table.partition(".")[0]))).items
        return TableDetails(**view.model_dump(), columns=(TableColumn(name="a", type="DOUBLE"),))

    async def _rows(self, query: RowsQuery) -> RowPage:
        if query.table != "wine.payload":
            raise NotFound(f"There is no table {query.table}")
        if query.request_id is None:
            return RowPage(columns=("request_id",), items=({"request_id": "r1"},))
        return RowPage(
            columns=("request_id",), items=tuple(row for row in self.rows if row["request_id"] == query.request_id)
        )

    async def _read(self, query: ReadQuery) -> ChunkStream:
        if not query.table.startswith("wine."):
            raise NotFound(f"no inference table {query.table}")
        self.asked_reads.append(query)

        async def pieces() -> AsyncGenerator[bytes, None]:
            for piece in self.read_pieces:
                yield piece

        return await self.logger.offer_chunks(pieces())

    async def _account(self, query: AccountingQuery) -> AccountingPage:
        self.asked_accounts.append(query)
        point = AccountingPoint(start=query.from_time, accepted=3, stored=2, dropped={"d": 1}, on_the_way=0, missing=0)
        return AccountingPage(items=(point,), total=point)

    async def _signatures(self, query: SignaturesQuery) -> SignatureList:
        one = VersionSignature(version_id="v", generations=(1, 3), inputs="[]", outputs=None)
        return SignatureList(service=query.service, signatures=(one,))

    async def _erasure_terms(self, _: Nothing) -> ErasureTerms:
        return ErasureTerms(stream_s=86_400, files_s=604_800)

    async def _erasures_begun(self, query: ErasureIds) -> ErasureIds:
        return ErasureIds(ids=tuple(identity for identity in query.ids if identity in self.receipts))

    async def _erasure_receipt(self, query: ErasureQuery) -> ErasureReceipt:
        if query.id not in self.receipts:
            raise NotFound("the erasure has not begun")
        return self.receipts[query.id]
