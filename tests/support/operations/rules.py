"""The rules of services and versions as a model of a few lines: what an operation answers, and what is so after it.

It knows nothing of databases, events and pods. Nothing that is started here ever fails.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MAX_ACTIVE = 2


def shares(weights: dict[str, int], total: int) -> dict[str, int]:
    """`weights` (not all 0) in proportion, summing to `total`: largest remainders get what is left, then by name."""
    whole = sum(weights.values())
    found = {name: part * total // whole for name, part in weights.items()}
    missing = total - sum(found.values())
    for name in sorted(weights, key=lambda each: (-(weights[each] * total % whole), each))[:missing]:
        found[name] += 1
    return found


@dataclass
class Version:
    """One version, as asked for."""

    model_version: str = "1"
    replicas: int = 1
    max_batch_rows: int = 256
    spec: str = "1C2G"
    timeout_ms: int = 60_000
    qps: float | None = None
    description: str = ""
    asked: int = 0
    weight: int = 0
    wanted: str = "draft"
    resumes: bool = False

    @property
    def is_active(self) -> bool:
        return self.wanted == "started"


@dataclass
class Service:
    """One service, its versions (oldest first), and its keys: name → ids that are alive."""

    description: str = ""
    auth_enabled: bool = True
    tags: dict[str, str] = field(default_factory=dict)
    versions: dict[str, Version] = field(default_factory=dict)
    keys: dict[str, list[str]] = field(default_factory=dict)
    next_version: int = 1

    def active(self) -> dict[str, int]:
        return {name: version.weight for name, version in self.versions.items() if version.is_active}

    def weigh(self, weights: dict[str, int]) -> None:
        for name, version in self.versions.items():
            version.weight = weights.get(name, 0)

    def add(self, fields: dict[str, Any], *, start: bool) -> int:
        if start and len(self.active()) >= MAX_ACTIVE:
            return 409
        name = f"v{self.next_version}"
        self.next_version += 1
        self.versions[name] = Version(**fields)
        if start:
            self.start(name)
        return 201

    def start(self, name: str, asked: int | None = None) -> int:
        version, others = self.versions[name], self.active()
        if version.is_active:
            return 200
        if len(others) >= MAX_ACTIVE:
            return 409
        share = version.asked if asked is None else asked
        version.wanted, version.resumes = "started", False
        self.weigh({**shares(others, 100 - share), name: share} if any(others.values()) else {name: 100})
        return 200

    def stop(self, name: str) -> int:
        version = self.versions[name]
        if version.is_active:
            rest = {other: weight for other, weight in self.active().items() if other != name}
            if rest and not any(rest.values()):
                return 409
            version.wanted, version.resumes = "stopped", False
            self.weigh(shares(rest, 100) if rest else {})
        return 200

    def start_all(self) -> int:
        if not self.versions:
            return 409
        if self.active():
            return 200
        resuming = [name for name, version in self.versions.items() if version.resumes] or list(self.versions)[-1:]
        weights = {name: self.versions[name].weight for name in resuming}
        for name in resuming:
            self.start(name)
        if sum(weights.values()) == 100:
            self.weigh(weights)
        return 200

    def stop_all(self) -> int:
        if self.active():
            for version in self.versions.values():
                version.resumes = version.is_active
                version.wanted = "stopped" if version.is_active else version.wanted
        return 200

    def split(self, weights: dict[str, int]) -> int:
        is_split = sum(weights.values()) == 100 and all(
            name in self.versions and (self.versions[name].is_active or not weight) for name, weight in weights.items()
        )
        if is_split:
            self.weigh(weights)
        return 200 if is_split else 400

    def change(self, name: str, fields: dict[str, Any]) -> int:
        version = self.versions[name]
        if "asked" in fields and version.is_active:
            return 409
        for key, value in fields.items():
            setattr(version, key, value)
        return 200

    def issue(self, name: str) -> int:
        return 409 if self.keys.get(name) else 201

    def rotate(self, name: str) -> int:
        return 409 if len(self.keys[name]) >= 2 else 201
