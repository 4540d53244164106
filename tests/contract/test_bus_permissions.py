"""The launcher's allow-lists follow the catalogue of events, the topology of the bus and the questions of services."""

from __future__ import annotations

from collections import defaultdict

from penstock.launcher.bus import rights as bus_rights
from shared.bus.rpc import SERVICE_INBOXES
from shared.bus.topology import BUCKETS, DURABLES, STREAM_OWNER, STREAMS
from shared.contracts.rpc.catalogue import METHODS
from shared.events.catalogue import CATALOGUE


def test_each_service_may_publish_exactly_its_facts() -> None:
    produced: dict[str, set[str]] = defaultdict(set)
    for entry in CATALOGUE:
        if entry.event.subject().startswith("penstock.events.") and entry.event.entity != "request":
            produced[entry.producer].add(f"{entry.event.entity}.{entry.event.fact}")

    assert {service: set(facts) for service, facts in bus_rights.PRODUCES.items() if facts} == produced


def test_each_service_may_use_exactly_its_durables() -> None:
    topology = {(known.service, known.stream, known.name) for known in DURABLES}

    granted = {
        (service, stream, name)
        for service, streams in bus_rights.DURABLES.items()
        for stream, names in streams.items()
        for name in names
    }
    assert granted == topology


def test_streams_and_buckets_belong_to_their_owner() -> None:
    assert bus_rights.STREAM_OWNER == STREAM_OWNER
    assert set(bus_rights.OWNED_STREAMS) == {s.name for s in STREAMS} | {f"KV_{bucket.bucket}" for bucket in BUCKETS}


def test_streams_that_are_read_without_a_name_have_no_durables() -> None:
    read = {stream for streams in bus_rights.READS.values() for stream in streams}

    assert read.isdisjoint(durable.stream for durable in DURABLES)


def test_every_question_may_be_asked_by_somebody() -> None:
    allowed = [pattern for patterns in bus_rights.ASKS.values() for pattern in patterns]

    for method in METHODS:
        assert any(_matches(pattern, method.subject) for pattern in allowed), method.subject


def test_answers_go_to_the_inboxes_that_requests_are_taken_from() -> None:
    for service in bus_rights.SERVICES:
        assert bus_rights.inbox_of(service) == f"{SERVICE_INBOXES}{service}.>"


def _matches(pattern: str, subject: str) -> bool:
    return subject == pattern or (pattern.endswith(".>") and subject.startswith(pattern[:-1]))
