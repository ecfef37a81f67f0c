"""Answers of provider families as their public references describe them: newer items, events, filters and counts.

Beside what `test_wire_siblings` has. Ids and texts are made up.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from prober.text import without_thinking
from tests.asking.test_wire_kinds import chat, chunk, counts, gemini, replied, stream
from tests.asking.test_wire_spellings import START, converse, events, message, response

pytestmark = pytest.mark.slow

ANSWERS: list[Any] = []


def case(kind: str, what: str, body: object, **right: object) -> None:
    ANSWERS.append(pytest.param(kind, body, right, id=f"{kind}: {what}"))


def said(text: str, **more: object) -> dict[str, object]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"type": "message", "role": "assistant", "content": content, **more}


def block(index: int, block: object) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index: int, delta: object) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": delta}


def stop(index: int) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


def ends(reason: str, details: object = None, **usage: object) -> list[dict[str, Any]]:
    ending = {"stop_reason": reason, "stop_sequence": None, "stop_details": details}
    return [
        {"type": "message_delta", "delta": ending, "usage": {"output_tokens": 9, **usage}},
        {"type": "message_stop"},
    ]


def pieces(*bodies: object) -> str:
    return "".join(f"data: {json.dumps(one)}\n\n" for one in bodies)


# fmt: off
# OpenAI Responses
case("responses","phase commentary then final",response(said("Let me look.",phase="commentary"),said("Teal",phase="final_answer")),text="Let me look.Teal")
case("responses","output_text helper null, refusal part",response({"type":"message","content":[{"type":"refusal","refusal":"I can't."}]}),refusal="I can't.")
case("responses","custom tool call",response({"type":"custom_tool_call","call_id":"c","name":"sql","input":"SELECT 1"}),tool_calls=[["sql","SELECT 1"]])
case("responses","apply_patch_call",response({"type":"apply_patch_call","call_id":"c","status":"completed","operation":{"type":"create_file","path":"a","diff":"+x"}}),says_why=True)
case("responses","mcp_list_tools + message",response({"type":"mcp_list_tools","server_label":"s","tools":[]},said("Hi")),text="Hi",tool_calls=[])
case("responses","mcp_approval_request only",response({"type":"mcp_approval_request","id":"m","name":"roll","arguments":"{}","server_label":"s"}),says_why=True)
case("responses","compaction item then text",response({"type":"compaction","id":"c","encrypted_content":"x"},said("Hi")),text="Hi")
case("responses","incomplete content_filter",response(said("Te"),status="incomplete",incomplete_details={"reason":"content_filter"}),refused=True)
case("responses","incomplete max tokens",response({"type":"reasoning","summary":[]},status="incomplete",incomplete_details={"reason":"max_output_tokens"},usage={"input_tokens":5,"output_tokens":64,"output_tokens_details":{"reasoning_tokens":64}}),text="",says_why=True,reasoning_tokens=64)
case("responses","failed rate limit",response(status="failed",error={"code":"rate_limit_exceeded","message":"Rate limit reached"}),error="rate_limited")
case("responses","failed server_error",response(status="failed",error={"code":"server_error","message":"The model failed"}),error="provider_error")
case("responses","cancelled",response(status="cancelled"),is_error=True)
case("responses","cached tokens",response(said("Hi"),usage={"input_tokens":1200,"input_tokens_details":{"cached_tokens":1024},"output_tokens":3,"output_tokens_details":{"reasoning_tokens":0}}),cached_tokens=1024,input_tokens=1200)
case("responses stream","text only in done",events({"type":"response.created","response":response(status="in_progress")},{"type":"response.output_text.done","output_index":0,"content_index":0,"text":"Teal"},{"type":"response.completed","response":response()}),text="Teal")
case("responses stream","refusal delta",events({"type":"response.created","response":response(status="in_progress")},{"type":"response.refusal.delta","output_index":0,"content_index":0,"delta":"I "},{"type":"response.refusal.delta","output_index":0,"content_index":0,"delta":"can't."},{"type":"response.completed","response":response({"type":"message","content":[{"type":"refusal","refusal":"I can't."}]})}),refusal="I can't.",ttft=True)
case("responses stream","error event",events({"type":"response.created","response":response(status="in_progress")},{"type":"error","code":"insufficient_quota","message":"You exceeded your current quota","param":None}),error="out_of_credit")
case("responses stream","response.failed",events({"type":"response.failed","response":response(status="failed",error={"code":"server_error","message":"x"})}),error="provider_error")
case("responses stream","incomplete",events({"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"Te"},{"type":"response.incomplete","response":response(said("Te"),status="incomplete",incomplete_details={"reason":"max_output_tokens"})}),text="Te",finish_reason="max_output_tokens")
case("responses stream","custom tool input delta",events({"type":"response.output_item.added","output_index":0,"item":{"type":"custom_tool_call","id":"i","name":"sql","input":""}},{"type":"response.custom_tool_call_input.delta","item_id":"i","output_index":0,"delta":"SEL"},{"type":"response.completed","response":response({"type":"custom_tool_call","name":"sql","input":"SELECT 1"})}),tool_calls=[["sql","SELECT 1"]],ttft=True)
case("responses stream","reasoning summary then text",events({"type":"response.reasoning_summary_text.delta","item_id":"r","output_index":0,"summary_index":0,"delta":"hm"},{"type":"response.output_text.delta","output_index":1,"content_index":0,"delta":"Teal"},{"type":"response.completed","response":response({"type":"reasoning","summary":[{"type":"summary_text","text":"hm"}]},said("Teal"))}),text="Teal")
# Anthropic
case("anthropic","citations in several text blocks",message({"type":"text","text":"According to the text, "},{"type":"text","text":"the sky is blue","citations":[{"type":"char_location","cited_text":"x"}]},{"type":"text","text":"."}),text="According to the text, the sky is blue.")
case("anthropic","refusal with details",message(stop="refusal")|{"stop_details":{"type":"refusal","category":"cyber","explanation":"This request was declined."}},refused=True)
case("anthropic","pause_turn with text",message({"type":"text","text":"Searching."},{"type":"server_tool_use","id":"s","name":"web_search","input":{}},stop="pause_turn"),text="Searching.",finish_reason="pause_turn")
case("anthropic","context window exceeded",message({"type":"text","text":"Te"},stop="model_context_window_exceeded"),text="Te",finish_reason="model_context_window_exceeded")
case("anthropic","code execution results",message({"type":"server_tool_use","id":"s","name":"bash_code_execution","input":{"command":"ls"}},{"type":"bash_code_execution_tool_result","tool_use_id":"s","content":{"type":"bash_code_execution_result","stdout":"a","return_code":0}},{"type":"text","text":"Done"}),text="Done",tool_calls=[])
case("anthropic","cache creation split",message({"type":"text","text":"Hi"},input_tokens=3,output_tokens=2,cache_creation_input_tokens=100,cache_read_input_tokens=50,cache_creation={"ephemeral_5m_input_tokens":100,"ephemeral_1h_input_tokens":0}),input_tokens=153,cached_tokens=50)
case("anthropic","compaction block",message({"type":"compaction","content":"Summary"},{"type":"text","text":"Hi"},stop="end_turn"),text="Hi")
case("anthropic","usage iterations",message({"type":"text","text":"Hi"},input_tokens=3,output_tokens=2,iterations=[{"type":"compaction","input_tokens":100,"output_tokens":9},{"type":"message","input_tokens":3,"output_tokens":2}]),text="Hi",input_tokens=3)
case("anthropic","tier and geo",message({"type":"text","text":"Hi"},input_tokens=1,output_tokens=1,service_tier="priority",inference_geo="us"),service_tier="priority",header_with_value="us")
case("anthropic","output thinking tokens",message({"type":"thinking","thinking":"","signature":"x"},{"type":"text","text":"Hi"},input_tokens=1,output_tokens=40,output_tokens_details={"thinking_tokens":30}),reasoning_tokens=30,output_tokens=40)
case("anthropic stream","thinking then text",events(START,block(0,{"type":"thinking","thinking":"","signature":""}),delta(0,{"type":"thinking_delta","thinking":"hm"}),delta(0,{"type":"signature_delta","signature":"x"}),stop(0),block(1,{"type":"text","text":""}),delta(1,{"type":"text_delta","text":"Te"}),delta(1,{"type":"text_delta","text":"al"}),stop(1),*ends("end_turn")),text="Teal",finish_reason="end_turn",output_tokens=9)
case("anthropic stream","citations_delta",events(START,block(0,{"type":"text","text":"","citations":[]}),delta(0,{"type":"text_delta","text":"Blue"}),delta(0,{"type":"citations_delta","citation":{"type":"page_location","cited_text":"x"}}),stop(0),*ends("end_turn")),text="Blue")
case("anthropic stream","server tool input then text",events(START,block(0,{"type":"server_tool_use","id":"s","name":"web_search","input":{}}),delta(0,{"type":"input_json_delta","partial_json":"{\"q\":1}"}),stop(0),block(1,{"type":"web_search_tool_result","tool_use_id":"s","content":[]}),stop(1),block(2,{"type":"text","text":""}),delta(2,{"type":"text_delta","text":"Hi"}),stop(2),*ends("end_turn")),text="Hi",tool_calls=[])
case("anthropic stream","refusal in the middle",events(START,block(0,{"type":"text","text":""}),delta(0,{"type":"text_delta","text":"Sure"}),stop(0),*ends("refusal",details={"type":"refusal","category":"bio","explanation":"declined"})),refused=True)
case("anthropic stream","overloaded in stream",events(START,{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}),error="provider_error")
case("anthropic stream","pings and unknown events",events(START,{"type":"ping"},block(0,{"type":"text","text":""}),{"type":"ping"},{"type":"new_event_2027","x":1},delta(0,{"type":"text_delta","text":"Hi"}),stop(0),*ends("end_turn")),text="Hi")
case("anthropic stream","input counts in message_delta",events(START,block(0,{"type":"text","text":"Hi"}),stop(0),*ends("end_turn",input_tokens=33,cache_read_input_tokens=10)),text="Hi",input_tokens=43)
# Gemini
case("google","grounding with text",gemini([{"text":"Blue"}],groundingMetadata={"webSearchQueries":["x"]}),text="Blue")
case("google","thought signature on text",gemini([{"text":"hm","thought":True},{"text":"Blue","thoughtSignature":"abc"}]),text="Blue")
case("google","signature on empty text part",gemini([{"text":"Blue"},{"text":"","thoughtSignature":"abc"}]),text="Blue")
case("google","executable code",gemini([{"text":"Let me compute."},{"executableCode":{"language":"PYTHON","code":"print(1)"}},{"codeExecutionResult":{"outcome":"OUTCOME_OK","output":"1"}},{"text":"It is 1."}]),text="Let me compute.It is 1.")
for reason in ["MALFORMED_FUNCTION_CALL","UNEXPECTED_TOOL_CALL","TOO_MANY_TOOL_CALLS","MISSING_THOUGHT_SIGNATURE","MALFORMED_RESPONSE","NO_IMAGE","OTHER","IMAGE_OTHER"]:
    case("google","no content "+reason,{"candidates":[{"finishReason":reason,"finishMessage":"why","index":0}],"modelVersion":"g","usageMetadata":{"promptTokenCount":3}},finish_reason=reason,says_why=True)
for reason in ["LANGUAGE","SAFETY","RECITATION","BLOCKLIST","PROHIBITED_CONTENT","SPII","IMAGE_SAFETY","IMAGE_PROHIBITED_CONTENT","IMAGE_RECITATION"]:
    case("google","blocked "+reason,{"candidates":[{"finishReason":reason,"index":0}],"modelVersion":"g"},refused=True)
case("google","prompt blocked IMAGE_SAFETY",{"promptFeedback":{"blockReason":"IMAGE_SAFETY"},"modelVersion":"g"},refused=True)
case("google","tool use prompt tokens",gemini([{"text":"x"}],usageMetadata={"promptTokenCount":10,"candidatesTokenCount":2,"thoughtsTokenCount":7,"toolUsePromptTokenCount":30,"totalTokenCount":49,"trafficType":"ON_DEMAND"}),output_tokens=9,reasoning_tokens=7)
case("google stream","usage only last, signature chunk",pieces({"candidates":[{"content":{"parts":[{"text":"Bl"}],"role":"model"}}],"modelVersion":"g"},{"candidates":[{"content":{"parts":[{"text":"ue"}]}}]},{"candidates":[{"content":{"parts":[{"text":"","thoughtSignature":"x"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":1}}),text="Blue",input_tokens=4,finish_reason="STOP")
# Bedrock
for reason,refused in [("guardrail_intervened",True),("content_filtered",True),("model_context_window_exceeded",False),("malformed_tool_use",False),("malformed_model_output",False)]:
    case("bedrock","stop "+reason,converse([{"text":"Sorry"}],reason),**({"refused":True} if refused else {"finish_reason":reason,"text":"Sorry"}))
case("bedrock","reasoning then text",converse([{"reasoningContent":{"reasoningText":{"text":"hm","signature":"x"}}},{"text":"Hi"}]),text="Hi")
case("bedrock","citations content",converse([{"citationsContent":{"content":[{"text":"Blue"}],"citations":[{"title":"t"}]}}]),text="Blue")
case("bedrock","cache counts",converse([{"text":"Hi"}])|{"usage":{"inputTokens":3,"outputTokens":2,"totalTokens":105,"cacheReadInputTokens":100,"cacheWriteInputTokens":0}},cached_tokens=100)
# Streams without events: a list, as Gemini sends it where `alt=sse` was lost on the way, and lines of JSON
GEMINI_LIST=[gemini([{"text":"Te"}],finish="")|{"usageMetadata":{"promptTokenCount":4}},gemini([{"text":"al"}])|{"modelVersion":"g-1"}]
for kind in ("google","google stream"):
    case(kind,"a list of pieces",json.dumps(GEMINI_LIST),text="Teal",model="g-1",input_tokens=4,finish_reason="STOP")
    case(kind,"an error behind a piece, in a list",json.dumps([GEMINI_LIST[0],{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}]),error="provider_error",error_detail="HTTP 200: The model is overloaded.")
    case(kind,"an error in a list, alone",json.dumps([{"error":{"code":429,"message":"Resource has been exhausted","status":"RESOURCE_EXHAUSTED"}}]),error="rate_limited")
for kind in ("openai","openai stream"):
    case(kind,"an error behind a piece, in lines (Ollama)",'{"model":"l","message":{"role":"assistant","content":"Te"},"done":false}\n{"error":"model runner has unexpectedly stopped"}\n',error="provider_error",error_detail="HTTP 200: model runner has unexpectedly stopped")
case("bedrock","performance and trace",converse([{"text":"Hi"}],performanceConfig={"latency":"optimized"},trace={"promptRouter":{"invokedModelId":"arn:x:claude-3"}}),header_with_value="arn:x:claude-3")
# Cohere v2
case("openai","cohere v2 plain",{"id":"c","finish_reason":"COMPLETE","message":{"role":"assistant","content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"Teal"}]},"usage":{"billed_units":{"input_tokens":5,"output_tokens":1},"tokens":{"input_tokens":71,"output_tokens":2},"cached_tokens":64}},text="Teal",input_tokens=71,cached_tokens=64)
case("openai","cohere v2 tool plan",{"id":"c","finish_reason":"TOOL_CALL","message":{"role":"assistant","tool_plan":"I will look","tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{}"}}]},"usage":{"tokens":{"input_tokens":7,"output_tokens":2}}},tool_calls=[["f","{}"]],text="")
case("openai stream","cohere thinking delta",stream({"type":"message-start","id":"c","delta":{"message":{"role":"assistant"}}},{"type":"content-start","index":0,"delta":{"message":{"content":{"type":"thinking","thinking":""}}}},{"type":"content-delta","index":0,"delta":{"message":{"content":{"thinking":"hm"}}}},{"type":"content-end","index":0},{"type":"content-start","index":1,"delta":{"message":{"content":{"type":"text","text":""}}}},{"type":"content-delta","index":1,"delta":{"message":{"content":{"text":"Teal"}}}},{"type":"message-end","delta":{"finish_reason":"COMPLETE","usage":{"tokens":{"input_tokens":7,"output_tokens":2}}}}),text="Teal",input_tokens=7)
case("openai stream","cohere error",stream({"type":"message-end","delta":{"finish_reason":"ERROR","error":"internal"}}),is_error=True)
# OpenAI-compatible families
case("openai","mistral thinking parts",chat([{"type":"thinking","thinking":[{"type":"text","text":"hm"}],"closed":True},{"type":"text","text":"Teal"}]),text="Teal")
case("openai","mistral references part",chat([{"type":"text","text":"Blue "},{"type":"reference","reference_ids":[1]},{"type":"text","text":"sky"}]),text="Blue sky")
case("openai","xai citations, num_sources",chat("Hi",usage=counts(10,2,total=20,completion_tokens_details={"reasoning_tokens":8},num_sources_used=3),reasoning_content="hm")|{"citations":["http://x"]},output_tokens=10,reasoning_tokens=8)
case("openai","deepseek cache",chat("Hi",usage=counts(10,2,prompt_cache_hit_tokens=8,prompt_cache_miss_tokens=2),reasoning_content="hm"),cached_tokens=8,text="Hi")
case("openai","dashscope native",{"output":{"choices":[{"finish_reason":"stop","message":{"role":"assistant","content":"Teal"}}]},"usage":{"input_tokens":3,"output_tokens":1,"total_tokens":4},"request_id":"r"},text="Teal",input_tokens=3)
case("openai","dashscope native text",{"output":{"text":"Teal","finish_reason":"stop"},"usage":{"input_tokens":3,"output_tokens":1},"request_id":"r"},text="Teal")
case("openai","moonshot cached at top",chat("Hi",usage=counts(10,2,cached_tokens=8)),cached_tokens=8)
case("openai","zai sensitive",chat("",finish="sensitive"),refused=True)
case("openai","zai network_error",chat("",finish="network_error"),is_error=True)
case("openai","zai model_context_window_exceeded",chat("Te",finish="model_context_window_exceeded"),text="Te")
case("openai","minimax base_resp ok",chat("Hi")|{"input_sensitive":False,"output_sensitive":False,"base_resp":{"status_code":0,"status_msg":""}},text="Hi")
case("openai","minimax output_sensitive",chat("")|{"output_sensitive":True,"output_sensitive_type":1},refused=True)
case("openai","minimax base_resp 1027",{"choices":None,"base_resp":{"status_code":1027,"status_msg":"output new_sensitive"}},refused=True)
case("openai","openrouter provider + error in choice",{"id":"g","provider":"X","model":"m","choices":[{"index":0,"finish_reason":"error","native_finish_reason":"error","message":{"content":"","role":"assistant"},"error":{"code":502,"message":"Provider disconnected"}}]},error="provider_error")
case("openai","openrouter provider",chat("Hi",reasoning="hm",reasoning_details=[{"type":"reasoning.text","text":"hm"}])|{"provider":"DeepInfra"},text="Hi",header_with_value="DeepInfra")
case("openai","groq executed_tools",chat("Hi",executed_tools=[{"index":0,"type":"search","arguments":"{}"}],reasoning="hm")|{"usage_breakdown":{"models":[]},"service_tier":"on_demand","system_fingerprint":"fp_1"},text="Hi",tool_calls=[],system_fingerprint="fp_1")
case("openai","fireworks perf",chat("Hi",usage=counts(5,1)|{"prompt_tokens_details":{"cached_tokens":4}})|{"perf_metrics":{}},cached_tokens=4)
case("openai","cerebras time_info",chat("Hi")|{"time_info":{"queue_time":0.1},"system_fingerprint":"fp_2"},system_fingerprint="fp_2")
case("openai","sambanova usage",chat("Hi",usage={"completion_tokens":2,"prompt_tokens":5,"total_tokens":7,"acceptance_rate":2.1,"is_last_response":True}),input_tokens=5)
case("openai","azure content filter choice",{"model":"m","choices":[{"index":0,"finish_reason":"content_filter","message":{"role":"assistant"},"content_filter_results":{"violence":{"filtered":True,"severity":"high"}}}]},refused=True)
case("openai stream","azure async filter chunk",stream({"model":"","choices":[],"prompt_filter_results":[{"prompt_index":0,"content_filter_results":{}}]},chunk({"role":"assistant"}),chunk({"content":"Hi"}),{"model":"m","choices":[{"index":0,"delta":{},"finish_reason":None,"content_filter_offsets":{"check_offset":1},"content_filter_results":{}}]},chunk({},"stop")),text="Hi",model="m")
case("openai stream","openai obfuscation, usage chunk",stream(chunk({"role":"assistant","content":"","refusal":None},obfuscation="abc"),chunk({"content":"Hi"}),chunk({},"stop"),{"model":"m","choices":[],"usage":counts(3,1),"obfuscation":"x"}),text="Hi",input_tokens=3)
case("openai stream","vllm continuous usage",stream(chunk({"content":"H"},usage=counts(3,1,4)),chunk({"content":"i"},"stop",usage=counts(3,2,5)),{"model":"m","choices":[],"usage":counts(3,2,5)}),text="Hi",output_tokens=2)
case("openai stream","vllm reasoning field",stream(chunk({"reasoning":"hm"}),chunk({"content":"Hi"}),chunk({},"stop")),text="Hi")
case("openai stream","sglang reasoning_content null",stream(chunk({"role":"assistant","content":"","reasoning_content":None}),chunk({"content":"Hi","reasoning_content":None}),chunk({"content":None},"stop")|{"usage":None}),text="Hi")
case("openai stream","vllm error in stream",stream(chunk({"content":"H"}),{"error":{"object":"error","message":"EngineCore encountered an issue","type":"InternalServerError","code":500}}),error="provider_error")
case("openai stream","openrouter mid-stream error",stream(chunk({"content":"H"}),{"id":"g","provider":"X","model":"m","error":{"code":"server_error","message":"Provider disconnected"},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}),error="provider_error")
case("openai stream","openrouter comments",": OPENROUTER PROCESSING\n\n"+stream(chunk({"content":"Hi"}),chunk({},"stop")),text="Hi")
case("openai","ollama native",{"model":"m","message":{"role":"assistant","content":"Hi","thinking":"hm"},"done":True,"done_reason":"stop","prompt_eval_count":5,"eval_count":2},text="Hi",input_tokens=5)
case("openai","lmstudio stats",chat("Hi")|{"stats":{"stop_reason":"eosFound"},"model_info":{"arch":"llama","quant":"Q4_K_M"},"runtime":{"name":"llama.cpp","version":"1.2"}},text="Hi",header_with_value="Q4_K_M")
case("openai","tgi eos_token",chat("Hi",finish="eos_token")|{"system_fingerprint":"3.0-sha-abc"},text="Hi",system_fingerprint="3.0-sha-abc")
case("openai","cloudflare errors",{"success":False,"errors":[{"code":3036,"message":"you have used up your daily free allocation of 10,000 neurons"}],"result":None},error="out_of_credit")
case("openai","cloudflare capacity",{"success":False,"errors":[{"code":3040,"message":"Capacity temporarily exceeded, please try again."}],"result":None},errors=("provider_error","rate_limited"))
case("openai","kong ai plugin",chat("Hi")|{"model":"m-x"},model="m-x")
# fmt: on


@pytest.mark.parametrize(("kind", "body", "right"), ANSWERS)
def test_an_answer_is_read_for_what_it_is(kind: str, body: object, right: dict[str, Any]) -> None:
    reply = replied(kind, body)
    found: dict[str, object] = {
        "tool_calls": [[call.name, call.arguments] for call in reply.tool_calls],
        "says_why": bool(reply.empty_because),
        "refused": bool(reply.refusal),
        "is_error": bool(reply.error),
        "ttft": reply.ttft_s is not None,
        "header_with_value": next((v for v in reply.headers.values() if v == right.get("header_with_value")), None),
        "errors": right.get("errors") if reply.error in right.get("errors", ()) else reply.error,
    }
    assert {name: found[name] if name in found else getattr(reply, name) for name in right} == right, reply


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<think>hm</think>Teal", "Teal"), ("hm hm\n</think>\n\nTeal", "\nTeal"), ("<thought>hm</thought>Teal", "Teal"),
        ("<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Teal", "Teal"),
        ("[THINK]hm[/THINK]Teal", "Teal"), ("<seed:think>hm</seed:think>Teal", "Teal"), ("◁think▷hm◁/think▷Teal", "Teal"),
        ("[THINK]hm", ""), ("hm\n</think>", ""),
        ("The tag </think> ends it.", "The tag </think> ends it."), ("[THINKING] hats", "[THINKING] hats"),
        ("A <thought> is a tag.", "A <thought> is a tag."),
    ],
)  # fmt: skip
def test_thinking_that_a_server_leaves_in_the_text_is_no_answer(text: str, answer: str) -> None:
    assert without_thinking(text) == answer
