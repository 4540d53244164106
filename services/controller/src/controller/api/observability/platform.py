"""`/platform`: how the platform itself is. Everybody is asked at once; who does not answer in time is away."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from nats.js.api import StreamInfo
from pydantic import BaseModel, Field

from controller.api.dependencies import ApiDependencies, Dependencies
from controller.domain.platform import ALWAYS, LOGGER, ROUTER, backlog_of, service_of
from shared.bus.nats_errors import NATS_ERRORS
from shared.bus.status import gather_status
from shared.bus.topology import BUCKETS, DEAD, STREAMS
from shared.contracts.rpc.method import Nothing
from shared.contracts.rpc.status import ServiceStatus
from shared.errors import Unavailable

router = APIRouter(tags=["platform"])

ANSWER_WITHIN_S = 0.8
"""With the rest of the answer it is there within a second, whoever is away."""
STREAM_NAMES = (*(stream.name for stream in STREAMS), *(f"KV_{bucket.bucket}" for bucket in BUCKETS))


class ProcessView(BaseModel):
    """One process of the platform."""

    name: str = Field(description="The service; of one of several with its id; `nats` and `mlflow` too.")
    state: Literal["running", "away"] = Field(description="away: it did not answer within a second.")
    version: str | None = None
    since: datetime | None = Field(
        default=None, description="When it was started; of one that is away, when it last answered, if that is known."
    )
    problem: str | None = Field(
        default=None,
        description="Why it cannot do its work, in a sentence: what runs the pods does not answer. null: it can.",
    )


class StreamView(BaseModel):
    """One stream of the bus."""

    name: str
    messages: int
    bytes: int
    max_bytes: int | None = Field(description="null: it has no bound.")
    fill: float | None = Field(description="`bytes` of `max_bytes`, 0 to 1.")


class SpoolView(BaseModel):
    """What a router has answered and the bus has not stored yet."""

    router: str
    bytes: int = Field(description="Disk that its files take; the one that is written to counts whole.")
    max_bytes: int
    oldest_age_s: float | None = Field(
        description="Since the oldest full file that waits was last written to; null: none waits."
    )


class BacklogView(BaseModel):
    """What is not in the inference tables yet; null while the inference logger is away."""

    pending: int | None = Field(default=None, description="Messages of the request log that it has not taken yet.")
    unacked: int | None = Field(default=None, description="Messages that it has taken and is writing.")
    oldest_age_s: float | None = Field(default=None, description="Age of the oldest of them; null: there is none.")


class StoreView(BaseModel):
    """The database of a service."""

    service: str
    kind: Literal["sqlite", "postgresql"]
    bytes: int


class PlatformView(BaseModel):
    """How the platform is. Of a process that is away, the spool and the store are as it last said."""

    services: list[ProcessView]
    streams: list[StreamView] = Field(description="Empty while NATS is away.")
    spool: list[SpoolView] = Field(description="One a router.")
    inference_logger: BacklogView
    dead_letters: int | None = Field(description="Dead letters that are kept; null while NATS is away.")
    stores: list[StoreView]


@router.get("/platform", response_model=PlatformView)
async def platform(deps: Dependencies) -> PlatformView:
    """How the platform itself is: its processes, the fill of streams and spools, what waits, sizes of databases."""
    found, streams, mlflow, own = await asyncio.gather(
        _answers(deps), _streams(deps), deps.registries.own.server_version(ANSWER_WITHIN_S), _own(deps)
    )
    known = deps.known_processes
    known.note(found.values(), deps.clock.now())
    states = list(known.states(found))
    last = [own, *(status for state in states if (status := known.last_status(state.name)) is not None)]
    backlog = backlog_of(found)
    services = [_running(own.name, own.version, own.since)]
    for state in states:
        shown: Literal["running", "away"] = "running" if state.is_running else "away"
        problem = found[state.name].problem if state.name in found else None
        services.append(
            ProcessView(name=state.name, state=shown, version=state.version, since=state.since, problem=problem)
        )
    services += [_nats(deps), _running("mlflow", mlflow) if mlflow else ProcessView(name="mlflow", state="away")]
    return PlatformView(
        services=services,
        streams=[_stream(name, info) for name, info in streams.items()],
        spool=list(_spools(last)),
        inference_logger=BacklogView(**backlog.model_dump()) if backlog else BacklogView(),
        dead_letters=streams[DEAD].state.messages if DEAD in streams else None,
        stores=list(_stores(last)),
    )


async def _answers(deps: ApiDependencies) -> Mapping[str, ServiceStatus]:
    if not deps.bus.is_connected:
        return {}
    asked, are_all_in = (*ALWAYS, ROUTER, LOGGER), deps.known_processes.are_all_in
    try:
        return await gather_status(deps.bus.nc, asked, are_all_in, within_s=ANSWER_WITHIN_S)
    except (Unavailable, *NATS_ERRORS):
        return {}


async def _streams(deps: ApiDependencies) -> dict[str, StreamInfo]:
    """Those that are told in time."""
    if not deps.bus.is_connected:
        return {}
    found = await asyncio.gather(*(_stream_info(deps, name) for name in STREAM_NAMES))
    return {name: info for name, info in zip(STREAM_NAMES, found, strict=True) if info is not None}


async def _stream_info(deps: ApiDependencies, name: str) -> StreamInfo | None:
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            return await deps.bus.js.stream_info(name)
    except (Unavailable, TimeoutError, *NATS_ERRORS):
        return None


async def _own(deps: ApiDependencies) -> ServiceStatus:
    return await deps.bus.status.report(Nothing())


def _nats(deps: ApiDependencies) -> ProcessView:
    if not deps.bus.is_connected:
        return ProcessView(name="nats", state="away")
    server = deps.bus.nc.connected_server_version
    return _running("nats", f"{server.major}.{server.minor}.{server.patch}")


def _running(name: str, version: str, since: datetime | None = None) -> ProcessView:
    return ProcessView(name=name, state="running", version=version, since=since)


def _stream(name: str, info: StreamInfo) -> StreamView:
    bound = info.config.max_bytes if (info.config.max_bytes or 0) > 0 else None
    fill = round(info.state.bytes / bound, 4) if bound else None
    return StreamView(name=name, messages=info.state.messages, bytes=info.state.bytes, max_bytes=bound, fill=fill)


def _stores(last: list[ServiceStatus]) -> Iterator[StoreView]:
    """One a service: several loggers share theirs."""
    found = {service_of(each.name): each.store for each in last if each.store}
    for service, store in found.items():
        yield StoreView(service=service, **store.model_dump())


def _spools(last: list[ServiceStatus]) -> Iterator[SpoolView]:
    for each in last:
        if each.spool is not None:
            yield SpoolView(router=each.name, **each.spool.model_dump())
