"""A session inside a pod: between a WebSocket and the scheduler, until one of many things ends it.

What is typed and printed is passed on no faster than the other side takes it. Who opened the session is authorized
again whenever rights have changed, and every few seconds.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from controller.api.dependencies import ApiDependencies
from controller.api.observability.stream_access import AccessRecheck, refusal_of
from controller.api.terminals.frames import (
    ENDED,
    RESTARTING,
    TIMED_OUT,
    UNAVAILABLE,
    SessionEnd,
    count_of,
    end_of,
    parse_frame,
    status_frame,
)
from controller.api.terminals.metrics import TerminalMetrics
from controller.api.terminals.recording import Recording
from controller.domain.services.terminals import TerminalGrant
from controller.store.audit import Actor, AuditedResource, record_action
from shared.bus.sessions import BusSession
from shared.contracts.rpc.method import Nothing
from shared.contracts.rpc.scheduler import OPEN_TERMINAL
from shared.contracts.terminals import TerminalExit, TerminalFrame, TerminalOrder, TerminalSize
from shared.errors import InvalidInput, PenstockError, Unavailable

log = logging.getLogger("penstock.controller.terminals")

OPEN_WITHIN_S = 25.0
LOOKS_EVERY_S = 0.5
"""At the limits of time, and whether the controller stops."""


@dataclass(frozen=True)
class SessionClient:
    """Who is at the other end of the WebSocket. `has_credit`: it says itself how much of the output it has shown."""

    websocket: WebSocket
    request_id: str
    has_credit: bool = False


class PodSession:
    """One session."""

    def __init__(
        self, client: SessionClient, deps: ApiDependencies, grant: TerminalGrant, metrics: TerminalMetrics
    ) -> None:
        self._client, self._deps, self._grant, self._metrics = client, deps, grant, metrics
        self._websocket = client.websocket
        self._actor = Actor(grant.user, "exec_in_pod", client.request_id)
        self._unshown = 0
        self._name = secrets.token_urlsafe(18)
        self._began = self._active = deps.clock.monotonic()
        self._bytes = {"in": 0, "out": 0}
        self._recording: Recording | None = None

    async def run(self) -> SessionEnd:
        """Until it ends. Raises what opening it raises: then there was none."""
        self._recording = self._record()
        grant, wanted = self._grant, self._grant.wanted
        order = TerminalOrder(
            session=self._name,
            version_id=grant.version_id,
            pod=grant.pod,
            command=tuple(wanted.command),
            tty=wanted.tty,
            size=wanted.size,
        )
        try:
            async with self._deps.bus.session("scheduler", self._name) as channel:
                await self._deps.call(OPEN_TERMINAL, order, Nothing, within_s=OPEN_WITHIN_S)
                channel.begin()
                try:
                    await self._audit("opened", {})
                    end = await self._attend(channel)
                finally:
                    await asyncio.shield(channel.say_close("the session is over"))
        finally:
            if self._recording is not None:
                self._recording.close()
        await self._audit("closed", self._summary(end))
        return end

    async def _attend(self, channel: BusSession) -> SessionEnd:
        """Pass on both ways, and look after the limits, until the first of these has an end to tell."""
        await self._websocket.send_bytes(status_frame(status="open", recorded=self._recording is not None))
        parts: tuple[Coroutine[Any, Any, SessionEnd], ...] = (
            self._from_people(channel),
            self._from_pod(channel),
            self._until_told(channel),
            self._within_limits(),
        )
        tasks = [asyncio.create_task(part, name="terminal part") for part in parts]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return min((self._end(task) for task in tasks if task in done), key=lambda end: end.code)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _end(self, task: asyncio.Task[SessionEnd]) -> SessionEnd:
        error = task.exception()
        if error is None:
            return task.result()
        if isinstance(error, PenstockError):
            return end_of(error)
        if isinstance(error, WebSocketDisconnect | OSError | RuntimeError):  # the last two: a connection that is gone
            return SessionEnd(ENDED, TerminalExit(message="the client has left"))
        log.error("a session failed", exc_info=error)
        return SessionEnd(UNAVAILABLE, TerminalExit(message="an internal error; the log has it"))

    async def _from_people(self, channel: BusSession) -> SessionEnd:
        while True:
            message = await self._websocket.receive()
            if message["type"] != "websocket.receive":
                raise WebSocketDisconnect(message.get("code", 1005))
            if (data := message.get("bytes")) is None:
                raise InvalidInput("Frames are binary")
            kind, payload = parse_frame(data)
            if kind is TerminalFrame.CREDIT:
                await self._shown(channel, min(count_of(payload), self._unshown))
                continue
            self._note("in", len(payload) if kind is TerminalFrame.STDIN else 0)
            if kind is TerminalFrame.RESIZE and self._recording is not None:
                self._recording.resize(self._elapsed(), TerminalSize.model_validate_json(payload))
            await channel.send(kind, payload)

    async def _from_pod(self, channel: BusSession) -> SessionEnd:
        while True:
            kind, payload = await channel.receive()
            if kind is TerminalFrame.STATUS:
                return SessionEnd(ENDED, TerminalExit.model_validate_json(payload))
            self._note("out", len(payload))
            if self._recording is not None:
                self._recording.output(self._elapsed(), payload)
            self._unshown += len(payload)
            await self._websocket.send_bytes(bytes([kind]) + payload)
            if not self._client.has_credit:  # what was sent is as good as shown: it is sent as it is read
                await self._shown(channel, len(payload))

    async def _shown(self, channel: BusSession, count: int) -> None:
        self._unshown -= count
        await channel.taken(count)

    async def _until_told(self, channel: BusSession) -> SessionEnd:
        """The scheduler ends it before its command has ended."""
        while True:
            kind, payload = await channel.receive_control()
            if kind is TerminalFrame.CLOSE:
                return SessionEnd(UNAVAILABLE, TerminalExit(message=payload.decode(errors="replace")))

    async def _within_limits(self) -> SessionEnd:
        limits, clock = self._deps.terminals.limits, self._deps.clock
        with AccessRecheck(self._deps.changes, clock) as recheck:
            while not self._deps.stopping.is_set():
                if recheck.is_due() and (refusal := await refusal_of(self._grant.must_be_allowed)) is not None:
                    return end_of(refusal)
                if self._elapsed() >= limits.lifetime.total_seconds():
                    return _timed_out(f"a session lasts {_words(limits.lifetime.total_seconds())} at most")
                if clock.monotonic() - self._active >= limits.idle.total_seconds():
                    return _timed_out(f"the session was idle for {_words(limits.idle.total_seconds())}")
                with suppress(TimeoutError):
                    await asyncio.wait_for(recheck.changed.wait(), LOOKS_EVERY_S)
        return SessionEnd(RESTARTING, TerminalExit(message="the control plane is being restarted"))

    def _elapsed(self) -> float:
        return self._deps.clock.monotonic() - self._began

    def _note(self, direction: str, count: int) -> None:
        self._active = self._deps.clock.monotonic()
        self._bytes[direction] += count
        self._metrics.bytes.labels(direction).inc(count)

    def _record(self) -> Recording | None:
        limits = self._deps.terminals.limits
        if limits.recordings is None:
            return None
        grant, at = self._grant, self._deps.clock.now()
        name = f"{at:%Y%m%dT%H%M%SZ}-{grant.pod}-{secrets.token_hex(4)}"
        title = f"{grant.user} in {grant.pod}"
        header = {"timestamp": int(at.timestamp()), "title": title, "command": " ".join(grant.wanted.command)}
        try:
            return Recording(limits.recordings, name, limits.recording_bytes, header, grant.wanted.size)
        except OSError as error:
            log.exception("a session cannot be recorded, and is refused")
            raise Unavailable("Terminals are recorded here, and the recording cannot be written") from error

    def _summary(self, end: SessionEnd) -> dict[str, Any]:
        return {
            "exit_code": end.exit.code,
            "signal": end.exit.signal,
            "message": end.exit.message,
            "bytes_in": self._bytes["in"],
            "bytes_out": self._bytes["out"],
            "seconds": round(self._elapsed(), 1),
            "recording": self._recording.path.name if self._recording is not None else None,
        }

    async def _audit(self, action: str, what: dict[str, Any]) -> None:
        """A line of the audit log. A session does not begin without; that it has ended may only be in our own log."""
        grant = self._grant
        subject = AuditedResource("terminal", f"{grant.service}/{grant.version}/{grant.pod}", grant.project)
        details = {"command": grant.wanted.command, "tty": grant.wanted.tty, "source": grant.source, **what}
        try:
            async with self._deps.unit_of_work(self._actor) as unit:
                record_action(unit.session, self._actor, unit.now, subject, action, details=details)
        except PenstockError:
            log.warning("terminal %s by %s in %s: not in the audit log: %s", action, grant.user, grant.pod, details)
            if not what:
                raise


def _timed_out(why: str) -> SessionEnd:
    return SessionEnd(TIMED_OUT, TerminalExit(message=why))


def _words(seconds: float) -> str:
    for unit, length in (("hour", 3600), ("minute", 60)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:g} {unit}{'s' if seconds > length else ''}"
    return f"{seconds:g} s"
