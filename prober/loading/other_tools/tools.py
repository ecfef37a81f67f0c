"""How a record of each tool is read: one small function a tool, from its records to lines of a reply log.

An evaluation is one round, at the time it ran; live traffic has one round a UTC day. What cannot be carried over is
counted in `Source.left_out`, never dropped in silence.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from prober.loading.other_tools.chat import (
    asked,
    count,
    moment,
    number,
    parsed,
    reply_fields,
    text_of,
    tokens_of,
    whole,
)

Record: TypeAlias = Mapping[str, Any]
Line: TypeAlias = dict[str, Any]
"""Keys and values of one line of a reply log; empty where the record has neither an answer nor an error."""
Numbered: TypeAlias = tuple[int, Line]
"""Line in the file, 0 where it is one document; line of a reply log."""


@dataclass(slots=True)
class Source:
    """The file that is read, and what could not be carried over."""

    path: Path
    left_out: Counter[str] = field(default_factory=Counter)
    """What → how often."""

    def written_at(self) -> str:
        """When it was last written: the round of files that hold no time."""
        self.left_out["the time of the run, which is not in the file: its round is when the file was written"] = 1
        return _iso(datetime.fromtimestamp(int(self.path.stat().st_mtime), UTC))


def promptfoo(records: Iterable[tuple[int, Record]], source: Source) -> Iterator[Numbered]:
    for number_, record in records:
        run = _mapping(record.get("results"))
        rows = run.get("results") if run else record.get("results") or [record]
        ran = moment(run.get("timestamp") or record.get("timestamp") or record.get("createdAt"))
        at = _iso(ran) if ran else source.written_at()
        for row in filter(_mapping, rows if isinstance(rows, list) else []):
            response, provider = _mapping(row.get("response")), row.get("provider")
            named = _mapping(provider)
            plain = row.get("response")
            text = plain if isinstance(plain, str) else response.get("output", row.get("output"))
            if response.get("cached"):
                source.left_out["replies from promptfoo's cache, which say nothing of the model: use --no-cache"] += 1
                continue
            failed = response.get("error") or (row.get("error") if text is None else None)
            seconds = number(row.get("latencyMs"))
            yield (
                number_,
                _line(
                    source,
                    round=at,
                    endpoint=str(named.get("label") or named.get("id") or provider or "promptfoo"),
                    probe=_mapping(row.get("testCase")).get("description") or row.get("description"),
                    request=_mapping(row.get("prompt")).get("raw", row.get("prompt")),
                    said=parsed(text),
                    text=text if isinstance(text, str) else None,
                    error=failed,
                    latency_s=None if seconds is None else seconds / 1000,
                    finish_reason=response.get("finishReason"),
                    **tokens_of(response.get("tokenUsage")),
                ),
            )


def lm_eval(records: Iterable[tuple[int, Record]], source: Source) -> Iterator[Numbered]:
    name = re.fullmatch(r"samples_(.+?)_(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d(?:\.\d+)?)", source.path.stem)
    task = name[1] if name else source.path.stem.removeprefix("samples_")
    ran = moment(f"{name[2]}T{name[3]}:{name[4]}:{name[5]}") if name else None
    at = _iso(ran) if ran else source.written_at()
    endpoint = source.path.absolute().parent.name.replace("__", "/") if name else "lm-eval"
    seen: dict[object, object] = {}
    for number_, record in records:
        # Each filter of a task repeats the same replies.
        if seen.setdefault(record.get("doc_id"), record.get("filter")) != record.get("filter"):
            source.left_out["lines that repeat a reply under another filter"] += 1
            continue
        request = _mapping(record.get("arguments")).get("gen_args_0", record.get("arguments"))
        # Of a chat model it is a text that holds the messages.
        request = parsed(_innermost(request.get("arg_0") if isinstance(request, Mapping) else request))
        responses = record.get("resps")
        for response in responses if isinstance(responses, list) else []:
            for one in response if isinstance(response, list) else [response]:
                if not isinstance(one, str):
                    source.left_out["log-likelihoods of given answers, which are no replies"] += 1
                    break
                if isinstance(response, list) and len(response) == 2 and response[1] in ("True", "False"):
                    source.left_out["log-likelihoods of given answers, which are no replies"] += 1
                    break
                probe = f"{task}/{record.get('doc_id')}"
                yield number_, _line(source, round=at, endpoint=endpoint, probe=probe, request=request, said=one)


def openai_evals(records: Iterable[tuple[int, Record]], source: Source) -> Iterator[Numbered]:
    begun: dict[object, str] = {}
    models: dict[object, str] = {}
    for number_, record in records:
        spec, run = _mapping(record.get("spec")), record.get("run_id")
        if record.get("object") == "eval.run.output_item":
            yield number_, _output_item(source, record, begun)
            continue
        if spec:
            run, names = spec.get("run_id"), spec.get("completion_fns")
            models[run] = ", ".join(map(str, names)) if isinstance(names, list) else str(names or "evals")
            if ran := moment(spec.get("created_at")):
                begun[run] = _iso(ran)
            continue
        if record.get("type") != "sampling":
            source.left_out[f"records of the type {str(record.get('type', 'final_report'))[:40]}"] += 1
            continue
        data, at = _mapping(record.get("data")), moment(record.get("created_at"))
        if run not in begun:
            begun[run] = begun.get(None) or (_iso(at) if at else source.written_at())
        sampled = data.get("sampled")
        for one in sampled if isinstance(sampled, list) else [sampled]:
            yield (
                number_,
                _line(
                    source,
                    round=begun[run],
                    endpoint=models.get(run) or models.get(None) or str(data.get("model") or "evals"),
                    probe=record.get("sample_id"),
                    request=data.get("prompt"),
                    said=one,
                    at=at,
                    model=data.get("model"),
                    **tokens_of(data.get("usage")),
                ),
            )


def _output_item(source: Source, record: Record, begun: dict[object, str]) -> Line:
    """An output item of the Evals API. Its run has the time of the first item."""
    sample, at = _mapping(record.get("sample")), moment(record.get("created_at"))
    failed = _mapping(sample.get("error"))
    item = record.get("datasource_item_id")
    return _line(
        source,
        round=begun.setdefault(record.get("run_id"), _iso(at) if at else source.written_at()),
        endpoint=str(sample.get("model") or "evals"),
        probe=None if item is None else f"item-{item}",
        request=sample.get("input"),
        said=sample.get("output"),
        error=failed.get("message") or failed.get("code"),
        at=at,
        model=sample.get("model"),
        finish_reason=sample.get("finish_reason"),
        **tokens_of(sample.get("usage")),
    )


def langfuse(records: Iterable[tuple[int, Record]], source: Source) -> Iterator[Numbered]:
    for number_, raw in _observations(records):
        # The same fields in camelCase from its pages, and in snake_case from its storage export.
        record = {re.sub(r"(?<=[a-z])([A-Z])", r"_\1", key).lower(): value for key, value in raw.items()}
        if record.get("type", "GENERATION") != "GENERATION":
            source.left_out[f"observations of the type {str(record.get('type'))[:40]}, which are no model calls"] += 1
            continue
        begun = moment(record.get("start_time") or record.get("timestamp"))
        ended, first = moment(record.get("end_time")), moment(record.get("completion_start_time"))
        model = record.get("model") or record.get("provided_model_name")
        failed = record.get("status_message") if record.get("level") == "ERROR" else None
        yield (
            number_,
            _line(
                source,
                round=_day(begun) or source.written_at(),
                endpoint=str(model or record.get("name") or "langfuse"),
                probe=record.get("prompt_name") or record.get("name"),
                request=record.get("input"),
                said=parsed(record.get("output")),
                error=failed or ("provider_error" if record.get("level") == "ERROR" else None),
                at=begun,
                model=model,
                latency_s=(ended - begun).total_seconds() if ended and begun else None,
                ttft_s=(first - begun).total_seconds() if first and begun else None,
                **tokens_of(parsed(record.get("usage_details") or record.get("usage"))),
            ),
        )


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
        request, response = parsed(record.get("request_body")), whole(parsed(record.get("response_body")))
        status, at = count(record.get("response_status")), moment(record.get("request_created_at"))
        if str(record.get("cache_reference_id") or "").strip("0-"):
            source.left_out["replies from Helicone's cache, which say nothing of the model"] += 1
            continue
        if not request and not response and record.get("signed_body_url"):
            source.left_out["replies whose bodies are kept elsewhere: export with bodies, as with --include-body"] += 1
            continue
        model = (
            record.get("request_model")
            or record.get("model")
            or record.get("response_model")
            or _mapping(request).get("model")
        )
        seconds = (number(record.get("delay_ms")), number(record.get("time_to_first_token")))
        failed = status is not None and status >= 400
        yield (
            number_,
            _line(
                source,
                round=_day(at) or source.written_at(),
                endpoint=str(model or "helicone"),
                probe=record.get("prompt_id") or _mapping(record.get("request_properties")).get("Helicone-Prompt-Id"),
                request=request,
                said=response or None,
                error=f"HTTP {status}" if failed else None,
                at=at,
                model=record.get("response_model"),
                latency_s=None if seconds[0] is None else seconds[0] / 1000,
                ttft_s=None if not seconds[1] else seconds[1] / 1000,
                **tokens_of(record),
            ),
        )


def inspect(records: Iterable[tuple[int, Record]], source: Source) -> Iterator[Numbered]:
    for number_, record in records:
        run = _mapping(record.get("eval"))
        ran = moment(run.get("created"))
        at = _iso(ran) if ran else source.written_at()
        samples = record.get("samples")
        if not samples:
            source.left_out["logs without samples: run inspect with --log-samples"] += 1
        for kept in filter(_mapping, samples if isinstance(samples, list) else []):
            sample = _mapping(_attached(kept, _mapping(kept.get("attachments"))))
            if any(_mapping(event).get("cache") == "read" for event in _list(kept.get("events"))):
                source.left_out["replies from Inspect's cache, which say nothing of the model"] += 1
                continue
            output, failed = _mapping(sample.get("output")), sample.get("error")
            yield (
                number_,
                _line(
                    source,
                    round=at,
                    endpoint=str(run.get("model") or output.get("model") or "inspect"),
                    probe=f"{run.get('task', 'task')}/{sample.get('id')}",
                    request=sample.get("input"),
                    said=output,
                    text=text_of(output.get("choices") or output.get("completion")),
                    error=_mapping(failed).get("message") or failed,
                    latency_s=number(output.get("time")),
                    finish_reason=_mapping(next(iter(output.get("choices") or ()), None)).get("stop_reason"),
                ),
            )


def _attached(value: object, attachments: Record) -> object:
    """The value with each reference to a text that the log keeps once in place of that text."""
    if isinstance(value, str) and value.startswith("attachment://"):
        return attachments.get(value.removeprefix("attachment://"), value)
    if isinstance(value, Mapping):
        return {
            key: one if key in ("attachments", "events") else _attached(one, attachments) for key, one in value.items()
        }
    return [_attached(one, attachments) for one in value] if isinstance(value, list) else value


def alpaca_eval(records: Iterable[tuple[int, Record]], source: Source) -> Iterator[Numbered]:
    at = source.written_at()
    for number_, record in records:
        request = "\n\n".join(str(record[key]) for key in ("instruction", "input") if record.get(key))
        # Outputs of one model; or annotations, which hold those of two.
        for side in ("", "_1", "_2") if "output" in record else ("_1", "_2"):
            if f"output{side}" in record:
                endpoint = str(record.get(f"generator{side}") or source.path.parent.name or "alpaca_eval")
                said = record[f"output{side}"]
                yield number_, _line(source, round=at, endpoint=endpoint, probe=None, request=request, said=said)


def _line(source: Source, *, probe: object, request: object, said: object, **known: Any) -> Line:
    """One line of a reply log."""
    prompt = asked(request)
    text = known.pop("text", None)
    text = text_of(said) if text is None else text
    fields = reply_fields(said)
    if isinstance(known.get("at"), datetime):
        known["at"] = _iso(known["at"])
    line = {**prompt, **fields, **{key: value for key, value in known.items() if value is not None}}
    # Without a name a probe is what it asks.
    digest = hashlib.sha256(json.dumps(prompt, sort_keys=True).encode()).hexdigest()[:8]
    line["probe"] = str(probe or f"prompt-{digest}")
    if line.get("error"):
        line["error"] = str(line["error"])[:300]
    elif text is not None or fields.get("tool_calls") or fields.get("refusal"):
        line["text"] = text or ""
    else:
        source.left_out["asks without an answer or an error"] += 1
        return {}
    return line


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _day(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).date().isoformat()


def _mapping(value: object) -> Record:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _innermost(value: object) -> object:
    while isinstance(value, list) and value:
        value = value[0]
    return value
