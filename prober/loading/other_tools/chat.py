"""What chat requests and answers say, in whatever shape a tool has kept them: prompt, text, tool calls, tokens."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from prober.loading.round_labels import moment_of

UNSAID: Final = frozenset(
    {"reasoning", "thinking", "redacted_thinking", "tool_use", "tool_call", "function_call", "function"}
)
"""Types of parts of an answer that are not its text."""
_MEDIA: Final = frozenset(
    {"image", "image_url", "input_image", "output_image", "audio", "input_audio", "output_audio", "video", "video_url",
     "file", "input_file", "document"}
)  # fmt: skip
"""Types of parts of a message that are not text."""
_MEDIA_KEYS: Final = frozenset({"inlineData", "inline_data", "fileData", "file_data"})
_INPUT = ("input_tokens", "prompt_tokens", "prompt_eval_count", "promptTokens", "input", "prompt", "promptTokenCount")
_OUTPUT = (
    "output_tokens",
    "completion_tokens",
    "eval_count",
    "completionTokens",
    "output",
    "completion",
    "candidatesTokenCount",
)
_REASONING = ("reasoning_tokens", "reasoning", "output_reasoning_tokens", "thoughtsTokenCount")
_CACHED = ("cached_tokens", "input_cached_tokens", "cache_read_input_tokens", "input_cache_read",
           "input_tokens_cache_read", "num_cached_tokens", "cachedContentTokenCount")  # fmt: skip
_SENT_DETAILS = ("prompt_tokens_details", "input_tokens_details")
_DETAILS = ("completion_tokens_details", "output_tokens_details", "completionDetails")
_ANSWERS = (
    "choices",
    "message",
    "candidates",
    "response",
    "content",
    "parts",
    "text",
    "output_text",
    "output",
    "completion",
)
"""Keys under which an answer may be, most telling first."""
_CHOICES = ("choices", "candidates")
_USAGE = ("usage", "usageMetadata")
_OF_BEDROCK: Final = (("results", "outputText"), ("outputs", "text"))
"""Lists of answers, and the key of their text: of Amazon Titan, and of Mistral's models on Bedrock."""
_FINISH = ("finish_reason", "stop_reason", "finishReason", "done_reason")


def parsed(value: object) -> object:
    """What a text that holds a JSON object or array stands for; anything else as it is."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def answer_of(said: object) -> object:
    """What a model said, which a tool may have kept as JSON: in the shape of an API's answer, or else as a text.

    A model may itself have answered in JSON, and then that is its text.
    """
    found = parsed(said)
    if said is None or _is_answer(found):
        return found
    return said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)


def _is_answer(value: object) -> bool:
    """Whether this is how an API answers."""
    if isinstance(value, list):
        return bool(value) and all(map(_is_answer, value))
    one = _mapping(value)
    return bool(one) and (
        is_media(one)
        or one.get("role") in ("assistant", "model")
        or one.get("type") in (*UNSAID, "text", "output_text", "message")
        or bool({"tool_calls", *_USAGE} & set(one))
        or any(isinstance(one.get(key), list) for key in _CHOICES)
        or any(_is_answer(one.get(key)) for key in ("message", "content", "output"))
    )


def of_bedrock(output: Mapping[str, Any]) -> Mapping[str, Any]:
    """The output of a model on Bedrock, in a shape that the rest of this module reads."""
    for key, inner in _OF_BEDROCK:
        if isinstance(found := output.get(key), list):
            return {"text": "".join(str(_mapping(one).get(inner, "")) for one in found)}
    return {"text": output["generation"]} if isinstance(output.get("generation"), str) else output


def choices_of(said: object) -> Sequence[object]:
    """Each choice of an answer as an answer of its own. Of several the tokens are left out: they are those of all."""
    if isinstance(said, list) and len(said) > 1 and all("message" in _mapping(one) for one in said):
        return choices_of({"choices": said})
    body = _mapping(said)
    for key in _CHOICES:
        if len(found := _list(body.get(key))) > 1:
            rest = {name: value for name, value in body.items() if name not in _USAGE}
            return [{**rest, key: [one]} for one in found]
    return [said]


def text_of(said: object) -> str | None:
    """The text of an answer; None where it has none. Of several choices or messages that of the assistant's last."""
    if said is None or isinstance(said, str):
        return said
    if isinstance(said, Mapping):
        if is_media(said) or said.get("type") in UNSAID or said.get("role") in ("user", "system", "tool"):
            return None
        for key in _ANSWERS:
            if said.get(key) not in (None, []):
                return text_of(_first_choice(key, said[key]))
        is_empty = {*_ANSWERS, "tool_calls", "refusal"} & set(said)
        return None if is_empty else json.dumps(said, ensure_ascii=False)
    if isinstance(said, Sequence):
        texts = [text for text in map(text_of, said) if text is not None]
        messages = any(isinstance(one, Mapping) and "role" in one for one in said)
        return None if not texts else texts[-1] if messages else "".join(texts)
    return json.dumps(said)


