"""Where pods fetch their models from: `GET /model` with a ticket; `POST /notes` says how a pod's preparation goes.

Pods of images fetch the files that they mount: `GET /mounts/<number>`.

A model is fetched from its registry when the first pod asks for it, and kept by digest: the registry's credentials stay
here. 503 says that the registry is away, 422 that the model cannot be had, 410 that its version is not wanted any more.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from scheduler.backends.errors import PreparationFailed, RegistryUnavailable
from scheduler.backends.kubernetes.manifests.names import object_name, owner_of
from scheduler.backends.kubernetes.supply.archive import archive_of
from scheduler.backends.kubernetes.supply.tickets import Ticket, Tickets
from scheduler.backends.preparation.mounts import MountCache, fetched_mounts
from scheduler.domain.rollout import configuration_of, template_of
from scheduler.domain.start_timeline import MODEL_FETCHED, MODEL_FOUND
from scheduler.domain.values import NoteLevel, PodNote
from shared.contracts.deployment import Deployment
from shared.security.redaction import redact_credentials

log = logging.getLogger("penstock.scheduler.kubernetes")

RETRY_AFTER_S = 3
MAX_TRANSFERS = 16
"""At a time; others wait."""
MAX_BODY_BYTES = 16 * 1024
TAR = "application/x-tar"
DIGEST_HEADER = "X-Penstock-Model"


class Told(BaseModel):
    """What a pod's preparation says."""

    model_config = ConfigDict(extra="forbid")

    pod: str = Field(max_length=63)
    reason: str = Field(pattern=r"^[A-Z][A-Za-z]{0,63}$")
    message: str = Field(max_length=1000)
    level: NoteLevel = "info"
    is_event: bool = True


class Supply:
    """Gives models out, and takes notes in."""

    def __init__(
        self,
        mounts: MountCache,
        tickets: Tickets,
        wanted: Callable[[UUID], list[Deployment]],
        add_note: Callable[[str, PodNote], None],
    ) -> None:
        """`wanted`: what pods of a version may run, its newest intent first."""
        self._models = mounts.models
        self._mounts = mounts
        self._tickets = tickets
        self._wanted = wanted
        self._add_note = add_note
        self._transfers = asyncio.Semaphore(MAX_TRANSFERS)

    def app(self) -> Starlette:
        """The application that answers."""
        return Starlette(
            routes=[
                Route("/model", self._model, methods=["GET", "HEAD"]),
                Route("/mounts/{number:int}", self._mount, methods=["GET"]),
                Route("/notes", self._notes, methods=["POST"]),
                Route("/healthz", lambda _: Response(status_code=204), methods=["GET"]),
            ]
        )

    async def _model(self, request: Request) -> Response:
        found = self._opened(request)
        if isinstance(found, Response):
            return found
        pod = self._pod_of(found, request.query_params.get("pod", ""))
        source = found.mlflow_source()
        if source is None:
            return _said(404, "NotAModel", "the version is an image: it has no model", is_permanent=True)
        name = f"{source.model} version {source.version}"
        template = template_of(found)
        is_here = self._models.cached(found, template) is not None
        if not is_here:
            self._note(pod, PodNote("FetchingModel", f"fetching {name}"))
        started = time.monotonic()
        folder = await self._had(self._models.fetch(found, template), pod)
        if isinstance(folder, Response):
            return folder
        said = "was at the scheduler" if is_here else f"is at the scheduler after {time.monotonic() - started:.1f} s"
        self._note(pod, PodNote(MODEL_FOUND if is_here else MODEL_FETCHED, f"{name} {said}", is_event=not is_here))
        return await self._sent(request, folder)

    async def _mount(self, request: Request) -> Response:
        """The files of one mount of an image, by its number."""
        found, number = self._opened(request), int(request.path_params["number"])
        if isinstance(found, Response):
            return found
        if number not in fetched_mounts(found):
            return _said(404, "NoSuchMount", f"the version has no mount {number} to fetch", is_permanent=True)
        pod = self._pod_of(found, request.query_params.get("pod", ""))
        fetching = self._mounts.fetch(found, template_of(found), number, partial(self._note, pod))
        folder = await self._had(fetching, pod)
        return folder if isinstance(folder, Response) else await self._sent(request, folder)

    async def _had(self, fetching: Awaitable[Path], pod: str | None) -> Path | Response:
        """What is fetched, or the answer that says why it is not."""
        try:
            return await fetching
        except RegistryUnavailable as away:
            self._note(pod, PodNote(away.reason, away.message, "warning"))
            return _said(503, away.reason, away.message, is_permanent=False)
        except PreparationFailed as failed:
            return _said(422, failed.reason, redact_credentials(failed.message), is_permanent=failed.is_permanent)

    async def _sent(self, request: Request, folder: Path) -> Response:
        headers = {DIGEST_HEADER: folder.name}
        if request.method == "HEAD":
            return Response(headers=headers, media_type=TAR)
        await self._transfers.acquire()
        return StreamingResponse(self._chunks(folder), headers=headers, media_type=TAR)

    async def _chunks(self, folder: Path) -> AsyncIterator[bytes]:
        try:
            async for chunk in archive_of(folder):
                yield chunk
        finally:
            self._transfers.release()

    async def _notes(self, request: Request) -> Response:
        found = self._opened(request)
        if isinstance(found, Response):
            return found
        if int(request.headers.get("content-length") or MAX_BODY_BYTES + 1) > MAX_BODY_BYTES:
            return _said(413, "TooLarge", f"more than {MAX_BODY_BYTES} bytes", is_permanent=True)
        try:
            told = Told.model_validate_json(await request.body())
        except ValidationError as error:
            return _said(400, "BadNote", str(error.errors(include_input=False)[0]["msg"]), is_permanent=True)
        note = PodNote(told.reason, redact_credentials(told.message)[:500], told.level, told.is_event)
        self._note(self._pod_of(found, told.pod), note)
        return Response(status_code=204)

    def _opened(self, request: Request) -> Deployment | Response:
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        ticket = self._tickets.read(text) if scheme.lower() == "bearer" else None
        if ticket is None:
            return _said(401, "NoTicket", "a ticket of this scheduler is needed", is_permanent=True)
        found = self._deployment_of(ticket)
        if found is None:
            return _said(410, "NotWanted", "the version is not wanted any more", is_permanent=False)
        return found

    def _deployment_of(self, ticket: Ticket) -> Deployment | None:
        for each in self._wanted(ticket.version_id):
            if configuration_of(template_of(each)) == ticket.configuration:
                return each
        return None

    def _pod_of(self, deployment: Deployment, name: str) -> str | None:
        """The pod of that name, if it is one of the version's: a ticket says nothing of others."""
        return name if owner_of(name) == object_name(deployment) else None

    def _note(self, pod: str | None, note: PodNote) -> None:
        if pod is not None:
            self._add_note(pod, note)


def _said(status: int, reason: str, message: str, *, is_permanent: bool) -> Response:
    headers = {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else {}
    body = {"reason": reason, "message": message, "is_permanent": is_permanent}
    return JSONResponse(body, status_code=status, headers=headers)
