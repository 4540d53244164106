"""Logs are JSON with the ids of the trace; traces cross processes by `traceparent`; settings are frozen."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import generate_latest
from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict

from shared import telemetry
from shared.settings import DatabaseSettings, ServiceSettings
from shared.telemetry import inject_headers, span_from_headers, tracer


@pytest.fixture(autouse=True)
def provider() -> None:
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        trace.set_tracer_provider(TracerProvider())


@contextmanager
def captured_logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    telemetry._log_json("scheduler", "INFO")
    try:
        yield stream
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


def test_a_log_line_is_json_and_carries_the_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    with captured_logs(monkeypatch) as stream, tracer().start_as_current_span("work") as span:
        logging.getLogger("penstock.test").info("pod %s is ready", "p-1", extra={"pod": "p-1"})

    line = json.loads(stream.getvalue())
    assert line["message"] == "pod p-1 is ready"
    assert (line["service"], line["level"], line["logger"], line["pod"]) == (
        "scheduler",
        "INFO",
        "penstock.test",
        "p-1",
    )
    assert line["trace_id"] == f"{span.get_span_context().trace_id:032x}"
    assert line["span_id"] == f"{span.get_span_context().span_id:016x}"
    assert "time" in line


def test_outside_a_trace_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with captured_logs(monkeypatch) as stream:
        logging.getLogger("penstock.test").warning("alone")

    assert json.loads(stream.getvalue())["trace_id"] is None


def test_an_exception_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with captured_logs(monkeypatch) as stream:
        logging.getLogger("penstock.test").error("failed", exc_info=ValueError("what\nwent wrong"))

    [line] = stream.getvalue().splitlines()
    assert "ValueError: what\nwent wrong" in json.loads(line)["exc_info"]


def test_a_trace_goes_on_in_the_next_process() -> None:
    with tracer().start_as_current_span("here") as here:
        headers = inject_headers()
    with span_from_headers(headers, "there") as there:
        assert there.get_span_context().trace_id == here.get_span_context().trace_id


def test_headers_without_a_trace_begin_one() -> None:
    assert inject_headers() == {}
    with tracer().start_as_current_span("other") as other, span_from_headers({}, "there") as there:
        assert there.get_span_context().trace_id != other.get_span_context().trace_id


def test_the_exporter_is_not_imported_without_an_endpoint() -> None:
    assert not any(name.startswith("opentelemetry.exporter") for name in sys.modules)


def test_settings_come_from_the_environment_and_are_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    class Settings(DatabaseSettings):
        model_config = SettingsConfigDict(env_prefix="TESTED_")

    monkeypatch.setenv("TESTED_NATS_URL", "nats://u:secret@h:1")
    monkeypatch.setenv("TESTED_DATABASE_URL", "sqlite+aiosqlite:///x.db")
    monkeypatch.setenv("PENSTOCK_HOME", "/home/of/it")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318")

    settings = Settings()

    assert settings.nats_url.get_secret_value() == "nats://u:secret@h:1"
    assert "secret" not in repr(settings)
    assert (settings.home, settings.otlp_endpoint) == (Path("/home/of/it"), "http://collector:4318")
    with pytest.raises(ValidationError):
        settings.__setattr__("admin_port", 7)


@pytest.mark.parametrize("kind", [ServiceSettings, DatabaseSettings])
def test_every_setting_is_explained(kind: type[ServiceSettings]) -> None:
    assert [name for name, field in kind.model_fields.items() if not field.description] == []


def test_a_process_measures_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    with captured_logs(monkeypatch):
        measured = telemetry.setup("tested", ServiceSettings())

    assert b"process_resident_memory_bytes" in generate_latest(measured.registry)
    measured.shutdown()
