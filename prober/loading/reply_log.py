"""Reply logs: JSON Lines, one reply a line, plain or gzipped. What is exported is what can be replayed and compared."""

from __future__ import annotations

import codecs
import gzip
import io
import json
import math
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

from pydantic import ValidationError

from prober.fingerprint.caches import SeenReplies, cache_hit, from_cache
from prober.loading.files import draft_of, why_not_json
from prober.loading.round_labels import NEAR_THE_END, Meaning, meaning_of, moment_of
from prober.model.declaration import Check
from prober.model.errors import LogError, Problem
from prober.model.reply import LARGEST_COUNT, Reply, ToolCall
from prober.text import redact

UNKNOWN_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""`Reply.at` where the log does not say."""

LONGEST_LINE: Final = 50_000_000
"""Bytes, unpacked: more takes minutes to read, and no model writes so much."""
PACKING_ERRORS: Final = (gzip.BadGzipFile, zlib.error)

_TEXTS = ("model", "requested_model", "system_fingerprint", "finish_reason", "refusal", "service_tier")
_COUNTS = ("input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens")
_SECONDS = ("latency_s", "ttft_s")
_OWN_TEXTS = {"id": "reply_id", "empty_because": "empty_because", "cached_by": "cached_by"}
"""Keys of ours that other tools may use for something else → the field of the reply."""
TEXTS: Final = frozenset({"round", "endpoint", "probe", "text", "error", "at", "prompt", "system", *_TEXTS})
"""Keys whose values are texts."""
NUMBERS: Final = frozenset({*_COUNTS, *_SECONDS})
"""Keys whose values are numbers."""
_KNOWN: Final = {"headers", "top_logprobs", "expect", *TEXTS, *NUMBERS}


@dataclass(frozen=True, slots=True)
class LoggedReply:
    """One line of a reply log."""

    round: str
    endpoint: str
    probe: str
    reply: Reply
    prompt: str | None = None
    system: str | None = None
    expect: tuple[Check, ...] = ()
    """What the probe expected; our own key, so that expectations are judged again."""
    series: str = ""
    """Which replies may be compared, where the log says so; our own key, as `tool_calls` is."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Keys we do not know, kept as they are."""


def read(path: str | Path, progress: Callable[[int], None] = lambda n: None) -> Iterator[LoggedReply]:
    """Every reply of a log, in file order; those that a cache gave are failed asks.

    `progress` is called with each line's bytes, uncompressed.

    Raises LogError naming path:line where a line cannot be read.
    """
    path, number = Path(path), 0

    def lines(file: IO[bytes]) -> Iterator[tuple[int, Mapping[str, Any]]]:
        nonlocal number
        for number, line in enumerate(file, start=1):
            progress(len(line))
            if line.removeprefix(codecs.BOM_UTF8).strip():
                yield number, _parse(line, str(path), number)

    try:
        with opened(path) as file:
            yield from replies(lines(file), str(path))
    except (EOFError, *PACKING_ERRORS) as error:
        message = f"cannot be read ({error}); a .gz log must be a complete gzip file"
        raise _problem(str(path), number + 1, message) from error
    except OSError as error:
        why = "no such file" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        raise _problem(str(path), 0, f"{why}; give the path of a .jsonl or .jsonl.gz reply log") from error


def replies(records: Iterable[tuple[int, Mapping[str, Any]]], path: str) -> Iterator[LoggedReply]:
    """The replies of (line, keys and values); those that a cache gave are failed asks. Raises LogError."""
    seen: dict[str, SeenReplies] = {}
    kinds: dict[str, Meaning] = {}
    for number, content in records:
        one = logged(content, path, number)
        kind = kinds.setdefault(one.endpoint, meaning_of(one.round))
        if meaning_of(one.round) != kind:
            message = f"is {meaning_of(one.round)}, and in the lines before it is {kind}; use one kind"
            raise _problem(path, number, message, "round")
        yield noticed(one, seen)


def write(path: str | Path, replies: Iterable[LoggedReply]) -> int:
    """Write a log and return how many replies it holds; the file appears only when it is whole."""
    path = Path(path)
    count = 0
    with (
        draft_of(path) as draft,
        gzip.open(draft, "wt", encoding="utf-8") if path.suffix == ".gz" else draft.open("w", encoding="utf-8") as file,
    ):
        for logged in replies:
            file.write(line_of(logged) + "\n")
            count += 1
    return count


