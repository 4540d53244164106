"""`…/pods/{p}/exec-tickets` and `…/pods/{p}/exec`: a ticket for a session inside a pod, and the session."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from controller.api.dependencies import ApiDependencies, CurrentPrincipal, Dependencies
from controller.api.idempotency import PostRequest
from controller.api.permissions import reauthorize
from controller.api.services.pods import PodName
from controller.api.terminals.frames import close_code, first_message, refusal_frame
from controller.api.terminals.metrics import TerminalMetrics
from controller.api.terminals.session import PodSession, SessionClient
from controller.domain.access.roles import Principal
from controller.domain.services.terminals import ExecTicketRequest, TerminalGrant
from controller.handlers.unit_of_work import UnitOfWork
from controller.store.audit import AuditedResource, record_action
from controller.store.services.services import load_service
from shared.contracts.rpc.scheduler import TERMINAL_OFFER, PodRef
from shared.contracts.terminals import TerminalOffer
from shared.errors import Conflict, PenstockError
from shared.http import request_id_of

router = APIRouter(tags=["pods"])

EXEC_PATH = "/services/{service}/versions/{version}/pods/{pod}/exec"
TICKET_WITHIN_S = 10.0
"""A connection that names no ticket by then is closed."""
SAY_GOODBYE_S = 2.0


@dataclass(frozen=True)
class PodPath:
    """The pod that a path names."""

    service: str
    version: str
    pod: PodName


PodOfPath = Annotated[PodPath, Depends()]


class ExecTicketView(BaseModel):
    """A ticket for one session; it is shown this once."""

    ticket: str = Field(description='The first message of the WebSocket `…/exec`, as a text: `{"ticket": "…"}`.')
    expires_at: datetime


class TerminalView(BaseModel):
    """Whether a session can be opened in a pod."""

    available: bool
    reason: str | None = Field(description="Why not, and how that is changed.")
    recorded: bool = Field(description="Whether the installation keeps what sessions print.")


@router.get("/services/{service}/versions/{version}/pods/{pod}/terminal", response_model=TerminalView)
async def read_terminal(path: PodOfPath, deps: Dependencies, principal: CurrentPrincipal) -> TerminalView:
    """Whether the caller could open a session in this pod; 503 while the scheduler is away."""
    version_id, project = await _target(deps, path)
    refused = _refusal_by_role(deps, principal, project)
    if refused is None:
        refused = (await deps.call(TERMINAL_OFFER, PodRef(version_id=version_id, pod=path.pod), TerminalOffer)).refused
    is_recorded = deps.terminals.limits.recordings is not None
    return TerminalView(available=refused is None, reason=refused, recorded=is_recorded)


@router.post(
    "/services/{service}/versions/{version}/pods/{pod}/exec-tickets", status_code=201, response_model=ExecTicketView
)
async def create_exec_ticket(
    path: PodOfPath, command: ExecTicketRequest, request: Request, post: PostRequest
) -> Response:
    """Get a ticket for one session inside a pod: good once, for 30 seconds, from this address.

    Then open the WebSocket `…/pods/{pod}/exec` and send the ticket as its first message. Frames are binary, their first
    byte is the channel: 0 input, 1 output, 2 errors, 3 status (JSON), 4 size (JSON), 255 end of input. 409 where pods
    have no terminals; how they are switched on stands in the message.
    """
    deps, principal = post.deps, request.state.principal

    async def prepare() -> TerminalGrant:
        version_id, project = await _target(deps, path)
        await _must_be_allowed(request, deps, project)
        offer = await deps.call(TERMINAL_OFFER, PodRef(version_id=version_id, pod=path.pod), TerminalOffer)
        if offer.refused is not None:
            raise Conflict(offer.refused)
        return TerminalGrant(
            user=principal.name,
            service=path.service,
            version=path.version,
            version_id=version_id,
            project=project,
            pod=path.pod,
            source=_address(request),
            wanted=command,
            must_be_allowed=lambda: _must_be_allowed(request, deps, project),
        )

    async def work(unit: UnitOfWork, grant: TerminalGrant) -> ExecTicketView:
        ticket, expires_at = deps.terminals.issue(grant, unit.now)
        subject = AuditedResource("terminal", f"{path.service}/{path.version}/{path.pod}", grant.project)
        details = {"command": command.command, "tty": command.tty, "source": grant.source}
        record_action(unit.session, post.actor, unit.now, subject, "ticket issued", details=details)
        return ExecTicketView(ticket=ticket, expires_at=expires_at)

    answer = await post.run_once(command, work, prepare)
    answer.headers["cache-control"] = "no-store"
    return answer


async def _must_be_allowed(request: Request, deps: ApiDependencies, project: str) -> None:
    await reauthorize(request)
    principal: Principal = await request.state.current_principal()
    principal.require_role(deps.terminals.limits.role, project, "There is no such service")


def _refusal_by_role(deps: ApiDependencies, principal: Principal, project: str) -> str | None:
    need = deps.terminals.limits.role
    return None if principal.may(need, project) else f"This needs the role {need} in project {project!r}"


async def _target(deps: ApiDependencies, path: PodPath) -> tuple[UUID, str]:
    """Id of the version, and the project."""
    async with deps.read_session() as session:
        found = await load_service(session, path.service)
        return found.version(path.version).row.id, found.row.project


def _address(connection: Request | WebSocket) -> str:
    return connection.client.host if connection.client is not None else ""


async def exec_in_pod(websocket: WebSocket) -> None:
    """The session of a ticket. What goes wrong after the upgrade is told by a frame and a code of the close."""
    deps: ApiDependencies = websocket.app.state.dependencies
    metrics: TerminalMetrics = websocket.app.state.terminal_metrics
    await websocket.accept()
    try:
        grant, has_credit = await _redeem(websocket, deps)
        client = SessionClient(websocket, request_id_of(websocket), has_credit)
        with deps.terminals.counted(grant.user), metrics.open.track_inprogress():
            end = await PodSession(client, deps, grant, metrics).run()
    except PenstockError as refusal:
        end_code, last = close_code(refusal), refusal_frame(refusal)
    except (WebSocketDisconnect, OSError, TimeoutError):
        metrics.ended.labels("1005").inc()
        return
    else:
        end_code, last = end.code, end.frame()
    metrics.ended.labels(str(end_code)).inc()
    with suppress(WebSocketDisconnect, OSError, RuntimeError, TimeoutError):  # nobody is there any more
        async with asyncio.timeout(SAY_GOODBYE_S):
            await websocket.send_bytes(last)
            await websocket.close(end_code)


async def _redeem(websocket: WebSocket, deps: ApiDependencies) -> tuple[TerminalGrant, bool]:
    async with asyncio.timeout(TICKET_WITHIN_S):
        message = await websocket.receive()
    if message["type"] != "websocket.receive":
        raise WebSocketDisconnect(message.get("code", 1005))
    path = (websocket.path_params["service"], websocket.path_params["version"], websocket.path_params["pod"])
    ticket, has_credit = first_message(message.get("text") or "")
    grant = deps.terminals.redeem(ticket, path, _address(websocket), deps.clock.now())
    await grant.must_be_allowed()
    return grant, has_credit


def websocket_route(prefix: str) -> WebSocketRoute:
    """The route of sessions."""
    return WebSocketRoute(prefix + EXEC_PATH, exec_in_pod, name="exec_in_pod")
