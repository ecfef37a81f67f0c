"""What a message of Chat Completions says, whole or in the pieces of a stream: text, refusal and tool calls. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from prober.asking.error_body import parse
from prober.asking.wire.format import arguments_of, as_json, dig, filled, index_of, items, text_of
from prober.model.reply import ToolCall

PARTS: Final = frozenset(
    (
        "text", "output_text", "thinking", "redacted_thinking", "reasoning", "refusal", "reference", "image",
        "image_url", "output_image", "audio", "input_audio", "file", "document", "document_url", "tool_use",
        "tool_result", "tool_call", "function_call",
    )
)  # fmt: skip
"""Types of parts of content. Beside one of them a part of another type is left out; a list without any of them is JSON
that the model wrote."""


_CALLING: Final = ("tool_use", "tool_call", "function_call")
"""Those that call a tool."""


def content_of(message: object) -> object:
    """What a message or a piece of one holds. Snowflake may have a list of parts beside an empty text."""
    content = dig(message, "content")
    return (items(dig(message, "content_list")) or content) if content in (None, "") else content


def spoken(message: object) -> str:
    """Its text. Some write a list of parts, thinking among them; some a JSON value; null is nothing said."""
    content = content_of(message)
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, list):
        is_text = dig(content, "type") == "text" and text_of(dig(content, "text")) is not None
        return _text_in(content) if is_text else as_json(content)
    if all(_is_known(part) or text_of(dig(part, "type")) for part in content) and (
        not content or any(_is_known(part) for part in content)
    ):
        return "".join(part if isinstance(part, str) else _text_in(part) for part in content)
    return as_json(content)


def _is_known(part: object) -> bool:
    """Whether a value is a part of content, not JSON that the model wrote."""
    is_bare = isinstance(part, str) or (isinstance(part, dict) and part.keys() == {"text"})
    return is_bare or text_of(dig(part, "type")) in PARTS


def _text_in(part: object) -> str:
    return (text_of(dig(part, "text")) or "") if dig(part, "type") in ("text", "output_text", None) else ""


def refusal_of(message: object) -> str | None:
    parts = (text_of(dig(part, "refusal")) or "" for part in items(dig(message, "content")))
    said = dig(message, "refusal")
    return text_of(said) or (as_json(said) if filled(said) else None) or "".join(parts) or None


def tool_calls_of(message: object) -> tuple[ToolCall, ...]:
    found = [_called(call) for call in _calls_in(message)]
    found.append((text_of(dig(message, "function_call", "name")), dig(message, "function_call", "arguments")))
    return tuple(ToolCall(name, arguments_of(arguments)) for name, arguments in found if name is not None)


def _calls_in(message: object) -> list[object]:
    """Calls of a message or a piece of one: in a field, as one call or JSON text too, or as parts of content."""
    calls = next((held for name in ("tool_calls", "toolCalls") if (held := dig(message, name))), None)
    if isinstance(calls, str):
        calls = parse(calls.encode("utf-8", errors="replace"))
    parts = [part for part in items(dig(message, "content")) if dig(part, "type") in _CALLING]
    return parts if calls is None else calls if isinstance(calls, list) else [calls]


def _called(call: object) -> tuple[str | None, object]:
    """(name, arguments) of a tool call: of a function, or of a custom tool, whose input is plain text."""
    kinds = ("custom", "function", "tool", "mcp")
    holder = next((held for kind in kinds if isinstance(held := dig(call, kind), dict)), call)
    passed = (dig(holder, name) for name in ("arguments", "input", "parameters", "args"))
    return text_of(dig(holder, "name")), next((value for value in passed if value is not None), None)


class Answer:
    """A message in pieces."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._refusal: list[str] = []
        self._calls: list[_Call] = []
        self._newest: dict[int, _Call] = {}
        """Index → the call that its next piece belongs to."""
        self._last: dict[str, object] = {}

    def begins(self, message: object) -> bool:
        """Whether a message says again all that has come, and perhaps more."""
        said, calls = "".join(self._text), {call.call_id for call in self._calls}
        again = {text_of(dig(call, "id")) for call in items(dig(message, "tool_calls"))}
        return bool(said or calls) and spoken(message).startswith(said) and calls <= again

    def add(self, delta: object) -> None:
        self._text.append(spoken(delta))
        self._refusal.append(refusal_of(delta) or "")
        self._last |= filled(delta)
        for position, call in enumerate(_calls_in(delta)):
            if isinstance(call, dict):
                self._add_call(index_of(call.get("index", position)), text_of(call.get("id")), *_called(call))
        if isinstance(legacy := dig(delta, "function_call"), dict):
            self._add_call(-1, None, text_of(legacy.get("name")), legacy.get("arguments"))

    def _add_call(self, index: int, call_id: str | None, name: str | None, arguments: object) -> None:
        call, piece = self._newest.get(index), arguments_of(arguments)
        if call is None or (name is not None and call.is_over(call_id, name, piece)):
            call = self._newest[index] = _Call(call_id)
            self._calls.append(call)
        if name is not None and call.name != name:  # some repeat the name with every piece
            call.name += name
        call.arguments += piece

    def message(self) -> dict[str, object]:
        calls = [{"function": {"name": call.name, "arguments": call.arguments}} for call in self._calls]
        said = {"content": "".join(self._text), "refusal": "".join(self._refusal), "content_list": None}
        return self._last | said | {"tool_calls": calls, "function_call": None}


@dataclass(slots=True)
class _Call:
    """A tool call in pieces."""

    call_id: str | None
    name: str = ""
    arguments: str = ""

    def is_over(self, call_id: str | None, name: str, piece: str) -> bool:
        """Whether a named piece at the same index begins another call.

        Gemini gives every call of a reply index 0, and an id of its own; some servers send neither.
        """
        if call_id is not None and self.call_id is not None:
            return call_id != self.call_id
        if not self.arguments:
            return False
        return name != self.name or (bool(piece) and isinstance(parse(self.arguments.encode()), dict))
