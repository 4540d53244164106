"""The replay of recorded requests: read from the payload table, asked of the candidate past the split, unrecorded."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from controller.clients.router import RouterClient, RouterResponse
from controller.domain.canaries.plan import CanaryPlan, PreflightRule
from controller.domain.canaries.preflight import PreflightReport, Replay, Reply, report_of
from controller.domain.services.debug_tickets import TicketSigner
from controller.handlers.services.debugging import DebugTarget, find_debug_target
from controller.store.services.services import load_service
from controller.store.tables import CanaryRow
from shared.bus import Bus
from shared.clock import Clock
from shared.contracts.chunks import ChunkStream
from shared.contracts.rpc.inference_logger.tables import READ, ReadQuery
from shared.database import Database
from shared.errors import NotFound

AT_ONCE = 4
"""Requests of a replay under way: the candidate is warmed, not tried for its limits."""
PAGE_ROWS = 100
MOST_BYTES = 32 * 1024 * 1024
"""Of the bodies that are replayed: up to 1 MiB of each request and answer is recorded."""
READ_WITHIN_S = 15.0
MAX_HOLD_S = 15.0
"""Beyond the version's own timeout: how long a router may hold a request for a pod, and its way."""


@dataclass(frozen=True)
class Recorded:
    """A recorded request that was answered."""

    body: str
    answer: Any
    duration_ms: float
    bytes: int
    """Of both bodies, as text."""


@dataclass(frozen=True)
class PreflightTargets:
    """Both versions as they are asked, and the columns that the log has not as they were."""

    candidate: DebugTarget
    stable: DebugTarget
    masked: tuple[str, ...]
    is_sliced: bool
    """Whether requests are read for a column."""


@dataclass(frozen=True)
class PreflightReplay:
    """Replays recorded requests; done twice it comes to the same."""

    database: Database
    bus: Bus
    clock: Clock
    data_plane: RouterClient
    signer: TicketSigner
    most_bytes: int = MOST_BYTES

    async def run(self, service: str, row: CanaryRow) -> PreflightReport:
        """The report; `Unavailable` where log or router do not answer, `Conflict` where a version does not run."""
        rule = CanaryPlan.model_validate(row.plan).preflight
        assert rule is not None
        assert row.stable is not None
        targets = await self._targets(service, row.version, row.stable, is_sliced=rule.slice is not None)
        recorded = await self._recorded(service, row.stable, rule)
        replays: list[Replay] = []
        async with asyncio.TaskGroup() as group:
            slots = asyncio.Semaphore(AT_ONCE)
            until = self.clock.monotonic() + rule.time_limit.total_seconds()
            for each in recorded:
                group.create_task(self._replay(each, targets, slots, until, replays))
        return report_of(rule, replays, len(recorded) - len(replays), targets.masked, self.clock.now())

    async def _targets(self, service: str, candidate: str, stable: str, *, is_sliced: bool) -> PreflightTargets:
        async with self.database.read() as session:
            stored = await load_service(session, service)
            rules = stored.version(stable).row.log_delivery.get("masking") or ()
            return PreflightTargets(
                await find_debug_target(session, service, candidate),
                await find_debug_target(session, service, stable),
                tuple(rule["column"] for rule in rules),
                is_sliced,
            )

    async def _recorded(self, service: str, stable: str, rule: PreflightRule) -> list[Recorded]:
        """The newest answered requests of the stable version; none where it has no table."""
        found: list[Recorded] = []
        cursor: str | None = None
        room = self.most_bytes
        while len(found) < rule.requests:
            query = ReadQuery(
                table=f"{service}.payload",
                columns=("request", "response", "execution_duration_ms"),
                where=f"version = '{stable}' and status_code = 200",
                from_time=self.clock.now() - rule.max_age,
                page_size=min(PAGE_ROWS, rule.requests),
                cursor=cursor,
            )
            try:
                page = json.loads(await self._whole(query))
            except NotFound:
                return found
            for item in page["items"]:
                if (recorded := _recorded_of(item)) is None:
                    continue
                room -= recorded.bytes
                if room < 0:
                    return found
                found.append(recorded)
            cursor = page.get("next_cursor")
            if cursor is None:
                break
        return found[: rule.requests]

    async def _whole(self, query: ReadQuery) -> bytes:
        stream = await self.bus.call(READ, query, timeout=READ_WITHIN_S)
        assert isinstance(stream, ChunkStream)
        return b"".join([chunk async for chunk in self.bus.read_chunks(stream)])

    async def _replay(
        self,
        recorded: Recorded,
        targets: PreflightTargets,
        slots: asyncio.Semaphore,
        until: float,
        replays: list[Replay],
    ) -> None:
        async with slots:
            if self.clock.monotonic() >= until:
                return
            before = Reply(200, recorded.answer, recorded.duration_ms)
            if targets.masked:
                before = _reply(await self._ask(targets.stable, recorded.body))
                if before.status != 200:
                    return
            after = _reply(await self._ask(targets.candidate, recorded.body))
        replays.append(Replay(_parsed(recorded.body) if targets.is_sliced else None, before, after))

    async def _ask(self, target: DebugTarget, body: str) -> RouterResponse:
        ticket = self.signer.ticket(target.service, target.version, self.clock.now(), is_logged=False)
        path = f"/{target.service}/versions/{target.version}/predict"
        return await self.data_plane.predict(path, body, ticket, {}, target.timeout_s + MAX_HOLD_S)


def _recorded_of(item: dict[str, Any]) -> Recorded | None:
    request, response = item.get("request"), item.get("response")
    if not isinstance(request, str) or not isinstance(response, str):
        return None
    answer = _parsed(response)
    if _parsed(request) is None or not isinstance(answer, dict) or "predictions" not in answer:
        return None  # of another path of the service: Open Inference, or the model's own
    return Recorded(request, answer, float(item.get("execution_duration_ms") or 0), len(request) + len(response))


def _reply(answer: RouterResponse) -> Reply:
    parsed = None if answer.is_truncated else _parsed(answer.body.decode(errors="replace"))
    return Reply(answer.status_code, parsed, answer.duration_ms)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
