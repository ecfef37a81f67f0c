"""How a record of each evaluation tool is read: one small function a tool, from its records to lines of a reply log.

An evaluation is one round, at the time it ran. What cannot be carried over is counted in `Source.left_out`, never
dropped in silence. Live traffic and batches are read in `traffic`.
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
from typing import Any, Final, TypeAlias

from prober.loading.other_tools.chat import (
    asked,
    choices_of,
    media_in,
    moment,
    number,
    parsed,
    reply_fields,
    text_of,
    tokens_of,
)
from prober.model.errors import LogError, Problem

UNANSWERED: Final = "asks without an answer or an error"
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
    seen: set[object] = field(default_factory=set)
    """(id, answer) of the entries that were read."""

    def moment(self, value: object) -> datetime | None:
        """When something was; None where it does not say, or says so in a way that cannot be read."""
        found = moment(value)
        if found is None and value:
            self.left_out["times that are neither ISO 8601 nor seconds since 1970"] += 1
        return found

    def written_at(self) -> str:
        """When it was last written: the round of files that hold no time."""
        self.left_out["the time of the run, which is not in the file: its round is when the file was written"] = 1
        return iso(datetime.fromtimestamp(int(self.path.stat().st_mtime), UTC))


def lm_eval(records: Iterable[tuple[int, Record]], source: Source) -> Iterator[Numbered]:
    name = re.fullmatch(r"samples_(.+?)_(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d(?:\.\d+)?)", source.path.stem)
    task = name[1] if name else source.path.stem.removeprefix("samples_")
    ran = moment(f"{name[2]}T{name[3]}:{name[4]}:{name[5]}") if name else None
    at = iso(ran) if ran else source.written_at()
    endpoint = source.path.absolute().parent.name.replace("__", "/") if name else "lm-eval"
    seen: dict[object, object] = {}
    for number_, record in records:
        # Each filter of a task repeats the same replies.
        if seen.setdefault(record.get("doc_id"), record.get("filter")) != record.get("filter"):
            source.left_out["lines that repeat a reply under another filter"] += 1
            continue
        arguments, doc = parsed(record.get("arguments")), record.get("doc_id")
        request = mapping(arguments).get("gen_args_0", arguments)
        # Of a chat model it is a text that holds the messages.
        request = parsed(_innermost(request.get("arg_0") if isinstance(request, Mapping) else request))
        responses = parsed(record.get("resps"))
        if isinstance(responses, str) and responses.startswith("["):  # as Python prints a list, which a table may hold
            source.left_out["answers that are no JSON: write the samples as JSON Lines"] += 1
            continue
        for response in responses if isinstance(responses, list) else [responses]:
            for one in response if isinstance(response, list) else [response]:
                if one is None:
                    source.left_out[UNANSWERED] += 1
                    continue
                if not isinstance(one, str):
                    source.left_out["log-likelihoods of given answers, which are no replies"] += 1
                    break
                if isinstance(response, list) and len(response) == 2 and response[1] in ("True", "False"):
                    source.left_out["log-likelihoods of given answers, which are no replies"] += 1
                    break
                probe = None if doc is None else f"{task}/{doc}"
                yield number_, line_of(source, round=at, endpoint=endpoint, probe=probe, request=request, said=one)


def openai_evals(records: Iterable[tuple[int, Record]], source: Source) -> Iterator[Numbered]:
    begun: dict[object, str] = {}
    models: dict[object, str] = {}
    for number_, record in records:
        spec, run = mapping(record.get("spec")), record.get("run_id")
        if record.get("object") == "eval.run.output_item":
            yield from _output_item(source, number_, record, begun)
            continue
        if spec:
            run, names = spec.get("run_id"), spec.get("completion_fns") or spec.get("model_name")  # the latter is older
            models[run] = ", ".join(map(str, names)) if isinstance(names, list) else str(names or "")
            if ran := source.moment(spec.get("created_at")):
                begun[run] = iso(ran)
            continue
        data, at = mapping(record.get("data")), source.moment(record.get("created_at"))
        if record.get("type") not in ("sampling", "error"):
            source.left_out[f"records of the type {str(record.get('type', 'final_report'))[:40]}"] += 1
            continue
        if run not in begun:
            begun[run] = begun.get(None) or (iso(at) if at else source.written_at())
        sampled = data.get("sampled")
        failed = (data.get("message") or data.get("type") or "error") if record["type"] == "error" else None
        for one in sampled if isinstance(sampled, list) and sampled else [sampled or None]:
            yield (
                number_,
                line_of(
                    source,
                    round=begun[run],
                    endpoint=models.get(run) or models.get(None) or str(data.get("model") or "evals"),
                    probe=record.get("sample_id"),
                    request=data.get("prompt"),
                    said=one,
                    error=failed,
                    at=at,
                    model=data.get("model"),
                    **tokens_of(data.get("usage")),
                ),
            )


def _output_item(source: Source, number_: int, record: Record, begun: dict[object, str]) -> Iterator[Numbered]:
    """An output item of the Evals API. Its run has the time of the first item."""
    sample, at = mapping(record.get("sample")), source.moment(record.get("created_at"))
    failed = mapping(sample.get("error"))
    item = record.get("datasource_item_id")
    yield from lines_of(
        source,
        number_,
        entry=record.get("id"),
        round=begun.setdefault(record.get("run_id"), iso(at) if at else source.written_at()),
        endpoint=str(sample.get("model") or "evals"),
        probe=None if item is None else f"item-{item}",
        request=sample.get("input"),
        said=sample.get("output"),
        error=failed.get("message") or failed.get("code") or _without_sample(record),
        at=at,
        model=sample.get("model"),
        finish_reason=sample.get("finish_reason"),
        **tokens_of(sample.get("usage")),
    )


def _without_sample(record: Record) -> str | None:
    """Why an item has no answer at all, as far as it says."""
    return f"status {record['status']}" if not record.get("sample") and record.get("status") else None


def inspect(records: Iterable[tuple[int, Record]], source: Source) -> Iterator[Numbered]:
    for number_, record in records:
        run = mapping(record.get("eval"))
        ran = source.moment(run.get("created"))
        at = iso(ran) if ran else source.written_at()
        samples = record.get("samples")
        if not samples:
            source.left_out["logs without samples: run inspect with --log-samples"] += 1
        for kept in filter(mapping, samples if isinstance(samples, list) else []):
            sample = mapping(_attached(kept, mapping(kept.get("attachments"))))
            if any(mapping(event).get("cache") == "read" for event in list_of(kept.get("events"))):
                source.left_out["replies from Inspect's cache, which say nothing of the model"] += 1
                continue
            output = mapping(sample.get("output"))
            failed, name = sample.get("error"), sample.get("id")
            failed = failed or (None if output.get("choices") else output.get("error"))
            yield from lines_of(
                source,
                number_,
                round=at,
                endpoint=str(run.get("model") or output.get("model") or "inspect"),
                probe=None if name is None else f"{run.get('task', 'task')}/{name}",
                request=sample.get("input"),
                said=output or None,
                error=mapping(failed).get("message") or failed,
                latency_s=number(output.get("time")),
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
        sides = [side for side in ("", "_1", "_2") if f"output{side}" in record]
        if not sides:
            source.left_out[UNANSWERED] += 1
        for side in sides:
            endpoint = str(record.get(f"generator{side}") or source.path.parent.name or "alpaca_eval")
            said = record[f"output{side}"]
            yield number_, line_of(source, round=at, endpoint=endpoint, probe=None, request=request, said=said)


def lines_of(source: Source, number_: int, *, said: object, entry: object = None, **known: Any) -> Iterator[Numbered]:
    """Lines of a reply log: one for each choice of an answer. `entry`: its id, where an export may hold it twice."""
    if entry is not None:
        if (again := (str(entry), json.dumps(said, default=str))) in source.seen:
            source.left_out["entries that repeat one before them, with the same id and answer"] += 1
            return
        source.seen.add(again)
    choices = choices_of(said)
    if len(choices) > 1:  # the tokens are of all together
        known = {key: value for key, value in known.items() if not key.endswith("_tokens")}
    for one in choices:
        yield number_, line_of(source, said=one, **known)


def line_of(source: Source, *, probe: object, request: object, said: object, **known: Any) -> Line:
    """One line of a reply log."""
    prompt = asked(request)
    if media := media_in(said):
        source.left_out["pictures, sounds and files in answers"] += media
    text = known.pop("text", None)
    text = text_of(said) if text is None else text
    fields = reply_fields(said)
    if isinstance(known.get("at"), datetime):
        known["at"] = iso(known["at"])
    found = {**prompt, **fields, **{key: value for key, value in known.items() if value not in (None, "")}}
    # Without a name a probe is what it asks.
    digest = hashlib.sha256(json.dumps(prompt, sort_keys=True).encode()).hexdigest()[:8]
    found["probe"] = str(probe or f"prompt-{digest}")
    if found.get("error"):
        found["error"] = str(found["error"])[:300]
    elif text is not None or any(found.get(key) for key in ("tool_calls", "refusal", "finish_reason")):
        found["text"] = text or ""
    else:
        source.left_out[UNANSWERED] += 1
        return {}
    return found


def iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def mapping(value: object) -> Record:
    return value if isinstance(value, Mapping) else {}


def mappings(value: object) -> list[Record]:
    return [one for one in list_of(value) if isinstance(one, Mapping)]


def list_of(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _innermost(value: object) -> object:
    while isinstance(value, list) and value:
        value = value[0]
    return value


def problem(path: Path, line: int, message: str) -> LogError:
    """To raise; line 0 where it is not known."""
    return LogError([Problem(str(path), line, "", message)])