def line_of(logged: LoggedReply) -> str:
    """One line, without its end."""
    reply = logged.reply
    content: dict[str, Any] = {"round": logged.round, "endpoint": logged.endpoint, "probe": logged.probe}
    if reply.at != UNKNOWN_TIME:
        content["at"] = reply.at.isoformat()
    content |= {"prompt": logged.prompt, "system": logged.system, "text": reply.text, "error": reply.error}
    content |= {key: getattr(reply, key) for key in (*_TEXTS, *_COUNTS, *_SECONDS)}
    content |= {key: getattr(reply, field) or None for key, field in _OWN_TEXTS.items()}
    if reply.headers:
        content["headers"] = dict(reply.headers)
    if reply.top_logprobs:
        content["top_logprobs"] = [list(pair) for pair in reply.top_logprobs]
    if reply.tool_calls:
        content["tool_calls"] = [[call.name, call.arguments] for call in reply.tool_calls]
    if logged.series:
        content["series"] = logged.series
    if logged.expect:
        content["expect"] = [check.model_dump(exclude_none=True) for check in logged.expect]
    present = {key: value for key, value in content.items() if value is not None}
    # Escaped to ASCII, so that lone surrogates and line separators of hostile replies survive every editor and reader.
    return json.dumps({**present, **logged.extra}, ensure_ascii=True)


def noticed(logged: LoggedReply, seen: dict[str, SeenReplies]) -> LoggedReply:
    """The reply as one of a cache where that shows from those before it in the log, or from its headers.

    Of our own lines it is known already: they are in another order than the replies came in.
    """
    if logged.series:
        return logged
    memory = seen.setdefault(logged.endpoint, SeenReplies())
    by = cache_hit(logged.reply.headers) if logged.reply.answered else None
    asked = "\x1f".join((logged.probe, logged.prompt or "", logged.system or ""))
    reply = memory.marked(asked, from_cache(logged.reply, by) if by else logged.reply)
    return logged if reply is logged.reply else replace(logged, reply=reply)


def opened(path: Path) -> IO[bytes]:
    """Its bytes: unpacked where they are packed, and as UTF-8 where they are UTF-16 with a byte order mark."""
    file: IO[bytes] = path.open("rb")
    start = _start(file)
    for _ in range(2):  # some tools pack what is packed already
        if start == b"\x1f\x8b":
            file = gzip.open(file)  # type: ignore[assignment]  # noqa: SIM115
            start = _start(file)
    if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        with file:
            return io.BytesIO(file.read().decode("utf-16", errors="surrogatepass").encode(errors="surrogatepass"))
    return file


def _start(file: IO[bytes]) -> bytes:
    start = file.read(2)
    file.seek(0)
    return start


def _parse(line: bytes, path: str, number: int) -> Mapping[str, Any]:
    if len(line) > LONGEST_LINE:
        message = f"the line has {len(line):,} bytes; a line is one reply, of at most {LONGEST_LINE:,} bytes"
        raise _problem(path, number, message)
    try:
        content = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _problem(path, number, why_not_json(line, number, error)) from error
    if not isinstance(content, dict):
        raise _problem(path, number, 'not a JSON object; write {"round": …, "endpoint": …, "probe": …, "text": …}')
    return content


def logged(content: Mapping[str, Any], path: str, number: int) -> LoggedReply:
    """The reply of one line, as it was read. Raises LogError naming path:line where a value cannot be."""
    take, own = _Taker(content, path, number), _own_keys(content)
    failure, text = take.text("error"), take.text("text")
    if failure is None and text is None:
        raise _problem(path, number, 'neither "text" nor "error"; a reply has a text, a failed ask has an error')
    failure = None if failure is None else redact(failure)  # words of an error may quote the key
    try:
        expect = tuple(Check.model_validate(check) for check in content.get("expect") or ())
    except (ValidationError, TypeError) as wrong:
        message = 'is no list of checks; write one such as [{"type": "is-json"}]'
        raise _problem(path, number, message, "expect") from wrong
    reply = Reply(
        at=take.time("at") or UNKNOWN_TIME,
        text=None if failure else text,
        error=failure,
        headers=take.headers(),
        tool_calls=take.tool_calls() if "tool_calls" in own else (),
        top_logprobs=take.logprobs(),
        **{field: content[key] for key, field in _OWN_TEXTS.items() if key in own},
        **{key: take.text(key) for key in _TEXTS},  # type: ignore[arg-type]
        **{key: take.count(key) for key in _COUNTS},  # type: ignore[arg-type]
        **{key: take.number(key) for key in _SECONDS},  # type: ignore[arg-type]
    )
    return LoggedReply(
        round=take.label("round"),
        endpoint=take.required("endpoint"),
        probe=take.required("probe"),
        reply=reply,
        prompt=take.text("prompt"),
        system=take.text("system"),
        expect=expect,
        series=str(content["series"]) if "series" in own else "",
        extra={key: value for key, value in content.items() if key not in _KNOWN | own},
    )


