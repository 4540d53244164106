"""The base of every fact: frozen, past tense, additive within a version."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Event(BaseModel):
    """One fact. `entity` and `fact` make its subject and type; `key` orders facts of one entity.

    Within a version (`v1`) fields are only ever added, with a default. Readers ignore what they do not know.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    entity: ClassVar[str]
    fact: ClassVar[str]
    schema_version: ClassVar[int] = 1

    @classmethod
    def event_type(cls) -> str:
        """CloudEvents type, such as `penstock.version.created.v1`."""
        return f"penstock.{cls.entity}.{cls.fact}.v{cls.schema_version}"

    @classmethod
    def subject(cls) -> str:
        """NATS subject, such as `penstock.events.version.created.v1`."""
        return f"penstock.events.{cls.entity}.{cls.fact}.v{cls.schema_version}"

    def key(self) -> str:
        """CloudEvents subject: the entity that this fact is about."""
        raise NotImplementedError
