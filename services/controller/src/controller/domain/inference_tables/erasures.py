"""Commands about erasures: whose rows go from every table of a service."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from controller.domain.commands import Command, plain_text
from shared.contracts.inference_tables.erasures import ErasureTerms
from shared.errors import Detail, InvalidInput

MARGIN = timedelta(hours=1)
"""Purges and compactions come at intervals."""
MOST_SUBJECTS = 1000

Subject = Annotated[str, Field(min_length=1, max_length=1024), AfterValidator(plain_text)]
Subjects = Annotated[tuple[Subject, ...], Field(min_length=1, max_length=MOST_SUBJECTS)]


class NewErasure(Command):
    """Whose rows go: exactly one of `client_request_ids`, `request_ids`, and `column` with `values`."""

    client_request_ids: Subjects | None = Field(default=None, description="As callers gave them.")
    request_ids: Subjects | None = Field(default=None, description="`X-Request-Id` of their answers.")
    column: Annotated[str, Field(min_length=1, max_length=256), AfterValidator(plain_text)] | None = Field(
        default=None, description="A feature or a prediction, as the model names it; hashed ones too."
    )
    values: Subjects | None = Field(default=None, description="Values of the column, as text.")

    @model_validator(mode="after")
    def _exactly_one(self) -> NewErasure:
        given = [name for name in ("client_request_ids", "request_ids", "column") if getattr(self, name) is not None]
        if len(given) != 1 or (self.column is None) != (self.values is None):
            why = "exactly one of client_request_ids, request_ids, and column with values"
            raise InvalidInput(f"An erasure takes {why}", (Detail((), why),))
        return self

    @property
    def by(self) -> str:
        """What the subjects are."""
        return next(name for name in ("client_request_ids", "request_ids", "column") if getattr(self, name) is not None)

    @property
    def subjects(self) -> tuple[str, ...]:
        """The ids, or the values, each once."""
        return tuple(dict.fromkeys(self.client_request_ids or self.request_ids or self.values or ()))


def final_by(ordered_at: datetime, terms: ErasureTerms) -> datetime:
    """When nothing of the rows is left: the longest time for which something may keep them, and a margin."""
    return ordered_at + timedelta(seconds=max(terms.stream_s, terms.files_s)) + MARGIN
