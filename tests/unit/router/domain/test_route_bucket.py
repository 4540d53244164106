"""What the router believes the bucket `routes` to hold."""

from __future__ import annotations

import pytest

from router.domain.routes.route_bucket import BucketView, in_order


def view_of(**entries: bytes) -> BucketView:
    view = BucketView(grace_s=10.0)
    view.replace("monday", 5, {key.replace("_", "."): value for key, value in entries.items()}, now=0.0)
    return view


def test_a_listing_of_the_same_bucket_is_the_truth() -> None:
    view = view_of(intent_a=b"1", intent_b=b"1")
    changes = view.replace("monday", 9, {"intent.a": b"2", "intent.c": b"1"}, now=1.0)
    assert sorted(changes) == [("intent.a", b"2"), ("intent.b", None), ("intent.c", b"1")]
    assert view.replace("monday", 9, {"intent.a": b"2", "intent.c": b"1"}, now=1.0) == []


def test_single_messages_change_and_delete() -> None:
    view = view_of(intent_a=b"1")
    assert view.update(6, "intent.a", b"2", now=1.0) == [("intent.a", b"2")]
    assert view.update(7, "intent.a", None, now=1.0) == [("intent.a", None)]
    assert view.update(8, "intent.a", None, now=1.0) == []
    assert view.sequence == 8


@pytest.mark.parametrize(("created", "sequence"), [("tuesday", 1), ("monday", 1)])
def test_a_bucket_made_anew_keeps_the_rest_until_its_writer_is_back(created: str, sequence: int) -> None:
    view = view_of(intent_a=b"1", intent_b=b"1", endpoints_x=b"1")
    assert view.replace(created, sequence, {}, now=100.0) == []
    assert view.forget_unconfirmed(now=10_000.0) == [], "nobody has said anything yet"
    assert view.replace(created, sequence + 1, {"intent.a": b"2"}, now=200.0) == [("intent.a", b"2")]
    assert view.forget_unconfirmed(now=209.0) == []
    assert view.forget_unconfirmed(now=210.0) == [("intent.b", None)]
    assert set(view.entries) == {"intent.a", "endpoints.x"}, "the scheduler has not spoken"


def test_a_deletion_in_a_bucket_made_anew_counts_at_once() -> None:
    view = view_of(intent_a=b"1")
    view.replace("tuesday", 0, {}, now=100.0)
    assert view.update(1, "intent.a", None, now=100.0) == [("intent.a", None)]


def test_a_snapshot_restores_the_view() -> None:
    view = view_of(intent_a=b'{"x":1}', keys_a=b"{}")
    view.replace("tuesday", 1, {"intent.a": b"2"}, now=1.0)
    again = BucketView(grace_s=10.0)
    assert sorted(again.restore(view.encode())) == [("intent.a", b"2"), ("keys.a", b"{}")]
    assert (again.created, again.sequence, again.unconfirmed) == ("tuesday", 1, {"keys.a"})


def test_intents_are_applied_last() -> None:
    assert [key for key, _ in in_order([("intent.a", b""), ("endpoints.x", b""), ("keys.a", b"")])][-1] == "intent.a"
