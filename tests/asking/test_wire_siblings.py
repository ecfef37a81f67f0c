"""Kinds of answers and errors in other fields, nestings and names than `test_wire_kinds` and `test_wire_spellings` have.

Some are what gateways make of a provider's answer; ids and texts are made up.
"""

from __future__ import annotations

import json

import pytest

from prober.asking.failures import failure_of, filtered
from tests.asking.test_wire_failures import openai as openai_error
from tests.asking.test_wire_kinds import chat, chunk, counts, gemini, replied, stream
from tests.asking.test_wire_spellings import SAID, converse, message, response

pytestmark = pytest.mark.slow


def calling(*calls: object) -> dict[str, object]:
    return chat(None, "tool_calls", tool_calls=list(calls))


ANSWERS: list[tuple[str, str, object, dict[str, object]]] = [
    ("openai","call: arguments double-encoded", calling({"id":"a","type":"function","function":{"name":"f","arguments":"\"{\\\"a\\\":1}\""}}),{"tool_calls":[["f",'"{\\"a\\":1}"']]}),
    ("openai","call: input object", calling({"id":"a","type":"function","function":{"name":"f","input":{"a":1}}}),{"tool_calls":[["f",'{"a":1}']]}),
    ("openai","call: args", calling({"id":"a","type":"function","function":{"name":"f","args":{"a":1}}}),{"tool_calls":[["f",'{"a":1}']]}),
    ("openai","call: tool key", calling({"id":"a","type":"tool","tool":{"name":"f","arguments":{"a":1}}}),{"tool_calls":[["f",'{"a":1}']]}),
    ("openai","call: content part tool_use", chat([{"type":"text","text":"ok"},{"type":"tool_use","id":"t","name":"f","input":{"a":1}}],"tool_calls"),{"text":"ok","tool_calls":[["f",'{"a":1}']]}),
    ("openai","call: content part tool_call", chat([{"type":"tool_call","id":"t","name":"f","arguments":{"a":1}}],"tool_calls"),{"tool_calls":[["f",'{"a":1}']]}),
    ("openai","call: tool_calls a dict", chat(None,"tool_calls",tool_calls={"id":"a","function":{"name":"f","arguments":"{}"}}),{"tool_calls":[["f","{}"]]}),
    ("openai","call: toolCalls camel", chat(None,"tool_calls",toolCalls=[{"id":"a","function":{"name":"f","arguments":"{}"}}]),{"tool_calls":[["f","{}"]]}),
    ("openai","call: mcp", calling({"id":"a","type":"mcp","mcp":{"name":"f","arguments":"{}"}}),{"tool_calls":[["f","{}"]]}),
    ("openai","call: tool_calls JSON text", chat(None,"tool_calls",tool_calls=json.dumps([{"id":"a","function":{"name":"f","arguments":"{}"}}])),{"tool_calls":[["f","{}"]]}),
    ("openai","call: custom with dict input", calling({"id":"a","type":"custom","custom":{"name":"f","input":{"q":1}}}),{"tool_calls":[["f",'{"q":1}']]}),
    ("openai","call: tool_calls in the choice", {"model":"m","choices":[{"index":0,"finish_reason":"tool_calls","message":{"content":None},"tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}]},{"tool_calls":[["f","{}"]]}),
    ("openai","call: function_call null and tool_calls", chat(None,"tool_calls",function_call=None,tool_calls=[{"function":{"name":"f","arguments":"{}"}}]),{"tool_calls":[["f","{}"]]}),
    ("openai stream","call: function_call dict args", stream(chunk({"function_call":{"name":"f","arguments":{"a":1}}}),chunk(None,"function_call")),{"tool_calls":[["f",'{"a":1}']]}),
    ("openai stream","call: index as text", stream(chunk({"tool_calls":[{"index":"0","id":"a","function":{"name":"f","arguments":"{\"a\""}}]}),chunk({"tool_calls":[{"index":"0","function":{"arguments":":1}"}}]}),chunk({"tool_calls":[{"index":"1","id":"b","function":{"name":"g","arguments":"{}"}}]}),chunk(None,"tool_calls")),{"tool_calls":[["f",'{"a":1}'],["g","{}"]]}),
    ("openai stream","call: interleaved", stream(chunk({"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}},{"index":1,"id":"b","function":{"name":"g","arguments":""}}]}),chunk({"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]}),chunk({"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}),chunk(None,"tool_calls")),{"tool_calls":[["f","{}"],["g","{}"]]}),
    ("openai stream","call: part tool_use whole", stream(chunk({"content":[{"type":"tool_use","id":"t","name":"f","input":{"a":1}}]}),chunk(None,"tool_calls")),{"tool_calls":[["f",'{"a":1}']]}),
    ("openai stream","call: toolCalls", stream(chunk({"toolCalls":[{"index":0,"function":{"name":"f","arguments":"{}"}}]}),chunk(None,"tool_calls")),{"tool_calls":[["f","{}"]]}),
    ("anthropic","server tool", message({"type":"server_tool_use","id":"s","name":"web_search","input":{"q":1}},{"type":"web_search_tool_result","content":[]},{"type":"text","text":"Hi"}),{"text":"Hi"}),
    ("anthropic","mcp_tool_use", message({"type":"mcp_tool_use","id":"s","name":"x","server_name":"y","input":{}},{"type":"text","text":"Hi"}),{"text":"Hi"}),
    ("anthropic","input JSON text", message({"type":"tool_use","id":"s","name":"x","input":"{\"a\":1}"},stop="tool_use"),{"tool_calls":[["x",'{"a":1}']]}),
    ("google","args null", gemini([{"functionCall":{"name":"f","args":None}}]),{"tool_calls":[["f","{}"]]}),
    ("google","snake case", {"candidates":[{"content":{"parts":[{"function_call":{"name":"f","args":{"a":1}}}]},"finish_reason":"STOP"}],"usage_metadata":{"prompt_token_count":3,"candidates_token_count":1},"model_version":"g"},{"tool_calls":[["f",'{"a":1}']],"input_tokens":3}),
    ("google","args as text", gemini([{"functionCall":{"name":"f","args":"{\"a\":1}"}}]),{"tool_calls":[["f",'{"a":1}']]}),
    ("responses","args object", response({"type":"function_call","name":"f","arguments":{"a":1}}),{"tool_calls":[["f",'{"a":1}']]}),
    ("responses","mcp_call", response({"type":"mcp_call","name":"f","arguments":"{}","output":"x"},SAID),{"text":"Hi"}),
    ("responses","shell_call", response({"type":"local_shell_call","action":{"command":["ls"]}}),{"says_why":True}),
    ("responses","tool_use part", response({"type":"message","content":[{"type":"output_text","text":""}]},{"type":"web_search_call","status":"completed"}),{"says_why":True}),
    ("bedrock","input text", converse([{"toolUse":{"name":"f","input":"{\"a\":1}"}}],"tool_use"),{"tool_calls":[["f",'{"a":1}']]}),
    ("openai","usage camelCase", chat(usage={"promptTokens":9,"completionTokens":3,"totalTokens":12}),{"input_tokens":9,"output_tokens":3}),
    ("openai","usage in choice message", {"model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"content":"Hi"},"usage":{"prompt_tokens":9,"completion_tokens":3}}]},{"input_tokens":9,"output_tokens":3}),
    ("openai","usage under metadata", chat()|{"metadata":{"usage":{"prompt_tokens":9,"completion_tokens":3}}},{"input_tokens":9}),
    ("openai","usage in data wrapper", {"data":chat(usage=counts(9,3))},{"input_tokens":9,"text":"Teal"}),
    ("openai","usage in result wrapper", {"success":True,"result":chat(usage=counts(9,3))},{"input_tokens":9,"text":"Teal"}),
    ("openai","response wrapper", {"response":chat(usage=counts(9,3))},{"input_tokens":9,"text":"Teal"}),
    ("openai","cloudflare native", {"result":{"response":"Teal","usage":counts(9,3)},"success":True,"errors":[],"messages":[]},{"text":"Teal","input_tokens":9}),
    ("openai","usage input_token_count (watsonx)", chat(usage={"input_token_count":9,"generated_token_count":3}),{"input_tokens":9,"output_tokens":3}),
    ("openai","usage_metadata (langchain)", chat()|{"usage_metadata":{"input_tokens":9,"output_tokens":3}},{"input_tokens":9}),
    ("openai","usageMetadata", chat()|{"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":3}},{"input_tokens":9}),
    ("openai","token_usage", chat()|{"token_usage":counts(9,3)},{"input_tokens":9}),
    ("openai","reasoning: output_tokens_details in chat", chat(usage={"input_tokens":9,"output_tokens":312,"output_tokens_details":{"reasoning_tokens":300}}),{"reasoning_tokens":300,"output_tokens":312}),
    ("openai","reasoning: completion_tokens_details.reasoning", chat(usage=counts(9,312,321,completion_tokens_details={"reasoning":300})),{"reasoning_tokens":300}),
    ("openai","reasoning: num_reasoning_tokens", chat(usage=counts(9,312,321,num_reasoning_tokens=300)),{"reasoning_tokens":300}),
    ("openai","reasoning: thinking_tokens top", chat(usage=counts(9,312,321,thinking_tokens=300)),{"reasoning_tokens":300}),
    ("openai","reasoning: thoughts_tokens", chat(usage=counts(9,312,321,thoughts_tokens=300)),{"reasoning_tokens":300}),
    ("openai","cached: cache_read_tokens", chat(usage=counts(9,3,12,cache_read_tokens=4)),{"cached_tokens":4}),
    ("openai","cached: prompt_tokens_details cache_read", chat(usage=counts(9,3,12,prompt_tokens_details={"cache_read_input_tokens":4})),{"cached_tokens":4}),
    ("openai","cached: prompt_cache_tokens", chat(usage=counts(9,3,12,prompt_cache_tokens=4)),{"cached_tokens":4}),
    ("openai","cached: cachedTokens", chat(usage=counts(9,3,12,cachedTokens=4)),{"cached_tokens":4}),
    ("openai stream","usage in delta", stream(chunk({"content":"Hi"}),{"model":"m","choices":[{"index":0,"delta":{"content":"","usage":counts(9,3)},"finish_reason":"stop"}]}),{"input_tokens":9}),
    ("google","usage at candidates", gemini([{"text":"x"}],usageMetadata={"promptTokenCount":"9","candidatesTokenCount":"3"}),{"input_tokens":9,"output_tokens":3}),
    ("anthropic","thinking tokens elsewhere", message({"type":"text","text":"x"},input_tokens=3,output_tokens=9,thinking_tokens=4),{"reasoning_tokens":4}),
    ("anthropic","iterations", message({"type":"text","text":"x"},input_tokens=3,output_tokens=9,server_tool_use={"web_search_requests":1}),{"input_tokens":3}),
    ("openai","only reasoning_details", chat("",reasoning_details=[{"type":"reasoning.text","text":"hm"}]),{"empty_because":"the reply holds only its thinking"}),
    ("openai","only thinking field", chat("",thinking="hm"),{"empty_because":"the reply holds only its thinking"}),
    ("openai","only audio", chat(None,audio={"id":"a","data":"x"}),{"empty_because":"the reply holds only audio"}),
    ("openai","only images", chat("",images=[{"image_url":{"url":"x"}}]),{"empty_because":"the reply holds only an image"}),
    ("openai","only thought tag", chat("<think>hm</think>"),{"says_why":True}),
    ("openai","only image part", chat([{"type":"image_url","image_url":{"url":"x"}}]),{"empty_because":"the reply holds only an image"}),
    ("openai","only audio part", chat([{"type":"audio","audio":{"data":"x"}}]),{"empty_because":"the reply holds only audio"}),
    ("openai","annotations only", chat("",annotations=[{"type":"url_citation"}]),{"says_why":True}),
    ("anthropic","only thinking", message({"type":"thinking","thinking":"hm","signature":"x"},stop="max_tokens"),{"says_why":True}),
    ("anthropic","only thinking end_turn", message({"type":"thinking","thinking":"hm","signature":"x"}),{"empty_because":"the reply holds only its thinking"}),
    ("anthropic","redacted", message({"type":"redacted_thinking","data":"x"}),{"empty_because":"the reply holds only its thinking"}),
    ("anthropic","only server tool", message({"type":"server_tool_use","id":"s","name":"web_search","input":{}},stop="pause_turn"),{"says_why":True}),
    ("google","thought only", gemini([{"text":"hm","thought":True}]),{"empty_because":"the reply holds only its thinking"}),
    ("google","thought only max", gemini([{"text":"hm","thought":True}],"MAX_TOKENS"),{"says_why":True}),
    ("google","video", gemini([{"fileData":{"mimeType":"video/mp4","fileUri":"x"}}]),{"says_why":True}),
    ("responses","only reasoning", response({"type":"reasoning","summary":[{"type":"summary_text","text":"hm"}]}),{"empty_because":"the reply holds only its thinking"}),
    ("responses","reasoning content", response({"type":"reasoning","content":[{"type":"reasoning_text","text":"hm"}]}),{"empty_because":"the reply holds only its thinking"}),
    ("responses","web search only", response({"type":"web_search_call","status":"completed"}),{"says_why":True}),
    ("responses","image only", response({"type":"image_generation_call","result":"x"}),{"empty_because":"the reply holds only an image"}),
    ("bedrock","reasoning only end", converse([{"reasoningContent":{"reasoningText":{"text":"hm"}}}]),{"empty_because":"the reply holds only its thinking"}),
    ("bedrock","video", converse([{"video":{"format":"mp4"}}]),{"says_why":True}),
    ("openai","vercel providerMetadata", chat()|{"providerMetadata":{"gateway":{"routing":{"finalProvider":"azure","resolvedProviderApiModelId":"gpt-5-x"}}}},{"header_with_value":"gpt-5-x"}),
    ("openai","system_fingerprint camel", chat()|{"systemFingerprint":"fp_1"},{"system_fingerprint":"fp_1"}),
    ("openai","tier camel", chat()|{"serviceTier":"flex"},{"service_tier":"flex"}),
    ("openai","tier usage", chat(usage=counts(1,1)|{"service_tier":"flex"}),{"service_tier":"flex"}),
    ("responses","tier usage", response(SAID,usage={"input_tokens":1,"output_tokens":1,"service_tier":"flex"}),{"service_tier":"flex"}),
    ("openai","model camel modelId", {k:v for k,v in (chat()|{"modelId":"m-3"}).items() if k!="model"},{"model":"m-3"}),
    ("bedrock","tier", converse([{"text":"x"}],serviceTier={"type":"flex"}),{"service_tier":"flex"}),
    ("google","modelStatus", gemini([{"text":"x"}],modelStatus={"modelStage":"DEPRECATED","retirementTime":"2026-12-01T00:00:00Z"}),{"header_with_value":"DEPRECATED"}),
    ("openai","refusal object", chat("",refusal={"reason":"policy"}),{"refusal": "{\"reason\":\"policy\"}"}),
    ("openai","content_filter_results filtered", {"model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"content":""},"content_filter_results":{"hate":{"filtered":True,"severity":"high"}}}]},{"refusal": "content_filter"}),
    ("openai","cohere ERROR_TOXIC", chat("","ERROR_TOXIC"),{"refusal":"ERROR_TOXIC"}),
    ("openai","safety_block", chat("","content_blocked"),{"refusal": "content_blocked"}),
    ("openai","blocked", chat("","blocked"),{"refusal": "blocked"}),
    ("openai","policy_violation", chat("","content_policy_violation"),{"refusal": "content_policy_violation"}),
    ("openai","censored", chat("","content-filter"),{"refusal": "content-filter"}),
    ("openai","contentFilter", chat("","contentFilter"),{"refusal": "contentFilter"}),
    ("openai","native filter openrouter", {"model":"m","choices":[{"index":0,"finish_reason":"stop","native_finish_reason":"PROHIBITED_CONTENT","message":{"content":""}}]},{"header_with_value":"PROHIBITED_CONTENT"}),
    ("anthropic","stop_details", message(stop="refusal")|{"stop_details":{"category":"bio"}},{"refusal":"bio"}),
    ("bedrock","content_filtered", converse([],"content_filtered"),{"refusal":"content_filtered"}),
    ("google","IMAGE_SAFETY", {"candidates":[{"finishReason":"IMAGE_SAFETY"}]},{"refusal":"IMAGE_SAFETY"}),
    ("responses","failed content filter", {"id":"r","object":"response","status":"failed","error":{"code":"content_filter","message":"x"},"output":[]},{"refusal":"content_filter"}),
    ("responses","failed rate", {"id":"r","object":"response","status":"failed","error":{"code":"rate_limit_exceeded","message":"x"},"output":[]},{"error":"rate_limited"}),
]  # fmt: skip

ERRORS: list[tuple[int, object, str]] = [
    (401,openai_error("Incorrect API key provided","invalid_api_key"),"unauthorized"),
    (400,{"error":{"message":"Invalid credentials in Authorization header","type":"invalid_request_error"}},"unauthorized"),
    (403,{"error":{"type":"permission_error","message":"Your API key does not have permission to use the specified resource."}},"unauthorized"),
    (400,{"error":"Missing API Key"},"unauthorized"),
    (422,{"detail":[{"loc":["header","authorization"],"msg":"field required","type":"value_error.missing"}]},"unauthorized"),
    (400,{"message":"The request signature we calculated does not match the signature you provided."},"unauthorized"),
    (403,{"__type":"InvalidSignatureException","message":"Signature expired: 20260101T000000Z"},"unauthorized"),
    (400,{"error":{"code":400,"message":"API Key not found. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}},"unauthorized"),
    (403,{"error":{"code":403,"message":"Vertex AI API has not been used in project 1 before or it is disabled.","status":"PERMISSION_DENIED","details":[{"reason":"SERVICE_DISABLED"}]}},"unauthorized"),
    (403,{"error":{"message":"Country, region, or territory not supported","code":"unsupported_country_region_territory","type":"request_forbidden"}},"unauthorized"),
    (403,{"error":{"code":"IPNotAllowed","message":"Your IP address is not in the allow list."}},"unauthorized"),
    (200,{"code":401,"msg":"令牌已过期或验证不正确"},"unauthorized"),
    (200,{"success":False,"errors":[{"code":10000,"message":"Authentication error"}]},"unauthorized"),
    (402,{"error":{"message":"Your prepayment credits are depleted.","code":402}},"out_of_credit"),
    (429,{"error":{"message":"You've exceeded your monthly included credits for Inference Providers. Subscribe to PRO to get 20x more monthly included credits."}},"out_of_credit"),
    (429,{"error":{"message":"Quota exceeded for quota metric 'Generate Content API requests per minute'","status":"RESOURCE_EXHAUSTED","code":429}},"rate_limited"),
    (429,{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"You exceeded your current quota, please check your plan and billing details."}},"rate_limited"),
    (403,{"error":{"code":"AccountOverdueError","message":"The request failed because your account has an overdue balance."}},"out_of_credit"),
    (400,{"code":"Arrearage","message":"Access denied, please make sure your account is in good standing."},"out_of_credit"),
    (200,{"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}},"out_of_credit"),
    (429,{"error":{"code":"1113","message":"Your account is in arrears, please recharge and try again."}},"out_of_credit"),
    (403,{"error":{"message":"Your trial has ended. Please upgrade to a paid plan.","code":"trial_expired"}},"out_of_credit"),
    (403,{"error":{"message":"余额不足，请充值","code":"30001"}},"out_of_credit"),
    (402,"Payment Required","out_of_credit"),
    (400,{"error":{"message":"No active subscription found for this organization."}},"out_of_credit"),
    (429,{"error":{"message":"Rate limit reached for requests","code":"rate_limit_exceeded","type":"requests"}},"rate_limited"),
    (400,{"error":{"message":"Requests rate limit exceeded, please try again later"}},"rate_limited"),
    (529,{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}},"provider_error"),
    (503,{"error":{"message":"Rate limit exceeded: model is at capacity"}},"provider_error"),
    (429,{"message":"Too many tokens, please wait before trying again."},"rate_limited"),
    (400,{"message":"Too many tokens, please wait before trying again.","__type":"ThrottlingException"},"rate_limited"),
    (424,{"message":"The model returned the following errors: timeout"},"provider_error"),
    (408,{"error":{"message":"The request timed out."}},"timeout"),
    (504,"<html>gateway time-out</html>","timeout"),
    (500,{"error":{"message":"CUDA out of memory"}},"provider_error"),
    (404,{"error":{"message":"The model `gpt-9` does not exist or you do not have access to it.","code":"model_not_found"}},"model_not_found"),
    (404,{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist."}},"model_not_found"),
    (404,{"type":"error","error":{"type":"not_found_error","message":"model: claude-9"}},"model_not_found"),
    (400,{"error":{"message":"Model Not Exist","type":"invalid_request_error"}},"model_not_found"),
    (404,{"error":{"message":"model \"llama9\" not found, try pulling it first"}},"model_not_found"),
    (404,{"error":"model 'llama9' not found"},"model_not_found"),
    (400,{"error":{"message":"unknown model: foo","code":400}},"model_not_found"),
    (400,{"message":"Invocation of model ID amazon.x with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an inference profile."},"model_not_found"),
    (400,{"error":{"message":"The model 'foo' is not deployed in this region."}},"model_not_found"),
    (404,{"error":{"code":404,"message":"Publisher Model `projects/x/locations/y/publishers/google/models/g` was not found or your project does not have access to it.","status":"NOT_FOUND"}},"model_not_found"),
    (404,{"error":{"code":404,"message":"models/gemini-9 is not found for API version v1beta, or is not supported for generateContent.","status":"NOT_FOUND"}},"model_not_found"),
    (400,{"error":{"message":"Le modèle demandé n'existe pas","code":"model_not_found"}},"model_not_found"),
    (400,{"error":{"message":"Model gpt-4-0314 has been deprecated, learn more here","code":"model_not_found"}},"model_retired"),
    (404,{"message":"The requested model has reached end-of-life"},"model_retired"),
    (400,{"error":{"message":"This model's maximum context length is 8192 tokens. However, you requested 9000.","code":"context_length_exceeded"}},"context_length"),
    (400,{"error":{"message":"input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000"}},"context_length"),
    (400,{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}},"context_length"),
    (400,{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}},"context_length"),
    (413,{"error":{"type":"request_too_large","message":"Request exceeds the maximum size"}},"context_length"),
    (400,{"message":"Input is too long for requested model."},"context_length"),
    (400,{"error":{"message":"Please reduce the length of the messages or completion."}},"context_length"),
    (500,{"error":{"message":"the request exceeds the available context size. try increasing the context size","type":"exceed_context_size_error","code":400}},"context_length"),
    (400,{"error":{"message":"the request exceeds the available context size","type":"exceed_context_size_error","code":400,"n_ctx":512}},"context_length"),
    (400,{"error":{"message":"Failed to generate JSON. Please adjust your prompt.","code":"json_validate_failed"}},"bad_output"),
    (400,{"error":{"message":"Tool choice is none, but model called a tool","code":"tool_use_failed"}},"bad_output"),
    (400,{"error":{"message":"Model output did not match the JSON schema"}},"bad_output"),
    (421,{"error":"misdirected"},"bad_request"),
    (405,"Method Not Allowed","bad_request"),
    (400,{"error":{"message":"Unsupported parameter: 'temperature' is not supported with this model.","param":"temperature","code":"unsupported_parameter"}},"unsupported_parameter"),
    (400,{"error":{"message":"temperature: Extra inputs are not permitted"}},"unsupported_parameter"),
    (422,{"detail":[{"type":"extra_forbidden","loc":["body","temperature"],"msg":"Extra inputs are not permitted"}]},"unsupported_parameter"),
    (400,{"error":{"message":"`temperature` must be between 0 and 1"}},"unsupported_parameter"),
    (400,{"error":{"message":"`temperature` and `top_p` cannot both be specified for this model."}},"unsupported_parameter"),
    (400,{"error":{"message":"Invalid value at 'generation_config.temperature'"}},"unsupported_parameter"),
    (400,{"message":"Malformed input request: extraneous key [temperature] is not permitted"},"unsupported_parameter"),
    (400,{"error":{"message":"invalid type for parameter Temperature"}},"unsupported_parameter"),
]  # fmt: skip

FILTERED: list[tuple[int, object]] = [
    (400,{"error":{"message":"Your request was rejected as a result of our safety system.","code":"moderation_blocked"}}),
    (400,{"error":{"message":"Content Exists Risk","type":"invalid_request_error"}}),
    (400,{"error":{"message":"Output data may contain inappropriate content.","code":"data_inspection_failed"}}),
    (200,{"base_resp":{"status_code":1026,"status_msg":"input new_sensitive"}}),
    (400,{"error":{"code":"1301","message":"系统检测到输入或生成内容可能包含不安全或敏感内容"}}),
    (403,{"error":{"message":"Input flagged","code":403,"metadata":{"reasons":["violence"],"flagged_input":"x","provider_name":"a"}}}),
    (400,{"error":{"message":"The prompt was blocked by our content filters","code":"content_policy_violation"}}),
    (400,{"message":"Your request was blocked by the guardrail."}),
    (446,{"error":{"message":"Guardrails failed","code":"guardrails_violation"}}),
    (400,{"error":{"message":"This request has been flagged for potentially violating our usage policy. Please see https://…","code":"invalid_prompt"}}),
    (400,{"error":{"message":"Input text contains sensitive content","code":"InputTextSensitiveContentDetected"}}),
    (400,{"error":{"message":"Blocked by LiteLLM guardrail: presidio","type":"None","code":"400"}}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "body", "right"), [pytest.param(*one[:1], *one[2:], id=f"{one[0]}: {one[1]}") for one in ANSWERS]
)
def test_an_answer_is_read_for_what_it_is(kind: str, body: object, right: dict[str, object]) -> None:
    reply = replied(kind, body)
    found: dict[str, object] = {
        "tool_calls": [[call.name, call.arguments] for call in reply.tool_calls],
        "header_with_value": next((v for v in reply.headers.values() if v == right.get("header_with_value")), None),
        "says_why": bool(reply.empty_because),
    }
    assert {name: found[name] if name in found else getattr(reply, name) for name in right} == right, reply


@pytest.mark.parametrize(("status", "body", "name"), ERRORS)
def test_an_error_has_its_right_name(status: int, body: object, name: str) -> None:
    sent = {"temperature": 0.2, "top_p": 0.9, "max_tokens": 9, "generationConfig": {"temperature": 1}}
    assert failure_of(status, body, sent)[0] == name
    assert not filtered(status, body)


@pytest.mark.parametrize(("status", "body"), FILTERED)
def test_what_a_filter_refuses_is_a_refusal(status: int, body: object) -> None:
    assert filtered(status, body)
