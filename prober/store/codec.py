"""What is packed into one column: replies, fingerprints, verdicts, the judge's memory.

Compressed JSON in UTF-8. Lossless for every Python value these types can hold: floats keep every bit (NaN and the
infinities too), and text may hold NUL and lone surrogates. Fields at their default are left out.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any, Final

from prober.model.errors import StoreError
from prober.model.evidence import (
    Between,
    Example,
    Findings,
    Fingerprint,
    Judgement,
    Observation,
    Place,
    Share,
    Shift,
    Verdict,
)
from prober.model.reply import Reply, ToolCall
from prober.store.rows import ReplyRow

_PLAIN_REPLY_FIELDS = tuple(
    field for field in fields(Reply) if field.name not in {"at", "tool_calls", "headers", "top_logprobs"}
)

_LEVEL: Final = 3
"""Half the time of zlib's default, for a fingerprint that is 6 % longer."""


def pack_text(text: str) -> bytes:
    return zlib.compress(text.encode("utf-8", "surrogatepass"), _LEVEL)


def unpack_text(packed: bytes) -> str:
    """Raises StoreError where the bytes are not what `pack_text` wrote."""
    with _damage_named():
        return zlib.decompress(packed).decode("utf-8", "surrogatepass")


def pack_reply(reply: Reply) -> bytes:
    content: dict[str, Any] = {"at": reply.at.isoformat()}
    for field in _PLAIN_REPLY_FIELDS:
        value = getattr(reply, field.name)
        if value != field.default:
            content[field.name] = value
    if reply.tool_calls:
        content["tool_calls"] = [[call.name, call.arguments] for call in reply.tool_calls]
    if reply.headers:
        content["headers"] = dict(reply.headers)
    if reply.top_logprobs:
        content["top_logprobs"] = reply.top_logprobs
    return _pack(content)


def unpack_reply(packed: bytes) -> Reply:
    with _damage_named():
        content = _unpack(packed)
        content["at"] = datetime.fromisoformat(content["at"])
        content["tool_calls"] = tuple(ToolCall(name, arguments) for name, arguments in content.get("tool_calls", ()))
        content["top_logprobs"] = tuple((token, logprob) for token, logprob in content.get("top_logprobs", ()))
        return Reply(**content)


def pack_fingerprint(fingerprint: Fingerprint | None) -> bytes | None:
    if fingerprint is None:
        return None
    features: dict[str, Mapping[str, Any]] = {
        name: dict(getattr(fingerprint, name)) for name in ("categories", "numbers", "vectors", "unreadable")
    }
    return _pack({name: values for name, values in features.items() if values})


def unpack_fingerprint(packed: bytes | None) -> Fingerprint | None:
    if packed is None:
        return None
    with _damage_named():
        content = _unpack(packed)
        content["vectors"] = {name: tuple(vector) for name, vector in content.get("vectors", {}).items()}
        return Fingerprint(**content)


def unpack_observation(row: ReplyRow) -> Observation:
    """The reply of a row in its place, with its fingerprint."""
    return Observation(
        series=row.series,
        probe=row.probe,
        sample=row.sample,
        reply=unpack_reply(row.reply),
        fingerprint=unpack_fingerprint(row.fingerprint),
        place=row.place,
    )


def pack_verdicts(verdicts: Sequence[Verdict]) -> bytes:
    return _pack([asdict(verdict) for verdict in verdicts])


def unpack_verdicts(packed: bytes) -> tuple[Verdict, ...]:
    with _damage_named():
        return tuple(map(_verdict, _unpack(packed)))


def pack_judgement(judgement: Judgement) -> bytes:
    return _pack(asdict(judgement))


def unpack_judgement(packed: bytes) -> Judgement:
    with _damage_named():
        content = _unpack(packed)
        content["verdicts"] = tuple(map(_verdict, content["verdicts"]))
        content["onset_between"] = _between(content["onset_between"])
        return Judgement(**content)


def pack_findings(findings: Findings) -> bytes:
    return _pack(asdict(findings))


def unpack_findings(packed: bytes) -> Findings:
    with _damage_named():
        content = _unpack(packed)
        return Findings(
            shifts=tuple(Shift(**one) for one in content["shifts"]),
            share=None if content["share"] is None else Share(**content["share"]),
            examples=tuple(
                Example(one["series"], Place(**one["reference"]), Place(**one["recent"])) for one in content["examples"]
            ),
        )


def _verdict(content: dict[str, Any]) -> Verdict:
    content["series"] = tuple(content["series"])
    content["onset_between"] = _between(content["onset_between"])
    return Verdict(**content)


def _between(content: list[str] | None) -> Between | None:
    return None if content is None else (content[0], content[1])


def _pack(content: object) -> bytes:
    # `default=float` takes in numpy's scalars, which are numbers but not Python's.
    return pack_text(json.dumps(content, ensure_ascii=False, separators=(",", ":"), default=float))


def _unpack(packed: bytes) -> Any:
    return json.loads(unpack_text(packed))


@contextmanager
def _damage_named() -> Iterator[None]:
    try:
        yield
    except (zlib.error, ValueError, TypeError, KeyError) as error:
        raise StoreError(f"a stored value is damaged ({error}); restore the database from a backup") from error
