"""Matchers on labels of alerts, as people write them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StrictBool, model_validator

from controller.domain.commands import Command, plain_text
from shared.errors import Detail, InvalidInput
from shared.logs.patterns import MAX_LENGTH, compile_matcher


class MatcherCommand(Command):
    """A condition on one label; `service`, `project`, `monitor`, `kind` and `severity` are labels of every alert."""

    name: Annotated[str, Field(min_length=1, max_length=128), AfterValidator(plain_text)]
    value: Annotated[str, Field(max_length=MAX_LENGTH), AfterValidator(plain_text)] = Field(
        description="What the label is; a label that is missing is the empty text."
    )
    is_regex: StrictBool = Field(
        default=False, description="`value` is an expression of RE2 that the whole label matches."
    )
    is_equal: StrictBool = Field(default=True, description="false: the label must not match.")

    @model_validator(mode="after")
    def _is_an_expression(self) -> MatcherCommand:
        if self.is_regex:
            try:
                compile_matcher(self.value)
            except InvalidInput as wrong:
                why = wrong.message.removeprefix("regex: ")
                raise InvalidInput(f"matcher {self.name}: {why}", (Detail(("matchers",), why),)) from wrong
        return self


Matchers = Annotated[tuple[MatcherCommand, ...], Field(max_length=16)]
