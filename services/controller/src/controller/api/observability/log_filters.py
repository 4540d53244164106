"""Which log lines: the parameters of lists, of followed logs and of downloads, and which of them go together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from controller.api.observability.metrics_events import Cursor, PageSize, PodName
from controller.domain.times import Moment
from shared.errors import Detail, InvalidInput
from shared.logs.levels import Level
from shared.logs.patterns import MAX_LENGTH, compile_pattern

RequestId = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^,\x00-\x20]*$")]
LineId = Annotated[str, Field(min_length=1, max_length=256)]
LINES_AROUND = 20
_ONLY_OF_LISTS = ("to_time", "cursor", "page_size")
_NOT_AROUND = ("from_time", "to_time", "search", "regex", "level", "request_id", "pod", "cursor", "page_size")


class LineSearch(BaseModel):
    """Which log lines."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    pod: PodName | None = None
    from_time: Moment | None = Field(default=None, alias="from", description="ISO-8601 with a zone.")
    to_time: Moment | None = Field(default=None, alias="to", description="ISO-8601 with a zone.")
    search: Annotated[str, Field(max_length=256)] | None = None
    regex: Annotated[str, Field(min_length=1, max_length=MAX_LENGTH)] | None = Field(
        default=None, description="A regular expression of RE2 (no look-around, no back-references); `(?i)`: any case."
    )
    level: list[Level] = Field(
        default=[], max_length=4, description="Only lines that say that they are of this level; may be repeated."
    )
    request_id: RequestId | None = Field(default=None, description="Printed while this request was answered.")

    def chosen(self) -> dict[str, Any]:
        """What a line must have, as a query of the monitor names it. Raises `InvalidInput` for a wrong expression."""
        if self.regex is not None:
            compile_pattern(self.regex)
        wanted = self.model_dump(include={"pod", "from_time", "search", "regex", "request_id"})
        return {**wanted, "levels": tuple(dict.fromkeys(self.level))}


class ServiceLineSearch(LineSearch):
    """The same for a service, optionally of one version."""

    version: str | None = None


class LogFilter(LineSearch):
    """Which log lines; with `follow` those printed from now on, as server-sent events.

    Those that `lines` or `from` ask for come first.
    """

    follow: bool = False
    around: LineId | None = Field(
        default=None, description="A line's `id`: that line with those of its pod before and after it."
    )
    lines: int = Field(
        default=0,
        ge=0,
        le=1000,
        description="With follow: so many that were printed before come first. With around: before and after; 20.",
    )
    page_size: PageSize = 100
    cursor: Cursor | None = None


class ServiceLogFilter(LogFilter):
    """The same for a service, optionally of one version."""

    version: str | None = None


def must_be_followable(wanted: LogFilter) -> None:
    """Refuse what only a list of stored lines can heed: who follows must not take what comes for what was asked."""
    ignored = sorted(wanted.model_fields_set & set(_ONLY_OF_LISTS))
    if wanted.from_time is not None and wanted.lines:
        ignored.append("lines")
    if ignored:
        names = list(_names(ignored))
        details = [Detail(("query", name), "not with follow") for name in names]
        if names == ["lines"]:
            raise InvalidInput("Who follows begins at a time (from) or so many lines back (lines), not both", details)
        raise InvalidInput(f"follow has no end and no pages: it takes no {' and no '.join(names)}", details)


def must_be_around(wanted: LogFilter) -> None:
    """Refuse what `around` does not heed: it shows a line with its neighbours, whatever they hold."""
    ignored = sorted(_names(wanted.model_fields_set & set(_NOT_AROUND)))
    if wanted.follow:
        ignored.append("follow")
    if ignored:
        details = [Detail(("query", name), "not with around") for name in ignored]
        raise InvalidInput(f"around shows a line among its pod's: it takes no {' and no '.join(ignored)}", details)


def must_be_list(wanted: LogFilter) -> None:
    """Refuse `lines` where pages are asked for."""
    if "lines" in wanted.model_fields_set:
        told = "only with follow or around; use page_size"
        raise InvalidInput("lines goes with follow or around", [Detail(("query", "lines"), told)])


def _names(fields: Iterable[str]) -> Iterable[str]:
    return (field.removesuffix("_time") for field in fields)
