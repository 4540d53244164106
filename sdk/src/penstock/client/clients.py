"""How requests are sent: `Client` and `AsyncClient`. Only what `is_repeatable` is sent again, a few times at most."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import httpx

from penstock.client.downloads import READ_TIMEOUT_S, whole_file
from penstock.client.errors import (
    ApiError,
    InvalidRequest,
    PenstockError,
    ServerError,
    TimedOut,
    Unauthenticated,
    Unreachable,
    error_of,
    is_transient,
)
from penstock.client.operations import AsyncMethods, Operations, SyncMethods
from penstock.client.requests.base import Listing, Request, Stream, TextRequest, path
from penstock.client.requests.inference_tables.labels import ANSWER_TIMEOUT_S, UploadRequest
from penstock.client.requests.inference_tables.tables import FileRequest
from penstock.client.streams.reconnect import Position, ReconnectPolicy, position_of

if TYPE_CHECKING:
    from penstock.client.streams.terminal import TerminalSession

Answer = TypeVar("Answer")

FIRST_RETRY_DELAY_S = 0.1
MAX_RETRY_DELAY_S = 5.0
"""A server that asks for more patience than this gets its refusal passed on."""
STREAM_READ_TIMEOUT_S = 45.0
"""A followed stream has a sign of life every 15 s; three that are missing mean that it is gone."""


class _BaseClient(Operations):
    """What both clients share: the address, the token, what an answer means, when to try again."""

    def __init__(self, url: str, token: str, *, timeout_s: float = 30.0, retries: int = 2) -> None:
        self._base = url.rstrip("/").removesuffix("/api/v1") + "/api/v1"
        self._token = token.strip()
        self._timeout_s = timeout_s
        self._retries = retries

    def _options(self, request: Request[Any]) -> dict[str, Any]:
        token = self._token if request.token is None else request.token.strip()
        if not (token.isascii() and token.isprintable()):  # else the HTTP library's error would quote it
            raise Unauthenticated(401, "UNAUTHENTICATED", "the token has characters in it that no token has")
        _check_numbers(request.json)
        options = {
            "method": request.method,
            "url": request.url or self._base + request.path,
            "params": dict(request.params) or None,
            "json": request.json,
            "headers": {"Authorization": f"Bearer {token}", **request.headers},
        }
        if isinstance(request, UploadRequest):
            options["content"] = Path(request.file).read_bytes()
            options["timeout"] = httpx.Timeout(self._timeout_s, read=ANSWER_TIMEOUT_S)
        return options

    def _stream_options(self, request: Request[Any]) -> dict[str, Any]:
        return {**self._options(request), "timeout": httpx.Timeout(self._timeout_s, read=STREAM_READ_TIMEOUT_S)}

    def _file_options(self, request: Request[Any]) -> dict[str, Any]:
        return {**self._options(request), "timeout": httpx.Timeout(self._timeout_s, read=READ_TIMEOUT_S)}

    def _retry_delay_s(self, request: Request[Any], error: PenstockError, attempt: int) -> float | None:
        """Seconds before the next attempt; None when there is none."""
        if attempt >= self._retries or not request.is_repeatable or not is_transient(error):
            return None
        asked = error.retry_after_s if isinstance(error, ApiError) else None
        pause = FIRST_RETRY_DELAY_S * 3**attempt if asked is None else asked
        return pause if pause <= MAX_RETRY_DELAY_S else None


class Client(_BaseClient, SyncMethods):
    """`Client("http://127.0.0.1:8000", token)`; use it as a context manager, or `close` it. Not for several threads."""

    def __init__(self, url: str, token: str, *, timeout_s: float = 30.0, retries: int = 2) -> None:
        super().__init__(url, token, timeout_s=timeout_s, retries=retries)
        self._http = httpx.Client(timeout=timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def send(self, request: Request[Answer]) -> Answer:
        """Send one request; raises what stands in `errors`."""
        attempt = 0
        while True:
            try:
                return request.read(self._send_once(request))
            except PenstockError as error:
                if (pause := self._retry_delay_s(request, error, attempt)) is None:
                    raise
                attempt += 1
                time.sleep(pause)

    def save(self, request: FileRequest[Any]) -> None:
        """Write the answer to the request's file."""
        try:
            with whole_file(request.target) as file, self._http.stream(**self._file_options(request)) as answer:
                if not answer.is_success:
                    answer.read()
                    _parse_body(answer)
                for piece in answer.iter_bytes():
                    file.write(piece)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _translate_error(error, self._base) from None

    def each(self, request: Listing[Answer]) -> Iterator[Answer]:
        """Every item of a list, page by page."""
        while True:
            items, cursor = _parse_page(self.send(request), self._base)
            yield from items
            if not cursor:
                return
            request = request.after(cursor)

    def follow(self, request: Stream[Answer]) -> Iterator[Answer]:
        """Every event of a stream, as it comes, over connections that are lost."""
        position, reconnect = position_of(request), ReconnectPolicy(f"{self._base} has ended the stream")
        while True:
            try:
                for event in self._connection(position, reconnect):
                    if position.is_new(event):
                        yield event
            except PenstockError as error:
                reconnect.on_error(error)
            time.sleep(reconnect.next_delay_s())

    def _connection(self, position: Position, reconnect: ReconnectPolicy) -> Iterator[Any]:
        try:
            with self._http.stream(**self._stream_options(position.next_request())) as answer:
                if not answer.is_success:
                    answer.read()
                    _parse_body(answer)
                _check_event_stream(answer)
                position.connected(answer.headers.get("date"))
                reconnect.on_connected()
                for line in answer.iter_lines():
                    if (event := position.read(line)) is not None:
                        yield event
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _translate_error(error, self._base) from None

    def _send_once(self, request: Request[Any]) -> Any:
        options = self._options(request)
        try:
            return _parse_answer(request, self._http.request(**options))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _translate_error(error, options["url"]) from None


