"""Models for pods: a ticket opens one, a pod gets it whole, and what it says of itself is taken for no other pod's."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from running_services.scheduler_world import wanted
from scheduler.backends.errors import PreparationFailed, RegistryUnavailable
from scheduler.backends.kubernetes.manifests.names import object_name
from scheduler.backends.kubernetes.supply.prepare import Order, Preparing
from scheduler.backends.kubernetes.supply.server import Supply
from scheduler.backends.kubernetes.supply.tickets import Tickets
from scheduler.backends.pod_api.tokens import PodTokens
from scheduler.backends.preparation.port import AddNote
from scheduler.domain.values import PodNote
from shared.contracts.deployment import Deployment, FileMount, ImageSource, S3Mount


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


class Mounts:
    """A cache with the files of one mount, the second of an image."""

    def __init__(self, models: Models, folder: Path) -> None:
        self.models = models
        self.folder = folder

    async def fetch(self, deployment: Deployment, template: str, number: int, add_note: AddNote) -> Path:
        add_note(PodNote("FilesFetched", f"mount {number}"))
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
        files = tmp_path / "digest-2"
        files.mkdir()
        (files / "app.py").write_text("print()")
        supply = Supply(
            Mounts(self.models, files),  # type: ignore[arg-type]
            self.tickets,
            lambda version: self.wanted if version == self.deployment.version_id else [],
            lambda pod, note: self.notes.append((pod, note)),
        )
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(supply.app()), base_url="http://scheduler")
        self.pod = f"{object_name(self.deployment)}-5d9c7b8f6-x2x7k"

    def headers(self, ticket: str | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {ticket or self.tickets.of(self.deployment)}"}

    async def model(self, ticket: str | None = None) -> httpx.Response:
        return await self.client.get("/model", params={"pod": self.pod}, headers=self.headers(ticket))


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


async def test_a_model_arrives_whole(door: Door, tmp_path: Path) -> None:
    answer = await door.model()
    assert answer.status_code == 200
    assert answer.headers["X-Penstock-Model"] == "digest-1"
    with tarfile.open(fileobj=io.BytesIO(answer.content), mode="r|") as archive:
        archive.extractall(tmp_path / "got", filter="data")
    assert (tmp_path / "got" / "data" / "weights").stat().st_size == 700_000
    assert [note.reason for _, note in door.notes] == ["ModelFound"]


async def test_what_opens_nothing(door: Door, tmp_path: Path) -> None:
    other = Tickets(PodTokens(tmp_path / "others")).of(door.deployment)
    mine = door.tickets.of(door.deployment)
    for ticket in (other, mine[:-1] + ("0" if mine[-1] != "0" else "1"), "a.b.c", ".."):
        assert (await door.model(ticket)).status_code == 401
    assert (await door.client.get("/model")).status_code == 401
    door.wanted = []
    assert (await door.model()).status_code == 410


async def test_a_ticket_is_of_one_configuration(door: Door) -> None:
    changed = wanted(version_id=door.deployment.version_id, model_version="2")
    assert (await door.model(door.tickets.of(changed))).status_code == 410
    door.wanted = [changed, door.deployment]  # in the middle of a roll-out both are fetched
    assert (await door.model()).status_code == 200
    restarted = door.deployment.model_copy(update={"restart": 4})
    assert door.tickets.of(restarted) == door.tickets.of(door.deployment)


async def test_a_registry_that_is_away_is_waited_for_and_one_that_refuses_is_not(door: Door) -> None:
    door.models.is_cached = False
    door.models.trouble = RegistryUnavailable("MLflow does not answer")
    away = await door.model()
    assert (away.status_code, away.headers["Retry-After"]) == (503, "3")
    assert [note.reason for _, note in door.notes] == ["FetchingModel", "RegistryUnavailable"]
    door.models.trouble = PreparationFailed("ModelNotFound", "there is no wine/9", is_permanent=True)
    refused = await door.model()
    assert refused.status_code == 422
    assert refused.json() == {"reason": "ModelNotFound", "message": "there is no wine/9", "is_permanent": True}


async def test_notes_are_of_the_ticket_s_own_pods(door: Door) -> None:
    async def told(**of: Any) -> int:
        note = {"pod": door.pod, "reason": "BuildingEnvironment", "message": "building", **of}
        return (await door.client.post("/notes", json=note, headers=door.headers())).status_code

    assert await told() == 204
    assert [(pod, note.reason) for pod, note in door.notes] == [(door.pod, "BuildingEnvironment")]
    assert await told(pod="another-v1-aaaaaa-5d9c7b8f6-x2x7k") == 204
    assert len(door.notes) == 1
    assert await told(reason="not a reason") == 400
    assert await told(message="x" * 20_000) == 413
    assert await told(surplus=1) == 400


async def test_an_image_has_files_and_no_model(door: Door, tmp_path: Path) -> None:
    mounts = (FileMount(path="/a", content="1"), S3Mount(path="/code", uri="s3://bucket/code"))
    source = ImageSource(image="r.io/app:1", mounts=mounts)
    door.deployment = door.deployment.model_copy(update={"model_source": source})
    door.wanted = [door.deployment]

    async def asked(path: str) -> httpx.Response:
        return await door.client.get(path, params={"pod": door.pod}, headers=door.headers())

    assert (await asked("/model")).json()["reason"] == "NotAModel"
    assert [(await asked(f"/mounts/{number}")).status_code for number in (0, 1, 2)] == [404, 200, 404]
    assert (await door.client.get("/mounts/1")).status_code == 401
    assert [(pod, note.message) for pod, note in door.notes] == [(door.pod, "mount 1")]
    order = Order.of(
        {
            "PENSTOCK_POD": door.pod,
            "PENSTOCK_SUPPLY_URL": "http://s",
            "PENSTOCK_TICKET": "t",
            "PENSTOCK_PREPARED": str(tmp_path / "prepared"),
            "PENSTOCK_MOUNTS": "1",
        }
    )
    preparing = Asking(order, Answer(await asked("/mounts/1")), f"/mounts/1?pod={door.pod}")
    await preparing.run()
    assert (tmp_path / "prepared" / "mounts" / "1" / "app.py").read_text() == "print()"
    assert [each.name for each in (tmp_path / "prepared").iterdir()] == ["mounts"]
    await preparing.run()  # its node came back


class Answer(io.BytesIO):
    """A scheduler's answer."""

    def __init__(self, found: httpx.Response, length: int | None = None) -> None:
        super().__init__(found.content[:length])
        self.headers = found.headers


