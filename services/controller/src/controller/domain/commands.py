"""The base of every request body, and the field types that several of them have. Checked alone: no store, no registry.

A field that is not declared is refused. What is planned (`llm`) is recognised and refused with a sentence that
says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from controller.domain import names
from shared.errors import Detail, InvalidInput

STRICT = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def plain_text(text: str) -> str:
    """`text` if a database can store it and JSON can carry it; else `InvalidInput`."""
    if any(ch == "\x00" or "\ud800" <= ch <= "\udfff" for ch in text):
        raise InvalidInput("Text must not hold NUL or lone surrogates")
    return text


def _few_tags(value: object) -> object:
    if isinstance(value, Mapping) and len(value) > 64:
        raise InvalidInput("At most 64 tags", (Detail(("tags",), "more than 64"),))
    return value


Text = Annotated[str, Field(max_length=4000), AfterValidator(plain_text)]
ShortText = Annotated[str, Field(max_length=256), AfterValidator(plain_text)]
ServiceName = Annotated[str, AfterValidator(names.service_name)]
VersionName = Annotated[str, AfterValidator(names.version_name)]
KeyName = Annotated[str, AfterValidator(names.key_name)]
Cores = Annotated[float, Field(gt=0, le=1024)]
Gibibytes = Annotated[float, Field(gt=0, le=65_536)]
Devices = Annotated[int, Field(strict=True, ge=0, le=64)]
GpuKind = Annotated[str, AfterValidator(names.gpu_kind)]
Tags = Annotated[dict[ShortText, ShortText], BeforeValidator(_few_tags)]


class Command(BaseModel):
    """Base of every body: unknown fields, NaN and infinities are refused."""

    model_config = STRICT


class Change(Command):
    """A partial update: what is absent stays, and null is only for fields that may be null."""

    nullable: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _null_only_where_possible(cls, value: Any) -> Any:
        items = value.items() if isinstance(value, Mapping) else ()
        wrong = [key for key, given in items if given is None and key not in cls.nullable]
        if wrong:
            raise InvalidInput(
                f"{', '.join(wrong)} must not be null", [Detail((key,), "must not be null") for key in wrong]
            )
        return value


def require_gpus_of_kind(gpu: int, kind: str | None, *within: str) -> None:
    """Refuse a kind of GPU where none is asked for; `within`: the fields that it stands in."""
    if kind is not None and gpu == 0:
        raise InvalidInput(
            f"gpu_kind {kind!r} says which GPUs a pod gets, and gpu is 0: ask for one at least, or leave gpu_kind out",
            (Detail((*within, "gpu_kind"), "needs a gpu of at least 1"),),
        )


def require_future(expires_at: datetime | None, now: datetime) -> None:
    """Refuse an expiry that has passed."""
    if expires_at is not None and expires_at <= now:
        raise InvalidInput("expires_at lies in the past", (Detail(("expires_at",), "lies in the past"),))
