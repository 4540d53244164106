"""Random operations on a control plane, each with the answer that the rules ask for."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from operations.rules import Service, Version

NAMES = tuple(f"s{number}" for number in range(5))


@dataclass
class Operation:
    """One request, the status that it must have, and what its answer adds to the model (an id that was given)."""

    method: str
    path: str
    body: Any
    status: int
    note: Callable[[Any], None] = lambda _answer: None
    stopped: tuple[str, ...] = ()
    """Versions that must have ended first: what still stops is not deleted."""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Operations:
    """Makes operations and keeps the model that they act on; the same seed makes the same ones."""

    chance: random.Random
    services: dict[str, Service] = field(default_factory=dict)
    facts: Counter[str] = field(default_factory=Counter)
    """How many of each kind the stream must hold, of those that every operation tells once."""

    def next(self) -> Operation:
        """The next operation. The model is already as it should be afterwards."""
        name = self.chance.choice(NAMES)
        service = self.services.get(name)
        if service is None:
            return self._create(name) if self.chance.random() < 0.8 else self._unknown(name)
        kinds: list[tuple[int, Callable[[str, Service], Operation]]] = [
            (3, self._change_service),
            (8, self._add),
            (6, self._start_all),
            (4, self._stop_all),
            (8, self._issue),
            (3, self._delete),
            (1, self._create_again),
            (1, self._change_what_is_stale),
        ]
        if service.versions:
            kinds += [(14, self._start), (8, self._stop), (16, self._change), (14, self._split), (6, self._remove)]
            kinds += [(1, self._add_again)]
        if any(service.keys.values()):
            kinds += [(5, self._revoke), (3, self._rotate)]
        (make,) = self.chance.choices([make for _, make in kinds], [weight for weight, _ in kinds])
        return make(name, service)

    def _fields(self) -> dict[str, Any]:
        return {
            "model_version": self.chance.choice("12"),
            "replicas": self.chance.choice((1, 1, 2)),
            "max_batch_rows": self.chance.choice((64, 128, 256)),
            "spec": self.chance.choice(("1C2G", "1C1G")),
            "timeout_ms": self.chance.choice((1000, 2000, 60_000)),
            "qps": self.chance.choice((None, 5, 50)),
            "description": self._word(),
            "asked": self.chance.choice((0, 10, 33, 50, 100)),
        }

    def _word(self) -> str:
        return f"text {self.chance.randrange(1000)}"

    def _create(self, name: str) -> Operation:
        start = self.chance.random() < 0.6
        made = Service(description=self._word(), tags={"t": self._word()})
        body: dict[str, Any] = {"name": name, "description": made.description, "tags": made.tags, "start": start}
        if start or self.chance.random() < 0.7:
            fields = self._fields()
            body["version"] = body_of(fields)
            made.add(fields, start=start)
            self.facts["version.created"] += 1
        self.services[name] = made
        self.facts["service.created"] += 1
        return Operation("POST", "/services", body, 201)

    def _create_again(self, name: str, service: Service) -> Operation:
        return Operation("POST", "/services", {"name": name}, 409)

    def _change_what_is_stale(self, name: str, service: Service) -> Operation:
        body, headers = {"description": "too late"}, {"if-match": '"0"'}
        return Operation("PATCH", f"/services/{name}", body, 412, headers=headers)

    def _unknown(self, name: str) -> Operation:
        return Operation("POST", f"/services/{name}/start", None, 404)

    def _change_service(self, name: str, service: Service) -> Operation:
        service.description, service.auth_enabled = self._word(), self.chance.random() < 0.5
        service.tags = {"t": self._word()}
        body = {"description": service.description, "auth_enabled": service.auth_enabled, "tags": service.tags}
        return Operation("PATCH", f"/services/{name}", body, 200)

    def _add(self, name: str, service: Service) -> Operation:
        fields, start = self._fields(), self.chance.random() < 0.5
        body, status = body_of(fields) | {"start": start}, service.add(fields, start=start)
        self.facts["version.created"] += status == 201
        return Operation("POST", f"/services/{name}/versions", body, status)

    def _add_again(self, name: str, service: Service) -> Operation:
        body = body_of(self._fields()) | {"name": self._version(service)}
        return Operation("POST", f"/services/{name}/versions", body, 409)

    def _start_all(self, name: str, service: Service) -> Operation:
        return Operation("POST", f"/services/{name}/start", None, service.start_all())

    def _stop_all(self, name: str, service: Service) -> Operation:
        return Operation("POST", f"/services/{name}/stop", None, service.stop_all())

    def _start(self, name: str, service: Service) -> Operation:
        version = self._version(service)
        asked = self.chance.choice((None, 0, 20, 75))
        body = None if asked is None else {"traffic_weight": asked}
        return Operation("POST", f"/services/{name}/versions/{version}/start", body, service.start(version, asked))

    def _stop(self, name: str, service: Service) -> Operation:
        version = self._version(service)
        return Operation("POST", f"/services/{name}/versions/{version}/stop", None, service.stop(version))

    def _change(self, name: str, service: Service) -> Operation:
        version = self._version(service)
        every = self._fields()
        chosen = self.chance.sample(sorted(every), self.chance.randint(1, 3))
        fields = {key: every[key] for key in chosen}
        path = f"/services/{name}/versions/{version}"
        return Operation("PATCH", path, body_of(fields), service.change(version, fields))

    def _split(self, name: str, service: Service) -> Operation:
        names = list(service.active()) if self.chance.random() < 0.8 else list(service.versions)[:3]
        first = self.chance.choice((0, 5, 50, 67, 100, 101))
        weights = dict(zip(names, (first, 100 - first, 0), strict=False)) or {"nobody": 100}
        is_whole = all(0 <= weight <= 100 for weight in weights.values())
        status = service.split(weights) if is_whole else 400
        return Operation("PUT", f"/services/{name}/traffic", {"weights": weights}, status)

    def _remove(self, name: str, service: Service) -> Operation:
        version = self._version(service)
        path = f"/services/{name}/versions/{version}"
        if service.versions[version].is_active:
            return Operation("DELETE", path, None, 409)
        del service.versions[version]
        self.facts["version.deleted"] += 1
        return Operation("DELETE", path, None, 204, stopped=(path,))

    def _delete(self, name: str, service: Service) -> Operation:
        if service.active():
            return Operation("DELETE", f"/services/{name}", None, 409)
        paths = tuple(f"/services/{name}/versions/{version}" for version in service.versions)
        del self.services[name]
        self.facts["version.deleted"] += len(paths)
        self.facts["service.deleted"] += 1
        return Operation("DELETE", f"/services/{name}", None, 204, stopped=paths)

    def _issue(self, name: str, service: Service) -> Operation:
        key = f"key-{self.chance.randrange(4)}"
        status = service.issue(key)
        self.facts["apikey.issued"] += status == 201
        alive = service.keys.setdefault(key, [])
        body = {"name": key}
        return Operation("POST", f"/services/{name}/keys", body, status, lambda answer: alive.append(answer["id"]))

    def _rotate(self, name: str, service: Service) -> Operation:
        key = self.chance.choice([each for each, alive in service.keys.items() if alive])
        alive, status = service.keys[key], service.rotate(key)
        self.facts["apikey.issued"] += status == 201
        path = f"/services/{name}/keys/{alive[0]}/rotate"
        return Operation("POST", path, None, status, lambda answer: alive.append(answer["id"]))

    def _revoke(self, name: str, service: Service) -> Operation:
        key = self.chance.choice([each for each, alive in service.keys.items() if alive])
        gone = service.keys[key].pop(0)
        self.facts["apikey.revoked"] += 1
        return Operation("DELETE", f"/services/{name}/keys/{gone}", None, 204)

    def _version(self, service: Service) -> str:
        return self.chance.choice(list(service.versions))


def body_of(fields: dict[str, Any]) -> dict[str, Any]:
    """A version's fields as the API takes them."""
    shapes: dict[str, Callable[[Any], dict[str, Any]]] = {
        "model_version": lambda value: {"model_source": {"kind": "mlflow", "model": "wine", "version": value}},
        "replicas": lambda value: {"replicas": value},
        "max_batch_rows": lambda value: {"runtime": {"max_batch_rows": value}},
        "spec": lambda value: {"resource_source": {"kind": "shared", "spec": value}},
        "timeout_ms": lambda value: {"request_timeout_ms": value},
        "qps": lambda value: {"rate_limit": value and {"qps": value}},
        "description": lambda value: {"description": value},
        "asked": lambda value: {"traffic_weight": value},
    }
    return {key: value for name, given in fields.items() for key, value in shapes[name](given).items()}


def seen_as(version: dict[str, Any]) -> Version:
    """What the API shows of a version, as the model holds it; a share that is not shown is left at 0."""
    is_started = version["status"] == "running"
    return Version(
        model_version=version["model_source"]["version"],
        replicas=version["replicas"],
        max_batch_rows=version["runtime"]["max_batch_rows"],
        spec=version["resource_source"]["spec"],
        timeout_ms=version["request_timeout_ms"],
        qps=version["rate_limit"] and version["rate_limit"]["qps"],
        description=version["description"],
        asked=0 if is_started else version["traffic_weight"],
        weight=version["traffic_weight"] if is_started else 0,
        wanted="started" if is_started else version["status"],
    )
