"""Replies as a Parquet file, for an archive: one row a reply, typed columns. Needs the extra `parquet`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from prober.loading.files import draft_of
from prober.loading.reply_log import UNKNOWN_TIME, LoggedReply
from prober.loading.round_labels import moment_of
from prober.model.errors import ConfigurationError

ROWS: Final = 10_000
TEXT_LENGTH: Final = 16_000_000
"""A group of rows, which is all that is in memory, ends at so many rows or characters."""
_LARGEST: Final = 2**63 - 1


def write_parquet(path: Path, replies: Iterable[LoggedReply]) -> int:
    """Write a file and return how many replies it holds; it appears only when it is whole.

    Columns are the keys of a reply log. `round` and `at` are moments (UTC); a text has `?` in place of what is no
    Unicode; the checks under `expect` are JSON. Raises ConfigurationError where pyarrow is missing, LogError where the
    file cannot be written.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise ConfigurationError(
            "Parquet needs pyarrow, which is not installed; run pip install 'canary-prober[parquet]'"
        ) from None
    moment, text, count, number = pa.timestamp("us", tz="UTC"), pa.string(), pa.int64(), pa.float64()
    schema = pa.schema([
        ("round", moment), ("endpoint", text), ("probe", text), ("series", text), ("at", moment), ("prompt", text),
        ("system", text), ("text", text), ("error", text), ("model", text), ("requested_model", text),
        ("system_fingerprint", text), ("service_tier", text), ("finish_reason", text), ("refusal", text), ("id", text),
        ("empty_because", text), ("cached_by", text), ("input_tokens", count), ("output_tokens", count),
        ("reasoning_tokens", count), ("cached_tokens", count), ("latency_s", number), ("ttft_s", number),
        ("headers", pa.map_(text, text)),
        ("tool_calls", pa.list_(pa.struct([("name", text), ("arguments", text)]))),
        ("top_logprobs", pa.list_(pa.struct([("token", text), ("logprob", number)]))),
        ("expect", pa.list_(text)),
    ])  # fmt: skip
    total, rows, length = 0, list[dict[str, Any]](), 0
    with draft_of(path) as draft, parquet.ParquetWriter(draft, schema, compression="zstd") as file:
        for logged in replies:
            rows.append(_row(logged))
            total, length = total + 1, length + _length(logged)
            if len(rows) == ROWS or length >= TEXT_LENGTH:
                file.write_batch(pa.RecordBatch.from_pylist(rows, schema))
                rows, length = [], 0
        if rows:
            file.write_batch(pa.RecordBatch.from_pylist(rows, schema))
    return total


def _row(logged: LoggedReply) -> dict[str, Any]:
    reply = logged.reply
    return {
        "round": moment_of(logged.round),
        "endpoint": logged.endpoint,
        "probe": logged.probe,
        "series": logged.series or None,
        "at": _known(reply.at),
        "prompt": _unicode(logged.prompt),
        "system": _unicode(logged.system),
        "text": _unicode(reply.text),
        "error": _unicode(reply.error),
        "model": _unicode(reply.model),
        "requested_model": _unicode(reply.requested_model),
        "system_fingerprint": _unicode(reply.system_fingerprint),
        "service_tier": _unicode(reply.service_tier),
        "finish_reason": _unicode(reply.finish_reason),
        "refusal": _unicode(reply.refusal),
        "id": _unicode(reply.reply_id),
        "empty_because": reply.empty_because or None,
        "cached_by": _unicode(reply.cached_by or None),
        "input_tokens": _fitting(reply.input_tokens),
        "output_tokens": _fitting(reply.output_tokens),
        "reasoning_tokens": _fitting(reply.reasoning_tokens),
        "cached_tokens": _fitting(reply.cached_tokens),
        "latency_s": reply.latency_s,
        "ttft_s": reply.ttft_s,
        "headers": [(_unicode(name), _unicode(value)) for name, value in reply.headers.items()],
        "tool_calls": [
            {"name": _unicode(call.name), "arguments": _unicode(call.arguments)} for call in reply.tool_calls
        ],
        "top_logprobs": [{"token": _unicode(token), "logprob": logprob} for token, logprob in reply.top_logprobs],
        "expect": [check.model_dump_json(exclude_none=True) for check in logged.expect],
    }


def _length(logged: LoggedReply) -> int:
    """Characters of what may be long."""
    reply = logged.reply
    return sum(map(len, (
        logged.prompt or "", logged.system or "", reply.text or "", reply.refusal or "",
        *(call.arguments for call in reply.tool_calls), *reply.headers.values(),
    )))  # fmt: skip


def _known(at: datetime) -> datetime | None:
    return None if at == UNKNOWN_TIME else at


def _unicode(text: str | None) -> str | None:
    """Without lone surrogates, which a hostile reply may have and UTF-8 refuses."""
    return None if text is None else text.encode("utf-8", "replace").decode()


def _fitting(count: int | None) -> int | None:
    """Nothing that a provider made up beyond 64 bits."""
    return count if count is not None and count <= _LARGEST else None
