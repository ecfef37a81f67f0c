"""`POST /v1/traces` and `/v1/logs`: OpenTelemetry GenAI spans and events become live samples, whatever form their content
has."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs_service
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service

from prober.loading.otel import logs_of, spans_of
from prober.loading.otlp import LOGS, TRACES, read_protobuf
from prober.store import Store, samples
from tests.api.conftest import Ask
from tests.cli.world import due

AT = int((due(1) - timedelta(hours=1)).timestamp())


def value(plain: object) -> dict[str, Any]:
    match plain:
        case bool():
            return {"boolValue": plain}
        case int():
            return {"intValue": str(plain)}
        case float():
            return {"doubleValue": plain}
        case list():
            return {"arrayValue": {"values": [value(one) for one in plain]}}
        case dict():
            return {"kvlistValue": {"values": attributes(plain)}}
        case _:
            return {"stringValue": plain}


def attributes(plain: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": value(one)} for key, one in plain.items()]


def span(number: int = 1, events: dict[str, dict[str, Any]] | None = None, **given: object) -> dict[str, Any]:
    named = {key.replace("__", "."): one for key, one in given.items()}
    return {
        "traceId": "5b8efff798038103d269b633813fc60c", "spanId": f"{number:016x}", "name": "chat gpt",
        "startTimeUnixNano": f"{AT}000000000", "endTimeUnixNano": f"{AT + 2}500000000",
        "attributes": attributes({"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt", **named}),
        "events": [{"name": name, "attributes": attributes(said)} for name, said in (events or {}).items()],
    }  # fmt: skip


def request(*spans: dict[str, Any], **resource: object) -> dict[str, Any]:
    named = attributes({key.replace("__", "."): one for key, one in resource.items()})
    return {"resourceSpans": [{"resource": {"attributes": named}, "scopeSpans": [{"spans": list(spans)}]}]}


ASKED = [
    {"role": "system", "parts": [{"type": "text", "content": "Be short."}]},
    {"role": "user", "parts": [{"type": "text", "content": "Where is my order?"}, {"type": "blob", "content": "AAAA"}]},
]
SAID = [{"role": "assistant", "parts": [{"type": "reasoning", "content": "hm"}, {"type": "text", "content": "Here."}]}]
FORMS = {
    "messages as JSON": span(gen_ai__input__messages=json.dumps(ASKED), gen_ai__output__messages=json.dumps(SAID)),
    "messages as values": span(gen_ai__input__messages=ASKED, gen_ai__output__messages=SAID),
    "details event": span(events={"gen_ai.client.inference.operation.details": {
        "gen_ai.input.messages": ASKED, "gen_ai.output.messages": SAID}}),
    "older attributes": span(gen_ai__prompt="Where is my order?", gen_ai__completion="Here."),
    "indexed attributes": span(**{
        "gen_ai.prompt.0.role": "system", "gen_ai.prompt.0.content": "Be short.", "gen_ai.prompt.1.role": "user",
        "gen_ai.prompt.1.content": "Where is my order?", "gen_ai.completion.0.content": "Here."}),
    "message events": span(events={
        "gen_ai.system.message": {"content": "Be short."}, "gen_ai.user.message": {"content": "Where is my order?"},
        "gen_ai.choice": {"index": 0, "finish_reason": "stop", "message": {"content": "Here."}}}),
    "content events": span(events={
        "gen_ai.content.prompt": {"gen_ai.prompt": "Where is my order?"},
        "gen_ai.content.completion": {"gen_ai.completion": "Here."}}),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_content_is_read(form: str) -> None:
    (line,) = spans_of(request(FORMS[form], service__name="shop")).lines
    assert (line["prompt"], line["text"]) == ("Where is my order?", "Here.")
    assert (line["endpoint"], line["feature"], line["latency_s"]) == ("gpt", "shop", 2.5)


def test_names_tokens_scores_and_failures_are_read() -> None:
    score = {"gen_ai.evaluation.result": {"gen_ai.evaluation.name": "helpful", "gen_ai.evaluation.score.value": 0.5}}
    full = span(
        events=score, gen_ai__completion="Here.", gen_ai__usage__input_tokens=9, gen_ai__response__model="gpt-1",
        gen_ai__response__finish_reasons=["stop"], prober__endpoint="bot", prober__feature="support",
    )  # fmt: skip
    failed = {**span(2, error__type="TimeoutError"), "status": {"code": 2}}
    calls = [{"role": "assistant", "parts": [{"type": "tool_call", "name": "find", "arguments": {"id": 7}}]}]
    first, second, third = spans_of(request(full, failed, span(3, gen_ai__output__messages=calls))).lines
    assert (first["endpoint"], first["feature"], first["input_tokens"], first["model"]) == (
        "bot",
        "support",
        9,
        "gpt-1",
    )
    assert (first["finish_reason"], first["scores"]) == ("stop", {"helpful": 0.5})
    assert (second["error"], "text" in second) == ("timeout", False)
    assert (third["text"], third["tool_calls"]) == ("", [["find", '{"id": 7}']])


def test_what_is_left_out_is_counted() -> None:
    tool = span(3, gen_ai__operation__name="execute_tool")
    other = {**span(4), "attributes": attributes({"http.route": "/"})}
    found = spans_of(request(span(), tool, other, FORMS["messages as values"]))
    assert (len(found.lines), found.rejected, found.others) == (1, 1, 2)
    assert found.left_out["parts that are no text, such as images"] == 1
    assert spans_of(request(*(span(i, gen_ai__completion="x") for i in range(1001)))).rejected == 1


def record(name: str, number: int = 1, body: object = None, **given: object) -> dict[str, Any]:
    """A log record. Its span is `number`; 0 for none."""
    named = {key.replace("__", "."): one for key, one in given.items()}
    of = {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": f"{number:016x}"} if number else {}
    said = {} if body is None else {"body": value(body)}
    return {"timeUnixNano": f"{AT}000000000", "eventName": name, **of, **said, "attributes": attributes(named)}


def log_request(*records: dict[str, Any], **resource: object) -> dict[str, Any]:
    named = attributes({key.replace("__", "."): one for key, one in resource.items()})
    return {"resourceLogs": [{"resource": {"attributes": named}, "scopeLogs": [{"logRecords": list(records)}]}]}


DETAILS = "gen_ai.client.inference.operation.details"
WHOLE = {
    "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt", "gen_ai.input.messages": ASKED,
    "gen_ai.output.messages": SAID, "gen_ai.usage.input_tokens": 9,
}  # fmt: skip
ANSWER = {"index": 0, "finish_reason": "stop", "message": {"content": "Here."}}
BY_MESSAGE = [
    record("gen_ai.system.message", 2, {"content": "Be short."}),
    record("gen_ai.user.message", 2, {"content": "Where is my order?"}),
    record("gen_ai.choice", 2, ANSWER),
]
LOG_FORMS = {
    "details": [record(DETAILS, **WHOLE)],
    "details in the body, without a span": [record(DETAILS, 0, WHOLE)],
    "messages": BY_MESSAGE,
    "messages as JSON, named by an attribute": [
        {**record("", 3, json.dumps(body)), "attributes": attributes({"event.name": name})}
        for name, body in (("gen_ai.user.message", {"content": "Where is my order?"}), ("gen_ai.choice", ANSWER))
    ],
}


@pytest.mark.parametrize("form", LOG_FORMS)
def test_every_form_of_events_in_logs_is_read(form: str) -> None:
    found = logs_of(log_request(*LOG_FORMS[form], service__name="shop"))
    (line,) = found.lines
    assert (line["prompt"], line["text"], line["feature"]) == ("Where is my order?", "Here.", "shop")
    assert line["at"] and "latency_s" not in line
    if form.startswith("messages"):
        assert line["finish_reason"] == "stop"
    else:
        assert (line["endpoint"], line["input_tokens"]) == ("gpt", 9)


def test_records_of_one_span_are_one_call_and_what_is_left_out_is_counted() -> None:
    score = {"gen_ai__evaluation__name": "helpful", "gen_ai__evaluation__score__value": 0.5}
    asked_again = record(DETAILS, 1, **{**WHOLE, "gen_ai.usage.input_tokens": 10})
    tools = {
        **ANSWER,
        "message": {"tool_calls": [{"type": "function", "function": {"name": "find", "arguments": "{}"}}]},
    }
    found = logs_of(
        log_request(
            record(DETAILS, 1, **WHOLE), asked_again, record("gen_ai.evaluation.result", 1, **score), *BY_MESSAGE,
            record("gen_ai.choice", 4, tools), record("gen_ai.user.message", 5, {"content": "Hm?"}),
            record("gen_ai.evaluation.result", 6, **score), record("http.request", 7), record(DETAILS, 8, **{
                **WHOLE, "gen_ai.operation.name": "embeddings"}),
        )
    )  # fmt: skip
    assert [one.get("input_tokens") for one in found.lines] == [9, 10, None, None]
    assert found.lines[0]["scores"] == {"helpful": 0.5} and found.lines[3]["tool_calls"] == [["find", "{}"]]
    assert (found.rejected, found.others) == (2, 2)
    assert found.left_out["evaluations of a call that is not in the same request"] == 1
    assert sum("without a reply" in why for why in found.left_out) == 1


@pytest.mark.slow
def test_many_records_of_one_span_take_no_longer_than_of_many() -> None:
    many = 10_000  # ten seconds, if each were compared with all before it
    found = logs_of(log_request(*[record("gen_ai.user.message")] * many, *[record(DETAILS)] * many))
    assert found.rejected == 2 * many


@pytest.mark.slow
def test_logs_become_samples_and_protobuf_says_the_same(ask: Ask) -> None:
    whole = log_request(record(DETAILS, 1, **WHOLE), record(DETAILS, 2), *BY_MESSAGE, record("http.request", 7))
    packed = json_format.ParseDict(whole, logs_service.ExportLogsServiceRequest()).SerializeToString()
    there, here = logs_of(read_protobuf(LOGS, packed)), logs_of(whole)
    assert [{**one, "id": ""} for one in there.lines] == [{**one, "id": ""} for one in here.lines]
    done = ask("/v1/logs", "POST", packed, content_type="application/x-protobuf")
    answer = logs_service.ExportLogsServiceResponse.FromString(done.body)
    assert done.status == 200 and answer.partial_success.rejected_log_records == here.rejected
    said = ask("/v1/logs", "POST", json.dumps(whole).encode(), content_type="application/json").json["partialSuccess"]
    assert said["rejectedLogRecords"] == str(here.rejected)
    wrong = ask("/v1/logs", "POST", b"[]", content_type="application/json")
    assert wrong.status == 400 and "ExportLogsServiceRequest" in wrong.json["detail"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["resourceSpans", "scopeSpans", "spans", "attributes", "events", "key", "value", "name",
                         "stringValue", "arrayValue", "kvlistValue", "values", "intValue", "status", "code",
                         "startTimeUnixNano"]), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.lists(JSON, max_size=3), st.lists(JSON, max_size=3), JSON)
def test_hostile_spans_never_raise(groups: list[Any], given_: list[Any], said: Any) -> None:
    spans_of({"resourceSpans": groups})
    logs_of({"resourceLogs": groups})
    logs_of(log_request({**record("gen_ai.choice"), "attributes": given_, "body": said, "timeUnixNano": said}))
    logs_of(log_request(record("gen_ai.choice", 1, json.dumps(said)), record(DETAILS, 0, json.dumps(said))))
    spans_of(request({**span(), "attributes": given_, "events": given_, "startTimeUnixNano": said}))
    spans_of(request(span(gen_ai__output__messages=json.dumps([said]), gen_ai__prompt=json.dumps(said))))


def test_deep_and_huge_values_hurt_nobody() -> None:
    deep: dict[str, Any] = {"stringValue": "x"}
    for _ in range(900):
        deep = {"arrayValue": {"values": [deep]}}
    nested = "[" * 900 + "]" * 900
    hostile = {**span(2), "attributes": [{"key": "gen_ai.completion", "value": deep}], "endTimeUnixNano": "9" * 400}
    found = spans_of(request(hostile, span(3, gen_ai__output__messages=nested), span(gen_ai__completion="Here.")))
    assert [one["text"] for one in found.lines][-1] == "Here."


@pytest.mark.slow
def test_spans_become_samples_under_the_same_rules(ask: Ask, database: str) -> None:
    mine = {"prober__feature": "support", "prober__endpoint": "bot"}
    spans = [span(i, gen_ai__prompt="Mail ada@example.org", gen_ai__completion=f"Done {i}.", **mine) for i in range(70)]
    body = json.dumps(request(*spans)).encode()
    for packed, encoding in ((gzip.compress(body), "gzip"), (body, "identity")):
        done = ask("/v1/traces", "POST", packed, content_type="application/json", content_encoding=encoding)
        assert done.status == 200, "sent again, it is known"
    first = ask("/v1/traces", "POST", json.dumps(request(span(99))).encode(), content_type="application/json").json
    assert (
        first["partialSuccess"]["rejectedSpans"] == "1" and "without a reply" in first["partialSuccess"]["errorMessage"]
    )
    with Store.open(database, read_only=True) as store:
        ((feature),) = store.query(samples.features)
        assert (feature.endpoint, feature.name, feature.stored, feature.dropped) == ("bot", "support", 60, 20)
        kept = store.query(samples.between, "bot", "support", due(0), due(2))
        assert "ada@" not in repr(kept) and "Done" not in repr(kept)


@pytest.mark.slow
def test_protobuf_says_the_same(ask: Ask) -> None:
    whole = request(FORMS["messages as values"], span(2))
    body = json_format.ParseDict(whole, service.ExportTraceServiceRequest()).SerializeToString()
    there, here = spans_of(read_protobuf(TRACES, body)), spans_of(whole)
    assert [{**one, "id": ""} for one in there.lines] == [{**one, "id": ""} for one in here.lines]
    done = ask("/v1/traces", "POST", body, content_type="application/x-protobuf")
    answer = service.ExportTraceServiceResponse.FromString(done.body)
    assert (done.status, done.headers["content-type"]) == (200, "application/x-protobuf")
    assert answer.partial_success.rejected_spans == 1


@pytest.mark.parametrize(
    ("body", "kind", "encoding", "status", "said"),
    [
        (b"[]", "application/json", "", 400, "ExportTraceServiceRequest"),
        (b"[" * 100_000, "application/json", "", 400, "ExportTraceServiceRequest"),
        (b"{}", "text/plain", "", 415, "x-protobuf"),
        (b"\xff\xff", "application/x-protobuf", "", 400, "in protobuf"),
        (gzip.compress(b" " * 9_000_000), "application/json", "gzip", 400, "send less at once"),
        (b"{}", "application/json", "gzip", 400, "not gzip"),
        (b"{}", "application/json", "br", 400, "gzip"),
    ],
)
def test_what_is_no_trace(ask: Ask, body: bytes, kind: str, encoding: str, status: int, said: str) -> None:
    done = ask("/v1/traces", "POST", body, content_type=kind, content_encoding=encoding)
    assert (done.status, done.headers["content-type"]) == (status, "application/problem+json")
    assert said in done.json["detail"]
