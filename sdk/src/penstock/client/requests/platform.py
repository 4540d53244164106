"""What can be asked about the platform itself: how it is, and what changes. Nothing is sent here."""

from __future__ import annotations

from dataclasses import replace

from penstock.client.requests.base import Listing, Request, Stream, given, path, post
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


def dead_letters(*, page_size: int = 100) -> Listing[Json]:
    """Messages that a consumer gave up on, oldest first, with the reason."""
    return Listing("GET", "/dead-letters", {"page_size": page_size})


def replay_dead_letter(letter_id: str) -> Request[Json]:
    """Have the consumer that gave up on a message try again; what it raises is the answer."""
    return post(path("dead-letters", letter_id, "replay"))


def health() -> Request[Json]:
    """Whether the control plane answers; needs no token."""
    return Request("GET", "/health")
