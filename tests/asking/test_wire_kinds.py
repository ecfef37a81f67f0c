"""What else real providers and gateways send, kind by kind: one table of bodies and what they mean.

Written after the public documentation and recorded traffic of the providers named; ids and texts are made up.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from prober.asking import wire_format
from prober.asking.http_provider import interpret
from prober.asking.transport import Arrived
from prober.asking.wire.streams import FirstContent
from prober.model.declaration import Endpoint
from prober.model.reply import Reply

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def chat(content: object = "Teal", finish: object = "stop", usage: object = None, **message: object) -> dict[str, Any]:
    body: dict[str, Any] = {"id": "chatcmpl-9f1c6f0b7c0d4c55", "object": "chat.completion", "model": "m"}
    body["choices"] = [
        {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content, **message}}
    ]
    return body | ({"usage": usage} if usage is not None else {})


def chunk(delta: object = None, finish: object = None, index: int = 0, **rest: object) -> dict[str, Any]:
    return {"object": "chat.completion.chunk", "model": "m", **rest,
            "choices": [{"index": index, "delta": delta or {}, "finish_reason": finish}]}  # fmt: skip


def stream(*events: object, done: bool = True, end: str = "\n\n") -> str:
    return "".join(f"data: {json.dumps(one)}{end}" for one in events) + ("data: [DONE]\n\n" if done else "")


def counts(prompt: int, completion: int, total: int | None = None, **rest: object) -> dict[str, object]:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        **({} if total is None else {"total_tokens": total}),
        **rest,
    }


def gemini(parts: object, finish: str = "STOP", **rest: object) -> dict[str, object]:
    return {
        "candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": finish}],
        "modelVersion": "g-1",
        **rest,
    }


WEATHER = {"index": 0, "id": "c1", "function": {"name": "weather", "arguments": ""}}
THINKING = {"type": "thinking", "thinking": [{"type": "text", "text": "12 times 12"}]}

ANSWERS: list[tuple[str, str, object, dict[str, object]]] = [
    # content of every shape
    ("openai", "parts of text, thinking left out", chat([THINKING, {"type": "text", "text": "144"}]), {"text": "144"}),
    ("openai", "a list as JSON", chat([{"title": "A"}, {"title": "B"}]), {"text": '[{"title":"A"},{"title":"B"}]'}),
    ("openai", "null and a tool call", chat(None, "tool_calls", tool_calls=[{"function": {"name": "now", "arguments": "{}"}}]), {"text": "", "tool_calls": [["now", "{}"]]}),
    ("openai", "a legacy call", chat(None, "function_call", function_call={"name": "sum", "arguments": "{\"a\": 1}"}), {"tool_calls": [["sum", "{\"a\": 1}"]]}),
    ("openai stream", "a legacy call in pieces", stream(chunk({"function_call": {"name": "sum", "arguments": ""}}), chunk({"function_call": {"arguments": "{\"a\":"}}), chunk({"function_call": {"arguments": "1}"}}), chunk(None, "function_call")), {"tool_calls": [["sum", "{\"a\":1}"]], "ttft": True}),
    ("openai stream", "a call in pieces", stream(chunk({"tool_calls": [WEATHER]}), chunk({"tool_calls": [{"index": 0, "function": {"arguments": "{\"d\":3}"}}]}), chunk(None, "tool_calls")), {"tool_calls": [["weather", "{\"d\":3}"]]}),
    ("openai stream", "a call whose arguments are an object", stream(chunk({"tool_calls": [{"index": 0, "function": {"name": "weather", "arguments": {"d": 3}}}]}), chunk(None, "stop")), {"tool_calls": [["weather", "{\"d\":3}"]]}),
    ("openai stream", "a custom tool in pieces", stream(chunk({"tool_calls": [{"index": 0, "id": "c", "type": "custom", "custom": {"name": "sql", "input": ""}}]}), chunk({"tool_calls": [{"index": 0, "custom": {"input": "select 1"}}]}), chunk(None, "tool_calls")), {"tool_calls": [["sql", "select 1"]]}),
    # envelopes that say that nothing is wrong
    ("openai", "code 0 and a word around the answer", {"code": 0, "msg": "ok", "data": chat("Teal")}, {"text": "Teal", "error": None}),
    ("openai", "code 200 and a word around the answer", {"code": 200, "message": "success", "data": chat("Teal")}, {"text": "Teal", "error": None}),
    ("openai", "an error that says nothing", {**chat("Teal"), "error": {"code": 0, "message": ""}}, {"text": "Teal", "error": None}),
    # streams and their ends
    ("openai stream", "parts of text", stream(chunk({"content": [THINKING]}), chunk({"content": [{"type": "text", "text": "1"}]}), chunk({"content": "44"}), chunk(None, "stop")), {"text": "144"}),
    ("openai stream", "the second choice comes first", stream(chunk({"content": "No"}, index=1), chunk({"content": "Yes"}), chunk(None, "stop", index=1), chunk(None, "stop")), {"text": "Yes"}),
    ("openai stream", "usage in a chunk without choices", stream(chunk({"content": "Hi"}), chunk(None, "stop"), {"choices": [], "usage": counts(7, 1)}), {"text": "Hi", "input_tokens": 7}),
    ("openai stream", "no end but [DONE]", stream(chunk({"content": "405"}), chunk({"content": ""}, usage=counts(45, 1))), {"text": "405", "output_tokens": 1}),
    ("openai stream", "half a character in each piece", stream(chunk({"content": "\ud83d"}), chunk({"content": "\ude00"}), chunk(None, "stop")), {"text": "\U0001f600", "error": None}),
    ("openai stream", "carriage returns", stream(chunk({"content": "Hi"}), chunk(None, "stop"), end="\r\n\r\n"), {"text": "Hi"}),
    ("openai stream", "broken off", stream(chunk({"content": "Hel"}), done=False), {"error": "invalid_reply"}),
    ("openai stream", "broken off, finish_reason empty all along", stream(chunk({"content": "Hel"}, ""), chunk({"content": "lo"}, ""), done=False), {"error": "invalid_reply"}),
    ("openai stream", "an error in the middle", stream(chunk({"content": "Hel"}), {"error": {"message": "Overloaded", "code": 503}}), {"error": "provider_error"}),
    # usage in all its places
    ("openai", "reasoning beside, not named (Gemini)", chat(usage=counts(9, 12, 321)), {"output_tokens": 312, "reasoning_tokens": 300}),
    ("openai stream", "reasoning beside (xAI)", stream(chunk({"content": "4"}), chunk(None, "stop"), {"choices": [], "usage": counts(20, 3, 123, completion_tokens_details={"reasoning_tokens": 100})}), {"output_tokens": 103, "reasoning_tokens": 100}),
    ("openai", "reasoning inside", chat(usage=counts(9, 312, 321, completion_tokens_details={"reasoning_tokens": 300})), {"output_tokens": 312, "reasoning_tokens": 300}),
    ("openai", "cached (DeepSeek)", chat(usage=counts(9, 3, 12, prompt_cache_hit_tokens=4)), {"cached_tokens": 4}),
    ("openai", "cached (Together)", chat(usage=counts(9, 3, 12, cached_tokens=5)), {"cached_tokens": 5}),
    ("openai", "cached (Databricks)", chat(usage=counts(9, 3, 12, cache_read_input_tokens=6)), {"cached_tokens": 6}),
    ("openai stream", "x_groq", stream(chunk({"content": "4"}), chunk(None, "stop", x_groq={"id": "r", "usage": counts(8, 2)})), {"input_tokens": 8, "output_tokens": 2}),
    ("anthropic", "all inputs are summed", {"type": "message", "role": "assistant", "id": "msg_1", "model": "c", "content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn", "usage": {"input_tokens": 3, "cache_read_input_tokens": 40, "cache_creation_input_tokens": 7, "output_tokens": 2, "service_tier": "standard"}}, {"input_tokens": 50, "cached_tokens": 40, "service_tier": "standard"}),
    ("google", "thoughts are output", gemini([{"text": "4"}], usageMetadata={"promptTokenCount": 5, "candidatesTokenCount": 1, "thoughtsTokenCount": 60, "trafficType": "ON_DEMAND"}), {"output_tokens": 61, "reasoning_tokens": 60, "header_with_value": "ON_DEMAND"}),
    # refusals of every shape
    ("openai", "content_filter without a message (Azure)", {"model": "m", "choices": [{"index": 0, "finish_reason": "content_filter"}]}, {"refusal": "content_filter", "error": None}),
    ("openai", "a part of refusal", chat([{"type": "refusal", "refusal": "I cannot."}]), {"refusal": "I cannot.", "text": ""}),
    ("openai stream", "a refusal in pieces", stream(chunk({"refusal": "I can"}), chunk({"refusal": "not."}), chunk(None, "stop")), {"refusal": "I cannot.", "ttft": True}),
    ("openai", "a guardrail (Bedrock)", chat("", "guardrail_intervened"), {"refusal": "guardrail_intervened"}),
    ("anthropic", "stop_reason refusal", {"type": "message", "role": "assistant", "id": "msg_2", "model": "c", "content": [], "stop_reason": "refusal", "usage": {"input_tokens": 3, "output_tokens": 0}}, {"refusal": "refusal", "text": ""}),
    ("google", "a blocked prompt", {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "modelVersion": "g-1"}, {"refusal": "PROHIBITED_CONTENT"}),
    ("google", "recitation", {"candidates": [{"finishReason": "RECITATION"}]}, {"refusal": "RECITATION"}),
    ("responses", "a part of refusal", {"id": "resp_1", "status": "completed", "model": "m", "output": [{"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}]}, {"refusal": "No.", "text": ""}),
    # why nothing is said
    ("openai", "all spent on thinking", chat(None, "length", counts(9, 64, 73, completion_tokens_details={"reasoning_tokens": 64}), reasoning_content="Let me"), {"text": "", "says_why": True}),
    ("responses", "out of tokens", {"id": "resp_2", "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}, "model": "m", "output": [{"type": "reasoning", "summary": []}]}, {"text": "", "finish_reason": "max_output_tokens", "says_why": True}),
    ("openai", "an empty text", chat(""), {"text": "", "says_why": True}),
    ("openai", "thinking alone, in a field", chat(None, reasoning="Let me see"), {"empty_because": "the reply holds only its thinking"}),
    ("openai", "thinking alone, as a part", chat([THINKING]), {"empty_because": "the reply holds only its thinking"}),
    ("openai", "thinking alone, cut off", chat(None, "length", reasoning_content="Let me"), {"empty_because": "the output limit was reached before the first word; raise it"}),
    ("google", "code alone", gemini([{"executableCode": {"language": "PYTHON", "code": "1 + 1"}}]), {"empty_because": "the reply holds only code that was run"}),
    ("openai", "counts as text", chat(usage={"prompt_tokens": "12", "completion_tokens": "3.0"}), {"input_tokens": 12, "output_tokens": 3}),
    ("responses stream", "text in pieces alone", stream({"type": "response.output_text.delta", "delta": "Te"}, {"type": "response.output_text.delta", "delta": "al"}, {"type": "response.completed", "response": {"id": "resp_5", "status": "completed", "model": "m", "output": []}}, done=False), {"text": "Teal", "ttft": True}),
    # tool calls of the Responses and Gemini
    ("responses", "a custom tool", {"id": "resp_3", "status": "completed", "model": "m", "output": [{"type": "custom_tool_call", "name": "sql", "input": "select 1"}]}, {"tool_calls": [["sql", "select 1"]]}),
    ("google", "a call without arguments", gemini([{"functionCall": {"name": "now"}}]), {"tool_calls": [["now", "{}"]]}),
    ("responses", "queued", {"id": "resp_4", "status": "queued", "model": "m", "output": []}, {"error": "invalid_reply"}),
    # who answered
    ("openai", "model_version (watsonx)", chat(model_version="1.1.0") | {"model_version": "1.1.0"}, {"header_with_value": "1.1.0"}),
    ("openai", "a provider (OpenRouter)", chat() | {"provider": "DeepInfra"}, {"header_with_value": "DeepInfra"}),
    ("openai", "the provider behind a gateway failed", chat("", "error"), {"error": "provider_error"}),
    ("openai stream", "it failed in the middle", stream(chunk({"content": "Te"}), chunk({}, "error")),
     {"error": "provider_error", "text": None}),
    ("openai stream", "an event that is an error by its name", 'event: error\ndata: {"message": "boom", "code": 503}\n\n',
     {"error": "provider_error"}),
    ("openai stream", "an error by its name, in words", "event: error\ndata: rate limit reached\n\n",
     {"error": "rate_limited"}),
    ("openai stream", "a whole answer that calls itself a stream", json.dumps(chat("Teal")), {"text": "Teal"}),
    ("openai", "Ollama's own chat",
     {"model": "llama3.2", "created_at": "2026-01-01T00:00:00Z", "message": {"role": "assistant", "content": "Teal"}, "done": True,
      "done_reason": "stop", "prompt_eval_count": 26, "eval_count": 3},
     {"text": "Teal", "finish_reason": "stop", "input_tokens": 26, "output_tokens": 3, "model": "llama3.2"}),
    ("openai", "Ollama's own chat, a tool",
     {"model": "l", "message": {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}]},
      "done": True, "done_reason": "stop"}, {"tool_calls": [["f", '{"a":1}']]}),
    ("openai", "Ollama's generate", {"model": "l", "response": "Teal", "done": True, "done_reason": "length", "context": [1, 2]},
     {"text": "Teal", "finish_reason": "length"}),
    ("openai", "Ollama's own stream", "\n".join(json.dumps(one) for one in (
        {"model": "l", "message": {"content": "Te"}, "done": False}, {"model": "l", "message": {"content": "al"}, "done": False},
        {"model": "l", "message": {"content": ""}, "done": True, "done_reason": "stop", "eval_count": 2})),
     {"text": "Teal", "finish_reason": "stop", "output_tokens": 2}),
    ("openai", "Ollama's own stream, cut", '{"model": "l", "response": "Te", "done": false}\n{"model": "l", "response": "a", "done": false}',
     {"error": "invalid_reply"}),
    ("openai", "Cohere's v2",
     {"id": "c", "message": {"role": "assistant", "content": [{"type": "text", "text": "Teal"}]}, "finish_reason": "COMPLETE",
      "usage": {"billed_units": {"input_tokens": 5, "output_tokens": 1}, "tokens": {"input_tokens": 71, "output_tokens": 2}}},
     {"text": "Teal", "finish_reason": "COMPLETE", "input_tokens": 71, "output_tokens": 2}),
    ("openai", "Cohere's v2, a tool",
     {"id": "c", "message": {"role": "assistant", "tool_plan": "I look.", "tool_calls": [{"id": "f0", "type": "function",
      "function": {"name": "f", "arguments": "{}"}}]}, "finish_reason": "TOOL_CALL"}, {"tool_calls": [["f", "{}"]]}),
    ("openai", "Completions",
     {"object": "text_completion", "model": "davinci-002", "choices": [{"text": "\n\nTeal", "index": 0, "logprobs": None, "finish_reason": "length"}],
      "usage": {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}},
     {"text": "\n\nTeal", "finish_reason": "length", "output_tokens": 7}),
    ("openai stream", "Completions", "".join(f"data: {json.dumps(one)}\n\n" for one in (
        {"choices": [{"text": "Te", "index": 0, "finish_reason": None}]}, {"choices": [{"text": "al", "index": 0, "finish_reason": "stop"}]})),
     {"text": "Teal", "ttft": True}),
    ("google", "a language that is not served", {"candidates": [{"finishReason": "LANGUAGE"}]}, {"refusal": "LANGUAGE"}),
    # fields that are left empty, lists side by side, ends of every spelling
    ("openai stream", "azure async filter: last chunk names no model", stream({"id": "", "model": "", "object": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]}, chunk({"content": "Hi"}, id="chatcmpl-1234567890123456", system_fingerprint="fp_a"), chunk(None, "stop", id="chatcmpl-1234567890123456", system_fingerprint="fp_a"), {"id": "", "model": "", "object": "", "system_fingerprint": "", "choices": [{"index": 0, "finish_reason": None, "content_filter_offsets": {"check_offset": 1}, "content_filter_results": {}}]}), {"text": "Hi", "model": "m", "reply_id": "chatcmpl-1234567890123456", "system_fingerprint": "fp_a", "finish_reason": "stop"}),
    ("openai stream", "minimax: last chunk repeats the whole message", stream(chunk({"content": "He"}), chunk({"content": "llo"}), {"id": "1", "object": "chat.completion", "model": "m", "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello"}}], "usage": {"total_tokens": 30, "prompt_tokens": 20, "completion_tokens": 10}, "base_resp": {"status_code": 0, "status_msg": ""}}, done=False), {"text": "Hello", "input_tokens": 20, "output_tokens": 10}),
    ("openai stream", "usage before the end, empty later", stream(chunk({"content": "Hi"}, usage=counts(3, 2)), chunk(None, "stop", usage={})), {"input_tokens": 3}),
    ("openai stream", "concatenated without blank lines", "\n".join("data: " + json.dumps(x) for x in (chunk({"content": "H"}), chunk({"content": "i"}), chunk(None, "stop"))) + "\ndata: [DONE]\n", {"text": "Hi"}),
    ("openai stream", "eof instead of [DONE]", stream(chunk({"content": "Hi"}), chunk(None, "stop"), done=False) + "data: [EOF]\n\n", {"text": "Hi"}),
    ("openai stream", "DONE in lower case / json", stream(chunk({"content": "Hi"}), chunk(None, "stop"), done=False) + "event: done\ndata: done\n\n", {"text": "Hi"}),
    ("openai", "content_list beside content null (Snowflake)", chat(None, content_list=[{"type": "text", "text": "Hi"}]), {"text": "Hi"}),
    ("openai", "list of JSON objs with type", chat([{"type": "cat", "name": "Tom"}]), {"text": '[{"type":"cat","name":"Tom"}]'}),
    ("openai", "vertex compat traffic", chat(usage=counts(5, 2, 7, extra_properties={"google": {"traffic_type": "ON_DEMAND"}})), {"header_with_value": "ON_DEMAND"}),
    ("openai", "legacy logprobs", {"model": "m", "choices": [{"text": "Te", "index": 0, "finish_reason": "length", "logprobs": {"tokens": ["Te"], "token_logprobs": [-0.25], "top_logprobs": [{"Te": -0.25, "X": -3.0}], "text_offset": [0]}}]}, {"top_logprobs": (("Te", -0.25), ("X", -3.0))}),
    ("openai", "together logprobs", chat() | {"choices": [{"index": 0, "finish_reason": "eos", "message": {"role": "assistant", "content": "Te"}, "logprobs": {"token_ids": [1], "tokens": ["Te"], "token_logprobs": [-0.25]}}]}, {"top_logprobs": (("Te", -0.25),)}),
    ("openai", "cache_n llama.cpp", chat() | {"timings": {"prompt_n": 2, "cache_n": 10, "predicted_n": 5}}, {"input_tokens": 12, "output_tokens": 5}),
    ("responses", "output_text at top only", {"id": "r", "object": "response", "status": "completed", "output": [], "output_text": "Hi"}, {"text": "Hi"}),
    ("anthropic", "no type", {"role": "assistant", "model": "c", "content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn", "usage": {"input_tokens": 1, "output_tokens": 1}}, {"text": "Hi"}),
    ("anthropic", "content is text", {"type": "message", "role": "assistant", "model": "c", "content": "Hi", "stop_reason": "end_turn"}, {"text": "Hi"}),
    ("google", "total shows thoughts", gemini([{"text": "4"}], usageMetadata={"promptTokenCount": 5, "candidatesTokenCount": 1, "totalTokenCount": 66}), {"output_tokens": 61, "reasoning_tokens": 60}),
    ("openai stream", "minimax tool message at end", stream(chunk({"content": "", "tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}), {"model": "m", "object": "chat.completion", "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant", "content": "", "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}}]}), {"tool_calls": [["f", "{}"]]}),
]  # fmt: skip

ERRORS: list[tuple[int, object, str]] = [
    (401, {"detail": "Unauthorized"}, "unauthorized"),
    (403, {"code": 403, "error": "The caller does not have permission to execute the specified operation"}, "unauthorized"),
    (403, {"code": "The caller does not have permission", "error": "Your newly created team doesn't have any credits yet."}, "out_of_credit"),
    (400, {"success": False, "errors": [{"code": 10000, "message": "Authentication error"}]}, "unauthorized"),
    (400, {"success": False, "errors": [{"code": 5007, "message": "No such model @cf/a/b or task"}], "result": {}}, "model_not_found"),
    (400, {"error": {"message": "litellm.AuthenticationError: Incorrect API key provided", "type": None, "param": None, "code": "401"}}, "unauthorized"),
    (400, {"error": {"message": "/chat/completions: Invalid model name passed in model=nope. Call `/v1/models` to view available models", "type": "invalid_request_error", "param": "model", "code": "400"}}, "model_not_found"),
    (404, {"error": "model 'llama9' not found"}, "model_not_found"),
    (404, {"error": {"code": "DeploymentNotFound", "message": "The API deployment for this resource does not exist."}}, "model_not_found"),
    (404, {"type": "error", "error": {"type": "not_found_error", "message": "model: claude-9"}}, "model_not_found"),
    (404, {"error": {"code": 404, "message": "models/gemini-0.5 is not found for API version v1beta, or is not supported for generateContent.", "status": "NOT_FOUND"}}, "model_not_found"),
    (404, {"status": 404, "title": "Not Found", "detail": "Function 'a1': Not found for account 'b2'"}, "not_found"),
    (402, {"error": {"message": "Insufficient Balance", "type": "unknown_error", "code": "invalid_request_error"}}, "out_of_credit"),
    (400, {"type": "error", "error": {"type": "invalid_request_error", "message": "Your credit balance is too low to access the Anthropic API."}}, "out_of_credit"),
    (429, {"error": {"message": "You exceeded your current quota", "type": "insufficient_quota", "code": "insufficient_quota"}}, "out_of_credit"),
    (429, {"error": {"code": 429, "message": "Resource has been exhausted (e.g. check quota).", "status": "RESOURCE_EXHAUSTED"}}, "rate_limited"),
    (429, {"message": "Requests rate limit exceeded"}, "rate_limited"),
    (529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "provider_error"),
    (503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}, "provider_error"),
    (400, {"error": {"message": "Failed to validate JSON", "type": "invalid_request_error", "code": "json_validate_failed", "failed_generation": "{"}}, "bad_output"),
    (400, {"error": {"message": "This model's maximum context length is 8192 tokens.", "code": "context_length_exceeded"}}, "context_length"),
    (400, {"error": {"message": "The model `m-0314` has been deprecated, learn more here", "code": "model_not_found"}}, "model_retired"),
    (200, {"error": {"message": "Provider returned error", "code": 502}}, "provider_error"),
    (200, {"error": {"message": "Rate limit exceeded: free-models-per-day", "code": 429}}, "rate_limited"),
    (502, "<html>502 Bad Gateway</html>", "provider_error"),
]  # fmt: skip


def replied(kind: str, body: object, status: int = 200) -> Reply:
    name, _, mode = kind.partition(" ")
    endpoint = Endpoint.model_validate(
        {"name": "e", "provider": "openai" if name == "responses" else name, "model": "m", "base_url": "http://x/v1",
         "api": "responses" if name == "responses" else "chat", "stream": bool(mode)}
    )  # fmt: skip
    wire = wire_format(endpoint)
    raw = (body if isinstance(body, str) else json.dumps(body)).encode()
    kind_of_body = {"content-type": "text/event-stream" if mode else "application/json"}
    first = FirstContent(wire.has_content)(raw) if mode else False
    return interpret(wire, endpoint, Arrived(status, kind_of_body, raw, 0.2, 0.1 if first else None), NOW)


@pytest.mark.parametrize(
    ("kind", "body", "right"),
    [pytest.param(kind, body, right, id=f"{kind}: {what}") for kind, what, body, right in ANSWERS],
)
def test_an_answer_is_read_for_what_it_is(kind: str, body: object, right: dict[str, object]) -> None:
    reply = replied(kind, body)
    found: dict[str, object] = {
        "ttft": reply.ttft_s is not None,
        "tool_calls": [[call.name, call.arguments] for call in reply.tool_calls],
        "header_with_value": next((v for v in reply.headers.values() if v == right.get("header_with_value")), None),
        "says_why": bool(reply.empty_because),
    }
    assert {name: found[name] if name in found else getattr(reply, name) for name in right} == right, reply
    if "error" not in right:
        assert reply.answered, reply.error_detail


ANTHROPIC = {
    "type": "message",
    "role": "assistant",
    "content": [{"type": "text", "text": "Teal"}],
    "stop_reason": "end_turn",
}
OTHER_FORMATS: list[tuple[str, object, str]] = [
    ("openai", ANTHROPIC, "Anthropic's Messages: declare `provider: anthropic`"),
    ("openai", {"candidates": [{"content": {"parts": [{"text": "a"}]}}]}, "generateContent: declare `provider: google`"),
    ("openai", {"object": "response", "status": "completed", "output": []}, "Responses: declare `provider: openai` and `api: r"),
    ("openai", {"output": {"message": {"content": []}}, "stopReason": "end_turn"}, "Converse: declare `provider: bedrock`"),
    ("openai", [{"generated_text": "Teal"}], "Hugging Face's text generation: declare its address"),
    ("openai stream", 'event: message-start\ndata: {"type": "message-start"}\n\n', "Cohere's v2: declare Cohere's OpenAI-compatible"),
    ("openai stream", 'data: {"type": "message_start"}\n\n', "Anthropic's Messages"),
    ("responses", chat("Teal"), "Chat Completions: declare `provider: openai` and `api: chat`"),
    ("google", chat("Teal"), "Chat Completions"),
    ("anthropic stream", 'data: {"choices": [{"delta": {"content": "a"}}]}\n\n', "Chat Completions"),
    # No other than its own: nothing is said.
    ("openai", {"choices": []}, ""),
    ("anthropic stream", 'data: {"type": "message_start"}\n\n', ""),
    ("openai", {"object": "list", "data": []}, ""),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "body", "words"), OTHER_FORMATS)
def test_an_answer_of_another_format_is_named_with_what_to_declare(kind: str, body: object, words: str) -> None:
    reply = replied(kind, body)
    assert reply.error == "invalid_reply"
    assert words in reply.error_detail
    assert ("this looks like" in reply.error_detail) == bool(words)


@pytest.mark.parametrize(("status", "body", "name"), ERRORS, ids=[f"{status} {name}" for status, _, name in ERRORS])
def test_an_error_has_its_right_name(status: int, body: object, name: str) -> None:
    reply = replied("openai", body, status)
    assert (reply.error, reply.text) == (name, None), reply.error_detail


GEMINI = {
    "complete": "STOP", "length": "MAX_TOKENS", "no_image": "IMAGE_OTHER NO_IMAGE", "bad_output": "MALFORMED_RESPONSE",
    "filtered": "SAFETY RECITATION LANGUAGE BLOCKLIST PROHIBITED_CONTENT SPII MODEL_ARMOR IMAGE_SAFETY "
    "IMAGE_PROHIBITED_CONTENT IMAGE_RECITATION",
    "bad_call": "MALFORMED_FUNCTION_CALL UNEXPECTED_TOOL_CALL TOO_MANY_TOOL_CALLS MISSING_THOUGHT_SIGNATURE",
    "other": "FINISH_REASON_UNSPECIFIED OTHER A_WORD_OF_NEXT_YEAR",
}  # fmt: skip
CHAT = {
    "complete": "stop end_turn eos COMPLETE STOP_SEQUENCE", "length": "length model_length MAX_TOKENS ERROR_LIMIT",
    "tool_call": "tool_calls function_call TOOL_CALL", "paused": "pause_turn",
    "filtered": "content_filter ERROR_TOXIC sensitive", "bad_output": "repetition_truncation",
    "failed": "error ERROR TIMEOUT USER_CANCEL insufficient_system_resource network_error time_limit cancelled abort",
    "bad_call": "malformed_function_call",
    "other": "load unload",
}  # fmt: skip
MESSAGES = {
    "complete": "end_turn stop_sequence", "length": "max_tokens model_context_window_exceeded", "tool_call": "tool_use",
    "paused": "pause_turn compaction", "filtered": "refusal",
}  # fmt: skip
CONVERSE = {
    "complete": "end_turn stop_sequence", "length": "max_tokens model_context_window_exceeded", "tool_call": "tool_use",
    "filtered": "guardrail_intervened content_filtered", "bad_output": "malformed_model_output",
    "bad_call": "malformed_tool_use",
}  # fmt: skip


def empty(kind: str, reason: str) -> object:
    """An answer without a word, that ended so."""
    return {
        "google": {"candidates": [{"finishReason": reason, "finishMessage": "why"}]},
        "openai": chat("", reason),
        "anthropic": {"type": "message", "content": [], "stop_reason": reason},
        "bedrock": {"output": {"message": {"content": []}}, "stopReason": reason},
    }[kind]


@pytest.mark.parametrize(
    ("kind", "endings"), [("google", GEMINI), ("openai", CHAT), ("anthropic", MESSAGES), ("bedrock", CONVERSE)]
)
def test_every_finish_reason_means_something(kind: str, endings: dict[str, str]) -> None:
    for ending, reason in ((ending, reason) for ending, reasons in endings.items() for reason in reasons.split()):
        reply = replied(kind, empty(kind, reason))
        if ending == "failed":
            assert (reply.error, reply.text) == ("provider_error", None), reason
            assert reason in reply.error_detail
            continue
        assert (reply.ending, reply.finish_reason, reply.text, reply.error) == (ending, reason, "", None)
        is_filtered = ending == "filtered"
        assert (reply.refusal, bool(reply.empty_because)) == (reason if is_filtered else None, not is_filtered), reason
        if ending in ("bad_call", "bad_output", "paused", "no_image", "other"):
            assert reason in reply.empty_because


def test_the_reason_may_stand_behind_a_colon() -> None:
    body = {"model": "g", "choices": [{"index": 0, "finish_reason": "function_call_filter: MALFORMED_FUNCTION_CALL"}]}
    reply = replied("openai", body)
    assert (reply.error, reply.ending, reply.refusal) == (None, "bad_call", None)
    assert "called a tool" in reply.empty_because


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_response_that_ended_without_an_answer_is_the_providers_failure(status: str) -> None:
    assert replied("responses", {"status": status, "error": None, "output": []}).error == "provider_error"


@pytest.mark.parametrize(("reason", "refusal"), [("max_output_tokens", None), ("content_filter", "content_filter")])
def test_a_response_that_is_incomplete_keeps_what_it_says(reason: str, refusal: str | None) -> None:
    said = [{"type": "message", "content": [{"type": "output_text", "text": "Te"}]}]
    reply = replied("responses", {"status": "incomplete", "incomplete_details": {"reason": reason}, "output": said})
    assert (reply.text, reply.finish_reason, reply.refusal) == ("Te", reason, refusal)