class Asking(Preparing):
    """A preparation whose scheduler answers this."""

    def __init__(self, order: Order, answer: Answer, path: str | None = None) -> None:
        super().__init__(order, {})
        self.answer = answer
        self.path = path or f"/model?pod={order.pod}"

    def _asked(self, method: str, path: str, body: bytes | None = None) -> Any:
        assert (method, path) == ("GET", self.path)
        return self.answer


async def test_a_pod_has_its_model_whole_or_not_at_all(door: Door, tmp_path: Path) -> None:
    found = await door.model()
    preparing = Asking(Order(door.pod, "http://s", "t", tmp_path / "prepared", None), Answer(found))
    model = preparing._model()
    assert (model / "MLmodel").read_text() == "flavors: {}"
    assert preparing._model() == model

    cut = Asking(Order(door.pod, "http://s", "t", tmp_path / "cut", None), Answer(found, 300_000))
    with pytest.raises(PreparationFailed, match="did not arrive whole"):
        cut._model()
    assert list((tmp_path / "cut").iterdir()) == []


async def test_an_archive_reaches_nothing_outside(tmp_path: Path) -> None:
    for name, kind in (("../up", tarfile.REGTYPE), ("/abs", tarfile.REGTYPE), ("link", tarfile.SYMTYPE)):
        written = io.BytesIO()
        with tarfile.open(fileobj=written, mode="w") as archive:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "/etc/passwd"
            archive.addfile(entry)
        answer = Answer(httpx.Response(200, content=written.getvalue()))
        with pytest.raises(PreparationFailed, match="a file that is none"):
            Asking(Order("pod", "http://s", "t", tmp_path / "prepared", None), answer)._model()
        assert list((tmp_path / "prepared").iterdir()) == []


async def test_one_claim_keeps_a_model_for_all_pods(door: Door, tmp_path: Path) -> None:
    kept, found = tmp_path / "kept", await door.model()
    for number in (1, 2):
        prepared = tmp_path / f"prepared-{number}"
        prepared.mkdir()
        model = Asking(Order(door.pod, "http://s", "t", prepared, kept), Answer(found))._model()
        assert model.resolve() == (kept / "models" / "digest-1").resolve()
        assert (model / "MLmodel").exists()
