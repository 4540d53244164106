"""Models for pods: a ticket opens one, a pod gets it whole, and what it says of itself is taken for no other pod's."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from running_services.scheduler_world import wanted
from scheduler.backends.errors import PreparationFailed, RegistryUnavailable
from scheduler.backends.kubernetes.manifests.names import object_name
from scheduler.backends.kubernetes.supply.prepare import Order, Preparing
from scheduler.backends.kubernetes.supply.server import Supply
from scheduler.backends.kubernetes.supply.tickets import Tickets
from scheduler.backends.pod_api.tokens import PodTokens
from scheduler.domain.values import PodNote
from shared.contracts.deployment import Deployment


class Models:
    """A cache with one model."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.is_cached = True
        self.trouble: Exception | None = None

    def cached(self, deployment: Deployment, template: str) -> Path | None:
        return self.folder if self.is_cached else None

    async def fetch(self, deployment: Deployment, template: str) -> Path:
        if self.trouble:
            raise self.trouble
        return self.folder


class Door:
    """The supply of one version, and what it was told."""

    def __init__(self, tmp_path: Path) -> None:
        model = tmp_path / "digest-1"
        (model / "data").mkdir(parents=True)
        (model / "MLmodel").write_text("flavors: {}")
        (model / "data" / "weights").write_bytes(b"\0" * 700_000)
        self.deployment = wanted()
        self.models = Models(model)
        self.notes: list[tuple[str, PodNote]] = []
        self.tickets = Tickets(PodTokens(tmp_path / "pods"))
        self.wanted = [self.deployment]
        supply = Supply(
            self.models,  # type: ignore[arg-type]
            self.tickets,
            lambda version: self.wanted if version == self.deployment.version_id else [],
            lambda pod, note: self.notes.append((pod, note)),
        )
        self.client = TestClient(supply.app())
        self.pod = f"{object_name(self.deployment)}-5d9c7b8f6-x2x7k"

    def headers(self, ticket: str | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {ticket or self.tickets.of(self.deployment)}"}

    def model(self, ticket: str | None = None) -> Any:
        return self.client.get("/model", params={"pod": self.pod}, headers=self.headers(ticket))


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


def test_a_model_arrives_whole(door: Door, tmp_path: Path) -> None:
    answer = door.model()
    assert answer.status_code == 200
    assert answer.headers["X-Penstock-Model"] == "digest-1"
    with tarfile.open(fileobj=io.BytesIO(answer.content), mode="r|") as archive:
        archive.extractall(tmp_path / "got", filter="data")
    assert (tmp_path / "got" / "data" / "weights").stat().st_size == 700_000
    assert [note.reason for _, note in door.notes] == ["ModelFound"]


def test_what_opens_nothing(door: Door, tmp_path: Path) -> None:
    other = Tickets(PodTokens(tmp_path / "others")).of(door.deployment)
    mine = door.tickets.of(door.deployment)
    for ticket in (other, mine[:-1] + ("0" if mine[-1] != "0" else "1"), "a.b.c", ".."):
        assert door.model(ticket).status_code == 401
    assert door.client.get("/model").status_code == 401
    door.wanted = []
    assert door.model().status_code == 410


def test_a_ticket_is_of_one_configuration(door: Door) -> None:
    changed = wanted(version_id=door.deployment.version_id, model_version="2")
    assert door.model(door.tickets.of(changed)).status_code == 410
    door.wanted = [changed, door.deployment]  # in the middle of a roll-out both are fetched
    assert door.model().status_code == 200
    restarted = door.deployment.model_copy(update={"restart": 4})
    assert door.tickets.of(restarted) == door.tickets.of(door.deployment)


def test_a_registry_that_is_away_is_waited_for_and_one_that_refuses_is_not(door: Door) -> None:
    door.models.is_cached = False
    door.models.trouble = RegistryUnavailable("MLflow does not answer")
    away = door.model()
    assert (away.status_code, away.headers["Retry-After"]) == (503, "3")
    assert [note.reason for _, note in door.notes] == ["FetchingModel", "RegistryUnavailable"]
    door.models.trouble = PreparationFailed("ModelNotFound", "there is no wine/9", is_permanent=True)
    refused = door.model()
    assert refused.status_code == 422
    assert refused.json() == {"reason": "ModelNotFound", "message": "there is no wine/9", "is_permanent": True}


def test_notes_are_of_the_ticket_s_own_pods(door: Door) -> None:
    def told(**of: Any) -> int:
        note = {"pod": door.pod, "reason": "BuildingEnvironment", "message": "building", **of}
        return int(door.client.post("/notes", json=note, headers=door.headers()).status_code)

    assert told() == 204
    assert [(pod, note.reason) for pod, note in door.notes] == [(door.pod, "BuildingEnvironment")]
    assert told(pod="another-v1-aaaaaa-5d9c7b8f6-x2x7k") == 204
    assert len(door.notes) == 1
    assert told(reason="not a reason") == 400
    assert told(message="x" * 20_000) == 413
    assert told(surplus=1) == 400


def test_a_pod_fetches_waits_and_says_why_it_cannot(door: Door, tmp_path: Path) -> None:
    order = Order(door.pod, "http://scheduler", door.tickets.of(door.deployment), tmp_path / "prepared", None)
    preparing = Preparing(order, {})

    class Answer(io.BytesIO):
        def __init__(self, found: Any) -> None:
            super().__init__(found.content)
            self.headers = found.headers

    def asked(method: str, path: str, body: bytes | None = None) -> Any:
        return Answer(door.client.request(method, path, headers=door.headers(order.ticket)))

    preparing._asked = asked  # type: ignore[method-assign]
    model = preparing._model()
    assert (model / "MLmodel").read_text() == "flavors: {}"
    assert preparing._model() == model

    truncated = Preparing(Order(door.pod, "http://s", "t", tmp_path / "cut", None), {})

    def cut(method: str, path: str, body: bytes | None = None) -> Any:
        found = Answer(door.client.request(method, path, headers=door.headers(order.ticket)))
        found.truncate(300_000)
        return found

    truncated._asked = cut  # type: ignore[method-assign]
    with pytest.raises(PreparationFailed, match="did not arrive whole"):
        truncated._model()
    assert not (tmp_path / "cut" / "model").exists()


def test_one_claim_keeps_a_model_for_all_pods(door: Door, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    for number in (1, 2):
        prepared = tmp_path / f"prepared-{number}"
        prepared.mkdir()
        preparing = Preparing(Order(door.pod, "http://s", "t", prepared, kept), {})

        def asked(method: str, path: str, body: bytes | None = None) -> Any:
            answer = door.model()
            found = io.BytesIO(answer.content)
            found.headers = answer.headers  # type: ignore[attr-defined]
            return found

        preparing._asked = asked  # type: ignore[method-assign]
        model = preparing._model()
        assert model.resolve() == (kept / "models" / "digest-1").resolve()
