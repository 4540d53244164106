"""The launcher's allow-lists follow the catalogue of events and the topology of the bus."""

from __future__ import annotations

from collections import defaultdict

from penstock.launcher import nats_config
from shared.bus.topology import DURABLES
from shared.events.catalogue import CATALOGUE


def test_each_service_may_publish_exactly_its_facts() -> None:
    produced: dict[str, set[str]] = defaultdict(set)
    for entry in CATALOGUE:
        if entry.event.subject().startswith("penstock.events.") and entry.event.entity != "request":
            produced[entry.producer].add(f"{entry.event.entity}.{entry.event.fact}")

    assert {service: set(facts) for service, facts in nats_config.PRODUCES.items() if facts} == produced


def test_the_subscriber_is_kept_from_every_durable() -> None:
    readable: dict[str, set[str]] = {stream: set() for stream in nats_config.READABLE_STREAMS}
    for durable in DURABLES:
        if durable.stream in readable:
            readable[durable.stream].add(durable.name)

    assert {stream: set(names) for stream, names in nats_config.DURABLES.items()} == readable
