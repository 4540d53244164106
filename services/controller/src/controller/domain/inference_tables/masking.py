"""Commands about masking: the rules of a version, and what they would do to rows that are there."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field

from controller.domain.commands import STRICT, Command, plain_text
from shared.contracts.routes import MaskingRule
from shared.errors import Detail, InvalidInput
from shared.masking.bodies import Masker
from shared.masking.documents import folded

NOT_POSSIBLE = "MASKING_NOT_POSSIBLE"
NEVER_MASKED = "client_request_id"
"""What labels and erasures are joined by; a caller who puts a person's name there has to be told not to."""


class MaskRule(MaskingRule):
    """`MaskingRule` as a body: unknown fields are refused."""

    model_config = STRICT

    column: Annotated[str, Field(min_length=1, max_length=128), AfterValidator(plain_text)] = Field(
        description="Name in requests and answers, in any case; `prediction`: predictions that have no name."
    )


def _one_rule_each(rules: tuple[MaskRule, ...]) -> tuple[MaskRule, ...]:
    names = [folded(rule.column) for rule in rules]
    if NEVER_MASKED in names:
        raise _refused(f"{NEVER_MASKED} cannot be masked: labels and erasures name requests by it")
    if "" in names:
        raise _refused("a column's name is not blank")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise _refused(
            f"one rule for each column, and {', '.join(twice)} have more (names that differ in case are one)"
        )
    return rules


def _refused(why: str) -> InvalidInput:
    return InvalidInput(why, (Detail(("log_delivery", "masking"), why),))


MaskRules = Annotated[tuple[MaskRule, ...], Field(max_length=64), AfterValidator(_one_rule_each)]


class MaskingPreview(Command):
    """Rules to try on recorded requests."""

    masking: MaskRules | None = Field(default=None, description="None: those that the version has.")
    limit: int = Field(default=10, ge=1, le=100, description="The newest requests of the version that are looked at.")


class MaskedRow(BaseModel):
    """One recorded request as it would have been logged."""

    request_id: str
    request: str | None = Field(description="Null where the rules cannot be applied: it would not be logged.")
    response: str | None = Field(description="The same of the answer.")
    logging_error_codes: list[str]
    changed: bool = Field(description="Whether the rules change any value of it, or leave a body out.")


Bodies = list[str | None]
"""Request and answer."""


def preview(rules: Sequence[tuple[str, str]], rows: Sequence[Mapping[str, Any]]) -> tuple[list[MaskedRow], list[str]]:
    """Rows of the payload table as rules would leave them, and the columns whose rule changes none of them."""
    key = os.urandom(32)
    as_written = [_as_written(row) for row in rows]
    found = [_masked(rules, key, row) if rules else list(plain) for row, plain in zip(rows, as_written, strict=True)]
    items = [_row(*each) for each in zip(rows, found, as_written, strict=True)]
    untouched = [
        column
        for column, action in rules
        if not any(
            _differs(_masked([(column, action)], key, row), plain) for row, plain in zip(rows, as_written, strict=True)
        )
    ]
    return items, untouched


def _row(row: Mapping[str, Any], found: Bodies, plain: Bodies) -> MaskedRow:
    codes = [code for code in row.get("logging_error_codes") or () if code != NOT_POSSIBLE]
    return MaskedRow(
        request_id=row["request_id"],
        request=found[0],
        response=found[1],
        logging_error_codes=[*codes, NOT_POSSIBLE] if None in found else codes,
        changed=found != plain,
    )


def _differs(found: Bodies, plain: Bodies) -> bool:
    """Whether a rule has found its column: a body that is left out is so whatever the column."""
    return any(one is not None and one != other for one, other in zip(found, plain, strict=True))


def _as_written(row: Mapping[str, Any]) -> Bodies:
    """Its bodies as masking spells them, and as they are where it would leave them out."""
    masked = _masked((), b"", row)
    return [given if one is None else one for one, given in zip(masked, (row["request"], row["response"]), strict=True)]


def _masked(rules: Sequence[tuple[str, str]], key: bytes, row: Mapping[str, Any]) -> Bodies:
    masker, status = Masker(rules, key), int(row["status_code"])
    request = None if row["request"] is None else masker.request(row["request"].encode(), status)
    response = None if row["response"] is None else masker.response(row["response"].encode(), status)
    return [None if body is None else body.decode() for body in (request, response)]
