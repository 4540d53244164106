"""`/services/{s}/labels`: ground truth, handed over to the inference logger as it comes in; and how much there is."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from controller.api.dependencies import ApiDependencies, Dependencies, must_exist
from controller.domain.commands import ServiceName
from controller.domain.idempotency import answer_seal
from controller.domain.times import Moment
from shared.contracts.chunks import MAX_CHUNK_BYTES
from shared.contracts.rpc.inference_logger.labels import (
    LABEL_COVERAGE,
    RECEIVE_LABELS,
    LabelCoverage,
    LabelCoverageQuery,
    LabelFormat,
    LabelReceipt,
    LabelUpload,
)
from shared.errors import InvalidInput, PenstockError, Unavailable

UPLOAD_WITHIN_S = 300.0
COVERAGE_WITHIN_S = 35.0
COVERED = timedelta(days=1)
FORMATS: dict[str, LabelFormat] = {
    "application/json": "json",
    "text/csv": "csv",
    "application/vnd.apache.parquet": "parquet",
    "application/x-ndjson": "ground_truth",
    "application/jsonlines": "ground_truth",
}

router = APIRouter(tags=["ground truth"])


class GroundTruth(BaseModel):
    """One label, or several by name, of one inference."""

    client_request_id: str | None = Field(default=None, description="The id that the caller gave to its request.")
    request_id: str | None = Field(default=None, description="The id that the answer came with.")
    key: str | int | None = Field(default=None, description="A value of the column of features that `?key=` names.")
    row: int | None = Field(default=None, ge=0, description="In a batch, from 0; by default 0, for `key` every row.")
    label: float | str | bool | dict[str, float | str | bool]
    labelled_at: str | None = Field(default=None, description="ISO-8601 with a zone; by default when it came in.")


class CoverageRange(BaseModel):
    """Which inferences, by when they were asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    from_time: Moment | None = Field(default=None, alias="from", description="ISO-8601; a day before `to`.")
    to_time: Moment | None = Field(default=None, alias="to", description="ISO-8601; now by default.")
    step: int = Field(default=3600, ge=60, le=7 * 86_400, description="Seconds.")


_TEXT = {"schema": {"type": "string"}}
_FILE = {"schema": {"type": "string", "format": "binary"}}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["labels"],
                    "additionalProperties": False,
                    "properties": {"labels": {"type": "array", "items": GroundTruth.model_json_schema()}},
                }
            },
            "text/csv": _TEXT,
            "application/vnd.apache.parquet": _FILE,
            "application/x-ndjson": _TEXT,
        },
    }
}


@router.post("/services/{service}/labels", response_model=LabelReceipt, openapi_extra=_BODY)
async def send_labels(
    service: ServiceName,
    request: Request,
    deps: Dependencies,
    key: Annotated[
        str | None, Query(max_length=256, description="The column of features that `key` is a value of.")
    ] = None,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> LabelReceipt:
    """Say what was true: taken whole, or not at all; rows that are wrong are listed and the others taken.

    JSON, CSV or Parquet with the columns `client_request_id`, `request_id` or `key`; `row`, `label` or `label_<name>`,
    `labelled_at`; or SageMaker's lines of ground truth. At most 256 MiB, JSON 32 MiB.
    """
    await must_exist(deps, service, None)
    media_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    found = FORMATS.get(media_type)
    if found is None:
        raise HTTPException(415, f"Content-Type is none of {', '.join(FORMATS)}")
    body = RequestChunks(request)
    upload = LabelUpload(
        service=service,
        body=await deps.bus.offer_chunks(body, body.abandoned.set),
        format=found,
        key_column=key,
        upload_id=_upload_id(request, idempotency_key),
    )
    return await _hand_over(deps, upload, body)


async def _hand_over(deps: ApiDependencies, upload: LabelUpload, body: RequestChunks) -> LabelReceipt:
    answer = asyncio.ensure_future(deps.call(RECEIVE_LABELS, upload, LabelReceipt, within_s=UPLOAD_WITHIN_S))
    abandoned = asyncio.ensure_future(body.abandoned.wait())
    try:
        await asyncio.wait({answer, abandoned}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            raise Unavailable(
                "The inference logger went away; send the labels again: those that were taken count once",
                retry_after_s=5,
            )
        return answer.result()
    except PenstockError:
        if body.refusal is not None:
            raise body.refusal from None
        raise
    finally:
        answer.cancel()
        abandoned.cancel()


def _upload_id(request: Request, idempotency_key: str | None) -> str | None:
    if idempotency_key is None:
        return None
    seal = answer_seal(request.state.token, request.method, request.url.path, idempotency_key)
    return hashlib.sha256(seal.id.encode()).hexdigest()


class RequestChunks:
    """The body of a request, in chunks that the bus takes."""

    def __init__(self, request: Request) -> None:
        self.refusal: HTTPException | None = None
        self.abandoned = asyncio.Event()
        self._pieces = self._cut(request.stream())

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        return await anext(self._pieces)

    async def aclose(self) -> None:
        """Nobody wants the rest."""
        await self._pieces.aclose()

    async def _cut(self, stream: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        kept = b""
        try:
            async for piece in stream:
                kept += piece
                while len(kept) >= MAX_CHUNK_BYTES:
                    yield kept[:MAX_CHUNK_BYTES]
                    kept = kept[MAX_CHUNK_BYTES:]
        except HTTPException as error:
            self.refusal = error
            raise InvalidInput(str(error.detail)) from error
        except ClientDisconnect as error:
            raise InvalidInput("the sender went away before the end of the body") from error
        if kept:
            yield kept


@router.get("/services/{service}/labels/coverage", response_model=LabelCoverage)
async def read_coverage(
    service: ServiceName, deps: Dependencies, wanted: Annotated[CoverageRange, Query()]
) -> LabelCoverage:
    """How many inferences have a label by now, and how late these came; steps without inferences are left out."""
    await must_exist(deps, service, None)
    until = wanted.to_time or deps.clock.now()
    since = wanted.from_time or until - COVERED
    if since >= until:
        raise InvalidInput("from must lie before to")
    query = LabelCoverageQuery(service=service, from_time=since, to_time=until, step=wanted.step)
    return await deps.call(LABEL_COVERAGE, query, LabelCoverage, within_s=COVERAGE_WITHIN_S)
