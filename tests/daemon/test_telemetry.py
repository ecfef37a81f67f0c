"""OpenTelemetry: what a collector is sent of rounds, asks and metrics, and what a collector that hangs can do."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from prober.alerts.log import LogAlerter
from prober.daemon import Daemon, telemetry
from prober.daemon.log import Noted
from prober.loading.declarations import load
from prober.model.errors import ConfigurationError
from prober.store import Store
from prober.store.pages import overview
from tests.daemon.world import HOUR, Clock, finish, write_set

REQUIRED = {"gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model"}


@dataclass
class Collector:
    """Takes what is exported, by path; hangs where it is told to."""

    bodies: dict[str, list[bytes]] = field(default_factory=dict)
    hangs: bool = False
    has_request: threading.Event = field(default_factory=threading.Event)
    may_answer: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def spans(self) -> list[Any]:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        return [
            span
            for body in self.bodies["/v1/traces"]
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def metrics(self) -> dict[str, Any]:
        from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

        return {
            metric.name: metric
            for body in self.bodies["/v1/metrics"]
            for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


@contextmanager
def collecting(*, hangs: bool = False) -> Iterator[Collector]:
    collector = Collector(hangs=hangs)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.bodies.setdefault(self.path, []).append(body)
            collector.has_request.set()
            if collector.hangs:
                collector.may_answer.wait(60)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    collector.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield collector
    finally:
        collector.may_answer.set()
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("OTEL_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def one_round(files: Any, store: Store, clock: Clock, round_over: Any) -> None:
    daemon = Daemon(
        [files], store, [LogAlerter()], "http://localhost:8501", worker="here", clock=clock, round_over=round_over
    )
    daemon.declare(load(files))
    daemon.tick("canary on parrot")
    daemon.claim_waiting()
    finish(daemon)


def attributes(of: Any) -> dict[str, Any]:
    found = {}
    for one in of.attributes:
        value = getattr(one.value, one.value.WhichOneof("value"))
        found[one.key] = [each.string_value for each in value.values] if hasattr(value, "values") else value
    return found


@pytest.mark.slow
def test_a_collector_gets_the_round_its_asks_and_the_metrics(files, store, clock, monkeypatch):
    write_set(files)
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        with telemetry.exporting(store, "here", clock, is_worker=False) as round_over:
            one_round(files, store, clock, round_over)
        (round_,) = [span for span in collector.spans() if not span.parent_span_id]
        asks = [span for span in collector.spans() if span.parent_span_id == round_.span_id]
        metrics = collector.metrics()
    (label,) = {one.label for one in store.query(overview.recent_rounds) if one.label}
    said = attributes(round_)
    assert (said["prober.outcome"], said["prober.endpoint"], said["prober.round"]) == ("completed", "parrot", label)
    assert [one.name for one in asks] == ["chat parrot-1"] * 3
    for ask in asks:
        said = attributes(ask)
        assert said.keys() >= REQUIRED
        assert (said["prober.probe"], said["gen_ai.request.model"]) == ("canary/colour", "parrot-1")
        assert said["gen_ai.usage.output_tokens"] > 0
        assert not any("message" in name for name in said)
        assert ask.end_time_unix_nano >= ask.start_time_unix_nano
    points = {attributes(one)["endpoint"]: one.as_double for one in metrics["prober_asks_total"].sum.data_points}
    assert points == {"parrot": 3.0, "magpie": 0.0}
    assert metrics["prober_asks_total"].sum.is_monotonic
    assert metrics["prober_database_up"].gauge.data_points[0].as_double == 1.0


@pytest.mark.slow
def test_texts_are_sent_only_where_that_is_declared(files, store, clock, monkeypatch):
    write_set(files)
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{collector.url}/v1/traces")
        monkeypatch.setenv(telemetry.CONTENT, "true")
        with telemetry.exporting(store, "here", clock, is_worker=True) as round_over:
            one_round(files, store, clock, round_over)
        ask = next(span for span in collector.spans() if span.parent_span_id)
    assert collector.bodies.keys() == {"/v1/traces"}
    assert "Name a colour." in attributes(ask)["gen_ai.input.messages"]
    assert '"role": "assistant"' in attributes(ask)["gen_ai.output.messages"]


@pytest.mark.slow
def test_a_collector_that_hangs_holds_up_neither_a_round_nor_the_end(files, store, clock, monkeypatch):
    """Its answer would take as long as the test waits for it: whoever waited for the collector would never get on."""
    write_set(files)
    monkeypatch.setattr(telemetry, "END_S", 0.2)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "600")
    with collecting(hangs=True) as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        with telemetry.exporting(store, "here", clock, is_worker=False) as round_over:
            one_round(files, store, clock, round_over)
            assert collector.has_request.wait(60)
            clock.go(HOUR)
            one_round(files, store, clock, round_over)
        assert not collector.may_answer.is_set()
    assert [one.state for one in store.query(overview.recent_rounds)] == ["completed", "completed"]


def test_variables_that_contradict_one_another_are_an_error_at_the_start(store, clock, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "99999")
    exporting = telemetry.exporting(store, "here", clock, is_worker=True)
    with pytest.raises(ConfigurationError, match="OTEL_"), exporting:
        pass


def test_what_cannot_be_sent_is_said_once(caplog):
    caplog.set_level("INFO")
    noted = Noted("traces")
    for is_good in (True, False, False, True, True):
        noted(is_good)
    assert [one.levelname for one in caplog.records] == ["WARNING", "INFO"]


def test_without_the_extra_it_is_said_and_rounds_go_on(store, clock, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto", None)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    with telemetry.exporting(store, "here", clock, is_worker=False):
        pass
    assert "run pip install 'canary-prober[otel]'" in caplog.text


@pytest.mark.slow
def test_nothing_is_imported_unless_a_collector_is_named():
    code = (
        "import sys; from datetime import UTC, datetime; from prober.daemon.telemetry import exporting\n"
        "with exporting(None, 'here', lambda: datetime.now(UTC), is_worker=False): pass\n"
        "assert not [name for name in sys.modules if name.startswith(('opentelemetry', 'google.protobuf'))]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
