"""How records of live traffic and of batches are read, from records to lines of a reply log.

Live traffic has one round a UTC day; a batch is one round, at the time of its first answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from prober.loading.other_tools.chat import answer_of, count, moment, number, of_bedrock, parsed, tokens_of, whole
from prober.loading.other_tools.tools import Numbered, Record, Source, iso, lines_of, mapping


def langfuse(records: Iterable[tuple[int, Record]], source: Source) -> Iterator[Numbered]:
    for number_, raw in _observations(records):
        # The same fields in camelCase from its pages, and in snake_case from its storage export.
        record = {_snake_case(key): value for key, value in raw.items()}
        if str(record.get("type", "GENERATION")).upper() != "GENERATION":
            source.left_out[f"observations of the type {str(record.get('type'))[:40]}, which are no model calls"] += 1
            continue
        begun = source.moment(record.get("start_time") or record.get("timestamp"))
        ended, first = moment(record.get("end_time")), moment(record.get("completion_start_time"))
        model = record.get("model") or record.get("provided_model_name")
        output = record.get("output")
        failed = record.get("status_message") if record.get("level") == "ERROR" else None
        yield from lines_of(
            source,
            number_,
            entry=raw.get("id"),
            round=_day(begun) or source.written_at(),
            endpoint=str(model or record.get("name") or "langfuse"),
            probe=record.get("prompt_name") or record.get("name"),
            request=record.get("input"),
            said=answer_of(output) if isinstance(output, str) else output,
            error=failed or ("provider_error" if record.get("level") == "ERROR" else None),
            at=begun,
            model=model,
            latency_s=(ended - begun).total_seconds() if ended and begun else None,
            ttft_s=(first - begun).total_seconds() if first and begun else None,
            **tokens_of(parsed(record.get("usage_details") or record.get("usage"))),
        )


_LANGFUSE: Final = frozenset(
    {"trace_id", "observations", "observation_count", "project_id", "prompt_name", "usage_details",
     "completion_start_time", "status_message", "provided_model_name", "bookmarked", "session_id"}
)  # fmt: skip
"""Keys, in snake_case, of which a log that is not Langfuse's has none."""
_TYPES: Final = frozenset(
    {"generation", "span", "event", "agent", "tool", "chain", "retriever", "evaluator", "embedding", "guardrail", ""}
)
"""Types of observations; empty in the first line of a table, which holds no values."""


def is_langfuse(record: Record) -> bool:
    """Whether this is an observation or a trace: its times and texts alone have the names that every log uses."""
    keys = {_snake_case(key) for key in record}
    return (
        bool({"start_time", "timestamp"} & keys)
        and bool({"input", "output", "observations"} & keys)
        and (bool(_LANGFUSE & keys) or str(record.get("type", "other")).lower() in _TYPES)
    )


