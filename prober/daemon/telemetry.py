"""Traces of rounds and asks, and the metrics of `/metrics`, to an OpenTelemetry collector. Needs the extra `otel`.

Spans are made of a round that is over, so nothing is measured while an endpoint is asked. They wait in a bounded queue;
a thread of the SDK sends them, and a collector that hangs costs spans, never time. Names are those of the GenAI
semantic conventions.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from prober.daemon.due_rounds import RoundOver
from prober.daemon.due_times import Watched
from prober.daemon.log import Noted, logger
from prober.model.declaration import Endpoint, Probe
from prober.model.errors import ConfigurationError, StoreError
from prober.model.evidence import Observation
from prober.model.providers import base_url_of, is_at
from prober.service.run_round import RoundResult
from prober.status.metrics import METRICS, families
from prober.status.objectives import stored_objectives
from prober.status.system_status import system_status
from prober.store import Store

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions
    from opentelemetry.metrics import Observation as Measured
    from opentelemetry.sdk.metrics.export import MetricExportResult
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace.export import SpanExportResult
    from opentelemetry.trace import Tracer
    from prometheus_client.metrics_core import Metric

CONTENT: Final = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
"""`true` where prompts and replies may be sent too."""
END_S: Final = 3.0
"""How long the end of the daemon waits for the last spans."""
QUEUE: Final = 8192
"""Spans that wait at most, unless `OTEL_BSP_MAX_QUEUE_SIZE` says otherwise; the oldest are dropped."""
READ_S: Final = 1.0
"""For so long, one reading of the store serves all metrics."""


@contextmanager
def exporting(store: Store, worker: str, clock: Callable[[], datetime], *, is_worker: bool) -> Iterator[RoundOver]:
    """Export while the block runs, where the environment names a collector and the extra is installed.

    A worker sends traces only: its daemon has the metrics, which are of the whole database. Raises ConfigurationError
    where a variable cannot be read.
    """
    has_traces, has_metrics = _is_wanted("TRACES"), _is_wanted("METRICS") and not is_worker
    if not (has_traces or has_metrics):
        yield _nothing
        return
    try:
        from opentelemetry.exporter.otlp.proto import http  # noqa: F401  # whether it is there
        from opentelemetry.sdk.resources import Resource
    except ImportError:
        logger.warning(
            "an OTEL_EXPORTER_OTLP_… address is set but OpenTelemetry is not installed, so nothing is sent there; "
            "run pip install 'canary-prober[otel]'"
        )
        yield _nothing
        return
    # What cannot be sent is said once, by us; the SDK says it every time, with addresses.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    resource = Resource.create({
        "service.name": os.environ.get("OTEL_SERVICE_NAME") or "canary-prober",
        "service.version": version("canary-prober"),
        "service.instance.id": worker,
    })  # fmt: skip
    has_content = os.environ.get(CONTENT, "").lower() == "true"
    stops: list[Callable[[], None]] = []
    round_over: RoundOver = _nothing
    try:
        if has_traces:
            tracer, stop = _traces(resource)
            stops.append(stop)
            round_over = partial(_trace, tracer, clock, has_content)
        if has_metrics:
            stops.append(_metrics(resource, store, clock))
    except ValueError:  # not its text: it may quote a header
        raise ConfigurationError("a variable OTEL_… cannot be read; unset or fix it") from None
    try:
        yield round_over
    finally:
        ends = [threading.Thread(target=stop, name="end of telemetry", daemon=True) for stop in stops]
        for end in ends:
            end.start()
        until = time.monotonic() + END_S
        for end in ends:
            end.join(max(0.0, until - time.monotonic()))


def _nothing(watched: Watched, began: datetime, result: RoundResult) -> None: ...


def _is_wanted(signal: str) -> bool:
    named = any(os.environ.get(f"OTEL_EXPORTER_OTLP_{name}") for name in ("ENDPOINT", f"{signal}_ENDPOINT"))
    switched_off = "none" in os.environ.get(f"OTEL_{signal}_EXPORTER", "")
    return named and not switched_off and os.environ.get("OTEL_SDK_DISABLED", "").lower() != "true"


def _traces(resource: Resource) -> tuple[Tracer, Callable[[], None]]:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult

    noted = Noted("traces")

    class Exporter(OTLPSpanExporter):
        def export(self, *given: Any, **more: Any) -> SpanExportResult:
            result = super().export(*given, **more)
            noted(result is SpanExportResult.SUCCESS)
            return result

    queue = None if os.environ.get("OTEL_BSP_MAX_QUEUE_SIZE") else QUEUE
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(Exporter(), max_queue_size=queue))
    return provider.get_tracer("prober"), provider.shutdown


def _metrics(resource: Resource, store: Store, clock: Callable[[], datetime]) -> Callable[[], None]:
    """Every metric of `METRICS`, under the same name and with the same labels."""
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.metrics import Observation as Measured
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import MetricExportResult, PeriodicExportingMetricReader

    noted = Noted("metrics")

    class Exporter(OTLPMetricExporter):
        def export(self, *given: Any, **more: Any) -> MetricExportResult:
            result = super().export(*given, **more)
            noted(result is MetricExportResult.SUCCESS)
            return result

    read_at, values = -READ_S, dict[str, list[Measured]]()

    def measured(name: str, _: CallbackOptions) -> Sequence[Measured]:
        nonlocal read_at, values
        if time.monotonic() - read_at >= READ_S:
            values = {}
            for family in _families(store, clock()):
                for one in family.samples:
                    values.setdefault(one.name, []).append(Measured(float(one.value), one.labels))
            read_at = time.monotonic()
        return values.get(name, ())

    provider = MeterProvider([PeriodicExportingMetricReader(Exporter())], resource=resource, shutdown_on_exit=False)
    meter = provider.get_meter("prober")
    for name, (help_, _) in METRICS.items():
        make = meter.create_observable_counter if name.endswith("_total") else meter.create_observable_gauge
        make(f"prober_{name}", [partial(measured, f"prober_{name}")], description=help_)
    return provider.shutdown


def _families(store: Store, now: datetime) -> Sequence[Metric]:
    try:
        whole = replace(system_status(store, now), objectives=store.query(stored_objectives, now))
        return families(whole, now)
    except StoreError:
        return families(None, now)


def _trace(
    tracer: Tracer,
    clock: Callable[[], datetime],
    has_content: bool,
    watched: Watched,
    began: datetime,
    result: RoundResult,
) -> None:
    """A span of the round, and one of each of its asks. `has_content`: with the texts of prompts and replies."""
    if result.outcome == "busy":
        return
    from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context

    endpoint, probe_set, judgement = watched.endpoint, watched.probe_set, result.judgement
    incident = result.decision.incident if result.decision is not None else None
    about: dict[str, Any] = {"prober.endpoint": endpoint.name, "prober.probe_set": probe_set.name}
    span = tracer.start_span(
        f"round {endpoint.name}",
        attributes={
            **about,
            "prober.outcome": result.outcome,
            **({"error.type": result.reason.partition(":")[0]} if result.outcome == "missed" else {}),
            **({} if judgement is None else {
                "prober.round": judgement.round, "prober.state": judgement.state,
                "prober.evidence": judgement.e_value, "prober.threshold": judgement.threshold,
            }),
            **({} if incident is None or incident.id is None else {"prober.incident": incident.id}),
        },
        start_time=_ns(began),
    )  # fmt: skip
    if result.outcome == "missed":
        span.set_status(Status(StatusCode.ERROR, result.reason))
    inside = set_span_in_context(span)
    probes = {f"{probe_set.name}/{probe.id}": probe for probe in probe_set.probes}
    common = about | _of_endpoint(endpoint)
    for one in result.observations:
        attributes = common | {"prober.probe": one.probe, "prober.sample": one.sample} | _of_reply(one)
        if has_content:
            attributes |= _content(one, probes.get(one.probe))
        start = _ns(one.reply.at)
        ask = tracer.start_span(
            f"{attributes['gen_ai.operation.name']} {endpoint.model}",
            inside,
            SpanKind.CLIENT,
            {name: value for name, value in attributes.items() if value is not None},
            start_time=start,
        )
        if one.reply.failure is not None:
            ask.set_status(Status(StatusCode.ERROR))
        ask.end(start + round((one.reply.latency_s or 0.0) * 1e9))
    span.end(max(_ns(began), _ns(clock())))


def _of_endpoint(endpoint: Endpoint) -> dict[str, Any]:
    address = urlsplit(base_url_of(endpoint))
    is_vertex = (endpoint.api_version or "").startswith("vertex") or is_at(endpoint, "googleapis.com")
    at_google = "gcp.gemini" if is_at(endpoint, "generativelanguage.googleapis.com") else "gcp.vertex_ai"
    names = {
        "bedrock": "aws.bedrock",
        "google": at_google,
        "openai": "azure.ai.openai" if is_at(endpoint, "azure.com", "azure.us") else "openai",
        "anthropic": "gcp.vertex_ai" if is_vertex else "anthropic",
    }
    return {
        "gen_ai.operation.name": "generate_content" if endpoint.provider == "google" else "chat",
        "gen_ai.provider.name": names.get(endpoint.provider, endpoint.provider),
        "gen_ai.request.model": endpoint.model,
        "server.address": address.hostname,
        "server.port": address.port or {"https": 443, "http": 80}.get(address.scheme),
    }


def _of_reply(one: Observation) -> dict[str, Any]:
    reply = one.reply
    return {
        "gen_ai.response.model": _unicode(reply.model),
        "gen_ai.response.id": _unicode(reply.reply_id),
        "gen_ai.response.finish_reasons": None if reply.finish_reason is None else [_unicode(reply.finish_reason)],
        "gen_ai.response.time_to_first_chunk": reply.ttft_s,
        "gen_ai.usage.input_tokens": _fitting(reply.input_tokens),
        "gen_ai.usage.output_tokens": _fitting(reply.all_output_tokens),
        "gen_ai.usage.reasoning.output_tokens": _fitting(reply.reasoning_tokens),
        "gen_ai.usage.cache_read.input_tokens": _fitting(reply.cached_tokens),
        "error.type": reply.failure,
    }


def _content(one: Observation, probe: Probe | None) -> dict[str, Any]:
    """As the conventions write messages, in JSON."""
    content: dict[str, Any] = {}
    if probe is not None:
        content["gen_ai.input.messages"] = json.dumps([_message(m.role, m.content) for m in probe.conversation])
        if probe.system is not None:
            content["gen_ai.system_instructions"] = json.dumps([{"type": "text", "content": probe.system}])
    if one.reply.answered:
        said = {**_message("assistant", one.reply.said), "finish_reason": one.reply.finish_reason or "stop"}
        content["gen_ai.output.messages"] = json.dumps([said])
    return content


def _message(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": text}]}


def _ns(moment: datetime) -> int:
    return round(moment.timestamp() * 1e6) * 1000


def _unicode(text: str | None) -> str | None:
    return None if text is None else text.encode("utf-8", "replace").decode()


def _fitting(count: int | None) -> int | None:
    """Nothing that a provider made up beyond 64 bits."""
    return count if count is None or count < 2**63 else None
