"""`/services/{s}/debug`: one request to one running version, past the split, and what came back."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from controller.api.dependencies import ApiDependencies
from controller.api.idempotency import PostRequest
from controller.clients.router import RouterResponse
from controller.domain.services.debugging import (
    SHOWN_HEADERS,
    TIMINGS_HEADER,
    DebugRequest,
    curl_line,
    encode_request,
    parse_timings,
)
from controller.handlers.services.debugging import DebugTarget, find_debug_target
from controller.handlers.unit_of_work import UnitOfWork
from controller.store.audit import AuditedResource, record_action
from shared.contracts.rpc.monitor import LOGS, LogPage, LogsQuery
from shared.errors import Detail, InvalidInput, PenstockError

router = APIRouter(tags=["debugging"])

MAX_HOLD_S = 15.0
"""Beyond the version's own timeout: how long a router may hold a request for a pod, and its way."""
MODEL_ERROR = "MODEL_ERROR"
MAX_CLOCK_SKEW = timedelta(seconds=5)
"""Of this machine and of the one that reads what pods print."""
TRACE_LINES = 200
TRACE_ATTEMPTS, TRACE_INTERVAL_S = 10, 0.3
"""What pods print is read every 0.3 s, and stored soon after."""


class TimingsView(BaseModel):
    """Where the time went, in milliseconds. The rest of the total: the way, reading the body, writing the answer."""

    total_ms: float = Field(description="As the controller saw it.")
    router_ms: float | None = Field(description="In the router, waiting for a pod included; null: it did not say.")
    queue_ms: float | None = Field(description="In the pod, until the model was free; null: the model was not asked.")
    predict_ms: float | None = Field(description="In the model; null: it was not asked, or the pod is older.")


class DebugView(BaseModel):
    """What a debug request brought. An error of the model stands here: this route itself answers 200."""

    version: str
    status_code: int
    duration_ms: float = Field(description="As the controller saw it.")
    timings: TimingsView
    headers: dict[str, str]
    response: Any = Field(description="JSON where the answer is JSON, else text.")
    is_truncated: bool = Field(description="The answer was longer than 4 MiB; `response` is its beginning as text.")
    request: Any = Field(description="What was sent.")
    trace: list[str] = Field(description="What the pod printed for the request, where the model raised an error.")
    curl: str = Field(description="The shell line that does the same; wants an API key in `$PENSTOCK_API_KEY`.")


@router.post("/services/{service}/debug", response_model=DebugView)
async def debug_service(service: str, command: DebugRequest, post: PostRequest) -> Response:
    """Send one request to a version that runs; it is left out of the inference tables unless `log` is true."""

    async def prepare() -> tuple[DebugTarget, DebugView]:
        return await _debug(post.deps, service, command)

    async def work(unit: UnitOfWork, done: tuple[DebugTarget, DebugView]) -> DebugView:
        target, view = done
        subject = AuditedResource("version", f"{target.service}/{target.version}", target.project)
        record_action(unit.session, post.actor, unit.now, subject, "debugged")
        return view

    return await post.run_once(command, work, prepare, 200)


async def _debug(deps: ApiDependencies, service: str, command: DebugRequest) -> tuple[DebugTarget, DebugView]:
    async with deps.read_session() as session:
        target = await find_debug_target(session, service, command.version)
    request = command.request if command.request is not None else await _example(deps, target)
    body = encode_request(request)
    asked_at = deps.clock.now()
    path = f"/{target.service}/versions/{target.version}/predict"
    ticket = deps.signer.ticket(target.service, target.version, deps.clock.now(), is_logged=command.log)
    answer = await deps.data_plane.predict(path, body, ticket, command.headers, target.timeout_s + MAX_HOLD_S)
    view = DebugView(
        version=target.version,
        status_code=answer.status_code,
        duration_ms=answer.duration_ms,
        timings=TimingsView.model_validate(
            parse_timings(answer.duration_ms, answer.headers.get(TIMINGS_HEADER)), from_attributes=True
        ),
        headers={name: answer.headers[name] for name in SHOWN_HEADERS if name in answer.headers},
        response=_parsed(answer),
        is_truncated=answer.is_truncated,
        request=request,
        trace=await _trace(deps, target, answer, asked_at),
        curl=curl_line(f"{deps.public_url}{path}", body, command.headers, needs_key=target.is_guarded),
    )
    return target, view


async def _example(deps: ApiDependencies, target: DebugTarget) -> Any:
    if target.model is None or target.model_version is None:
        raise InvalidInput(
            f"Version {target.version!r} is made from an image, of which no input example is known: give a request",
            (Detail(("request",), "missing, and the version is made from an image"),),
        )
    async with deps.registries.open(target.registry, target.project) as registry:
        described = await registry.model_version(target.model, target.model_version)
    if described.input_example is None:
        raise InvalidInput(
            f"Model {target.model!r} version {target.model_version} has no input example: give a request",
            (Detail(("request",), "missing, and the model has no input example"),),
        )
    return described.input_example


async def _trace(deps: ApiDependencies, target: DebugTarget, answer: RouterResponse, since: datetime) -> list[str]:
    """What the pod printed for a request that its model failed: it takes a moment to arrive, and none may come."""
    body, request_id = _parsed(answer), answer.headers.get("x-request-id")
    if request_id is None or not isinstance(body, dict) or body.get("error_code") != MODEL_ERROR:
        return []
    query = LogsQuery(
        service=target.service,
        version=target.version,
        request_id=request_id,
        from_time=since - MAX_CLOCK_SKEW,
        limit=TRACE_LINES,
        is_settled=True,
    )
    for _ in range(TRACE_ATTEMPTS):
        try:
            page = await deps.call(LOGS, query, LogPage)
        except PenstockError:  # the answer of the model is worth more than its trace
            return []
        if page.items:
            return [line.text for line in reversed(page.items)]
        await deps.clock.sleep(TRACE_INTERVAL_S)
    return []


def _parsed(answer: RouterResponse) -> Any:
    text = answer.body.decode(errors="replace")
    if answer.is_truncated:
        return text
    try:
        return json.loads(text, parse_constant=_refused)
    except (ValueError, RecursionError):
        return text


def _refused(constant: str) -> Any:
    raise ValueError(constant)
