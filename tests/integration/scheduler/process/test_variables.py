"""Pods whose environment variables name secrets: they wait for values, and start with those of the moment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from running_services.scheduler_world import running, wanted
from scheduler.domain.rollout import template_of
from shared.contracts.deployment import SecretKeyRef
from shared.errors import NotFound, Unavailable
from waiting.eventually import eventually

TOKEN = SecretKeyRef(secret="payments", key="token")


def test_other_variables_are_another_template_and_none_are_the_old_one() -> None:
    plain = wanted()
    assert template_of(plain) == template_of(plain.model_copy(update={"env": {}}))
    names = {template_of(plain.model_copy(update={"env": env})) for env in ({"A": "1"}, {"A": "2"}, {"A": TOKEN})}
    assert len(names | {template_of(plain)}) == 4


async def test_a_pod_waits_for_its_secrets_and_says_so(tmp_path: Path) -> None:
    answers: list[Exception | list[str]] = [Unavailable("the bus is away"), NotFound("There is no secret 'payments'")]
    asked: list[tuple[UUID, Sequence[SecretKeyRef]]] = []

    async def ask(version_id: UUID, refs: Sequence[SecretKeyRef]) -> Sequence[str]:
        asked.append((version_id, refs))
        answer = answers.pop(0) if answers else ["correct horse"]
        if isinstance(answer, Exception):
            raise answer
        return answer

    deployment = wanted().model_copy(update={"env": {"PLAIN": "1", "TOKEN": TOKEN}})
    async with running(tmp_path, ask_for_secrets=ask) as world:
        await world.backend.apply(deployment)
        await eventually(lambda: world.ready)
        assert asked == [(deployment.version_id, (TOKEN,))] * 3
        notes = [o.note.reason for o in world.seen if o.note]
        assert notes[:2] == ["SecretsUnavailable", "SecretMissing"]
        await world.backend.delete(deployment.version_id)
        await eventually(lambda: not world.now)
