"""Uploads that are under way share one room."""

from __future__ import annotations

from contextlib import suppress

import pytest

from inference_logger.handlers.labels.held import HeldUploads
from shared.errors import LimitExceeded


def test_uploads_share_one_room_and_leave_it() -> None:
    held = HeldUploads(most=2, most_bytes=10)
    with held.one() as first, held.one() as second:
        first(6)
        with pytest.raises(LimitExceeded) as refusal:
            second(5)
        assert refusal.value.retry_after_s
        second(4)
        with pytest.raises(LimitExceeded, match="2 uploads"), held.one():
            pass
    assert (held.number, held.bytes) == (0, 0)


def test_an_upload_that_fails_leaves_the_room() -> None:
    held = HeldUploads(most_bytes=10)
    with suppress(RuntimeError), held.one() as take:
        take(8)
        raise RuntimeError
    assert (held.number, held.bytes) == (0, 0)
    with held.one() as take:
        take(10)
        assert (held.number, held.bytes) == (1, 10)
