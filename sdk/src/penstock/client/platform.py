"""What can be asked about the platform itself: how it is, and what changes. Nothing is sent here."""

from __future__ import annotations

from dataclasses import replace

from penstock.client.requests import Request, Stream, given
from penstock.client.types import Change, Json


class ChangeStream(Stream[Change]):
    """What changes, from an event on."""

    def after(self, last_event_id: str) -> ChangeStream:
        """The same, after another event."""
        return replace(self, params={"last_event_id": last_event_id})


def platform() -> Request[Json]:
    """How the platform is: `services`, `streams` and `spool`, backlogs, `stores`. Needs an administrator."""
    return Request("GET", "/platform")


def changes(*, last_event_id: str | None = None) -> ChangeStream:
    """What is to be read anew, as it changes, or since a change of before: its `id`.

    A change of kind `reset` says that some may be missing: everything is to be read anew. A connection that is lost is
    made again, and goes on after the last change.
    """
    return ChangeStream("GET", "/changes", given(last_event_id=last_event_id))
