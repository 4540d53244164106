"""Whether this router reaches a pod: asked before the first pod of another backend than the default is routed."""

from __future__ import annotations

import asyncio
import os

from shared.contracts.rpc.router import ReachAnswer, ReachQuery
from shared.errors import describe_error

WITHIN_S = 2.0
"""Longer than a caller would wait: a packet that is lost on the way there is no reason to refuse a backend."""


async def reach(router: str, query: ReachQuery) -> ReachAnswer:
    """Open a connection to a pod's address, as for a request, and close it again."""
    host, _, port = query.address.rpartition(":")
    try:
        async with asyncio.timeout(WITHIN_S):
            _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    except TimeoutError:
        return ReachAnswer(router=router, problem=f"no answer within {WITHIN_S:g} s")
    except (OSError, OverflowError) as error:
        return ReachAnswer(router=router, problem=_words(error))
    writer.close()
    return ReachAnswer(router=router)


def _words(error: OSError | OverflowError) -> str:
    """Without the address, which is in the question."""
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number) if number is not None and number > 0 else describe_error(error)
