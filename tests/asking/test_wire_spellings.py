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