@dataclass(frozen=True, slots=True)
class _Taker:
    """Takes typed values from one line, or says which is wrong."""

    content: Mapping[str, Any]
    path: str
    line: int

    def required(self, key: str) -> str:
        value = self.text(key)
        if not value:
            raise _problem(self.path, self.line, "is required; write a text that is not empty", key)
        return value

    def label(self, key: str) -> str:
        value = self.content.get(key)
        if isinstance(value, (int, float)) and is_finite(value) and value >= 0:
            return str(int(value)) if value == int(value) else f"{value:.6f}"
        if value is not None and not isinstance(value, str):
            raise self._wrong(key, "a text, or a number that is not negative")
        return self.required(key)

    def text(self, key: str) -> str | None:
        value = self.content.get(key)
        if value is None or isinstance(value, str):
            return value
        raise self._wrong(key, "a text or null")

    def count(self, key: str) -> int | None:
        value = self.content.get(key)
        if isinstance(value, float) and value.is_integer():  # as tools write counts whose column has a gap
            value = int(value)
        if isinstance(value, int) and value > LARGEST_COUNT:
            raise self._wrong(key, f"a whole number of at most {LARGEST_COUNT:,}, or null")
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
            return value
        raise self._wrong(key, "a whole number that is not negative, or null")

    def number(self, key: str) -> float | None:
        value = self.content.get(key)
        if value is None:
            return None
        if isinstance(value, (int, float)) and is_finite(value) and value >= 0:
            return float(value)
        raise self._wrong(key, "a number that is not negative, or null")

    def time(self, key: str) -> datetime | None:
        given = self.content.get(key)
        if isinstance(given, (int, float)) and not isinstance(given, bool):
            if (since := moment_of(str(given))) is not None:
                return since
            raise self._wrong(key, "an ISO 8601 time, or seconds since 1970")
        text = self.text(key)
        if text is None:
            return None
        try:
            at = datetime.fromisoformat(text)
            at = at if at.tzinfo else at.replace(tzinfo=UTC)
            at.astimezone(UTC) + NEAR_THE_END
        except (ValueError, OverflowError) as error:
            raise self._wrong(key, "an ISO 8601 time such as 2026-01-30T12:00:00Z") from error
        return at

    def headers(self) -> dict[str, str]:
        value = self.content.get("headers") or {}
        if isinstance(value, dict) and all(isinstance(item, str) for item in value.values()):
            return value
        raise self._wrong("headers", "an object of texts")

    def logprobs(self) -> tuple[tuple[str, float], ...]:
        value = self.content.get("top_logprobs") or []
        try:
            return tuple((str(token), float(logprob)) for token, logprob in value)
        except (TypeError, ValueError, OverflowError) as error:
            raise self._wrong("top_logprobs", "a list of [token, logprob]") from error

    def tool_calls(self) -> tuple[ToolCall, ...]:
        return tuple(ToolCall(name, arguments) for name, arguments in self.content["tool_calls"])

    def _wrong(self, key: str, want: str) -> LogError:
        return _problem(self.path, self.line, f"is {json.dumps(self.content.get(key))[:60]}; write {want}", key)


def is_finite(value: object) -> bool:
    """Whether a value of JSON is a number that a float can hold."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # JSON has whole numbers of any length
        return False


def _own_keys(content: Mapping[str, Any]) -> set[str]:
    """Keys of ours that other tools may use for something else: these only count in our form."""
    calls = content.get("tool_calls")
    forms = {
        **{key: isinstance(content.get(key), str) for key in _OWN_TEXTS},
        "id": isinstance(content.get("id"), str) and content["id"] != content.get("probe"),
        "series": isinstance(content.get("series"), str),
        "tool_calls": isinstance(calls, list)
        and all(isinstance(call, list) and [type(part) for part in call] == [str, str] for call in calls),
    }
    return {key for key, ours in forms.items() if ours}


def _problem(path: str, line: int, message: str, key: str = "") -> LogError:
    return LogError([Problem(path=path, line=line, field=key, message=message)])