class AsyncClient(_BaseClient, AsyncMethods):
    """The same for asyncio: `async with AsyncClient(url, token) as client`; lists are async iterators."""

    def __init__(self, url: str, token: str, *, timeout_s: float = 30.0, retries: int = 2) -> None:
        super().__init__(url, token, timeout_s=timeout_s, retries=retries)
        self._http = httpx.AsyncClient(timeout=timeout_s)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    async def send(self, request: Request[Answer]) -> Answer:
        """Send one request; raises what stands in `errors`."""
        attempt = 0
        while True:
            try:
                return request.read(await self._send_once(request))
            except PenstockError as error:
                if (pause := self._retry_delay_s(request, error, attempt)) is None:
                    raise
                attempt += 1
                await asyncio.sleep(pause)

    @asynccontextmanager
    async def exec_in_pod(
        self,
        service: str,
        version: str,
        pod: str,
        command: Sequence[str] = (),
        *,
        tty: bool = True,
        rows: int = 24,
        columns: int = 80,
    ) -> AsyncIterator[TerminalSession]:
        """A session inside a pod, see `streams.terminal`: with a terminal of this size, or three pipes.

        Leaving the context ends it, and its command.
        """
        from penstock.client.streams.terminal import open_terminal  # noqa: PLC0415 - who opens none loads none

        size = {"rows": rows, "columns": columns}
        ticket = await self.create_exec_ticket(service, version, pod, command, tty=tty, **size)
        url = self._base + path("services", service, "versions", version, "pods", pod, "exec")
        async with open_terminal(url, ticket["ticket"]) as session:
            yield session

    async def save(self, request: FileRequest[Any]) -> None:
        """Write the answer to the request's file."""
        try:
            with whole_file(request.target) as file:
                async with self._http.stream(**self._file_options(request)) as answer:
                    if not answer.is_success:
                        await answer.aread()
                        _parse_body(answer)
                    async for piece in answer.aiter_bytes():
                        file.write(piece)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _translate_error(error, self._base) from None

    async def each(self, request: Listing[Answer]) -> AsyncIterator[Answer]:
        """Every item of a list, page by page."""
        while True:
            items, cursor = _parse_page(await self.send(request), self._base)
            for item in items:
                yield item
            if not cursor:
                return
            request = request.after(cursor)

    async def follow(self, request: Stream[Answer]) -> AsyncIterator[Answer]:
        """Every event of a stream, as it comes, over connections that are lost."""
        position, reconnect = position_of(request), ReconnectPolicy(f"{self._base} has ended the stream")
        while True:
            try:
                async for event in self._connection(position, reconnect):
                    if position.is_new(event):
                        yield event
            except PenstockError as error:
                reconnect.on_error(error)
            await asyncio.sleep(reconnect.next_delay_s())

    async def _connection(self, position: Position, reconnect: ReconnectPolicy) -> AsyncIterator[Any]:
        try:
            async with self._http.stream(**self._stream_options(position.next_request())) as answer:
                if not answer.is_success:
                    await answer.aread()
                    _parse_body(answer)
                _check_event_stream(answer)
                position.connected(answer.headers.get("date"))
                reconnect.on_connected()
                async for line in answer.aiter_lines():
                    if (event := position.read(line)) is not None:
                        yield event
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _translate_error(error, self._base) from None

    async def _send_once(self, request: Request[Any]) -> Any:
        options = self._options(request)
        try:
            return _parse_answer(request, await self._http.request(**options))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _translate_error(error, options["url"]) from None