def _snake_case(key: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", key).lower()


def _observations(records: Iterable[tuple[int, Record]]) -> Iterator[tuple[int, Record]]:
    """Those within traces, or the records themselves."""
    for number_, record in records:
        within = record.get("observations")
        whole = isinstance(within, list) and any(isinstance(one, Mapping) for one in within)
        for one in within if whole and isinstance(within, list) else [record]:
            if isinstance(one, Mapping):
                yield number_, one


def helicone(records: Iterable[tuple[int, Record]], source: Source) -> Iterator[Numbered]:
    for number_, record in records:
        request, response = _body(record.get("request_body")), whole(_body(record.get("response_body")))
        status, at = number(record.get("response_status")), source.moment(record.get("request_created_at"))
        if str(record.get("cache_reference_id") or "").strip("0-"):
            source.left_out["replies from Helicone's cache, which say nothing of the model"] += 1
            continue
        if not response and (record.get("signed_body_url") or _is_stub(record.get("response_body"))):
            source.left_out["replies whose bodies are kept elsewhere: export with bodies, as with --include-body"] += 1
            continue
        model = (
            record.get("request_model")
            or record.get("model")
            or record.get("response_model")
            or mapping(request).get("model")
        )
        seconds = (number(record.get("delay_ms")), number(record.get("time_to_first_token")))
        # Helicone writes a negative status where the request was cancelled, or never reached the provider.
        failed = status is not None and not 0 < status < 400
        yield from lines_of(
            source,
            number_,
            entry=record.get("request_id"),
            round=_day(at) or source.written_at(),
            endpoint=str(model or "helicone"),
            probe=record.get("prompt_id")
            or mapping(parsed(record.get("request_properties"))).get("Helicone-Prompt-Id"),
            request=request,
            said=response or None,
            error=_refused(status, response) if failed and status is not None else None,
            at=at,
            model=record.get("response_model"),
            latency_s=None if seconds[0] is None else seconds[0] / 1000,
            ttft_s=None if not seconds[1] else seconds[1] / 1000,
            **tokens_of(record),
        )


def _is_stub(body: object) -> bool:
    """Whether Helicone wrote a note of its own in place of a body that is kept elsewhere."""
    body = parsed(body)
    return isinstance(body, Mapping) and bool(body) and all(str(key).lower().startswith("helicone") for key in body)


def _body(body: object) -> object:
    return None if _is_stub(body) else parsed(body)


def _refused(status: float, response: object) -> str:
    """Why an ask failed: its status, and the provider's own words where there are any."""
    if status <= 0:
        return f"cancelled, or the provider was not reached (status {status:.0f})"
    within = mapping(response).get("error") or mapping(response).get("message") or response
    said = mapping(within).get("message") or within
    return f"HTTP {status:.0f}: {said}" if isinstance(said, str) else f"HTTP {status:.0f}"


def batch(records: Iterable[tuple[int, Record]], source: Source) -> Iterator[Numbered]:
    kept = list(records)
    times = [at for _, record in kept if (at := _answered_at(record)) is not None]
    begun = iso(min(times)) if times else source.written_at()
    models = {model for _, record in kept if (model := _model(_answer(record)))}
    alone = next(iter(models)) if len(models) == 1 else "batch"  # lines that failed name none
    for number_, record in kept:
        body = _answer(record)
        if body.get("object") == "list" and "data" in body:
            source.left_out["embeddings, which are no replies"] += 1
            continue
        failed = _failure(record, body)
        yield from lines_of(
            source,
            number_,
            round=begun,
            endpoint=_model(body) or alone,
            probe=next((record[key] for key in _BATCH_IDS if record.get(key)), None),
            request=record.get("modelInput") or record.get("request"),
            said=None if failed else body or None,
            error=failed,
            at=_answered_at(record),
        )


_BATCH_IDS: Final = ("custom_id", "recordId", "key")
_BODIES: Final = frozenset({"candidates", "promptFeedback", "content"})
"""Keys of an answer that stands in `response` itself: of Gemini, and of Anthropic's models on Vertex."""


def is_batch(record: Record) -> bool:
    """Whether this is a line of the output of a batch."""
    if "custom_id" in record:
        return bool({"response", "error", "result"} & set(record))
    if {"recordId", "modelInput"} <= set(record):
        return bool({"modelOutput", "error"} & set(record))
    if {"request", "response", "processed_time"} <= set(record):
        return True
    return bool(_BODIES & set(mapping(parsed(record.get("response"))))) and bool({"request", "key"} & set(record))


def _answer(record: Record) -> Record:
    """The answer in a line of a batch: `response.body` of OpenAI and others, `result.message` of Anthropic, `response`
    of Vertex and Gemini, `modelOutput` of Bedrock."""
    response, output = mapping(parsed(record.get("response"))), mapping(parsed(record.get("modelOutput")))
    if output:
        return of_bedrock(output)
    body = mapping(response.get("body")) or mapping(mapping(record.get("result")).get("message"))
    return body or (response if _BODIES & set(response) else {})


def _model(body: Record) -> str | None:
    named = body.get("model") or body.get("modelVersion")
    return named if isinstance(named, str) else None


def _failure(record: Record, body: Record) -> object:
    """Why a line holds no answer; None where it does."""
    response, result = mapping(parsed(record.get("response"))), mapping(record.get("result"))
    status = count(response.get("status_code")) or 200
    within = record.get("error") or (body.get("error") if not body.get("choices") else None) or result.get("error")
    within = mapping(within).get("error") or within
    words = ("message", "errorMessage", "code", "errorCode")
    said = next((found for key in words if (found := mapping(within).get(key))), within)
    said = said or mapping(body.get("promptFeedback")).get("blockReason")
    if not body and isinstance(record.get("status"), str):  # of Vertex; empty where there is an answer
        said = said or record["status"]
    if said or status >= 400:
        return said or f"HTTP {status}"
    ended = result.get("type")
    return ended if ended not in (None, "succeeded") else None


def _answered_at(record: Record) -> datetime | None:
    body = _answer(record)
    return moment(body.get("created") or body.get("created_at") or record.get("processed_time"))


def _day(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).date().isoformat()
