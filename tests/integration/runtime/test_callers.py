"""Many callers at once: each gets its own rows, and nobody spoils another's."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest


async def send(port: int, document: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send a prediction on a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = json.dumps(document).encode()
    head = "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()
    return reader, writer


async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[int, Any]:
    """The status and the body that came back."""
    async with asyncio.timeout(30):
        answer = await reader.read()
    writer.close()
    return int(answer.split()[1]), json.loads(answer.partition(b"\r\n\r\n")[2])


async def ask(port: int, document: Any) -> tuple[int, Any]:
    return await receive(*await send(port, document))


def whim(x: float, word: str = "", **more: Any) -> dict[str, Any]:
    return {"dataframe_split": {"columns": ["x", "word"], "data": [[x, word]]}, **more}


async def busy(pod: Any) -> asyncio.Task[tuple[int, Any]]:
    """Keep the model busy for a while, so that what comes next is one batch; started when it surely runs."""
    await ask(pod.port, whim(0.3, "sleep"))  # from now on the model counts as slow: it runs beside the loop
    task = asyncio.create_task(ask(pod.port, whim(0.7, "sleep")))
    await asyncio.sleep(0.25)
    return task


async def test_each_caller_gets_its_own_rows(wine: Any, expected: dict[str, Any]) -> None:
    async def one(i: int) -> None:
        rows = 1 + i % 3
        document = {"columns": expected["columns"], "data": expected["data"][i : i + rows]}
        status, answer = await ask(wine.port, {"dataframe_split": document})
        assert status == 200
        assert answer["predictions"] == pytest.approx(expected["predictions"][i : i + rows], rel=1e-9)

    await asyncio.gather(*(one(i % 37) for i in range(150)))


async def test_callers_share_a_predict_while_the_model_is_busy(whims: Any) -> None:
    first = await busy(whims)
    answers = await asyncio.gather(*(ask(whims.port, whim(1.0, "count")) for _ in range(5)))
    assert max(answer["predictions"][0] for _, answer in answers) > 1
    assert (await first)[0] == 200


async def test_other_params_never_share(whims: Any) -> None:
    first = await busy(whims)
    factors = [1.0, 2.0, 3.0]
    asked = (ask(whims.port, whim(1.0, params={"factor": factor})) for factor in factors)
    assert [answer["predictions"] for _, answer in await asyncio.gather(*asked)] == [[1.0], [2.0], [3.0]]
    await first


async def test_one_bad_caller_hurts_nobody(whims: Any) -> None:
    first = await busy(whims)
    words = ["", "raise", "", "short", ""]
    answers = await asyncio.gather(*(ask(whims.port, whim(float(i), word)) for i, word in enumerate(words)))
    assert [status for status, _ in answers] == [200, 500, 200, 200, 200]
    assert [answers[i][1]["predictions"] for i in (0, 2, 4)] == [[0.0], [4.0], [8.0]]
    assert answers[3][1]["predictions"] == [6.0] * 7
    await first


async def test_a_caller_that_goes_away_hurts_nobody(whims: Any) -> None:
    first = await busy(whims)
    gone = [await send(whims.port, whim(1.0)) for _ in range(3)]
    staying = asyncio.create_task(ask(whims.port, whim(5.0)))
    for _, writer in gone:
        writer.transport.abort()
    assert await staying == (200, {"predictions": [10.0]})
    assert (await first)[0] == 200
    assert (await ask(whims.port, whim(1.0)))[0] == 200


async def test_health_is_answered_while_a_slow_model_works(whims: Any) -> None:
    first = await busy(whims)
    reply = await asyncio.to_thread(whims.ask, "GET", "/health/live")
    assert reply.status == 200
    assert not first.done()
    await first


async def test_a_custom_model_shares_only_when_it_says_so(start: Any) -> None:
    pod = await asyncio.to_thread(start, "whims", "--row-wise", "false")
    await asyncio.to_thread(pod.ready)
    first = await busy(pod)
    answers = await asyncio.gather(*(ask(pod.port, whim(1.0, "count")) for _ in range(4)))
    assert [answer["predictions"] for _, answer in answers] == [[1]] * 4
    await first


async def test_a_full_queue_is_503_at_once(start: Any) -> None:
    pod = await asyncio.to_thread(start, "whims", "--max-queue", "2")
    await asyncio.to_thread(pod.ready)
    first = await busy(pod)
    answers = await asyncio.gather(*(ask(pod.port, whim(1.0)) for _ in range(5)))
    assert sorted(status for status, _ in answers) == [200, 200, 503, 503, 503]
    await first
