"""The kinds of `test_wire_kinds` in other spellings: more providers and gateways, and what each of their bodies means.

Written after public documentation; ids and texts are made up.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from prober.asking import wire_format
from prober.asking.http_provider import interpret
from prober.asking.transport import Arrived
from prober.model.declaration import Endpoint
from tests.asking.test_wire_failures import openai as openai_error
from tests.asking.test_wire_kinds import chat, chunk, counts, gemini, replied, stream

pytestmark = pytest.mark.slow

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def events(*said: dict[str, Any]) -> str:
    return "".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in said)


def message(*content: object, stop: str = "end_turn", **usage: object) -> dict[str, object]:
    return {"type": "message", "role": "assistant", "model": "c", "content": list(content), "stop_reason": stop,
            "usage": usage}  # fmt: skip


def response(*output: object, status: str | None = "completed", **rest: object) -> dict[str, object]:
    return {"id": "r", "object": "response", "model": "m", "output": list(output), **rest} | (
        {"status": status} if status else {}
    )


SAID = {"type": "message", "content": [{"type": "output_text", "text": "Hi"}]}
START = {"type": "message_start", "message": {"id": "m1", "type": "message", "role": "assistant", "model": "c", "content": [], "usage": {"input_tokens": 3,"output_tokens": 1}}}  # fmt: skip


def converse(content: list[object], stop: str = "end_turn", **rest: object) -> dict[str, object]:
    usage = {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5}
    return {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stop,
        "usage": usage,
        **rest,
    }


COHERE: list[dict[str, Any]] = [
    {"type": "message-start", "id": "c29", "delta": {"message": {"role": "assistant", "content": [], "tool_calls": []}}},
    {"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": ""}}}},
    {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "Te"}}}},
    {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "al"}}}},
    {"type": "content-end", "index": 0},
    {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": {
        "billed_units": {"input_tokens": 5, "output_tokens": 1}, "tokens": {"input_tokens": 71, "output_tokens": 2}}}},
]  # fmt: skip


def cohere_calls(index: int, **call: object) -> dict[str, Any]:
    kind = "start" if "id" in call else "delta"
    return {"type": f"tool-call-{kind}", "index": index, "delta": {"message": {"tool_calls": call}}}


ANSWERS: list[tuple[Any, ...]] = [
    ("openai", "content single text object", chat({"type": "text", "text": "Hi"}), {"text": "Hi"}),
    ("openai", "content untyped parts", chat([{"text": "Hel"}, {"text": "lo"}]), {"text": "Hello"}),
    ("openai", "content databricks reasoning", chat([{"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm"}]}, {"type": "text", "text": "Hi"}]), {"text": "Hi"}),
    ("openai stream", "databricks reasoning", stream(chunk({"content": [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm"}]}]}), chunk({"content": [{"type": "text", "text": "Hi"}]}), chunk(None,"stop")), {"text": "Hi"}),
    ("openai", "content bool", chat(True), {"text": "true"}),
    ("openai", "empty list", chat([]), {"text": "", "says_why": True}),
    ("openai stream", "object content in one chunk", stream(chunk({"content": {"title": "A"}}), chunk(None,"stop")), {"text": '{"title":"A"}'}),
    ("openai stream", "message instead of delta last", stream({"choices": [{"index": 0,"message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}]}), {"text": "Hi"}),
    ("openai stream", "openrouter comments", ": OPENROUTER PROCESSING\n\n"+stream(chunk({"content": "Hi"}), chunk(None,"stop")), {"text": "Hi"}),
    ("openai stream", "a byte order mark", "\ufeff"+stream(chunk({"content": "Hi"}), chunk(None,"stop")), {"text": "Hi"}),
    ("openai stream", "finish_reason empty, then [DONE]", stream(chunk({"content": "Hi"}, ""), chunk({"content": ""}, "")), {"text": "Hi"}),
    ("openai stream", "usage last, no finish_reason, no [DONE]", stream(chunk({"content": "Hi"}, usage=None), {"choices": [], "usage":counts(5,1)}, done=False), {"text": "Hi"}),
    ("openai stream", "usage in every chunk, [DONE], no finish_reason", stream(chunk({"content": "H"}, usage=counts(5,1)), chunk({"content": "i"}, usage=counts(5,2))), {"text": "Hi", "output_tokens": 2}),
    ("openai stream", "moonshot usage in choice", stream(chunk({"content": "Hi"}), {"model": "m", "choices": [{"index": 0,"delta": {}, "finish_reason": "stop", "usage":counts(9,2,11)}]}), {"input_tokens": 9,"output_tokens": 2}),
    ("openai stream", "an error at the end", stream(chunk({"content": "Hi"}), {"error": {"message": "Rate limit", "type": "rate_limit_error"}}), {"error": "rate_limited"}),
    ("openai stream", "empty data lines", "data:\n\n"+stream(chunk({"content": "Hi"}), chunk(None,"stop")), {"text": "Hi"}),
    ("openai stream", "data ping", "event: ping\ndata: {}\n\n"+stream(chunk({"content": "Hi"}), chunk(None,"stop")), {"text": "Hi"}),
    ("openai", "gemini compat filter", chat(None,"content_filter: PROHIBITED_CONTENT"), {"refusal": "content_filter: PROHIBITED_CONTENT"}),
    ("openai", "message null with filter", {"model": "m", "choices": [{"index": 0,"finish_reason": "content_filter", "message": None}]}, {"refusal": "content_filter"}),
    ("openai stream", "filter azure stream", stream({"choices": [], "prompt_filter_results": []}, chunk({"content": "Par"}), chunk(None,"content_filter")), {"refusal": "content_filter"}),
    ("openai", "sensitive (zhipu)", chat("", "sensitive"), {"refusal": "sensitive"}),
    ("openai", "recitation", chat("", "recitation"), {"refusal": "recitation"}),
    ("openai", "refusal finish", chat("", "refusal"), {"refusal": "refusal"}),
    ("openai", "SAFETY", chat("", "SAFETY"), {"refusal": "SAFETY"}),
    ("openai", "filtered prohibited (gemini cased)", chat("", "PROHIBITED_CONTENT"), {"refusal": "PROHIBITED_CONTENT"}),
    ("openai", "azure 400 filter", {"error": {"message": "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.", "type": None,"param": "prompt", "code": "content_filter", "status": 400,"innererror": {"code": "ResponsibleAIPolicyViolation"}}}, {"refusal": "content_filter"},400),
    ("openai", "xai 403 safety", {"code": "The caller does not have permission to execute the specified operation", "error": "Content violates usage guidelines. Team: a, API key ID: b, Model: grok, Failed check: SAFETY_CHECK_TYPE_BIO"}, {"error": None,"text": "", "refusal": "content_filter"},403),
    ("google", "block OTHER", {"promptFeedback": {"blockReason": "OTHER"}, "modelVersion": "g"}, {"refusal": "OTHER"}),
    ("google", "LANGUAGE", {"candidates": [{"finishReason": "LANGUAGE"}], "modelVersion": "g"}, {"finish_reason": "LANGUAGE", "refusal": "LANGUAGE"}),
    ("google", "MALFORMED_FUNCTION_CALL", {"candidates": [{"content": {}, "finishReason": "MALFORMED_FUNCTION_CALL", "finishMessage": "Malformed function call: print"}]}, {"finish_reason": "MALFORMED_FUNCTION_CALL", "says_why": True}),
    ("google", "thought parts", gemini([{"text": "hmm", "thought": True}, {"text": "Hi"}]), {"text": "Hi"}),
    ("google stream", "thought+call", stream({"candidates": [{"content": {"parts": [{"text": "hm", "thought": True}]}}]}, {"candidates": [{"content": {"parts": [{"functionCall": {"name": "now", "args": {}}}]}, "finishReason": "STOP"}], "usageMetadata": {"promptTokenCount": 3,"candidatesTokenCount": 1,"trafficType": "PROVISIONED_THROUGHPUT"}}, done=False), {"tool_calls": [["now", "{}"]], "ttft": True,"header_with_value": "PROVISIONED_THROUGHPUT"}),
    ("google", "tool use prompt tokens", gemini([{"text": "x"}], usageMetadata={"promptTokenCount": 10,"candidatesTokenCount": 2,"toolUsePromptTokenCount": 5,"totalTokenCount": 17}), {"input_tokens": 10,"output_tokens": 2}),
    ("google", "a stream as a list", [{"candidates": [{"content": {"parts": [{"text": "He"}]}}]}, {"candidates": [{"content": {"parts": [{"text": "y"}]}, "finishReason": "STOP"}]}], {"text": "Hey"}),
    ("openai", "floats", chat(usage={"prompt_tokens": 9.0,"completion_tokens": 3.0,"total_tokens": 12.0}), {"input_tokens": 9,"output_tokens": 3}),
    ("openai", "strings", chat(usage={"prompt_tokens": "9", "completion_tokens": "3"}), {"input_tokens": 9,"output_tokens": 3}),
    ("openai", "perplexity", chat(usage={"prompt_tokens": 9,"completion_tokens": 30,"total_tokens": 39,"citation_tokens": 100,"num_search_queries": 2,"reasoning_tokens": 500}), {"output_tokens": 530}),
    ("openai", "cohere meta", chat()|{"meta": {"tokens": {"input_tokens": 4,"output_tokens": 2}}}, {"input_tokens": 4}),
    ("openai", "cached input_tokens_details", chat(usage=counts(9,3,12,input_tokens_details={"cached_tokens": 7})), {"cached_tokens": 7}),
    ("openai", "cached snowflake", chat(usage=counts(9,3,12,prompt_tokens_details={"cached_tokens": None}, cache_read_input_tokens=3)), {"cached_tokens": 3}),
    ("openai", "llama.cpp timings", chat()|{"timings": {"prompt_n": 12,"predicted_n": 5,"cache_n": 3}}, {"output_tokens": 5}),
    ("openai stream", "llama.cpp timings", stream(chunk({"content": "Hi"}), chunk(None,"stop", timings={"prompt_n": 12,"predicted_n": 5,"cache_n": 3})), {"output_tokens": 5}),
    ("openai", "reasoning inside, no total", chat(usage={"prompt_tokens": 9,"completion_tokens": 312,"completion_tokens_details": {"reasoning_tokens": 300}}), {"output_tokens": 312}),
    ("openai", "thinking_tokens", chat(usage=counts(9,12,21,completion_tokens_details={"thinking_tokens": 8})), {"reasoning_tokens": 8}),
    ("responses", "xai responses reasoning", {"id": "r", "object": "response", "status": "completed", "model": "m", "output": [{"type": "message", "content": [{"type": "output_text", "text": "Hi"}]}], "usage": {"input_tokens": 10,"output_tokens": 5,"total_tokens": 115,"output_tokens_details": {"reasoning_tokens": 100}}}, {"output_tokens": 105}),
    ("anthropic", "cache creation object", {"type": "message", "role": "assistant", "model": "c", "content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn", "usage": {"input_tokens": 3,"cache_creation": {"ephemeral_5m_input_tokens": 4,"ephemeral_1h_input_tokens": 0}, "cache_creation_input_tokens": 4,"cache_read_input_tokens": 0,"output_tokens": 2}}, {"input_tokens": 7}),
    ("openai", "cloudflare flat call", chat(None,"tool_calls", tool_calls=[{"name": "weather", "arguments": {"d": 3}}]), {"tool_calls": [["weather",'{"d":3}']]}),
    ("openai", "parameters instead of arguments", chat(None,"tool_calls", tool_calls=[{"function": {"name": "weather", "parameters": {"d": 3}}}]), {"tool_calls": [["weather",'{"d":3}']]}),
    ("openai stream", "two calls without index or id in one chunk", stream(chunk({"tool_calls": [{"function": {"name": "a", "arguments": "{}"}}, {"function": {"name": "b", "arguments": "{}"}}]}), chunk(None,"tool_calls")), {"tool_calls": [["a", "{}"], ["b", "{}"]]}),
    ("openai stream", "two calls index 0 no id successive chunks", stream(chunk({"tool_calls": [{"index": 0,"function": {"name": "a", "arguments": "{}"}}]}), chunk({"tool_calls": [{"index": 0,"function": {"name": "b", "arguments": "{}"}}]}), chunk(None,"tool_calls")), {"tool_calls": [["a", "{}"], ["b", "{}"]]}),
    ("openai stream", "same name twice with ids index 0", stream(chunk({"tool_calls": [{"index": 0,"id": "x", "function": {"name": "a", "arguments": "{}"}}]}), chunk({"tool_calls": [{"index": 0,"id": "y", "function": {"name": "a", "arguments": "{}"}}]}), chunk(None,"tool_calls")), {"tool_calls": [["a", "{}"], ["a", "{}"]]}),
    ("openai stream", "args null then object no name repeated id", stream(chunk({"tool_calls": [{"index": 0,"id": "x", "function": {"name": "a", "arguments": None}}]}), chunk({"tool_calls": [{"index": 0,"id": "x", "function": {"name": None,"arguments": "{\"q\":"}}]}), chunk({"tool_calls": [{"index": 0,"id": "x", "function": {"arguments": "1}"}}]}), chunk(None,"tool_calls")), {"tool_calls": [["a",'{"q":1}']]}),
    ("openai stream", "a name in pieces", stream(chunk({"tool_calls": [{"index": 0,"id": "x", "function": {"name": "get_", "arguments": ""}}]}), chunk({"tool_calls": [{"index": 0,"function": {"name": "time", "arguments": "{}"}}]}), chunk(None,"tool_calls")), {"tool_calls": [["get_time", "{}"]]}),
    ("openai", "tool with empty arguments", chat(None,"tool_calls", tool_calls=[{"id": "1", "type": "function", "function": {"name": "now", "arguments": ""}}]), {"tool_calls": [["now", ""]]}),
    ("openai", "function_call object args", chat(None,"function_call", function_call={"name": "sum", "arguments": {"a": 1}}), {"tool_calls": [["sum",'{"a":1}']]}),
    ("openai", "a custom call as the Responses write it", chat(None,"tool_calls", tool_calls=[{"type": "custom", "id": "c", "name": "sql", "input": "select 1"}]), {"tool_calls": [["sql", "select 1"]]}),
    ("anthropic", "tool args as string", {"type": "message", "role": "assistant", "model": "c", "content": [{"type": "tool_use", "name": "t", "input": "{\"a\":1}"}], "stop_reason": "tool_use", "usage": {}}, {"tool_calls": [["t",'{"a":1}']]}),
    ("anthropic stream", "no message_stop but stop_reason", events(START,{"type": "content_block_start", "index": 0,"content_block": {"type": "text", "text": ""}}, {"type": "content_block_delta", "index": 0,"delta": {"type": "text_delta", "text": "Hi"}}, {"type": "content_block_stop", "index": 0}, {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 4}}), {"text": "Hi", "output_tokens": 4}),
    ("anthropic stream", "text only in block start", events(START,{"type": "content_block_start", "index": 0,"content_block": {"type": "text", "text": "Hi"}}, {"type": "content_block_stop", "index": 0}, {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 4}}, {"type": "message_stop"}), {"text": "Hi", "ttft": True}),
    ("anthropic stream", "citations, thinking", events(START,{"type": "content_block_start", "index": 0,"content_block": {"type": "thinking", "thinking": ""}}, {"type": "content_block_delta", "index": 0,"delta": {"type": "thinking_delta", "thinking": "hm"}}, {"type": "content_block_start", "index": 1,"content_block": {"type": "text", "text": ""}}, {"type": "content_block_delta", "index": 1,"delta": {"type": "citations_delta", "citation": {}}}, {"type": "content_block_delta", "index": 1,"delta": {"type": "text_delta", "text": "Hi"}}, {"type": "ping"}, {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 4}}, {"type": "message_stop"}), {"text": "Hi"}),
    ("anthropic stream", "input in block start", events(START,{"type": "content_block_start", "index": 0,"content_block": {"type": "tool_use", "id": "t", "name": "x", "input": {"a": 1}}}, {"type": "content_block_stop", "index": 0}, {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 4}}, {"type": "message_stop"}), {"tool_calls": [["x",'{"a":1}']], "ttft": True}),
    ("anthropic", "server tool + pause_turn", {"type": "message", "role": "assistant", "model": "c", "content": [{"type": "server_tool_use", "name": "web_search", "input": {}}], "stop_reason": "pause_turn", "usage": {"input_tokens": 1,"output_tokens": 1}}, {"text": "", "says_why": True}),
    ("anthropic", "stop_reason model_context_window_exceeded", {"type": "message", "role": "assistant", "model": "c", "content": [], "stop_reason": "model_context_window_exceeded", "usage": {"input_tokens": 1,"output_tokens": 0}}, {"text": "", "says_why": True}),
    ("responses stream", "response.done end", "".join(f"data: {json.dumps(e)}\n\n" for e in ({"type": "response.output_text.delta", "delta": "Hi"}, {"type": "response.done", "response": {"id": "r", "object": "response", "status": "completed", "model": "m", "output": [{"type": "message", "content": [{"type": "output_text", "text": "Hi"}]}]}})), {"text": "Hi", "ttft": True}),
    ("responses", "text field only", {"id": "r", "object": "response", "status": "completed", "model": "m", "output": [{"type": "message", "role": "assistant", "content": "Hi"}]}, {"text": "Hi"}),
    ("responses", "status missing (gateway)", {"id": "r", "object": "response", "model": "m", "output": [{"type": "message", "content": [{"type": "output_text", "text": "Hi"}]}]}, {"text": "Hi"}),
    ("responses", "failed", {"id": "r", "object": "response", "status": "failed", "error": {"code": "server_error", "message": "boom"}, "model": "m", "output": []}, {"error": "provider_error"}),
    ("responses", "function args object", {"id": "r", "object": "response", "status": "completed", "model": "m", "output": [{"type": "function_call", "name": "f", "arguments": {"a": 1}}]}, {"tool_calls": [["f",'{"a":1}']]}),
    ("responses", "image", {"id": "r", "object": "response", "status": "completed", "model": "m", "output": [{"type": "image_generation_call", "result": "AAA"}]}, {"says_why": True}),
    ("responses", "in_progress", {"id": "r", "object": "response", "status": "in_progress", "model": "m", "output": []}, {"error": "invalid_reply"}),
    ("responses", "incomplete filter", {"id": "r", "object": "response", "status": "incomplete", "incomplete_details": {"reason": "content_filter"}, "model": "m", "output": []}, {"refusal": "content_filter"}),
    ("openai stream", "vercel in delta", stream(chunk({"content": "Hi"}), chunk({"provider_metadata": {"gateway": {"routing": {"finalProvider": "bedrock", "resolvedProviderApiModelId": "x-1"}}}}, "stop")), {"header_with_value": "bedrock"}),
    ("openai", "vercel providerMetadata at top", chat()|{"providerMetadata": {"gateway": {"routing": {"finalProvider": "bedrock"}}}}, {"header_with_value": "bedrock"}),
    ("openai stream", "watsonx stream", stream(chunk({"content": "Hi"}, model_version="3.3.0"), chunk(None,"stop", model_version="3.3.0")), {"header_with_value": "3.3.0"}),
    ("openai", "groq tier", chat()|{"service_tier": "on_demand", "x_groq": {"id": "req_x"}}, {"service_tier": "on_demand"}),
    ("responses", "effort", {"id": "r", "object": "response", "status": "completed", "model": "m", "reasoning": {"effort": "medium"}, "output": [{"type": "message", "content": [{"type": "output_text", "text": "Hi"}]}]}, {"header_with_value": "medium"}),
    ("openai", "images only", chat("", images=[{"type": "image_url"}]), {"says_why": True}),
    ("openai", "image parts in content", chat([{"type": "image_url", "image_url": {"url": "data:"}}]), {"text": "", "says_why": True}),
    ("openai", "only reasoning field", chat("", "stop", counts(9,50,59), reasoning="Let me"), {"says_why": True}),
    ("openai", "whitespace", chat("\n \n"), {"says_why": True}),
    ("openai stream", "perplexity: delta beside growing message", stream({"model": "m", "choices": [{"index": 0, "finish_reason": None, "message": {"content": "He"}, "delta": {"content": "He"}}]}, {"model": "m", "choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "Hello"}, "delta": {"content": "llo"}}]}), {"text": "Hello"}),
    ("openai stream", "usage null everywhere, then whole", stream(chunk({"content": "Hi"}, usage=None), chunk(None, "stop", usage=None), {"choices": [], "usage": counts(3, 2, 5, prompt_tokens_details={"cached_tokens": 1})}), {"input_tokens": 3, "cached_tokens": 1}),
    ("openai stream", "choice of index 0 after finish carries usage only", stream(chunk({"content": "Hi"}), chunk(None, "stop"), chunk({"content": ""}, None, usage=counts(3, 2))), {"finish_reason": "stop", "input_tokens": 3, "text": "Hi"}),
    ("openai stream", "tool name empty in later pieces", stream(chunk({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}]}), chunk({"tool_calls": [{"index": 0, "id": "", "function": {"name": "", "arguments": '{"a":'}}]}), chunk({"tool_calls": [{"index": 0, "function": {"name": "", "arguments": "1}"}}]}), chunk(None, "tool_calls")), {"tool_calls": [["f", '{"a":1}']]}),
    ("openai stream", "tool index null", stream(chunk({"tool_calls": [{"index": None, "id": "a", "function": {"name": "f", "arguments": "{}"}}]}), chunk({"tool_calls": [{"index": None, "id": "b", "function": {"name": "f", "arguments": "{}"}}]}), chunk(None, "tool_calls")), {"tool_calls": [["f", "{}"], ["f", "{}"]]}),
    ("openai stream", "tool index as text", stream(chunk({"tool_calls": [{"index": "0", "id": "a", "function": {"name": "f", "arguments": "{}"}}]}), chunk({"tool_calls": [{"index": "1", "id": "b", "function": {"name": "g", "arguments": ""}}]}), chunk({"tool_calls": [{"index": "1", "function": {"arguments": "{}"}}]}), chunk(None, "tool_calls")), {"tool_calls": [["f", "{}"], ["g", "{}"]]}),
    ("openai stream", "two calls interleaved", stream(chunk({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}]}), chunk({"tool_calls": [{"index": 1, "id": "b", "function": {"name": "g", "arguments": ""}}]}), chunk({"tool_calls": [{"index": 1, "function": {"arguments": '{"b":2}'}}]}), chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"a":1}'}}]}), chunk(None, "tool_calls")), {"tool_calls": [["f", '{"a":1}'], ["g", '{"b":2}']]}),
    ("openai stream", "index from 1", stream(chunk({"tool_calls": [{"index": 1, "id": "a", "function": {"name": "f", "arguments": "{"}}]}), chunk({"tool_calls": [{"index": 1, "function": {"arguments": "}"}}]}), chunk(None, "tool_calls")), {"tool_calls": [["f", "{}"]]}),
    ("openai stream", "the same id with every piece", stream(chunk({"tool_calls": [{"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": '{"a"'}}]}), chunk({"tool_calls": [{"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ":1}"}}]}), chunk(None, "tool_calls")), {"tool_calls": [["f", '{"a":1}']]}),
    ("openai stream", "refusal beside content null", stream(chunk({"role": "assistant", "content": None, "refusal": "I'm "}), chunk({"refusal": "sorry"}), chunk(None, "stop")), {"refusal": "I'm sorry", "text": ""}),
    ("openai stream", "choices null in keepalives", stream({"choices": None, "model": "m"}, chunk({"content": "Hi"}), chunk(None, "stop")), {"text": "Hi"}),
    ("openai stream", "a keepalive of JSON null", "data: null\n\n" + stream(chunk({"content": "Hi"}), chunk(None, "stop")), {"text": "Hi"}),
    ("openai stream", "[DONE] without blank, no space", "data:" + json.dumps(chunk({"content": "Hi"})) + "\n\ndata:" + json.dumps(chunk(None, "stop")) + "\n\ndata:[DONE]", {"text": "Hi"}),
    ("openai stream", "retry and id lines", "retry: 3000\nid: 1\n" + stream(chunk({"content": "Hi"}), chunk(None, "stop")), {"text": "Hi"}),
    ("openai stream", "data over two lines", 'data: {"choices":[{"index":0,\ndata: "delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n', {"text": "Hi"}),
    ("openai stream", "openrouter error mid-stream", stream(chunk({"content": "Hi"}, provider="X"), {"id": "gen-1", "object": "chat.completion.chunk", "model": "m", "provider": "X", "error": {"code": "server_error", "message": "Provider disconnected unexpectedly"}, "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}]}), {"error": "provider_error"}),
    ("openai stream", "text in parts and string tail w/ reference", stream(chunk({"content": [{"type": "text", "text": "Paris"}, {"type": "reference", "reference_ids": [0]}]}), chunk({"content": "."}), chunk(None, "stop")), {"text": "Paris."}),
    ("openai stream", "thinking ends, then text in same part list", stream(chunk({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "a"}]}, {"type": "text", "text": "Hi"}]}), chunk(None, "stop")), {"text": "Hi", "ttft": True}),
    ("openai stream", "reasoning only then nothing, DONE", stream(chunk({"reasoning_content": "a"}), chunk(None, "length")), {"text": "", "empty_because": "the output limit was reached before the first word; raise it"}),
    ("openai stream", "logprobs in pieces", stream({"choices": [{"index": 0, "delta": {"content": "Hi"}, "logprobs": {"content": [{"token": "Hi", "logprob": -0.1, "top_logprobs": [{"token": "Hi", "logprob": -0.1}, {"token": "Yo", "logprob": -2.5}]}]}, "finish_reason": None}]}, chunk(None, "stop")), {"top_logprobs": (("Hi", -0.1), ("Yo", -2.5))}),
    ("openai stream", "first token empty logprob", stream({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "logprobs": None, "finish_reason": None}]}, {"choices": [{"index": 0, "delta": {"content": "Hi"}, "logprobs": {"content": [{"token": "Hi", "logprob": -0.1}]}, "finish_reason": "stop"}]}), {"top_logprobs": (("Hi", -0.1),)}),
    ("openai", "reference parts", chat([{"type": "text", "text": "Paris "}, {"type": "reference", "reference_ids": [1]}, {"type": "text", "text": "is"}]), {"text": "Paris is"}),
    ("openai", "number as content", chat(42), {"text": "42"}),
    ("openai", "json list of strings", chat(["a", "b"]), {"text": "ab"}),
    ("openai", "JSON object with type key", chat({"type": "cat", "name": "Tom"}), {"text": '{"type":"cat","name":"Tom"}'}),
    ("openai", "refusal false/null", chat("Hi", refusal=None), {"refusal": None, "text": "Hi"}),
    ("openai", "refusal empty string", chat("Hi", refusal=""), {"refusal": None}),
    ("openai", "usage list", chat(usage=[]), {"input_tokens": None}),
    ("openai", "two choices, index 1 first", {"model": "m", "choices": [{"index": 1, "finish_reason": "stop", "message": {"content": "B"}}, {"index": 0, "finish_reason": "stop", "message": {"content": "A"}}]}, {"text": "A"}),
    ("openai", "azure partial content with filter", chat("Once upon", "content_filter"), {"text": "Once upon", "refusal": "content_filter"}),
    ("openai", "usage zero total with reasoning None", chat(usage=counts(5, 0, 5, completion_tokens_details=None)), {"output_tokens": 0}),
    ("openai", "cost as usage", chat(usage=counts(5, 2, 7, cost=0.1, is_byok=False, cost_details={"upstream": None}, completion_tokens_details={"reasoning_tokens": 0})), {"output_tokens": 2, "reasoning_tokens": 0}),
    ("openai", "service tier x_groq", chat() | {"x_groq": {"id": "req_1"}, "service_tier": "on_demand"}, {"service_tier": "on_demand"}),
    ("openai", "deepseek total", chat(usage=counts(10, 20, 30, prompt_cache_hit_tokens=0, prompt_cache_miss_tokens=10)), {"cached_tokens": 0}),
    ("openai", "cached beside 0 and other place", chat(usage=counts(10, 20, 30, prompt_tokens_details={"cached_tokens": 0}, cached_tokens=4)), {"cached_tokens": 0}),
    ("openai", "Anthropic counts in chat (LiteLLM)", chat(usage=counts(10, 2, 12, cache_creation_input_tokens=4, cache_read_input_tokens=3, prompt_tokens_details={"cached_tokens": 3})), {"cached_tokens": 3, "input_tokens": 10}),
    ("openai", "legacy null function_call + tool calls []", chat("Hi", tool_calls=[], function_call=None), {"tool_calls": [], "text": "Hi"}),
    ("openai", "tool_calls null name", chat(None, "tool_calls", tool_calls=[{"id": "1", "function": {"name": None, "arguments": "{}"}}]), {"tool_calls": []}),
    ("openai", "finish stop but tool calls", chat("", "stop", tool_calls=[{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]), {"tool_calls": [["f", "{}"]], "empty_because": ""}),
    ("openai", "think tags only", chat("<think>hm</think>"), {"says_why": True}),
    ("openai", "generated by SageMaker: list wrapper", [chat("Hi")], {"error": "invalid_reply"}),
    ("openai", "reasoning inside total differs by cached", chat(usage=counts(10, 5, 20, prompt_tokens_details={"cached_tokens": 5})), {"output_tokens": 5}),
    ("openai", "message tool_plan/Cohere thinking", {"id": "c", "message": {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Hi"}]}, "finish_reason": "MAX_TOKENS", "usage": {"tokens": {"input_tokens": 3, "output_tokens": 9}}}, {"text": "Hi", "finish_reason": "MAX_TOKENS"}),
    ("openai stream", "Cohere v2", events(*COHERE), {"text": "Teal", "finish_reason": "COMPLETE", "input_tokens": 71, "output_tokens": 2, "ttft": True, "reply_id": "c29"}),
    ("openai stream", "Cohere v2 tools", events(COHERE[0], {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "I look."}}}, cohere_calls(0, id="f_1", function={"name": "f", "arguments": ""}), cohere_calls(0, function={"arguments": '{"a":'}), cohere_calls(0, function={"arguments": "1}"}), {"type": "tool-call-end", "index": 0}, cohere_calls(1, id="f_2", function={"name": "f", "arguments": "{}"}), {"type": "message-end", "delta": {"finish_reason": "TOOL_CALL"}}), {"tool_calls": [["f", '{"a":1}'], ["f", "{}"]], "finish_reason": "TOOL_CALL", "ttft": True}),
    ("openai stream", "Cohere v2 thinking", events(COHERE[0], {"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "thinking", "thinking": ""}}}}, {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"thinking": "hm"}}}}, {"type": "content-end", "index": 0}, {"type": "content-start", "index": 1, "delta": {"message": {"content": {"type": "text", "text": ""}}}}, {"type": "content-delta", "index": 1, "delta": {"message": {"content": {"text": "Hi"}}}}, COHERE[-1]), {"text": "Hi"}),
    ("openai stream", "Cohere v2 cut", events(*COHERE[:-1]), {"error": "invalid_reply"}),
    ("openai stream", "Cohere v2 error end", events(*COHERE[:3], {"type": "message-end", "delta": {"finish_reason": "ERROR", "error": "an upstream failed", "usage": None}}), {"error": "provider_error"}),
    ("openai stream", "Cohere citations", events(*COHERE[:4], {"type": "citation-start", "index": 0, "delta": {"message": {"citations": {"start": 0, "end": 2, "text": "Te", "sources": []}}}}, {"type": "citation-end", "index": 0}, *COHERE[4:]), {"text": "Teal"}),
    ("responses", "commentary", response({"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]}, SAID, {"type": "function_call", "name": "f", "arguments": "{}", "call_id": "c"}, usage={"input_tokens": 5, "input_tokens_details": {"cached_tokens": 2}, "output_tokens": 9, "output_tokens_details": {"reasoning_tokens": 4}, "total_tokens": 14}), {"text": "Hi", "tool_calls": [["f", "{}"]], "input_tokens": 5, "cached_tokens": 2, "output_tokens": 9, "reasoning_tokens": 4}),
    ("responses", "reasoning text item", response({"type": "reasoning", "content": [{"type": "reasoning_text", "text": "hm"}]}, SAID), {"text": "Hi"}),
    ("responses", "mcp call", response({"type": "mcp_call", "name": "x", "arguments": "{}", "output": "y"}, SAID), {"text": "Hi", "tool_calls": []}),
    ("responses", "local shell", response({"type": "local_shell_call", "call_id": "c", "action": {"type": "exec", "command": ["ls"]}}), {"text": ""}),
    ("responses", "failed error", response(status="failed", error={"code": "server_error", "message": "The server had an error"}), {"error": "provider_error"}),
    ("responses", "failed rate", response(status="failed", error={"code": "rate_limit_exceeded", "message": "Rate limit reached for gpt-5"}), {"error": "rate_limited"}),
    ("responses", "failed prompt", response(status="failed", error={"code": "invalid_prompt", "message": "Invalid prompt: your prompt was flagged as potentially violating our usage policy"}), {"refusal": "content_filter", "error": None}),
    ("responses stream", "failed event", events({"type": "response.created", "response": {"status": "in_progress", "output": []}}, {"type": "response.failed", "response": {"id": "r", "status": "failed", "error": {"code": "insufficient_quota", "message": "You exceeded your current quota"}, "output": []}}), {"error": "out_of_credit"}),
    ("responses stream", "error event", events({"type": "error", "code": "ERR", "message": "boom", "param": None, "sequence_number": 3}), {"error": "provider_error"}),
    ("responses stream", "refusal only in pieces, no output", events({"type": "response.refusal.delta", "delta": "I can"}, {"type": "response.refusal.delta", "delta": "not"}, {"type": "response.completed", "response": {"id": "r", "status": "completed", "output": []}}), {"refusal": "I cannot", "ttft": True}),
    ("responses stream", "call only in pieces, no output", events({"type": "response.output_item.added", "item": {"type": "function_call", "id": "fc_1", "name": "f", "arguments": ""}, "output_index": 0}, {"type": "response.function_call_arguments.delta", "item_id": "fc_1", "output_index": 0, "delta": "{}"}, {"type": "response.function_call_arguments.done", "item_id": "fc_1", "output_index": 0, "arguments": "{}"}, {"type": "response.completed", "response": {"id": "r", "status": "completed", "output": []}}), {"tool_calls": [["f", "{}"]]}),
    ("responses stream", "incomplete", events({"type": "response.output_text.delta", "delta": "Te"}, {"type": "response.incomplete", "response": {"id": "r", "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}, "output": [SAID]}}), {"text": "Hi", "finish_reason": "max_output_tokens"}),
    ("responses stream", "done sentinel after", events({"type": "response.completed", "response": response(SAID)}) + "data: [DONE]\n\n", {"text": "Hi"}),
    ("responses stream", "text in content part done only", events({"type": "response.output_text.done", "text": "Hi"}, {"type": "response.completed", "response": {"id": "r", "status": "completed", "output": []}}), {"text": "Hi"}),
    ("responses", "no status (old servers)", response(SAID, status=None), {"text": "Hi"}),
    ("responses", "status in_progress with output", response(SAID, status="in_progress"), {"error": "invalid_reply"}),
    ("responses", "usage prompt tokens", response(SAID, usage=counts(4, 2, 6)), {"input_tokens": 4}),
    ("responses", "tier in usage", response(SAID, service_tier="flex"), {"service_tier": "flex"}),
    ("responses", "azure filter", response(status="incomplete", incomplete_details={"reason": "content_filter"}, content_filters=[{"blocked": True}]), {"refusal": "content_filter"}),
    ("responses", "logprobs", response({"type": "message", "content": [{"type": "output_text", "text": "Hi", "logprobs": [{"token": "Hi", "logprob": -0.5, "top_logprobs": []}]}]}), {"top_logprobs": (("Hi", -0.5),)}),
    ("anthropic", "stop_details", message(stop="refusal", input_tokens=3, output_tokens=1) | {"stop_details": {"type": "refusal", "category": "cyber", "explanation": "x"}}, {"refusal": "cyber"}),
    ("anthropic", "web search", message({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "x"}}, {"type": "web_search_tool_result", "tool_use_id": "s", "content": []}, {"type": "text", "text": "A"}, {"type": "text", "text": "B", "citations": []}, input_tokens=3, output_tokens=2, server_tool_use={"web_search_requests": 1}), {"text": "AB", "tool_calls": []}),
    ("anthropic", "redacted thinking", message({"type": "redacted_thinking", "data": "x"}, {"type": "text", "text": "A"}), {"text": "A"}),
    ("anthropic", "thinking only, max_tokens", message({"type": "thinking", "thinking": "hm"}, stop="max_tokens", output_tokens=30), {"text": "", "says_why": True}),
    ("anthropic stream", "zai: counts in message_delta only", events(START | {"message": START["message"] | {"usage": {"input_tokens": 0, "output_tokens": 0}}}, {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}, {"type": "ping"}, {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}}, {"type": "content_block_stop", "index": 0}, {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"input_tokens": 15, "output_tokens": 20, "cache_read_input_tokens": 0}}, {"type": "message_stop"}), {"input_tokens": 15, "output_tokens": 20}),
    ("anthropic stream", "zero input in delta", events(START, {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "Hi"}}, {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"input_tokens": 0, "output_tokens": 20}}, {"type": "message_stop"}), {"input_tokens": 3, "output_tokens": 20}),
    ("anthropic stream", "error after text", events(START, {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "Hi"}}, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}), {"error": "provider_error"}),
    ("anthropic stream", "two tools interleaved", events(START, {"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "id": "a", "name": "f", "input": {}}}, {"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "id": "b", "name": "g", "input": {}}}, {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '{"b":'}}, {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": '{"a":1}'}}, {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "2}"}}, {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 9}}, {"type": "message_stop"}), {"tool_calls": [["f", '{"a":1}'], ["g", '{"b":2}']]}),
    ("anthropic stream", "delta without block start", events(START, {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}}, {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}, {"type": "message_stop"}), {"text": "Hi"}),
    ("anthropic", "context mgmt", message({"type": "text", "text": "A"}, input_tokens=3, output_tokens=2, cache_creation={"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 0}, cache_creation_input_tokens=4), {"input_tokens": 7}),
    ("google", "finish without content", {"candidates": [{"finishReason": "STOP", "index": 0}], "usageMetadata": {"promptTokenCount": 4, "totalTokenCount": 40, "thoughtsTokenCount": 36}}, {"text": "", "says_why": True, "output_tokens": 36}),
    ("google", "max tokens w/o parts", {"candidates": [{"content": {"role": "model"}, "finishReason": "MAX_TOKENS"}], "usageMetadata": {"promptTokenCount": 4, "totalTokenCount": 40, "thoughtsTokenCount": 36}}, {"text": "", "says_why": True, "finish_reason": "MAX_TOKENS"}),
    ("google stream", "finish then usage only chunk", stream({"candidates": [{"content": {"parts": [{"text": "He"}]}}], "modelVersion": "g"}, {"candidates": [{"content": {"parts": [{"text": "y"}]}, "finishReason": "STOP"}], "modelVersion": "g"}, {"usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2}}), {"text": "Hey", "input_tokens": 3, "ttft": True}),
    ("google stream", "safety mid stream", stream({"candidates": [{"content": {"parts": [{"text": "He"}]}}]}, {"candidates": [{"finishReason": "SAFETY", "safetyRatings": []}]}), {"text": "He", "refusal": "SAFETY"}),
    ("google stream", "prompt blocked", stream({"promptFeedback": {"blockReason": "BLOCKLIST"}, "usageMetadata": {"promptTokenCount": 3}}), {"refusal": "BLOCKLIST"}),
    ("google stream", "partial usage then null", stream({"candidates": [{"content": {"parts": [{"text": "He"}]}}], "usageMetadata": {"promptTokenCount": 3}}, {"candidates": [{"content": {"parts": []}, "finishReason": "STOP"}], "usageMetadata": None}), {"text": "He", "input_tokens": 3}),
    ("google stream", "error in stream", stream({"candidates": [{"content": {"parts": [{"text": "He"}]}}]}, {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}), {"error": "provider_error"}),
    ("google", "two candidates", {"candidates": [{"index": 1, "content": {"parts": [{"text": "B"}]}, "finishReason": "STOP"}, {"index": 0, "content": {"parts": [{"text": "A"}]}, "finishReason": "STOP"}]}, {"text": "A"}),
    ("google", "safety empty candidates", {"candidates": [], "promptFeedback": {"blockReason": "SAFETY", "safetyRatings": []}}, {"refusal": "SAFETY"}),
    ("google", "parallel calls", gemini([{"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "x"}, {"functionCall": {"name": "g", "args": {}}}]), {"tool_calls": [["f", '{"a":1}'], ["g", "{}"]]}),
    ("google", "image only", gemini([{"inlineData": {"mimeType": "image/png", "data": "aGk="}}]), {"says_why": True, "text": ""}),
    ("google", "cached and priority", gemini([{"text": "x"}], usageMetadata={"promptTokenCount": 10, "cachedContentTokenCount": 8, "candidatesTokenCount": 2, "serviceTier": "priority"}), {"cached_tokens": 8, "service_tier": "priority", "output_tokens": 2}),
    ("google", "no finish reason plain (old vertex)", {"candidates": [{"content": {"parts": [{"text": "Hi"}]}}], "modelVersion": "g"}, {"error": "invalid_reply"}),
    ("bedrock", "reasoning", converse([{"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}}, {"text": "Hi"}]), {"text": "Hi", "input_tokens": 3}),
    ("bedrock", "guardrail trace", converse([{"text": "Sorry, blocked."}], "guardrail_intervened", trace={"guardrail": {"actionReason": "x"}}), {"refusal": "guardrail_intervened", "text": "Sorry, blocked."}),
    ("bedrock", "tool null input", converse([{"toolUse": {"toolUseId": "t", "name": "f", "input": {}}}], "tool_use"), {"tool_calls": [["f", "{}"]]}),
    ("bedrock", "cache tokens", converse([{"text": "x"}], usage={"inputTokens": 3, "outputTokens": 2, "cacheReadInputTokens": 10, "cacheWriteInputTokens": 5, "totalTokens": 20}), {"input_tokens": 18, "cached_tokens": 10}),
    ("bedrock", "reasoning only", converse([{"reasoningContent": {"reasoningText": {"text": "hm"}}}], "max_tokens"), {"says_why": True}),
    ("bedrock", "citations", converse([{"citationsContent": {"content": [{"text": "Paris."}], "citations": []}}]), {"text": "Paris."}),
]  # fmt: skip

ERRORS: list[tuple[int, object, str]] = [
    (400,{"error": {"message": "API key not valid. Please pass a valid API key.", "code": 400,"status": "INVALID_ARGUMENT", "details": [{"reason": "API_KEY_INVALID"}]}}, "unauthorized"),
    (400,{"error": {"message": "API key expired. Please renew the API key.", "code": 400,"status": "INVALID_ARGUMENT"}}, "unauthorized"),
    (401,{"error": {"message": "Your authentication token has expired. Please try signing in again.", "type": "invalid_request_error", "code": "token_expired"}}, "unauthorized"),
    (403,{"message": "The security token included in the request is invalid."}, "unauthorized"),
    (403,{"Message": "User: arn:aws:iam::1:user/x is not authorized to perform: bedrock:InvokeModel"}, "unauthorized"),
    (403,{"error": {"message": "Project `proj_x` does not have access to model `gpt-5`", "type": "invalid_request_error", "code": "model_not_found"}}, "model_not_found"),
    (403,{"error": {"message": "Your account is not active, please check your billing details on our website.", "type": "billing_not_active", "code": "billing_not_active"}}, "out_of_credit"),
    (403,{"error": {"message": "This API method requires billing to be enabled. Please enable billing on project #1", "status": "PERMISSION_DENIED"}}, "out_of_credit"),
    (429,{"error": {"message": "You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.", "type": "invalid_request_error"}}, "out_of_credit"),
    (400,{"type": "error", "error": {"type": "invalid_request_error", "message": "You have reached your specified API usage limits. You will regain access on 2026-12-01."}}, "out_of_credit"),
    (402,{"error": {"message": "This request requires more credits, or fewer max_tokens. You requested up to 64000 tokens, but can only afford 300.", "code": 402}}, "out_of_credit"),
    (429,{"error": {"message": "Your account org-x <ak-y> is suspended, please check your plan and billing details", "type": "exceeded_current_quota_error"}}, "out_of_credit"),
    (403,{"code": "Some resource has been exhausted", "error": "Your team has either used all available credits or reached its monthly spending limit."}, "out_of_credit"),
    (429,{"error": {"message": "Monthly quota exceeded for this workspace. Upgrade your plan.", "code": "quota_exceeded"}}, "out_of_credit"),
    (429,{"message": "You are using a Trial key, which is limited to 1000 API calls / month. You can continue to use the Trial key for free or upgrade to a Production key."}, "rate_limited"),
    (402,{"detail": "You have insufficient credits to run this model."}, "out_of_credit"),
    (403,{"error": {"message": "Key limit exceeded (total limit). Manage it using https://openrouter.ai/settings/keys", "code": 403}}, "out_of_credit"),
    (429,{"error": {"message": "Budget has been exceeded! Current cost: 12.5, Max budget: 10.0", "type": "budget_exceeded", "param": None,"code": "400"}}, "out_of_credit"),
    (400,{"error": {"message": "Budget has been exceeded! Current cost: 12.5, Max budget: 10.0", "type": "budget_exceeded", "param": None,"code": "400"}}, "out_of_credit"),
    (404,{"error": {"message": "The model `gpt-4-32k-0314` has been shut down and is no longer available", "type": "invalid_request_error", "code": "model_not_found"}}, "model_retired"),
    (410,{"error": "The model has been deprecated and is no longer supported"}, "model_retired"),
    (404,{"message": "This model version has reached the end of its life. Please refer to the AWS documentation for more details."}, "model_retired"),
    (404,{"error": {"code": 404,"message": "This model models/gemini-2.0-flash is no longer available to new users. Please update your code to use a newer model.", "status": "NOT_FOUND"}}, "model_retired"),
    (400,{"error": {"message": "The model `mixtral-8x7b-32768` has been decommissioned and is no longer supported.", "type": "invalid_request_error", "code": "model_decommissioned"}}, "model_retired"),
    (404,{"type": "error", "error": {"type": "not_found_error", "message": "model: claude-2.0 reached its end-of-life on July 21"}}, "model_retired"),
    (400,{"error": {"message": "Access denied. This Model is marked by provider as Legacy and you have not been actively using the model in the last 30 days.", "code": "x"}}, "model_retired"),
    (404,{"error": {"code": "NotFound", "message": "The deployment gpt-4-0314 was retired on 2025-06-06."}}, "model_retired"),
    (404,{"error": {"message": "No endpoints found for foo/bar.", "code": 404}}, "model_not_found"),
    (400,{"error": {"message": "foo/bar is not a valid model ID", "code": 400}}, "model_not_found"),
    (400,{"object": "error", "message": "Invalid model: nope", "type": "invalid_model", "param": None,"code": "1500"}, "model_not_found"),
    (400,{"message": "The provided model identifier is invalid."}, "model_not_found"),
    (404,{"message": "model 'command-zzz' not found, make sure the correct model ID was used"}, "model_not_found"),
    (404,{"object": "error", "message": "The model `x` does not exist.", "type": "NotFoundError", "param": None,"code": 404}, "model_not_found"),
    (404,{"error": {"message": "Model x is not available on this account", "type": "invalid_request_error"}}, "model_not_found"),
    (400,{"error": "Model not supported by provider hf-inference"}, "model_not_found"),
    (400,{"error": {"message": "The requested model 'x/y' is not supported by any provider you have enabled.", "type": "invalid_request_error", "param": "model", "code": "model_not_supported"}}, "model_not_found"),
    (400,{"detail": {"error": "Unknown model"}}, "model_not_found"),
    (404,{"detail": "Not Found"}, "not_found"),
    (404,"404 page not found", "not_found"),
    (429,{"error": {"code": "RateLimitReached", "message": "Rate limit of 10 per 60s exceeded for UserByModelByMinute."}}, "rate_limited"),
    (400,{"__type": "ThrottlingException", "message": "Too many requests, please wait before trying again."}, "rate_limited"),
    (429,{"error": {"message": "The engine is currently overloaded, please try again later", "type": "engine_overloaded_error"}}, "provider_error"),
    (503,{"error": {"message": "That model is currently overloaded with other requests.", "type": "server_error"}}, "provider_error"),
    (200,{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "provider_error"),
    (429,{"status": 429,"title": "Too Many Requests"}, "rate_limited"),
    (400,{"error": {"message": "Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 9000", "type": "tokens", "code": "rate_limit_exceeded"}}, "rate_limited"),
    (413,{"error": {"message": "Request too large for model `llama` in organization `org` on tokens per minute (TPM): Limit 6000, Requested 7000, please reduce your message size and try again.", "type": "tokens", "code": "rate_limit_exceeded"}}, "rate_limited"),
    (400,{"message": "Input is too long for requested model."}, "context_length"),
    (400,{"type": "error", "error": {"type": "invalid_request_error", "message": "prompt is too long: 210000 tokens > 200000 maximum"}}, "context_length"),
    (400,{"error": {"message": "Requested token count exceeds the model's maximum context length of 8192 tokens.", "type": "BadRequestError"}}, "context_length"),
    (400,{"error": {"code": 400,"message": "request (9000 tokens) exceeds the available context size (4096 tokens), try increasing it", "type": "exceed_context_size_error"}}, "context_length"),
    (400,{"error": {"message": "The input token count (1200000) exceeds the maximum number of tokens allowed (1048575).", "status": "INVALID_ARGUMENT"}}, "context_length"),
    (400,{"error": {"message": "Failed to call a function. Please adjust your prompt.", "type": "invalid_request_error", "code": "tool_use_failed", "failed_generation": "<f>"}}, "bad_output"),
    (500,{"error": {"message": "The model produced invalid content. Consider modifying your prompt", "type": "model_error"}}, "bad_output"),
    (422,{"error": "Model produced output that could not be parsed as JSON schema"}, "bad_output"),
    (408,{"error": {"message": "Request timed out"}}, "timeout"),
    (400,{"error": {"message": "Item of type 'reasoning' was provided without its required following item.", "type": "invalid_request_error", "param": "input"}}, "bad_request"),
    (200,{"base_resp": {"status_code": 1008,"status_msg": "insufficient balance"}}, "out_of_credit"),
    (200,{"base_resp": {"status_code": 1004,"status_msg": "login fail: Please carry the API secret key"}}, "unauthorized"),
    (401,{"error": {"code": "1001", "message": "Header中未收到Authorization参数，无法进行身份验证。"}}, "unauthorized"),
    (429,{"error": {"code": "1113", "message": "Your account is in arrears. Please recharge and try again."}}, "out_of_credit"),
    (429,{"error": {"code": "1302", "message": "您当前使用该API的并发数过高"}}, "rate_limited"),
    (400,{"code": "Arrearage", "message": "Access denied, please make sure your account is in good standing."}, "out_of_credit"),
    (400,{"code": "InvalidParameter", "message": "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 6000]"}, "bad_request"),
    (403,{"code": "AccessDenied.Unpurchased", "message": "Access to model denied. Please make sure you are eligible for using the model."}, "unauthorized"),
    (404,{"code": "model_not_found", "message": "The model x does not exist or you do not have access to it."}, "model_not_found"),
    (403,"<html><title>Attention Required! | Cloudflare</title>", "unauthorized"),
    (403,{"error": {"message": "Country, region, or territory not supported", "type": "request_forbidden", "code": "unsupported_country_region_territory"}}, "unauthorized"),
    (400,{"error": {"code": 400,"message": "User location is not supported for the API use.", "status": "FAILED_PRECONDITION"}}, "bad_request"),
    (401,{"error": {"message": "No auth credentials found", "code": 401}}, "unauthorized"),
    (401,{"error": {"code": "401", "message": "Access denied due to invalid subscription key or wrong API endpoint."}}, "unauthorized"),
    (400,{"error": {"message": "invalid x-api-key", "type": "invalid_request_error"}}, "unauthorized"),
    (400,{"errorCode": "invalid_api_key", "error": "Bad Authorization header."}, "unauthorized"),
    (400,{"errors": [{"code": "authentication_token_not_valid", "message": "Failed to authenticate the request due to invalid token"}], "trace": "x", "status_code": 401}, "unauthorized"),
    (404,{"errors": [{"code": "model_not_supported", "message": "Model 'x' is not supported for this environment."}], "status_code": 404}, "model_not_found"),
    (403,{"errors": [{"code": "token_quota_reached", "message": "This model is not allowed; the monthly token quota was reached"}], "status_code": 403}, "out_of_credit"),
    (429,{"errors": [{"code": "consumption_limit_reached", "message": "Consumption limit reached"}], "status_code": 429}, "rate_limited"),
    (400,{"error_code": "BAD_REQUEST", "message": "Model x is not available"}, "model_not_found"),
    (404,{"error_code": "ENDPOINT_NOT_FOUND", "message": "The given endpoint does not exist, please retry after checking the specified model and version deployment exists."}, "model_not_found"),
    (403,{"error_code": "PERMISSION_DENIED", "message": "PERMISSION_DENIED: The endpoint is disabled due to a rate limit set to 0."}, "unauthorized"),
    (429,{"error_code": "REQUEST_LIMIT_EXCEEDED", "message": "REQUEST_LIMIT_EXCEEDED: Exceeded workspace input tokens per minute rate limit"}, "rate_limited"),
    (401, openai_error("You didn't provide an API key. You need to provide your API key in an Authorization header."), "unauthorized"),
    (403, openai_error("You are not allowed to sample from this model", "model_not_found"), "model_not_found"),
    (429, {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "You exceeded your current quota. * Quota exceeded for metric: generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: 0, model: gemini-2.5-pro\nPlease retry in 26.44s."}}, "rate_limited"),
    (403, {"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "Your API key was reported as leaked. Please use another API key."}}, "unauthorized"),
    (400, {"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": "API key expired. Please renew the API key.", "details": [{"reason": "API_KEY_INVALID"}]}}, "unauthorized"),
    (404, {"error": {"code": 404, "status": "NOT_FOUND", "message": "Publisher Model `projects/p/locations/us/publishers/google/models/gemini-9` was not found or your project does not have access to it."}}, "model_not_found"),
    (504, {"error": {"code": 504, "status": "DEADLINE_EXCEEDED", "message": "Deadline expired before operation could complete."}}, "timeout"),
    (504, {"type": "error", "error": {"type": "timeout_error", "message": "Request timed out"}}, "timeout"),
    (400, {"error": {"message": 'Unknown name "foo": Cannot find field.', "status": "INVALID_ARGUMENT"}}, "bad_request"),
    (401, {"type": "error", "error": {"type": "authentication_error", "message": "OAuth token has expired. Please obtain a new token."}}, "unauthorized"),
    (429, {"type": "error", "error": {"type": "rate_limit_error", "message": "This request would exceed your organization's rate limit of 30,000 input tokens per minute."}}, "rate_limited"),
    (429, {"type": "error", "error": {"type": "rate_limit_error", "message": "Extra usage is required for long context requests."}}, "rate_limited"),
    (403, {"type": "error", "error": {"type": "permission_error", "message": "OAuth authentication is currently not allowed for this organization."}}, "unauthorized"),
    (404, {"message": "Model use case details have not been submitted for this account."}, "model_not_found"),
    (429, {"message": "Model is not ready for inference. Wait and try your request again."}, "rate_limited"),
    (412, {"error": {"object": "error", "type": "invalid_request_error", "message": "Account x is suspended, possibly due to reaching the monthly spending limit or failure to pay past invoices."}}, "out_of_credit"),
    (404, {"error": {"object": "error", "type": "invalid_request_error", "code": "NOT_FOUND", "message": "Model not found, inaccessible, and/or not deployed"}}, "model_not_found"),
    (402, {"detail": {"error": "inference prohibited, please enter a payment method"}}, "out_of_credit"),
    (429, {"detail": {"error": "Model busy, retry later"}}, "rate_limited"),
    (429, {"object": "error", "message": "Service tier capacity exceeded for this model.", "type": "service_tier_capacity_exceeded", "code": "3505"}, "rate_limited"),
    (401, {"message": "Wrong API Key", "type": "invalid_request_error", "param": "api_key", "code": "wrong_api_key"}, "unauthorized"),
    (429, {"message": "Requests per minute limit exceeded - too many requests sent.", "type": "too_many_requests_error", "param": "quota", "code": "request_quota_exceeded"}, "rate_limited"),
    (400, {"error": {"message": "Provider returned error", "code": 400, "metadata": {"raw": {"error": {"message": "This model's maximum context length is 8192 tokens"}}, "provider_name": "Azure"}}}, "context_length"),
    (404, {"error": {"message": "No endpoints found matching your data policy (Free model publication).", "code": 404}}, "model_not_found"),
    (404, {"error": {"message": "No allowed providers are available for the selected model.", "code": 404}}, "model_not_found"),
    (429, {"error": {"code": "429", "message": "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-06-01 have exceeded call rate limit of your current OpenAI S0 pricing tier. Please retry after 20 seconds."}}, "rate_limited"),
    (404, {"error": {"code": "404", "message": "Resource not found"}}, "not_found"),
    (400, {"error": {"code": "unknown_model", "message": "Unknown model: gpt-9"}}, "model_not_found"),
    (400, {"error": {"code": "OperationNotSupported", "message": "The chatCompletion operation does not work with the specified model, gpt-35-instruct."}}, "bad_request"),
    (400, {"error": {"code": "ServiceModelDeprecated", "message": "The request can not be served because the model version is deprecated: gpt-4-0613"}}, "model_retired"),
    (403, {"error": {"code": "403", "message": "Public access is disabled. Please configure private endpoint."}}, "unauthorized"),
    (401, {"error": {"code": "PermissionDenied", "message": "The principal `x` lacks the required data action `Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action`."}}, "unauthorized"),
    (404, {"error": {"message": 'model "x" not found, try pulling it first', "type": "api_error", "param": None, "code": None}}, "model_not_found"),
    (400, {"error": {"message": "registry.ollama.ai/library/x:latest does not support tools", "type": "api_error"}}, "bad_request"),
    (404, {"message": "no Route matched with those values"}, "not_found"),
    (429, {"message": "API rate limit exceeded"}, "rate_limited"),
    (404, {"error": {"code": "ModelNotOpen", "message": "Your account 21 has not activated the model d. Please activate the model service in the Ark Console.", "param": "", "type": "NotFound"}}, "model_not_found"),
    (403, {"error": {"code": "AccountOverdueError", "message": "The request failed because your account has an overdue balance.", "type": "Forbidden"}}, "out_of_credit"),
    (404, {"error": {"code": "InvalidEndpointOrModel.NotFound", "message": "The model or endpoint x does not exist or you do not have access to it.", "type": "NotFound"}}, "model_not_found"),
    (403, {"code": 30001, "message": "Sorry, your account balance is insufficient", "data": None}, "out_of_credit"),
    (400, {"code": 20012, "message": "Model does not exist. Please check it carefully.", "data": None}, "model_not_found"),
    (401, {"error": {"message": "Invalid Authentication", "type": "invalid_authentication_error"}}, "unauthorized"),
    (404, {"code": "Some requested entity was not found", "error": "The model grok-9 does not exist or your team x does not have access to it."}, "model_not_found"),
    (403, openai_error("The model `x` is blocked at the project level. Please have a project admin enable this model.", "model_permission_blocked_project", "permissions_error"), "unauthorized"),
    (402, {"status": 402, "title": "Payment Required", "detail": "Account 'x': Cloud credits expired"}, "out_of_credit"),
    (401, {"status": "failure", "message": "Invalid API Key. Error Code: 03"}, "unauthorized"),
    (429, {"error": {"message": "No deployments available for selected model, Try again in 5 seconds. Passed model=gpt", "type": "None", "param": "None", "code": "429"}}, "rate_limited"),
    (408, {"error": {"message": "litellm.Timeout: Connection timed out after 600 seconds."}}, "timeout"),
    (200, {"base_resp": {"status_code": 1039, "status_msg": "token limit exceeded"}}, "context_length"),
    (200, {"base_resp": {"status_code": 1002, "status_msg": "rate limit"}}, "rate_limited"),
    (403, {"error": {"message": "This API key has been revoked"}}, "unauthorized"),
    (404, {"error": {"message": "The model 'gpt-4-vision-preview' has been deprecated, learn more here: https://platform.openai.com/docs/deprecations", "code": "model_not_found"}}, "model_retired"),
    (404, {"type": "error", "error": {"type": "not_found_error", "message": "model: claude-2.1. This model was retired on July 21st, 2025."}}, "model_retired"),
    (400, {"message": "This model has been discontinued. Use command-a instead."}, "model_retired"),
    (404, {"error": {"code": "DeploymentNotFound", "message": "The deployment has been retired."}}, "model_retired"),
    (400, {"error": {"message": "Le modèle mistral-tiny n'existe plus"}}, "bad_request"),
    (404, {"message": "model 'command' was removed on September 15, 2025. See https://docs.cohere.com/docs/deprecations"}, "model_retired"),
    (404, {"error": {"message": "Model google/gemini-2.0-flash-exp:free has reached its sunset date", "code": 404}}, "model_retired"),
    (403, "error code: 1010", "unauthorized"),
    (403, {"message": "Missing Authentication Token"}, "unauthorized"),
    (401, {"error": "invalid_token", "error_description": "The access token expired"}, "unauthorized"),
    (400, {"error": "invalid_grant", "error_description": "AADSTS700082: The refresh token has expired"}, "unauthorized"),
    (503, {"error": {"message": "The server is currently overloaded", "type": "overloaded"}}, "provider_error"),
    (429, {"error": {"message": "Engine overloaded", "type": "engine_overloaded_error"}}, "provider_error"),
    (400, {"error": {"message": "Cluster is busy: rate limit", "type": "rate_limit_error"}}, "rate_limited"),
    (409, {"error": {"message": "Conflict"}}, "bad_request"),
    (425, {"error": {"message": "Too Early"}}, "bad_request"),
    (413, "<html><head><title>413 Request Entity Too Large</title></head></html>", "context_length"),
    (511, "<html>login</html>", "provider_error"),
    (400, {"error": {"code": 400, "message": "Budget 0 is invalid. This model only works in thinking mode.", "status": "INVALID_ARGUMENT"}}, "bad_request"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "body", "right", "status"),
    [pytest.param(kind, body, right, *(status or [200]), id=f"{kind}: {what}") for kind, what, body, right, *status in ANSWERS],
)  # fmt: skip
def test_an_answer_is_read_for_what_it_is(kind: str, body: object, right: dict[str, object], status: int) -> None:
    reply = replied(kind, body, status)
    found: dict[str, object] = {
        "ttft": reply.ttft_s is not None,
        "tool_calls": [[call.name, call.arguments] for call in reply.tool_calls],
        "header_with_value": next((v for v in reply.headers.values() if v == right.get("header_with_value")), None),
        "says_why": bool(reply.empty_because),
    }
    assert {name: found[name] if name in found else getattr(reply, name) for name in right} == right, reply
    assert reply.answered or "error" in right, reply.error_detail


@pytest.mark.parametrize("kind", ["text/plain", "Text/Event-Stream; charset=utf-8", "application/octet-stream"])
@pytest.mark.parametrize("start", ["", ": OPENROUTER PROCESSING\n\n", "\ufeff", "event: message\n"])
def test_a_stream_is_one_whatever_it_is_called(kind: str, start: str) -> None:
    endpoint = Endpoint.model_validate({"name": "e", "provider": "openai", "model": "m", "stream": True})
    raw = (start + stream(chunk({"content": "Hi"}), chunk(None, "stop"))).encode()
    reply = interpret(wire_format(endpoint), endpoint, Arrived(200, {"content-type": kind}, raw, 0.2, 0.1), NOW)
    assert (reply.text, reply.error) == ("Hi", None)


@pytest.mark.parametrize(("status", "body", "name"), ERRORS)
def test_an_error_has_its_right_name(status: int, body: object, name: str) -> None:
    reply = replied("openai", body, status)
    assert (reply.error, reply.text) == (name, None), reply.error_detail
