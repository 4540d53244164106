"""Sessions inside pods: what a pod writes goes to the controller, what people write comes from there.

A session ends with its command, its pod, the controller's word or silence, the bus, and with this scheduler. However it
ends, the command and all that it has started are ended too (`Terminal.close`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

from pydantic import ValidationError

from scheduler.domain.ports import Backend, Terminal
from scheduler.loops.metrics import SchedulerMetrics
from shared.bus import Bus
from shared.bus.sessions import BusSession
from shared.contracts.terminals import TerminalFrame, TerminalOrder, TerminalSize
from shared.errors import LimitExceeded, Unavailable

log = logging.getLogger("penstock.scheduler.terminals")

MOST_SESSIONS = 64
"""Of all people in all pods at once."""
_STREAMS = {"stdout": TerminalFrame.STDOUT, "stderr": TerminalFrame.STDERR}


class TerminalSessions:
    """The sessions that are open."""

    def __init__(self, bus: Bus, backend: Backend, metrics: SchedulerMetrics) -> None:
        self._bus, self._backend, self._metrics = bus, backend, metrics
        self._running: dict[str, asyncio.Task[None]] = {}
        self._opening: set[str] = set()

    async def run(self) -> None:
        """End them all when this is cancelled."""
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def open(self, order: TerminalOrder) -> None:
        """Open a session; one of that name that is there is left as it is. Raises as `Backend.exec`."""
        if order.session in self._running or order.session in self._opening:
            return
        if len(self._running) + len(self._opening) >= MOST_SESSIONS:
            raise LimitExceeded(f"{MOST_SESSIONS} terminals are open on this scheduler: close one")
        self._opening.add(order.session)
        try:
            await self._open(order)
        finally:
            self._opening.discard(order.session)

    async def _open(self, order: TerminalOrder) -> None:
        async with AsyncExitStack() as stack:
            terminal = await self._backend.exec(order.pod, order.command, tty=order.tty, size=order.size)
            stack.push_async_callback(_close, terminal)
            session = await stack.enter_async_context(self._bus.session("controller", order.session))
            session.begin()
            task = asyncio.create_task(_run(session, terminal, stack.pop_all()), name=f"terminal {order.pod}")
        self._running[order.session] = task
        self._metrics.terminals.inc()
        task.add_done_callback(lambda _: self._forget(order.session))
        log.info("a session in pod %s begins", order.pod)

    def _forget(self, session: str) -> None:
        del self._running[session]
        self._metrics.terminals.dec()


async def _run(session: BusSession, terminal: Terminal, stack: AsyncExitStack) -> None:
    """Pass bytes on both ways until one side ends it, then close what `stack` holds."""
    parts: tuple[Coroutine[Any, Any, None], ...] = (
        _pass_output(session, terminal),
        _pass_input(session, terminal),
        _obey(session, terminal),
    )
    tasks = [asyncio.create_task(part, name="terminal part") for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for each in done:
            if (error := each.exception()) is not None and not isinstance(error, Unavailable):
                log.error("a session failed", exc_info=error)
                await session.say_close("an internal error; the scheduler's log has it")
    except asyncio.CancelledError:
        await session.say_close("the scheduler is being restarted")
        raise
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.shield(stack.aclose())


async def _pass_output(session: BusSession, terminal: Terminal) -> None:
    while output := await terminal.read():
        await session.send(_STREAMS[output.stream], output.data)
    ended = await terminal.wait()
    await session.send(TerminalFrame.STATUS, ended.model_dump_json().encode())


async def _pass_input(session: BusSession, terminal: Terminal) -> None:
    """Never returns by itself: that there is no more input ends no session."""
    while True:
        kind, data = await session.receive()
        if kind is TerminalFrame.STDIN:
            await terminal.write(data)
            await session.taken(len(data))
        elif kind is TerminalFrame.END:
            await terminal.end_input()


async def _obey(session: BusSession, terminal: Terminal) -> None:
    """Until the controller ends it."""
    while True:
        kind, data = await session.receive_control()
        if kind is TerminalFrame.CLOSE:
            return
        try:
            await terminal.resize(TerminalSize.model_validate_json(data))
        except ValidationError:
            log.warning("a size that is none")


async def _close(terminal: Terminal) -> None:
    await terminal.close()
