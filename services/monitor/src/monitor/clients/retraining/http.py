"""Webhook, Airflow, Argo and GitHub: only to addresses that may be connected to, no redirects, within a time."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import httpx

from monitor.domain.credentials import without_credentials
from monitor.domain.retraining.http import HttpAnswer, HttpCall, Progress, StartOutcome, refusal_of, rejected, retry
from monitor.domain.retraining.ports import CancelOutcome
from monitor.domain.retraining.vendors import Ask, Vendor, token_of, vendor_of
from shared.clock import Clock
from shared.contracts.retraining import (
    JobAction,
    RetrainingAccess,
    RetrainingEvidence,
    RetrainingRun,
    RetrainingTrigger,
)
from shared.errors import InvalidInput
from shared.security.addresses import AddressRule
from shared.security.pinned_transport import PinnedTransport

ANSWER_WITHIN_S = 15.0
LARGEST_ANSWER = 4 * 1024 * 1024
"""Bytes: a list of GitHub's runs is some hundred kilobytes."""
SETTING = "CONTROLLER_ALLOWED_RETRAINERS"


class HttpSystem:
    """Implements `RetrainingSystem` for every action but jobs."""

    def __init__(self, clock: Clock, *, within_s: float = ANSWER_WITHIN_S) -> None:
        self._clock = clock
        self._within_s = within_s

    async def start(
        self, trigger: RetrainingTrigger, evidence: RetrainingEvidence, access: RetrainingAccess
    ) -> StartOutcome:
        """See `RetrainingSystem`."""
        outcome = await self._start(_vendor(trigger), self._ask(evidence, access), access)
        return replace(outcome, message=_shown(outcome.message, access))

    async def _start(self, vendor: Vendor, ask: Ask, access: RetrainingAccess) -> StartOutcome:
        try:
            async with self._client(access) as client:
                ask, refused = await self._logged_in(client, vendor, ask)
                return refused or vendor.started(await self._answer(client, vendor.start(ask)), ask)
        except InvalidInput as refused_address:
            return rejected("AddressRefused", refused_address.message)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError) as unusable:
            return rejected("Unusable", f"the address or the credentials are of no use: {unusable}")
        except (httpx.HTTPError, TimeoutError, OSError) as away:
            return retry("Unavailable", _why(away))

    async def look(
        self, trigger: RetrainingTrigger, evidence: RetrainingEvidence, run: RetrainingRun, access: RetrainingAccess
    ) -> Progress:
        """See `RetrainingSystem`."""
        progress = await self._look(_vendor(trigger), self._ask(evidence, access), run, access)
        return replace(progress, message=_shown(progress.message, access))

    async def _look(self, vendor: Vendor, ask: Ask, run: RetrainingRun, access: RetrainingAccess) -> Progress:
        if vendor.look(run, ask) is None:
            return Progress("unknown", run=run)
        try:
            async with self._client(access) as client:
                ask, refused = await self._logged_in(client, vendor, ask)
                call = vendor.look(run, ask)
                if refused is not None or call is None:
                    return Progress("unknown", message=refused.message if refused else None, run=run)
                return vendor.seen(await self._answer(client, call), run, ask)
        except (httpx.HTTPError, httpx.InvalidURL, InvalidInput, ValueError, TimeoutError, OSError) as away:
            return Progress("unknown", message=_why(away), run=run)

    async def cancel(
        self, trigger: RetrainingTrigger, evidence: RetrainingEvidence, run: RetrainingRun, access: RetrainingAccess
    ) -> CancelOutcome:
        """See `RetrainingSystem`."""
        vendor, ask = _vendor(trigger), self._ask(evidence, access)
        if vendor.cancel(run, ask) is None:
            return "cannot"
        try:
            async with self._client(access) as client:
                ask, refused = await self._logged_in(client, vendor, ask)
                call = vendor.cancel(run, ask)
                if refused is not None or call is None:
                    return "later" if refused is not None and refused.kind == "retry" else "cannot"
                answer = await self._answer(client, call)
        except (httpx.InvalidURL, InvalidInput, ValueError):
            return "cannot"
        except (httpx.HTTPError, TimeoutError, OSError):
            return "later"
        if answer.is_success or answer.status in (404, 409):  # it is over already
            return "told"
        return "later" if refusal_of(answer).kind == "retry" else "cannot"

    def _ask(self, evidence: RetrainingEvidence, access: RetrainingAccess) -> Ask:
        return Ask(evidence, access.credentials, self._clock.now())

    def _client(self, access: RetrainingAccess) -> httpx.AsyncClient:
        rule = AddressRule.of(access.allowed, SETTING)
        transport = PinnedTransport(rule, largest_answer=LARGEST_ANSWER)
        return httpx.AsyncClient(transport=transport, timeout=self._within_s, headers={"user-agent": "penstock"})

    async def _logged_in(self, client: httpx.AsyncClient, vendor: Vendor, ask: Ask) -> tuple[Ask, StartOutcome | None]:
        """With the token that a login gives, where one is needed; else why there is none."""
        call = vendor.login(ask)
        if call is None:
            return ask, None
        answer = await self._answer(client, call)
        token = token_of(answer)
        if token is None:
            refused = refusal_of(answer) if not answer.is_success else retry("UnknownAnswer", answer.quote())
            return ask, refused
        return Ask(ask.evidence, {"token": token}, ask.at), None

    async def _answer(self, client: httpx.AsyncClient, call: HttpCall) -> HttpAnswer:
        content = call.raw if call.raw is not None else None if call.body is None else json.dumps(call.body).encode()
        headers = dict(call.headers) | ({"content-type": "application/json"} if content is not None else {})
        async with asyncio.timeout(self._within_s):
            answer = await client.request(call.method, call.url, headers=headers, content=content)
        return HttpAnswer(
            answer.status_code, answer.content, {key.lower(): text for key, text in answer.headers.items()}
        )


def _vendor(trigger: RetrainingTrigger) -> Vendor:
    action = trigger.action
    assert not isinstance(action, JobAction)
    return vendor_of(action)


def _shown(message: str | None, access: RetrainingAccess) -> str | None:
    """Without credentials: Airflow repeats the password of a login that it does not understand."""
    return None if message is None else without_credentials(message, access.credentials)


def _why(error: BaseException) -> str:
    """Without the URL, which may hold a key."""
    if isinstance(error, InvalidInput):
        return error.message
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return f"no answer within {ANSWER_WITHIN_S:g} s"
    return f"no connection ({type(error).__name__})"