def _check_numbers(value: Any) -> None:
    """Raise `InvalidRequest` for a number that JSON does not have, as the platform would."""
    match value:
        case float() if not math.isfinite(value):
            raise InvalidRequest(400, "INVALID_PARAMETER_VALUE", f"{value} is not a finite number")
        case Mapping():
            for each in value.values():
                _check_numbers(each)
        case list() | tuple():
            for each in value:
                _check_numbers(each)


def _translate_error(error: Exception, url: str) -> Unreachable:
    if isinstance(error, httpx.TimeoutException):
        return TimedOut(f"{url} did not answer in time")
    return Unreachable(f"{url} does not answer: {error}")


def _parse_answer(request: Request[Any], answer: httpx.Response) -> Any:
    """A text where one was asked for, else what the JSON object holds."""
    if not (isinstance(request, TextRequest) and answer.is_success):
        return _parse_body(answer)
    if not answer.headers.get("content-type", "").startswith(request.media_type):
        raise ServerError(
            answer.status_code, "UNKNOWN", f"{answer.url} answered something that is no {request.media_type}"
        )
    return answer.text


def _parse_body(answer: httpx.Response) -> Any:
    """What a 2xx answer holds; raises the `ApiError` that any other one stands for."""
    try:
        body = answer.json() if answer.content else {}
    except ValueError:
        body = None
    if not answer.is_success:
        raise error_of(answer.status_code, body, answer.headers, str(answer.url))
    if not isinstance(body, dict):
        raise ServerError(answer.status_code, "UNKNOWN", f"{answer.url} answered something that is no JSON object")
    return body


def _parse_page(body: Any, base: str) -> tuple[list[Any], str | None]:
    """Items of a page and the cursor of the next; ServerError for what is no page, such as another server's answer."""
    items = body.get("items")
    if not isinstance(items, list):
        raise ServerError(200, "UNKNOWN", f"{base} answered something that is no list: is it a control plane?")
    return items, body.get("next_cursor")


def _check_event_stream(answer: httpx.Response) -> None:
    """ServerError for what is no stream of events: without it, another server's page would be a log without lines."""
    if not answer.headers.get("content-type", "").startswith("text/event-stream"):
        raise ServerError(answer.status_code, "UNKNOWN", f"{answer.url} answered something that is no event stream")
