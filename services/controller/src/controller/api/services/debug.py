"""`/services/{s}/debug`: one request to one running version, past the split, and what came back."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from controller.api.dependencies import Door
from controller.api.idempotency import Posting
from controller.clients.router import Answered
from controller.domain.services.debugging import SHOWN_HEADERS, DebugRequest, curl_line, encoded
from controller.handlers.services.debugging import Debugged, debugged_version
from controller.handlers.unit_of_work import Unit
from controller.store.audit import Subject, acted
from shared.contracts.rpc.monitor import LOGS, LogPage, LogsQuery
from shared.errors import Detail, InvalidInput, PenstockError

router = APIRouter(tags=["debugging"])

HELD_S = 15.0
"""Beyond the version's own timeout: how long a router may hold a request for a pod, and its way."""
MODEL_ERROR = "MODEL_ERROR"
CLOCKS_APART = timedelta(seconds=5)
"""Of this machine and of the one that reads what pods print."""
TRACE_LINES = 200
TRACE_LOOKS, TRACE_EVERY_S = 10, 0.3
"""What pods print is read every 0.3 s, and stored soon after."""


class DebugView(BaseModel):
    """What a debug request brought. An error of the model stands here: this route itself answers 200."""

    version: str
    status_code: int
    duration_ms: float = Field(description="As the controller saw it.")
    headers: dict[str, str]
    response: Any = Field(description="JSON where the answer is JSON, else text.")
    is_truncated: bool = Field(description="The answer was longer than 4 MiB; `response` is its beginning as text.")
    request: Any = Field(description="What was sent.")
    trace: list[str] = Field(description="What the pod printed for the request, where the model raised an error.")
    curl: str = Field(description="The shell line that does the same; wants an API key in `$PENSTOCK_API_KEY`.")


@router.post("/services/{service}/debug", response_model=DebugView)
async def debug_service(service: str, asked: DebugRequest, post: Posting) -> Response:
    """Send one request to a version that runs; it is left out of the inference tables unless `log` is true."""

    async def prepare() -> tuple[Debugged, DebugView]:
        return await _debug(post.door, service, asked)

    async def work(unit: Unit, done: tuple[Debugged, DebugView]) -> DebugView:
        found, view = done
        subject = Subject("version", f"{found.service}/{found.version}", found.project)
        acted(unit.session, post.actor, unit.now, subject, "debugged")
        return view

    return await post.once(asked, work, prepare, 200)


async def _debug(door: Door, service: str, asked: DebugRequest) -> tuple[Debugged, DebugView]:
    async with door.look() as session:
        found = await debugged_version(session, service, asked.version)
    request = asked.request if asked.request is not None else await _example(door, found)
    body = encoded(request)
    asked_at = door.clock.now()
    path = f"/{found.service}/versions/{found.version}/predict"
    ticket = door.signer.ticket(found.service, found.version, door.clock.now(), is_logged=asked.log)
    answer = await door.data_plane.predict(path, body, ticket, asked.headers, found.timeout_s + HELD_S)
    view = DebugView(
        version=found.version,
        status_code=answer.status_code,
        duration_ms=answer.duration_ms,
        headers={name: answer.headers[name] for name in SHOWN_HEADERS if name in answer.headers},
        response=_parsed(answer),
        is_truncated=answer.is_truncated,
        request=request,
        trace=await _trace(door, found, answer, asked_at),
        curl=curl_line(f"{door.public_url}{path}", body, asked.headers, needs_key=found.is_guarded),
    )
    return found, view


async def _example(door: Door, found: Debugged) -> Any:
    async with door.registries.open(found.registry, found.project) as registry:
        described = await registry.model_version(found.model, found.model_version)
    if described.input_example is None:
        raise InvalidInput(
            f"Model {found.model!r} version {found.model_version} has no input example: give a request",
            (Detail(("request",), "missing, and the model has no input example"),),
        )
    return described.input_example


async def _trace(door: Door, found: Debugged, answer: Answered, since: datetime) -> list[str]:
    """What the pod printed for a request that its model failed: it takes a moment to arrive, and none may come."""
    body, request_id = _parsed(answer), answer.headers.get("x-request-id")
    if request_id is None or not isinstance(body, dict) or body.get("error_code") != MODEL_ERROR:
        return []
    query = LogsQuery(
        service=found.service,
        version=found.version,
        request_id=request_id,
        from_time=since - CLOCKS_APART,
        limit=TRACE_LINES,
        is_settled=True,
    )
    for _ in range(TRACE_LOOKS):
        try:
            page = await door.ask(LOGS, query, LogPage)
        except PenstockError:  # the answer of the model is worth more than its trace
            return []
        if page.items:
            return [line.text for line in reversed(page.items)]
        await door.clock.sleep(TRACE_EVERY_S)
    return []


def _parsed(answer: Answered) -> Any:
    text = answer.body.decode(errors="replace")
    if answer.is_truncated:
        return text
    try:
        return json.loads(text, parse_constant=_refused)
    except (ValueError, RecursionError):
        return text


def _refused(constant: str) -> Any:
    raise ValueError(constant)
