"""Logs, traces and metrics, set up once per process.

JSON logs go to stderr and carry the ids of the current trace. Traces follow a request from REST through the outbox and
the event to its consumer by `traceparent`. Metrics live in one Prometheus registry. The OTLP exporter is imported only
when an endpoint is set: it costs 15 MB.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Span, SpanKind, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from pythonjsonlogger.json import JsonFormatter

from shared.settings import ServiceSettings

_propagator = TraceContextTextMapPropagator()


@dataclass(frozen=True)
class Telemetry:
    """What a process measures itself with."""

    service: str
    registry: CollectorRegistry
    provider: TracerProvider

    def shutdown(self) -> None:
        """Export what is left; never raises."""
        self.provider.shutdown()


class _TraceIds(logging.Filter):
    """Puts the current trace and span onto every record."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self.service = service

    def filter(self, record: logging.LogRecord) -> bool:
        span = trace.get_current_span().get_span_context()
        record.service = self.service
        record.trace_id = f"{span.trace_id:032x}" if span.is_valid else None
        record.span_id = f"{span.span_id:016x}" if span.is_valid else None
        return True


def setup(service: str, settings: ServiceSettings) -> Telemetry:
    """Install logging, tracing and a metrics registry for this process."""
    _log_json(service, settings.log_level)
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return Telemetry(service, registry, _trace(service, settings.otlp_endpoint))


def _log_json(service: str, level: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonFormatter(
            "%(asctime)s %(levelname)s %(service)s %(name)s %(message)s %(trace_id)s %(span_id)s",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
        )
    )
    handler.addFilter(_TraceIds(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("httpx", "httpcore", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _trace(service: str, endpoint: str | None) -> TracerProvider:
    provider = TracerProvider(resource=Resource.create({"service.name": f"penstock-{service}"}))
    if endpoint:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces")))
    trace.set_tracer_provider(provider)
    return provider


def tracer() -> Tracer:
    """The process' tracer."""
    return trace.get_tracer("penstock")


def inject_headers() -> dict[str, str]:
    """`traceparent` of the current span, if there is one, as headers to send on."""
    headers: dict[str, str] = {}
    _propagator.inject(headers)
    return headers


@contextmanager
def span_from_headers(headers: Mapping[str, str], name: str, kind: SpanKind = SpanKind.CONSUMER) -> Iterator[Span]:
    """A span that continues the trace of `traceparent` in `headers`; a new trace where there is none."""
    parent = _propagator.extract({key.lower(): value for key, value in headers.items()}, otel_context.Context())
    with tracer().start_as_current_span(name, context=parent, kind=kind) as span:
        yield span
