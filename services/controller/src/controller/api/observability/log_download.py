"""Log lines as a text file: page by page from the monitor, so that neither side holds the whole."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.responses import StreamingResponse

from controller.api.dependencies import ApiDependencies
from shared.contracts.rpc.monitor import LOGS, LogEntry, LogPage, LogsQuery
from shared.errors import PenstockError

MOST_LINES = 100_000
MOST_BYTES = 64 << 20
WITHIN_S = 15.0


async def download(
    deps: ApiDependencies, query: LogsQuery, must_be_allowed: Callable[[], Awaitable[None]]
) -> StreamingResponse:
    """The answer with what `query` finds. Raises what the monitor says of the first page; of a later one the file does.

    A file that is not whole ends with a line that begins with `#` and says why.
    """
    first = await deps.call(LOGS, query, LogPage, within_s=WITHIN_S)
    name = f"{query.service}{'-' + query.version if query.version else ''}-logs.txt"
    headers = {
        "content-disposition": f'attachment; filename="{name}"',
        "cache-control": "no-cache",
        "x-content-type-options": "nosniff",
    }
    body = _pages(deps, query, first, must_be_allowed)
    return StreamingResponse(body, media_type="text/plain; charset=utf-8", headers=headers)


async def _pages(
    deps: ApiDependencies, query: LogsQuery, page: LogPage, must_be_allowed: Callable[[], Awaitable[None]]
) -> AsyncIterator[bytes]:
    lines = size = 0
    while True:
        written = "".join(_line(entry) for entry in page.items[: MOST_LINES - lines]).encode()
        lines, size = lines + len(page.items), size + len(written)
        yield written
        if page.next_cursor is None and lines <= MOST_LINES:
            return
        if lines >= MOST_LINES or size >= MOST_BYTES:
            yield _note("cut here; ask again with `from` at the time of the last line")
            return
        try:
            await must_be_allowed()
            following = query.model_copy(update={"cursor": page.next_cursor, "is_settled": False})
            page = await deps.call(LOGS, following, LogPage, within_s=WITHIN_S)
        except PenstockError as error:
            yield _note(f"cut here: {error.message}")
            return


def _line(entry: LogEntry) -> str:
    return f"{entry.at.isoformat()} {entry.pod} {entry.text}\n"


def _note(text: str) -> bytes:
    return f"# {text}\n".encode()