def is_media(part: object) -> bool:
    """Whether a part of a message is a picture, a sound, a film or a file."""
    one = _mapping(part)
    return one.get("type") in _MEDIA or bool(_MEDIA_KEYS & set(one)) or (len(one) == 1 and set(one) < _MEDIA)


def media_in(said: object) -> int:
    """How many pictures, sounds, films and files an answer holds."""
    if is_media(said):
        return 1
    inner = said.values() if isinstance(said, Mapping) else said if isinstance(said, list) else ()
    return sum(map(media_in, inner))


def reply_fields(said: object) -> dict[str, Any]:
    """What an answer says beside its text, as keys of a reply log."""
    body = said if isinstance(said, Mapping) else {}
    choice = _mapping(next(iter(_list(body.get("choices")) or _list(body.get("candidates"))), body))
    message = _mapping(choice.get("message")) or choice
    parts = (message.get("tool_calls"), message.get("content"), body.get("output"), said)
    calls = [_call(one) for part in parts for one in _list(part)]
    found = {
        "model": body.get("model") or body.get("modelVersion"),
        "system_fingerprint": body.get("system_fingerprint"),
        "finish_reason": next((found for key in _FINISH if (found := choice.get(key) or body.get(key))), None),
        "refusal": message.get("refusal"),
        "tool_calls": [call for call in calls if call],
        **tokens_of(_usage(body)),
    }
    return {key: value for key, value in found.items() if value}


def whole(said: object) -> object:
    """An answer whose pieces were kept apart, as server-sent events or as a list of chunks, put together."""
    if isinstance(said, str) and said.lstrip()[:5] == "data:":
        said = [parsed(line[5:].strip()) for line in said.splitlines() if line.startswith("data:")]
    elif isinstance(said, Mapping) and "streamed_data" in said and not set(said) & {*_ANSWERS, "error"}:
        return whole(said["streamed_data"])
    chunks = [one for one in said if isinstance(one, Mapping)] if isinstance(said, list) else []
    if not any(_delta(one) for one in chunks):
        return said
    deltas = list(map(_delta, chunks))
    texts = [text_of(one.get("content", one.get("text"))) or "" for one in deltas]
    choices = [_mapping(next(iter(_list(one.get("choices"))), None)) for one in chunks]
    bodies = [
        *chunks,
        *(_mapping(one.get("message")) for one in chunks),
        *(_mapping(one.get("delta")) for one in chunks),
    ]
    found = {
        key: next((one[key] for one in reversed(bodies) if one.get(key)), None)
        for key in ("model", "usage", "system_fingerprint", "stop_reason")
    }
    finish = next((one["finish_reason"] for one in reversed(choices) if one.get("finish_reason")), None)
    return {**found, "choices": [{"message": {"content": "".join(texts)}, "finish_reason": finish}]}


def _usage(body: Mapping[str, Any]) -> object:
    """The counts of an answer: Cohere has them a level deeper, Ollama at the top."""
    found = next((body[key] for key in _USAGE if body.get(key)), None) or (body if "eval_count" in body else None)
    return _mapping(found).get("tokens") or found


