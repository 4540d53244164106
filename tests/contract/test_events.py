"""The catalogue is complete, its schemas are committed, and every payload that was ever written is still read."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from shared.bus.envelope import subject_of
from shared.bus.topology import DURABLES, STREAMS
from shared.contracts.base import Contract
from shared.contracts.rpc.catalogue import METHODS
from shared.events import CATALOGUE, EVENT_TYPES, Event, schemas

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))
SERVICES = {"controller", "scheduler", "router", "monitor", "inference-logger"}


def concrete(kind: type[Event] = Event) -> Iterator[type[Event]]:
    """Every event class that names a fact; those that only carry what others share do not."""
    if "fact" in kind.__dict__:
        yield kind
    for child in kind.__subclasses__():
        yield from concrete(child)


def type_of(payload: Path) -> str:
    """`penstock.pod.ready.v1.2.json` is the second payload of `penstock.pod.ready.v1`."""
    return payload.name.removesuffix(".json").rpartition(".")[0]


def test_every_event_is_in_the_catalogue_once() -> None:
    assert sorted(kind.__name__ for kind in concrete()) == sorted(entry.event.__name__ for entry in CATALOGUE)
    assert len(EVENT_TYPES) == len(CATALOGUE)


def test_the_catalogue_names_services() -> None:
    for entry in CATALOGUE:
        assert entry.producer in SERVICES
        assert set(entry.consumers) <= SERVICES


def test_the_committed_schemas_are_the_generated_ones() -> None:
    assert schemas.differences(schemas.FOLDER) == []


def test_a_schema_that_differs_is_named(tmp_path: Path) -> None:
    schemas.write(tmp_path)
    changed = tmp_path / "schemas/penstock.pod.ready.v1.json"
    changed.write_text(changed.read_text().replace("address", "addr"))
    (tmp_path / "schemas/penstock.pod.gone.v1.json").write_text("{}")
    (tmp_path / "asyncapi.json").unlink()

    assert sorted(schemas.differences(tmp_path)) == [
        "asyncapi.json: is missing",
        "schemas/penstock.pod.gone.v1.json: belongs to no event",
        "schemas/penstock.pod.ready.v1.json: differs",
    ]


def test_the_check_command_agrees() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "shared.events.schemas", "--check"], check=False, capture_output=True, text=True
    )

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("payload", GOLDEN, ids=lambda path: path.stem)
def test_every_payload_ever_written_is_read_and_loses_nothing(payload: Path) -> None:
    written = json.loads(payload.read_text())

    event = EVENT_TYPES[type_of(payload)].model_validate_json(payload.read_bytes())

    assert _contains(json.loads(event.model_dump_json()), written)


def _contains(read: object, written: object) -> bool:
    """Whether everything that was written is still there; fields may have been added since."""
    if isinstance(written, dict):
        return isinstance(read, dict) and all(key in read and _contains(read[key], written[key]) for key in written)
    if isinstance(written, list):
        same_length = isinstance(read, list) and len(read) == len(written)
        return same_length and all(map(_contains, read, written))  # type: ignore[call-overload]
    return read == written


def test_every_event_has_a_golden_payload() -> None:
    assert {type_of(payload) for payload in GOLDEN} == set(EVENT_TYPES)


@pytest.mark.parametrize("payload", GOLDEN, ids=lambda path: path.stem)
def test_readers_pass_over_what_they_do_not_know(payload: Path) -> None:
    newer = json.loads(payload.read_text()) | {"added_later": 1}
    event_class = EVENT_TYPES[type_of(payload)]

    assert event_class.model_validate(newer) == event_class.model_validate_json(payload.read_bytes())


@pytest.mark.parametrize("payload", GOLDEN, ids=lambda path: path.stem)
def test_every_event_lands_in_exactly_one_stream(payload: Path) -> None:
    event = EVENT_TYPES[type_of(payload)].model_validate_json(payload.read_bytes())
    subject = subject_of(event)

    landing = [stream.name for stream in STREAMS if any(_matches(subject, wanted) for wanted in stream.subjects)]

    assert landing == (["REQUESTS"] if event.event_type() == "penstock.request.logged.v1" else ["EVENTS"])


def _matches(subject: str, pattern: str) -> bool:
    """NATS wildcards, well enough for subjects without `[` and `?`."""
    tail = pattern.endswith(".>")
    tokens, wanted = subject.split("."), pattern.removesuffix(".>").split(".")
    heads = tokens[: len(wanted)] if tail else tokens
    return len(heads) == len(wanted) and all(map(fnmatchcase, heads, wanted))


def test_the_durables_of_a_service_read_what_the_catalogue_says() -> None:
    events = [entry for entry in CATALOGUE if entry.event.event_type() != "penstock.request.logged.v1"]
    of_events = [durable for durable in DURABLES if durable.stream == "EVENTS"]
    for service in {durable.service for durable in of_events}:
        wanted = [subject for durable in of_events if durable.service == service for subject in durable.subjects]
        read = {each.event for each in events if any(_matches(each.event.subject(), one) for one in wanted)}
        assert read == {entry.event for entry in events if service in entry.consumers}, service


def test_asyncapi_names_every_event_its_sender_and_its_receivers() -> None:
    document = schemas.asyncapi()

    assert set(document["channels"]) == set(EVENT_TYPES)
    for entry in CATALOGUE:
        name = entry.event.event_type()
        assert document["operations"][f"{entry.producer}.sends.{name}"]["action"] == "send"
        for consumer in entry.consumers:
            assert document["operations"][f"{consumer}.receives.{name}"]["action"] == "receive"
    assert document["channels"]["penstock.request.logged.v1"]["address"] == "penstock.requests.v1.{service}"


def test_every_question_is_asked_of_a_service_in_its_own_subject() -> None:
    assert len({method.subject for method in METHODS}) == len(METHODS)
    for method in METHODS:
        assert method.service in SERVICES
        assert issubclass(method.request, Contract)
        assert issubclass(method.reply, Contract)
