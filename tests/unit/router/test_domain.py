"""The router's decisions: split, pods, keys, what a look at the bucket changes, counting."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.access.keys import Door, KeyRing, digest_of, presented_key
from router.domain.load_balancing import choose_pod, choose_version
from router.domain.outcome import is_sampled, is_valid_request_id, trace_id_of
from router.domain.routes.bucket import BucketView, in_order
from router.domain.routes.explain import explain_no_pod
from router.domain.routes.table import RouteTable
from router.domain.traffic import Tally, TrafficBook, interval
from shared.contracts.routes import Endpoint, Endpoints, Intent, KeyEntry, VersionRoute
from shared.errors import InvalidInput


@dataclass(eq=False)
class FakeVersion:
    name: str
    weight: int
    current: int = 0


@dataclass(eq=False)
class FakePod:
    outstanding: int = 0
    ejected_until: float = 0.0


@given(st.lists(st.integers(min_value=1, max_value=100), min_size=1, max_size=5))
def test_the_split_is_exact_over_every_cycle(weights: list[int]) -> None:
    versions = [FakeVersion(str(place), weight) for place, weight in enumerate(weights)]
    seen = Counter(choose_version(versions).name for _ in range(sum(weights)))
    assert [seen[version.name] for version in versions] == weights


def test_the_split_is_interleaved() -> None:
    versions = [FakeVersion("a", 90), FakeVersion("b", 10)]
    picks = "".join(choose_version(versions).name for _ in range(30))
    assert "b" not in picks.replace("aaaaabaaaa", "")


@given(st.integers(min_value=2, max_value=6), st.integers(min_value=0))
def test_the_chosen_pod_is_never_the_most_loaded_of_two(count: int, draw: int) -> None:
    pods = [FakePod(outstanding=place) for place in range(count)]
    assert choose_pod(pods, 0.0, draw) is not pods[-1]


def test_ejected_pods_are_asked_only_if_all_are() -> None:
    ejected, healthy = FakePod(0, ejected_until=10.0), FakePod(50)
    assert all(choose_pod([ejected, healthy], 5.0, draw) is healthy for draw in range(20))
    assert choose_pod([ejected, healthy], 11.0, 0) is ejected
    healthy.ejected_until = 20.0
    assert choose_pod([ejected, healthy], 5.0, 0) is ejected
    assert choose_pod([], 5.0, 0) is None


def entry(key: str, expires_at: datetime | None = None) -> KeyEntry:
    return KeyEntry(id=uuid4(), sha256=hashlib.sha256(key.encode()).hexdigest(), expires_at=expires_at)


def test_a_key_opens_its_own_service_until_it_expires() -> None:
    ring = KeyRing()
    now = datetime(2026, 1, 1, tzinfo=UTC)
    mine, soon = entry("psk_a.1"), entry("psk_a.2", now + timedelta(seconds=10))
    ring.replace("wine", [mine, soon])
    assert ring.check("wine", digest_of(b"psk_a.1"), now.timestamp()) == mine.id
    assert ring.check("beer", digest_of(b"psk_a.1"), now.timestamp()) is Door.OTHER_SERVICE
    assert ring.check("wine", digest_of(b"psk_a.3"), now.timestamp()) is Door.UNKNOWN
    assert ring.check("wine", digest_of(b"psk_a.2"), now.timestamp()) == soon.id
    assert ring.check("wine", digest_of(b"psk_a.2"), now.timestamp() + 11) is Door.UNKNOWN
    ring.replace("wine", [soon])
    assert ring.check("wine", digest_of(b"psk_a.1"), now.timestamp()) is Door.UNKNOWN
    ring.replace("wine", [])
    assert ring.check("wine", digest_of(b"psk_a.2"), now.timestamp()) is Door.UNKNOWN


def test_one_key_may_open_many_services_and_is_taken_from_one_at_a_time() -> None:
    ring, shared = KeyRing(), entry("psk_all.1")
    for number in range(3):
        ring.replace(f"s{number}", [shared, entry(f"psk_own.{number}")])
    ring.replace("s1", [])
    verdicts = [ring.check(f"s{number}", digest_of(b"psk_all.1"), 0.0) for number in range(4)]
    assert verdicts == [shared.id, Door.OTHER_SERVICE, shared.id, Door.OTHER_SERVICE]
    for number in range(3):
        ring.replace(f"s{number}", [])
    assert ring.check("s0", digest_of(b"psk_all.1"), 0.0) is Door.UNKNOWN


@pytest.mark.parametrize(
    ("authorization", "api_key", "expected"),
    [
        (b"Bearer psk_a.1", None, b"psk_a.1"),
        (b"bearer  psk_a.1 ", None, b"psk_a.1"),
        (b"psk_a.1", None, b"psk_a.1"),
        (None, b"psk_a.1", b"psk_a.1"),
        (b"Bearer ", None, None),
        (None, None, None),
        (b"x" * 600, None, None),
    ],
)
def test_where_the_key_stands(authorization: bytes | None, api_key: bytes | None, expected: bytes | None) -> None:
    assert presented_key(authorization, api_key) == expected


def test_sampling_is_by_id_and_near_its_fraction() -> None:
    ids = [str(uuid4()).encode() for _ in range(4000)]
    kept = [one for one in ids if is_sampled(one, 0.25)]
    assert 800 < len(kept) < 1200
    assert all(is_sampled(one, 0.25) for one in kept)
    assert all(is_sampled(one, 1.0) for one in ids)
    assert not any(is_sampled(one, 0.0) for one in ids)


def test_ids_of_callers() -> None:
    assert is_valid_request_id(b"order-7")
    for bad in (b"", b"a b", b"a" * 129, b'"', b"a\n", "ü".encode()):
        assert not is_valid_request_id(bad)
    assert (
        trace_id_of(b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01") == b"0af7651916cd43dd8448eb211c80319c"
    )
    for bad in (
        b"",
        b"00-" + b"0" * 32 + b"-b7ad6b7169203331-01",
        b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
    ):
        assert trace_id_of(bad) is None


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


V1, V2 = uuid4(), uuid4()


def table_of(*pods: str, weight: int = 100) -> RouteTable:
    table = RouteTable(TrafficBook())
    apply_intent(table, weight)
    apply_pods(table, *pods)
    return table


def apply_intent(table: RouteTable, weight: int = 100) -> None:
    route = VersionRoute(version_id=V1, version="v1", model="wine/1", weight=weight)
    intent = Intent(service_id=UUID(int=1), service="wine", revision=1, auth_enabled=True, versions=(route,))
    table.apply("intent.wine", intent.model_dump_json().encode())


def apply_pods(table: RouteTable, *pods: str) -> None:
    endpoints = Endpoints(
        version_id=V1,
        service="wine",
        version="v1",
        revision=1,
        pods=tuple(Endpoint(pod=pod, address="127.0.0.1:1") for pod in pods),
    )
    table.apply(f"endpoints.{V1}", endpoints.model_dump_json().encode())


def test_pods_keep_their_state_when_others_come_and_go() -> None:
    table = table_of("a", "b")
    a, b = table.pods()
    a.outstanding = 3
    apply_pods(table, "a", "c")
    assert next(iter(table.pods())) is a
    assert (a.is_retired, b.is_retired) == (False, True)
    apply_intent(table, weight=10)
    assert next(iter(table.pods())) is a


def test_endpoints_may_come_before_their_intent() -> None:
    table = RouteTable(TrafficBook())
    apply_pods(table, "a")
    apply_intent(table)
    assert [pod.name for pod in table.pods()] == ["a"]


def test_a_deleted_service_leaves_no_path() -> None:
    table = table_of("a")
    (pod,) = table.pods()
    assert b"/wine/predict" in table.paths
    assert b"/wine/versions/v1/invocations" in table.paths
    table.apply("intent.wine", None)
    assert table.paths == {}
    assert pod.is_retired


@pytest.mark.parametrize(
    ("key", "value"), [("intent.wine", b"{}"), ("endpoints.x", b"{}"), ("keys.wine", b"nonsense"), ("other.x", b"")]
)
def test_garbage_changes_nothing(key: str, value: bytes) -> None:
    table = table_of("a")
    with pytest.raises(InvalidInput):
        table.apply(key, value)
    assert b"/wine/predict" in table.paths


def test_an_interval_is_the_difference_of_two_snapshots() -> None:
    tally = Tally("wine", "v1", V1, "a")
    tally.answered(200, 0.002, 10, 20)
    before = tally.snapshot()
    tally.answered(200, 0.002, 10, 20)
    tally.answered(503, 99.0, 1, 2)
    tally.recorded(None)
    tally.recorded("spool_full")
    change = interval(tally.snapshot(), before)
    assert change is not None
    assert (change.requests, change.status, change.bytes_in) == (2, {"200": 1, "503": 1}, 11)
    assert (change.logged, change.dropped) == (1, {"spool_full": 1})
    assert (sum(change.latency_counts), change.latency_counts[-1]) == (2, 1)
    assert interval(tally.snapshot(), tally.snapshot()) is None


def test_routes_of_before_the_fallback_and_the_phase_are_read() -> None:
    table = table_of("a")
    value = Intent(service_id=UUID(int=1), service="wine", revision=1, auth_enabled=True, versions=()).model_dump()
    route = VersionRoute(version_id=V1, version="v1", model="wine/1", weight=100).model_dump(mode="json")
    route.pop("phase")
    value.pop("fallback")
    table.apply("intent.wine", orjson.dumps({**value, "service_id": str(UUID(int=1)), "versions": [route]}))
    service = table.services["wine"]
    assert [version.name for version in service.candidates] == ["v1"]
    assert (service.fallback, service.versions["v1"].phase) == (None, None)
    apply_pods(table)
    assert explain_no_pod(table.services["wine"]).message == (
        "Service 'wine' cannot answer now: version v1 has no ready pod."
    )