def _delta(chunk: Mapping[str, Any]) -> Mapping[str, Any]:
    return _mapping(_mapping(next(iter(_list(chunk.get("choices"))), chunk)).get("delta"))


def tokens_of(usage: object) -> dict[str, int]:
    """Tokens of a usage object, as keys of a reply log."""
    counts = _mapping(usage)
    details, sent = (
        _mapping(next((counts[key] for key in keys if key in counts), None)) for keys in (_DETAILS, _SENT_DETAILS)
    )
    found = {
        "input_tokens": _first_count(counts, _INPUT),
        "output_tokens": _first_count(counts, _OUTPUT),
        "reasoning_tokens": _first_count({**counts, **details}, _REASONING),
        "cached_tokens": _first_count({**counts, **sent}, _CACHED),
    }
    return {key: value for key, value in found.items() if value is not None}


def asked(request: object) -> dict[str, str]:
    """`prompt` and `system` of a request: a text, messages, or a whole body."""
    request = parsed(request)
    if isinstance(request, str):
        return {"prompt": request} if request else {}
    if isinstance(request, Mapping):
        if "role" in request:
            return asked([request])
        system = text_of(request.get("system") or request.get("instructions") or request.get("systemInstruction"))
        inner = next(
            (request[key] for key in ("messages", "input", "prompt", "contents", "inputText") if key in request), None
        )
        found = asked(inner) if inner is not None else {"prompt": json.dumps(request, ensure_ascii=False)}
        return {**found, **({"system": system} if system else {})}
    if not isinstance(request, Sequence):
        return {}
    messages = [(str(_mapping(one).get("role") or "user"), _content(one)) for one in request]
    system = "\n\n".join(text for role, text in messages if role in ("system", "developer"))
    rest = [(role, text) for role, text in messages if role not in ("system", "developer")]
    alone = len(rest) == 1 and rest[0][0] == "user"
    prompt = rest[0][1] if alone else "\n\n".join(f"{role}: {text}" for role, text in rest)
    return {**({"prompt": prompt} if prompt else {}), **({"system": system} if system else {})}


def count(value: object) -> int | None:
    """A whole number, also where it is written as 3.0 or "3"; else None."""
    number_ = number(value)
    return int(number_) if number_ is not None and number_ >= 0 and number_.is_integer() else None


def number(value: object) -> float | None:
    """A finite number, also where it is a text; else None."""
    try:
        found = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def moment(value: object) -> datetime | None:
    """A point of time: ISO 8601, as databases and mails write it, or seconds or milliseconds since 1970; else None.

    UTC where it does not say.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    text = re.sub(r"^(\d{4})/(\d\d)/", r"\1-\2-", str(value)[:80].strip())
    text = re.sub(r"\s+(?=[+-]\d\d:?\d\d$)", "", re.sub(r"\s*(?:UTC|GMT)$", "", text))
    if (found := moment_of(text)) is not None:
        return found
    try:
        mailed = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return mailed if mailed.tzinfo else mailed.replace(tzinfo=UTC)


def _first_choice(key: str, value: object) -> object:
    return value[0] if key in _CHOICES and isinstance(value, list) and value else value


def _content(message: object) -> str:
    inner = next((message[key] for key in ("content", "parts") if key in message), None) if isinstance(
        message, Mapping) else message  # fmt: skip
    parts = inner if isinstance(inner, list) else [inner]
    # A question about another picture is another question.
    return "".join(json.dumps(one, ensure_ascii=False) if is_media(one) else text_of(one) or "" for one in parts)


def _call(part: object) -> list[str] | None:
    one = _mapping(part)
    function = _mapping(one.get("function")) or (one if one.get("type") in ("tool_use", "function_call") else {})
    if isinstance(one.get("function"), str):  # Inspect's
        function = {"name": one["function"], "arguments": one.get("arguments")}
    if not isinstance(function.get("name"), str):
        return None
    given = function.get("arguments", function.get("input"))
    return [function["name"], given if isinstance(given, str) else json.dumps(given)]


def _first_count(counts: Mapping[str, Any], keys: Sequence[str]) -> int | None:
    return next((found for key in keys if (found := count(counts.get(key))) is not None), None)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else []
