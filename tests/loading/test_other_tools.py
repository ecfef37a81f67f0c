"""Files that other tools wrote: each becomes the replies it holds, and what could not be carried is said."""

from __future__ import annotations

import gzip
import json
import os
import zipfile
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prober.loading.other_tools import TOOLS, read
from prober.loading.other_tools.chat import asked, moment, text_of
from prober.loading.reply_log import LoggedReply
from prober.model.errors import LogError

WRITTEN = 1_767_225_600  # 2026-01-01


def lines(*records: object) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def promptfoo(**row: object) -> dict[str, object]:
    response = {"output": "Paris", "tokenUsage": {"prompt": 12, "completion": 3, "total": 15}, "finishReason": "stop"}
    return {
        "promptIdx": 0, "testIdx": 3, "provider": {"id": "openai:gpt-5", "label": "five"}, "latencyMs": 250,
        "prompt": {"raw": '[{"role":"system","content":"Be short."},{"role":"user","content":"Capital?"}]'},
        "testCase": {"description": "capital"}, "response": response, "success": False,
        "error": "Expected output to equal Rome", **row,
    }  # fmt: skip


def of_run(*rows: object) -> dict[str, object]:
    return {"evalId": "e-1", "results": {"version": 3, "timestamp": "2026-02-03T04:05:06.000Z", "results": list(rows)}}


CHAT = {
    "id": "c", "model": "gpt-5-0807", "system_fingerprint": "fp_1",
    "choices": [{"message": {"role": "assistant", "content": "Paris"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 12, "completion_tokens": 3, "completion_tokens_details": {"reasoning_tokens": 2}},
}  # fmt: skip
ZERO, BODIES = "00000000-0000-0000-0000-000000000000", {"request_body": '{"prompt": "q"}', "response_body": CHAT}
EVENT = {"run_id": "r7", "event_id": 4, "sample_id": "geo.1", "type": "sampling", "created_by": "",
         "created_at": "2026-02-03 04:05:09.5+00:00"}  # fmt: skip
FILES: dict[str, tuple[str, str, dict[str, object]]] = {
    "promptfoo": (
        "out.json", json.dumps(of_run(promptfoo()), indent=1),
        {"endpoint": "five", "probe": "capital", "round": "2026-02-03T04:05:06.000000Z", "system": "Be short.",
         "latency_s": 0.25, "input_tokens": 12, "output_tokens": 3, "finish_reason": "stop"},
    ),
    "lm-eval": (
        "org__small-1/samples_geo_2026-02-03T04-05-06.123456.jsonl",
        lines({"doc_id": 5, "doc": {}, "target": "Paris", "filter": "none", "acc": 1.0, "resps": [["Paris"]],
               "arguments": [["Capital?", {"until": ["\n"]}]]}),
        {"endpoint": "org/small-1", "probe": "geo/5", "round": "2026-02-03T04:05:06.123456Z"},
    ),
    "openai-evals": (
        "log.jsonl",
        lines({"spec": {"completion_fns": ["gpt-5"], "eval_name": "geo", "run_id": "r7"}},
              {**EVENT, "data": {"prompt": [{"role": "user", "content": "Capital?"}], "sampled": "Paris",
                                 "model": "gpt-5-0807", "usage": {"prompt_tokens": 12, "completion_tokens": 3}}},
              {**EVENT, "type": "match", "data": {"correct": True}}, {"final_report": {"accuracy": 1.0}}),
        {"endpoint": "gpt-5", "probe": "geo.1", "round": "2026-02-03T04:05:09.500000Z", "model": "gpt-5-0807",
         "input_tokens": 12, "output_tokens": 3},
    ),
    "langfuse": (
        "generations.json",
        json.dumps([{"id": "o", "traceId": "t", "type": "GENERATION", "name": "ask", "promptName": "capital",
                     "startTime": "2026-02-03T04:05:06.000Z", "endTime": "2026-02-03T04:05:06.250Z", "level": "DEFAULT",
                     "model": "gpt-5", "input": [{"role": "user", "content": "Capital?"}], "output": CHAT["choices"],
                     "usageDetails": {"input": 12, "output": 3, "total": 15}}]),
        {"endpoint": "gpt-5", "probe": "capital", "round": "2026-02-03", "latency_s": 0.25, "input_tokens": 12,
         "output_tokens": 3},
    ),
    "helicone": (
        "requests.jsonl",
        lines({"request_id": "q", "response_id": "a", "request_created_at": "2026-02-03T04:05:06+00:00",
               "response_status": 200, "request_model": "gpt-5", "delay_ms": 250, "prompt_id": "capital",
               "request_body": {"messages": [{"role": "user", "content": "Capital?"}]}, "response_body": CHAT}),
        {"endpoint": "gpt-5", "probe": "capital", "round": "2026-02-03", "model": "gpt-5-0807", "latency_s": 0.25,
         "reasoning_tokens": 2, "system_fingerprint": "fp_1"},
    ),
    "inspect": (
        "log.json",
        json.dumps({"version": 2, "status": "success", "samples": [{
            "id": 5, "epoch": 1, "input": "Capital?", "target": "Paris", "scores": {}, "output": {
                "model": "gpt-5-0807", "time": 0.25, "usage": {"input_tokens": 12, "output_tokens": 3},
                "choices": [{"message": {"role": "assistant", "content": [{"type": "reasoning", "reasoning": "hm"},
                                         {"type": "text", "text": "Paris"}]}, "stop_reason": "stop"}]}}],
            "eval": {"task": "geo", "model": "openai/gpt-5", "created": "2026-02-03T05:05:06+01:00"}}),
        {"endpoint": "openai/gpt-5", "probe": "geo/5", "round": "2026-02-03T04:05:06.000000Z", "model": "gpt-5-0807",
         "finish_reason": "stop", "input_tokens": 12, "output_tokens": 3, "latency_s": 0.25},
    ),
    "batch": (
        "batch_output.jsonl",
        lines({"id": "b", "custom_id": "capital", "response": {"status_code": 200, "request_id": "q",
               "body": {**CHAT, "created": 1_770_091_506}}, "error": None}),
        {"endpoint": "gpt-5-0807", "probe": "capital", "round": "2026-02-03T04:05:06.000000Z", "model": "gpt-5-0807",
         "finish_reason": "stop", "input_tokens": 12, "reasoning_tokens": 2},
    ),
    "alpaca-eval": (
        "model_outputs.json",
        json.dumps([{"dataset": "geo", "instruction": "Capital?", "output": "Paris", "generator": "gpt-5"}]),
        {"endpoint": "gpt-5", "round": "2026-01-01T00:00:00.000000Z"},
    ),
}  # fmt: skip


def replies_of(path: Path, tool: str | None = None) -> tuple[list[LoggedReply], str]:
    told: list[str] = []
    return list(read(path, tool, lambda count: None, told.append)), "\n".join(told)


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    os.utime(path, (WRITTEN, WRITTEN))
    return path


@pytest.mark.slow
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("tool", TOOLS)
def test_the_file_of_every_tool_is_read(tool: str, named: bool, packed: bool, tmp_path: Path) -> None:
    name, content, expected = FILES[tool]
    path = written(tmp_path, name, gzip.compress(content.encode()) if packed else content)
    (logged,), told = replies_of(path, tool if named else None)
    found = {"endpoint": logged.endpoint, "probe": logged.probe, "round": logged.round, "system": logged.system}
    assert (logged.reply.text, logged.prompt) == ("Paris", None if tool == "batch" else "Capital?")
    assert {key: found[key] if key in found else getattr(logged.reply, key) for key in expected} == expected
    assert TOOLS[tool].title in told and "1 reply; not carried over: " in told


@pytest.mark.parametrize(
    ("tool", "name", "content", "texts", "said"),
    [
        ("promptfoo", "o.json", of_run(promptfoo(response={"output": "x", "cached": True}), promptfoo()), ["Paris"],
         "left out: replies from promptfoo's cache"),
        ("promptfoo", "o.json", of_run(promptfoo(response={"error": "429 slow down"})), [None], ""),
        ("promptfoo", "o.json", of_run(promptfoo(response={"output": {"city": "Paris"}})), ['{"city": "Paris"}'], ""),
        ("promptfoo", "o.json", of_run(promptfoo(response=None, error=None)), [], "asks without an answer or an error"),
        ("lm-eval", "samples_t.jsonl", [{"doc_id": 1, "resps": [["a"], ["b"]], "filter": "x", "arguments": []},
                                        {"doc_id": 1, "resps": [["a"], ["b"]], "filter": "y", "arguments": []}],
         ["a", "b"], "lines that repeat a reply under another filter"),
        ("lm-eval", "samples_t.jsonl", [{"doc_id": 1, "resps": [["-1.5", "True"], ["-0.2", "False"]]}], [],
         "2 log-likelihoods of given answers, which are no replies"),
        ("langfuse", "o.jsonl", [{"type": "SPAN", "start_time": "2026-02-03 04:05:06.000001", "input": "a"},
                                 {"type": "GENERATION", "start_time": "2026-02-03 04:05:06.000001", "input": "a",
                                  "output": "b", "provided_model_name": "m"}], ["b"], "the type SPAN"),
        ("langfuse", "o.csv", 'id,type,startTime,model,input,output\r\n1,GENERATION,2026-02-03T04:05:06Z,m,"[{""role""'
         ':""user"",""content"":""Capital?""}]","{""role"":""assistant"",""content"":""Par,is""}"\r\n', ["Par,is"], ""),
        ("langfuse", "o.json", [{"id": "t", "timestamp": "2026-02-03T04:05:06Z", "observations": [
            {"type": "EVENT", "startTime": "2026-02-03T04:05:06Z"},
            {"type": "GENERATION", "startTime": "2026-02-03T04:05:06Z", "model": "m", "input": "a", "output": "b"}]}],
         ["b"], "the type EVENT"),
        ("helicone", "o.jsonl", [{"request_created_at": "2026-02-03 04:05:06", "cache_reference_id": ZERO, **BODIES},
                                 {"request_created_at": "2026-02-03 04:05:06", "cache_reference_id": "7f", **BODIES}],
         ["Paris"], "replies from Helicone's cache"),
        ("promptfoo", "o.jsonl", "\ufeff" + json.dumps(promptfoo(response="x")), ["x"], ""),
        ("helicone", "o.json", {"data": [{"request_created_at": 1770091506000, "response_status": 500,
                                          "request_body": {}, "response_body": {"error": {"message": "down"}}}]},
         [None], ""),
        ("inspect", "l.json", {"eval": {"task": "t"}, "status": "error"}, [], "logs without samples"),
        ("alpaca-eval", "m.json", [{"instruction": "Add.", "input": "1 2", "output": ""}], [""], "when the file was"),
    ],
)  # fmt: skip
def test_what_is_no_plain_answer(
    tool: str, name: str, content: object, texts: list[str | None], said: str, tmp_path: Path
) -> None:
    text = content if isinstance(content, str) else lines(*content) if name.endswith("l") and isinstance(
        content, list) else json.dumps(content)  # fmt: skip
    logged, told = replies_of(written(tmp_path, name, text))
    assert [one.reply.text for one in logged] == texts
    assert all(one.reply.error for one in logged if one.reply.text is None)
    assert TOOLS[tool].title in told and said in told


def test_a_packed_inspect_log_is_read(tmp_path: Path) -> None:
    whole = json.loads(FILES["inspect"][1])
    with zipfile.ZipFile(tmp_path / "log.eval", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("header.json", json.dumps({"eval": whole["eval"]}))
        packed.writestr("samples/5_epoch_1.json", json.dumps(whole["samples"][0]))
    (logged,), _ = replies_of(tmp_path / "log.eval")
    assert (logged.probe, logged.reply.text) == ("geo/5", "Paris")
    (tmp_path / "broken.eval").write_bytes((tmp_path / "log.eval").read_bytes()[:200])
    with pytest.raises(LogError, match=r"broken.eval: cannot be read as an Inspect log .*inspect log dump"):
        replies_of(tmp_path / "broken.eval")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"question": "a", "answer": "b"}\n', "f:1: is no reply log.* promptfoo results, .*name the tool with --from"),
        ("[1, 2]", "f: is no reply log"),
        (
            lines({"doc_id": 1, "resps": []}) + "{broken\n",
            r"f:2: not JSON \(Expecting property name enclosed in double quotes\); every line",
        ),
        ("plain words\n", "f:1: not JSON"),
        ('{"round": "1", "endpoint": "e", "probe": "p"}\n', 'f:1: neither "text" nor "error"'),
    ],
)
def test_what_is_of_no_tool_is_said_with_its_line(content: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(LogError, match=words):
        replies_of(written(tmp_path, "f", content))


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("a", "a"), (None, None), ({"role": "assistant", "content": None, "tool_calls": []}, None), (7, "7"),
        ({"choices": [{"text": "a"}]}, "a"), ({"content": [{"type": "text", "text": "a"}, {"type": "tool_use"}]}, "a"),
        ({"output": [{"type": "reasoning"}, {"type": "message", "content": [{"type": "output_text", "text": "a"}]}]}, "a"),
        ({"candidates": [{"content": {"parts": [{"text": "a"}, {"text": "b"}], "role": "model"}}]}, "ab"),
        ([{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}], "a"),
    ],
)  # fmt: skip
def test_the_text_of_an_answer_in_any_shape(said: object, text: str | None) -> None:
    assert text_of(said) == text


@pytest.mark.parametrize(
    ("request_", "found"),
    [
        ("q", {"prompt": "q"}),
        ({"system": "s", "messages": [{"role": "user", "content": [{"type": "text", "text": "q"}]}]},
         {"prompt": "q", "system": "s"}),
        ([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "q"}],
         {"prompt": "user: a\n\nassistant: b\n\nuser: q"}),
        ({"contents": [{"role": "user", "parts": [{"text": "q"}]}]}, {"prompt": "q"}),
        (None, {}),
    ],
)  # fmt: skip
def test_the_prompt_of_a_request_in_any_shape(request_: object, found: dict[str, str]) -> None:
    assert asked(request_) == found


JSON = st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=9) | st.sampled_from(["2026-01-01", 1e12]),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
                        st.sampled_from(["content", "choices", "message", "role", "eval", "samples", "output", "input",
                                         "results", "data", "type", "usage", "error", "response", "resps", "spec"]),
                        inner, max_size=4), max_leaves=12)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=1_500, deadline=None)
@given(st.sampled_from(sorted(TOOLS)), st.lists(JSON, max_size=3), st.booleans())
def test_no_file_breaks_a_reader(tool: str, records: list[object], whole: bool) -> None:
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"prober-foreign-{os.getpid()}.json"
    try:
        path.write_text(json.dumps(records) if whole else lines(*records), encoding="utf-8")
        replies_of(path, tool)
    except LogError:
        pass  # said with its place
    finally:
        path.unlink(missing_ok=True)


PAIR = {"instruction": "Capital?", "output_1": "Paris", "generator_1": "a", "output_2": "Rome", "generator_2": "b"}
ITEM = {"object": "eval.run.output_item", "id": "i", "created_at": 1_770_091_506, "run_id": "r", "eval_id": "e",
        "datasource_item_id": 5, "results": [], "sample": {
            "input": [{"role": "developer", "content": "Be short."}, {"role": "user", "content": "Capital?"}],
            "output": [{"role": "assistant", "content": "Paris"}], "finish_reason": "stop", "model": "m", "error": None,
            "usage": {"prompt_tokens": 12, "completion_tokens": 3, "cached_tokens": 4}}}  # fmt: skip
CALL = {"id": "c", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Paris"}'}}
CHUNKS = [{"model": "m-1", "choices": [{"delta": {"content": "Pa"}}]}, {"choices": [{"delta": {"content": "ris"}}]},
          {"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 12, "completion_tokens": 3}},
          ]  # fmt: skip
SAMPLE = {"id": 5, "input": [{"role": "system", "content": "attachment://a1"}, {"role": "user", "content": "Capital?"}],
          "attachments": {"a1": "Be short.", "b2": "Paris"}, "output": {
              "model": "m", "usage": {"input_tokens": 12, "input_tokens_cache_read": 4}, "choices": [{"message": {
                  "role": "assistant", "content": "attachment://b2", "tool_calls": [
                      {"id": "1", "type": "function", "function": "bash", "arguments": {"cmd": "ls"}}]}}]}}  # fmt: skip
CHAT_ASKED = '[{"role": "system", "content": "Be short."}, {"role": "user", "content": "Capital?"}]'


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.json", [PAIR], [{"endpoint": "a", "text": "Paris"}, {"endpoint": "b", "text": "Rome"}]),
        ("a.json", {"instruction": {"0": "Capital?", "1": "q"}, "output": {"0": "Paris", "1": "r"}, "generator": {"0": "a", "1": "a"}},
         [{"endpoint": "a", "prompt": "Capital?", "text": "Paris"}, {"prompt": "q", "text": "r"}]),
        ("e.jsonl", [{"spec": {"model_name": "davinci", "run_id": "r", "created_at": "2023-03-01 10:00:00.0"}},
                     {"run_id": "r", "event_id": 1, "sample_id": "geo.0", "type": "sampling", "created_at": "2023-03-01",
                      "data": {"prompt": [{"role": "user", "content": "Capital?"}], "sampled": "Paris"}}],
         [{"endpoint": "davinci", "probe": "geo.0", "prompt": "Capital?", "text": "Paris"}]),
        ("p.json", {"results": [{"prompt": {"raw": "Capital?"}, "response": {"output": "Paris"}}], "stats": {}, "table": {},
                    "version": 1}, [{"prompt": "Capital?", "text": "Paris"}]),
        ("p.json", {"version": 4, "evalId": "e", "metadata": {}, "results": {"version": 3, "timestamp": "2026-02-03T04:05:06Z",
                    "results": [{"promptIdx": 0, "testIdx": 0, "provider": {"id": "p", "label": ""}, "prompt": {"raw": "Capital?"},
                                 "response": {"output": "Paris", "finishReason": "stop"}, "failureReason": 1, "error": "a check failed"}]}},
         [{"endpoint": "p", "text": "Paris", "error": None, "finish_reason": "stop", "round": "2026-02-03T04:05:06.000000Z"}]),
        ("i.json", {"version": 1, "status": "success", "eval": {"task": "geo", "created": "2024-05-01T00:00:00", "model": "m"},
                    "samples": [{"id": 1, "epoch": 1, "input": "Capital?", "score": {"value": "C"}, "output": {"choices": [
                        {"message": {"role": "assistant", "content": "Paris", "source": "generate"}, "stop_reason": "stop"}]}}]},
         [{"probe": "geo/1", "prompt": "Capital?", "text": "Paris", "finish_reason": "stop"}]),
        ("h.json", [{"request_created_at": "2026-02-03T04:05:06Z", "model": "l", "request_body": {"prompt": "Capital?"},
                     "response_body": {"model": "l", "response": "Paris", "done": True, "done_reason": "stop", "prompt_eval_count": 12,
                                       "eval_count": 3}}],
         [{"prompt": "Capital?", "text": "Paris", "finish_reason": "stop", "input_tokens": 12}]),
        ("e.json", {"object": "list", "data": [ITEM]},
         [{"endpoint": "m", "probe": "item-5", "system": "Be short.", "prompt": "Capital?", "text": "Paris",
           "round": "2026-02-03T04:05:06.000000Z", "finish_reason": "stop", "input_tokens": 12, "cached_tokens": 4}]),
        ("e.jsonl", [{**ITEM, "sample": {**ITEM["sample"], "output": [], "error": {"code": "server_error"}}}],
         [{"text": None, "error": "server_error"}]),
        ("p.json", of_run(promptfoo(response={"output": [CALL]})),
         [{"text": "", "tool_calls": [("weather", '{"city":"Paris"}')]}]),
        ("p.json", of_run(promptfoo(response={"error": "401: Incorrect API key provided: sk-proj-" + "a1b2" * 8})),
         [{"error": "401: Incorrect API key provided: [secret]"}]),
        ("samples_geo.jsonl", [{"doc_id": 5, "resps": [["Paris", "Rome"]], "arguments": {
            "gen_args_0": {"arg_0": [CHAT_ASKED], "arg_1": {}}}}],
         [{"system": "Be short.", "prompt": "Capital?", "text": "Paris"}, {"text": "Rome"}]),
        ("h.json", [{"request_created_at": "2026-02-03T04:05:06Z", "request_body": {"prompt": "Capital?"},
                     "response_status": 429, "response_body": {"error": {"message": "Slow down."}}},
                    {"request_created_at": "2026-02-03T04:05:06Z", "request_body": {"prompt": "Capital?"},
                     "response_status": 500, "response_body": {"helicone_message": "fetching body from signed_url..."},
                     "signed_body_url": "https://store.example/1?signature=x"},
                    {"request_created_at": "2026-02-03T04:05:06Z", "request_body": {"prompt": "Capital?"},
                     "response_status": -3, "response_body": None}],
         [{"prompt": "Capital?", "error": "HTTP 429: Slow down."}, {"error": "cancelled, or the provider was not reached (status -3)"}]),
        ("e.jsonl", [{"run_id": "r", "event_id": 0, "sample_id": "geo.1", "type": "error", "created_at": "2026-02-03 04:05:06",
                      "data": {"type": "RateLimitError", "message": "Too many requests"}},
                     {"run_id": "r", "event_id": 1, "sample_id": "geo.2", "type": "error", "data": {"type": "Timeout"}}],
         [{"probe": "geo.1", "text": None, "error": "Too many requests"}, {"probe": "geo.2", "error": "Timeout"}]),
        ("h.json", [{"request_created_at": "2026-02-03T04:05:06Z", "response_body": {"streamed_data": CHUNKS}}],
         [{"text": "Paris", "model": "m-1", "finish_reason": "stop", "input_tokens": 12}]),
        ("h.csv", "request_id,request_created_at,model,response_body\r\n1,2026-02-03 04:05:06,m,"
         '"data: {""choices"":[{""delta"":{""content"":""Paris""}}]}\n\ndata: [DONE]"\r\n',
         [{"endpoint": "m", "text": "Paris", "round": "2026-02-03"}]),
        ("l.csv", 'id;startTime;type;providedModelName;input;output\r\no;2026-02-03 04:05:06.123;GENERATION;m;"""Capital?"""'
         ';"""Paris"""\r\n', [{"endpoint": "m", "prompt": "Capital?", "text": "Paris"}]),
        ("i.json", {"eval": {"task": "geo", "model": "m"}, "samples": [SAMPLE, {**SAMPLE, "events": [
            {"event": "model", "cache": "read"}]}]},
         [{"system": "Be short.", "text": "Paris", "cached_tokens": 4, "tool_calls": [("bash", '{"cmd": "ls"}')]}]),
    ],
)  # fmt: skip
def test_other_shapes_of_the_same_tools(
    name: str, content: object, expected: list[dict[str, object]], tmp_path: Path
) -> None:
    text = content if isinstance(content, str) else lines(*content) if name.endswith("l") and isinstance(
        content, list) else json.dumps(content)  # fmt: skip
    found, _ = replies_of(written(tmp_path, name, text))
    seen = [
        {
            **{key: getattr(one, key) for key in ("round", "endpoint", "probe", "prompt", "system")},
            **{key: getattr(one.reply, key) for key in ("text", "error", "model", "finish_reason", "input_tokens")},
            "cached_tokens": one.reply.cached_tokens,
            "tool_calls": [(call.name, call.arguments) for call in one.reply.tool_calls],
        }
        for one in found
    ]
    assert [{key: one[key] for key in right} for one, right in zip(seen, expected, strict=True)] == expected


SCORES = "Status,Score,Named Scores,Grader Reason,Comment"
NEW_TABLE = f"""Description,country,"[openai:gpt-5] Be short.
Capital of {{{{country}}}}?",{SCORES},[five (eu)] {{{{ country }}}}?,Status,Score,Named Scores,Metric: tone,Grader Reason,Comment
capital,France,"Paris,
""la belle""\",PASS,1.00,,ok,,'=1+1,FAIL,0.00,,0.50,Expected,
,Italy,,ERROR,0.00,,429 slow down,,Rome,PASS,1.00,,1.00,ok,
"""
OLD_TABLE = """q,[openai:gpt-4] {{q}},[anthropic:claude] {{q}}
Capital?,"[PASS] (1.00)

Paris

Pass Reason: All assertions passed","[FAIL] (0.00, tone: 0.50)

Lyon

Fail Reason: Expected Paris"
Two?,"[FAIL] Expected 2
---
three",[ERROR] API error: 500
"""
YAML = """evalId: eval-1
results:
  version: 3
  timestamp: 2026-02-03T04:05:06.000Z
  results:
    - provider: &ref_0
        id: openai:gpt-5
        label: five
      latencyMs: 250
      prompt:
        raw: Time?
      response:
        output: 12:30
    - provider: *ref_0
      prompt:
        raw: Time?
      response:
        output: |-
          yes: and
          no
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("new.csv", NEW_TABLE,
         [("openai:gpt-5", "capital", "Be short.\nCapital of France?", 'Paris,\n"la belle"', None),
          ("five (eu)", "capital", "France?", "=1+1", None),
          ("openai:gpt-5", None, "Be short.\nCapital of Italy?", None, "429 slow down"),
          ("five (eu)", None, "Italy?", "Rome", None)]),
        ("old.csv", OLD_TABLE,
         [("openai:gpt-4", None, "Capital?", "Paris", None), ("anthropic:claude", None, "Capital?", "Lyon", None),
          ("openai:gpt-4", None, "Two?", "three", None),
          ("anthropic:claude", None, "Two?", None, "API error: 500")]),
        ("alone.csv", f"[openai:gpt-5] Say hi,{SCORES}\nhi,PASS,1.00,,ok,\n",
         [("openai:gpt-5", None, "Say hi", "hi", None)]),
        ("label.csv", f"q,mine,{SCORES}\nCapital?,Paris,PASS,1.00,,ok,\nTwo?,2,PASS,1.00,,ok,\n",
         [("promptfoo", "test-0: mine", None, "Paris", None), ("promptfoo", "test-1: mine", None, "2", None)]),
        ("semicolons.csv", f'q;"[openai:gpt-5] {{{{q}}}}";{SCORES.replace(",", ";")}\nCapital?;Paris;PASS;1,00;;ok;\n',
         [("openai:gpt-5", None, "Capital?", "Paris", None)]),
        ("code.csv", 'q,"[openai:gpt-5] int a; int b; {{q}}"\nc,Paris\n',
         [("openai:gpt-5", None, "int a; int b; c", "Paris", None)]),
        ("long.csv", 'q,[openai:gpt-5] {{q}}' + "\t" * 200_000 + '\nc,"[PASS] Paris' + "\n" * 200_000 + 'Lyon"\n',
         [("openai:gpt-5", None, "c" + "\t" * 200_000, "Paris" + "\n" * 200_000 + "Lyon", None)]),
        ("out.yaml", "# saved\n---\n" + YAML, [("five", None, "Time?", "12:30", None), ("five", None, "Time?", "yes: and\nno", None)]),
        ("out.yaml", YAML, [("five", None, "Time?", "12:30", None), ("five", None, "Time?", "yes: and\nno", None)]),
        ("batch.jsonl", lines(
            {"custom_id": "b", "response": {"status_code": 200, "body": {**CHAT, "created": 1_770_091_506}}},
            {"custom_id": "a", "response": {"status_code": 429, "body": {"error": {"message": "slow"}}}, "error": None},
            {"custom_id": "c", "response": None, "error": {"code": "batch_expired", "message": "too late"}},
            {"custom_id": "d", "response": {"status_code": 200, "body": {"object": "list", "data": [], "model": "e"}}},
            {"custom_id": "e", "response": {"body": {"object": "response", "model": "gpt-5-0807", "output": [
                {"type": "reasoning", "summary": []},
                {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Oslo"}]}]}}},
         ), [("gpt-5-0807", "b", None, "Paris", None), ("batch", "a", None, None, "slow"),
             ("batch", "c", None, None, "too late"), ("gpt-5-0807", "e", None, "Oslo", None)]),
        ("anthropic.jsonl", lines(
            {"custom_id": "a", "result": {"type": "succeeded", "message": {
                "model": "c", "content": [{"type": "text", "text": "Paris"}], "stop_reason": "end_turn"}}},
            {"custom_id": "b", "result": {"type": "errored", "error": {"type": "error", "error": {"message": "bad"}}}},
            {"custom_id": "c", "result": {"type": "expired"}},
         ), [("c", "a", None, "Paris", None), ("c", "b", None, None, "bad"), ("c", "c", None, None, "expired")]),
        ("bedrock.jsonl.out", lines(
            {"recordId": "r1", "modelInput": {"inputText": "Capital?"}, "modelOutput": {
                "inputTextTokenCount": 2, "results": [{"tokenCount": 1, "outputText": "Paris"}]}},
            {"recordId": "r2", "modelInput": {"messages": [{"role": "user", "content": [{"text": "Capital?"}]}]},
             "modelOutput": {"output": {"message": {"role": "assistant", "content": [{"text": "Oslo"}]}}, "stopReason": "end_turn"}},
            {"recordId": "r3", "modelInput": {"prompt": "Capital?"}, "modelOutput": {"generation": "Rome"}},
            {"recordId": "r4", "modelInput": {"messages": [{"role": "user", "content": "Capital?"}]}, "modelOutput": {
                "model": "claude", "role": "assistant", "content": [{"type": "text", "text": "Bern"}]}},
            {"recordId": "r5", "modelInput": {"inputText": "Capital?"}, "error": {"errorCode": 400, "errorMessage": "bad request"}},
         ), [("claude", "r1", "Capital?", "Paris", None), ("claude", "r2", "Capital?", "Oslo", None),
             ("claude", "r3", "Capital?", "Rome", None), ("claude", "r4", "Capital?", "Bern", None),
             ("claude", "r5", "Capital?", None, "bad request")]),
        ("vertex.jsonl", lines(
            {"status": "", "processed_time": "2026-02-03T04:05:06.789+00:00",
             "request": {"contents": [{"role": "user", "parts": [{"text": "Capital?"}]}]},
             "response": {"candidates": [{"content": {"role": "model", "parts": [{"text": "Paris"}]}, "finishReason": "STOP"}],
                          "modelVersion": "gemini-x", "usageMetadata": {"promptTokenCount": 2}}},
            {"status": "Bad Request: no such model", "processed_time": "2026-02-03T04:05:06.789+00:00",
             "request": {"contents": [{"role": "user", "parts": [{"text": "Capital?"}]}]}, "response": {}},
            {"status": "", "processed_time": "2026-02-03T04:05:07.789+00:00",
             "request": '{"contents": [{"role": "user", "parts": [{"text": "Capital?"}]}]}',
             "response": '{"promptFeedback": {"blockReason": "SAFETY"}, "modelVersion": "gemini-x"}'},
         ), [("gemini-x", None, "Capital?", "Paris", None), ("gemini-x", None, "Capital?", None, "Bad Request: no such model"),
             ("gemini-x", None, "Capital?", None, "SAFETY")]),
        ("gemini.jsonl", lines(
            {"key": "k1", "response": {"candidates": [{"content": {"parts": [{"text": "Paris"}]}}], "modelVersion": "gemini-x"}},
            {"key": "k2", "error": {"code": 3, "message": "too long"}},
         ), [("gemini-x", "k1", None, "Paris", None), ("gemini-x", "k2", None, None, "too long")]),
        ("claude_on_vertex.jsonl", lines(
            {"custom_id": "c1", "request": {"messages": [{"role": "user", "content": "Capital?"}]}, "status": "",
             "response": {"model": "claude", "role": "assistant", "content": [{"type": "text", "text": "Paris"}]}},
         ), [("claude", "c1", "Capital?", "Paris", None)]),
        ("langfuse.jsonl", lines({"type": "generation", "start_time": "2026-02-03T04:05:06Z", "model": "m",
                                  "input": '[{"role": "user", "content": "Capital?"}]', "output": "Paris"}),
         [("m", None, "Capital?", "Paris", None)]),
        ("helicone.jsonl", lines({"request_created_at": "2026-02-03T04:05:06Z", "response_status": -3, "model": "m",
                                  "request_body": {"prompt": "q"}, "response_body": {"error": {"message": "gone"}}}),
         [("m", None, "q", None, "cancelled, or the provider was not reached (status -3)")]),
    ],
)  # fmt: skip
def test_tables_yaml_and_batches(
    name: str, content: str, expected: list[tuple[str | None, ...]], tmp_path: Path
) -> None:
    found, _ = replies_of(written(tmp_path, name, content))
    seen = [
        (
            one.endpoint,
            None if one.probe.startswith("prompt-") else one.probe,
            one.prompt,
            one.reply.text,
            one.reply.error,
        )
        for one in found
    ]
    assert seen == expected


@pytest.mark.parametrize("text", ["As is known, [1] water boils.", "a;[b] c\td,\t[e] f"])
def test_an_answer_that_looks_like_a_column_of_promptfoo_is_an_answer(text: str, tmp_path: Path) -> None:
    ours = {"round": "2026-02-01", "endpoint": "e", "probe": "p", "text": text}
    for n, content in enumerate((lines(ours), json.dumps([ours]))):
        (found,), _ = replies_of(written(tmp_path, f"{n}", content))
        assert (found.endpoint, found.reply.text) == ("e", text)


OURS = [{"round": f"2026-02-0{day}", "endpoint": "e", "probe": "p", "text": text, "input_tokens": 3}
        for day, text in ((1, "café"), (2, "{}"))]  # fmt: skip


def test_a_spreadsheet_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "f.xlsx", "w") as packed:
        packed.writestr("[Content_Types].xml", "<Types/>")
    with pytest.raises(LogError, match="is a file of a spreadsheet or an office program; save it as CSV"):
        replies_of(tmp_path / "f.xlsx")


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n", b"\n \n"])
def test_a_file_without_a_word_holds_no_replies(content: bytes, tmp_path: Path) -> None:
    assert replies_of(written(tmp_path, "f", content))[0] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(lines(*OURS).encode("utf-16")),
        "round, endpoint, probe, text, input_tokens\n2026-02-01, e, p, café, 3\n2026-02-02, e, p, {}, 3\n",
        json.dumps(OURS),
        json.dumps(OURS, indent=2),
        lines(*OURS).encode("utf-16"),
        b"\xef\xbb\xbf" + lines(*OURS).replace("\n", "\r\n").encode(),
        "round,endpoint,probe,text,input_tokens\n2026-02-01,e,p,café,3\n2026-02-02,e,p,{},3\n",
        "round;endpoint;probe;text;input_tokens;error\r\n2026-02-01;e;p;café;3;\r\n2026-02-02;e;p;{};3;\r\n",
    ],
)
def test_our_own_replies_in_another_dress(content: str | bytes, tmp_path: Path) -> None:
    found, _ = replies_of(written(tmp_path, "f", content))
    assert [(one.round, one.reply.text, one.reply.input_tokens) for one in found] == [
        ("2026-02-01", "café", 3), ("2026-02-02", "{}", 3)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (lines(*OURS).encode().replace(b"caf\\u00e9", b"caf\xe9"),
         "f:1: not UTF-8 text: byte 0xe9 in column 68; save the file as UTF-8, as with: iconv -f LATIN1 -t UTF-8"),
        (b"PAR1\x15\x04", "f:1: not JSON: it is a Parquet file; write it as JSON Lines, with pandas"),
        (b"\x28\xb5\x2f\xfd\x00", "f:1: not JSON: it is packed by zstd; unpack it"),
        ("<!DOCTYPE html><p>Sign in", "f:1: not JSON: it is a web page"),
        ("version https://git-lfs.github.com/spec/v1\n", "f:1: not JSON: it is a Git LFS pointer"),
        ("round,endpoint,text\n1,bot,a\n", "f:1: a table whose first line has no column probe; write round,endpoint,probe"),
        ("Round,Endpoint,Probe,Text\n1,b,p,a\n", "f:1: a table whose first line is not in lower case; write round,"),
        ("<promptfoo><evalId>e", "f:1: not JSON: it is XML of promptfoo's; write JSON"),
        ("description: my eval\nprompts: [a]\n", "f:1: not JSON: it is YAML"),
        ("# mine\n---\nresults: !!binary aGk=\n", "f: cannot be read as YAML (it holds bytes (!!binary)"),
        ("results: " + "[" * 100_000, "f: cannot be read as YAML (nested too deeply)"),
        ("results: &a\n  - *a\n", "f: cannot be read as YAML (a value within itself)"),
        ("results: &a [x, x]\n" + "".join(f"k{n}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(25)),
         "f: it is too large once its aliases (*name) are written out"),
        (f"results: [&a {'x' * 10_000}" + ", *a" * 10_000 + "]\n",
         "f: it is too large once its aliases (*name) are written out"),
        (json.dumps({"custom_id": "r", "method": "POST", "url": "/v1/chat/completions", "body": {}}),
         "f:1: is the input of a batch, and holds no answers"),
        (lines({"recordId": "a", "modelInput": {"inputText": "q"}}), "f:1: is the input of a batch, and holds no answers"),
        (lines({"request": {"contents": []}}), "f:1: is the input of a batch, and holds no answers"),
        ("PK\x03\x04junk", "f: cannot be read as an Inspect log"),
        (json.dumps([OURS[0], {**OURS[1], "round": 3}], indent=2), "f:9: round: is a number, and in the lines before"),
        (json.dumps({"results": {"geo": {}}, "configs": {}}), "holds the scores of lm-evaluation-harness only"),
        ("date,question,answer\n2026-01-01,Capital?,Paris\n",
         "f:1: a table with the columns date, question, answer; a table of replies has round,endpoint,probe,text"),
        ('"When";"Model Output"\r\n1;a\r\n', "f:1: a table with the columns When, Model Output;"),
        (b"\xef\xbb\xbfprompt\tresponse\nq\ta\n", "f:1: a table with the columns prompt, response;"),
        ("round|endpoint|probe|text\n1|e|p|a\n", "separated by commas, semicolons or tabs"),
        (",".join(f"c{n}" for n in range(11)) + "\n", "c0, c1, c2, c3, c4, c5, c6, c7 and 3 more;"),
        ("sep=;\nround;endpoint;probe;text\n1;e;p;a\n", "f:1: not JSON: it is a table that begins with a line for"),
        ("# of x\nround,endpoint,probe,text\n1,e,p,a\n", "f:1: not JSON: it is text that begins with a comment"),
        ("round,endpoint,probe,text\n1,e,p,a\n2,e,p,b,c\n", "f:3: has more cells than the first line has columns"),
        ("round,endpoint,probe,text\n1,e,p,a\n2,e,p\n", "f:3: ends before the column text; is the file complete?"),
        ('round,endpoint,probe,text\n1,e,p,"a\n', "is no table that can be read (unexpected end of data)"),
        ("round,endpoint,probe,text,text\n1,e,p,a,b\n", "f:1: a table with two columns text; leave one out"),
        *((json.dumps(generic), f"f:1: is no reply log: its first entry has {', '.join(generic)}, and not round") for generic in (
            {"timestamp": "2026-01-01T00:00:00Z", "prompt": "q", "output": "a", "model": "m"},
            {"start_time": "2026-01-01T00:00:00Z", "input": "q", "output": "a"},
            {"timestamp": 1, "level": "info", "input": {"q": 1}, "msg": "hi"},
            {"prompt": "q", "completion": "a"})),
    ],
)  # fmt: skip
def test_a_file_that_is_no_log_is_named(content: str | bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(LogError) as refused:
        replies_of(written(tmp_path, "f", content))
    assert words in str(refused.value)


OPENAI_EVAL = {"prompt": "Capital?", "sampled": []}
GENERATION = {"id": "o", "type": "GENERATION", "startTime": "2026-02-03T04:05:06Z", "model": "m", "input": "Capital?"}
REQUEST = {"request_id": "q", "request_created_at": "2026-02-03 04:05:06.123000000", "request_model": "m"}
TWO = {"choices": [{"message": {"role": "assistant", "content": text}} for text in ("Paris", "Lyon")],
       "usage": {"completion_tokens": 9}}  # fmt: skip
TABLE = {"head": {"prompts": [{"raw": "Capital?", "provider": "five"}], "vars": ["q"]}, "body": [
    {"outputs": [{"pass": True, "text": "Paris", "tokenUsage": {"prompt": "12"}}], "vars": ["a"], "test": {"description": "c"}},
    {"outputs": [{"pass": False, "text": "no Rome\n---\nLyon", "error": "no Rome", "provider": "six"}, None], "vars": ["b"]},
    {"outputs": [{"text": "429 slow", "error": "429 slow"}], "vars": ["c"]},
]}  # fmt: skip
PICTURE = {"type": "image_url", "image_url": {"url": "u"}}
FROM_TABLE = [("five", "Paris", None, 12), ("six", "Lyon", None, None), ("five", None, "429 slow", None)]
INSPECT = {"version": 2, "eval": {"task": "geo", "model": "m", "created": "2026-02-03T05:05:06+01:00"}}


@pytest.mark.parametrize(
    ("content", "expected", "said"),
    [
        (TABLE, FROM_TABLE, "3 replies"), ({"results": {"version": 2, "table": TABLE}}, FROM_TABLE, ""),
        (TABLE["body"], [("promptfoo", "Paris", None, 12), *FROM_TABLE[1:2], ("promptfoo", None, "429 slow", None)], ""),
        (of_run(None, promptfoo(response={"output": TWO})), [("five", "Paris", None, None), ("five", "Lyon", None, None)], ""),
        (of_run(promptfoo(response={"output": {"text": "a", "lang": "fr"}})), [("five", '{"text": "a", "lang": "fr"}', None, None)], ""),
        (of_run(promptfoo(response={"output": ["a", "b"]})), [("five", '["a", "b"]', None, None)], ""),
        *((of_run(promptfoo(response={"output": [{"type": "text", "text": "A cat"}, media]})), [("five", "A cat", None, None)],
           "left out: pictures, sounds and files in answers")
          for media in ({"type": "image", "data": "x"}, {"type": "image_url", "image_url": {"url": "u"}},
                        {"inlineData": {"mimeType": "image/png", "data": "x"}}, {"image": {"format": "png"}})),
        ([{**GENERATION, "input": [{"role": "user", "content": [{"type": "text", "text": "Q"}, PICTURE]}],
           "output": {"role": "assistant", "content": [{"type": "text", "text": "a"}, PICTURE, PICTURE]}}],
         [("m", "a", None, None)], "left out: 2 pictures, sounds and files in answers"),
        ({"object": "eval.run.output_item", "id": "o", "run_id": "r", "created_at": WRITTEN, "status": "error", "sample": None},
         [("evals", None, "status error", None)], ""),
        (of_run(promptfoo(error=None, response={"output": None, "finishReason": "length"})), [("five", "", None, None)], ""),
        ([{**GENERATION, "output": '["Paris", "Rome"]'}, {**GENERATION, "output": '{"role": "assistant", "content": "a"}'}],
         [("m", '["Paris", "Rome"]', None, None), ("m", "a", None, None)], ""),
        ([{**GENERATION, "output": TWO}] * 2, [("m", "Paris", None, None), ("m", "Lyon", None, None)],
         "left out: entries that repeat one before them"),
        ([{**GENERATION, "startTime": "3/2/26", "output": "a"}], [("m", "a", None, None)],
         "left out: times that are neither ISO 8601 nor seconds since 1970"),
        ([{**REQUEST, "response_status": "429", "response_body": "Slow down."}], [("m", None, "HTTP 429: Slow down.", None)], ""),
        ([{**REQUEST, "response_status": "200", "response_body": {"choices": [{"message": {"content": None},
          "finish_reason": "content_filter"}]}}], [("m", "", None, None)], ""),
        ({**INSPECT, "samples": [{"id": None, "input": "Capital?", "output": TWO}, {"id": 1, "output": {"choices": [],
          "error": "filtered"}}]}, [("m", "Paris", None, None), ("m", "Lyon", None, None), ("m", None, "filtered", None)], ""),
        ([{"doc_id": None, "resps": '[["Paris"]]', "arguments": None}, {"doc_id": 1, "resps": [[None]]},
          {"doc_id": 2, "resps": "Lyon"}, {"doc_id": 3, "resps": "[['Rome']]"}],
         [("lm-eval", "Paris", None, None), ("lm-eval", "Lyon", None, None)], "left out: answers that are no JSON"),
        ([{"run_id": "r", "type": "sampling", "data": OPENAI_EVAL}], [], "left out: asks without an answer or an error"),
        ([ITEM, ITEM, {**ITEM, "id": "j", "sample": {"output": [{"role": "assistant", "content": "Lyon"}], "error": {
            "code": "", "message": ""}}}], [("m", "Paris", None, 12), ("evals", "Lyon", None, None)], "left out: entries"),
        ("instruction,output,generator\r\nCapital?,Paris,m\r\nq,,m\r\n", [("m", "Paris", None, None)], "left out: asks"),
        (json.dumps({**GENERATION, "output": "a"}, indent=1) + "\n" + json.dumps({**GENERATION, "output": "b"}, indent=1),
         [("m", "a", None, None), ("m", "b", None, None)], ""),
    ],
)  # fmt: skip
def test_siblings_of_those_shapes(
    content: object, expected: list[tuple[object, ...]], said: str, tmp_path: Path
) -> None:
    text = content if isinstance(content, str) else json.dumps(content)
    found, report = replies_of(written(tmp_path, "f", b"\xef\xbb\xbf" + text.encode()))
    assert [(one.endpoint, one.reply.text, one.reply.error, one.reply.input_tokens) for one in found] == expected
    assert said in report
    assert not any(one.probe.endswith("None") for one in found)


def test_prompts_about_two_pictures_are_two_probes() -> None:
    first, second = (
        asked([{"role": "user", "content": ["What?", {"type": "image_url", "image_url": {"url": url}}]}])
        for url in ("a", "b")
    )
    assert first != second


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("2026-03-01 00:00:00 UTC", "2026-03-01T00:00:00+00:00"),
        ("2026-03-01 00:00:00.5 +0100 UTC", "2026-02-28T23:00:00.500000+00:00"),
        ("2026/03/01 00:00:00", "2026-03-01T00:00:00+00:00"),
        ("Sun, 01 Mar 2026 01:00:00 +0100", "2026-03-01T00:00:00+00:00"),
        (1_772_323_200_000, "2026-03-01T00:00:00+00:00"), ("1772323200.0", "2026-03-01T00:00:00+00:00"),
        ("yesterday", None), (True, None), ("3/1/2026", None), ("9" * 50, None),
    ],
)  # fmt: skip
def test_the_moments_of_tools(said: object, at: str | None) -> None:
    found = moment(said)
    assert (found.astimezone(UTC).isoformat() if found else None) == at


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (json.dumps([GENERATION] * 2, indent=1)[:-30], "f:13: not JSON ("),
        (json.dumps([GENERATION, {**GENERATION, "output": "é"}], ensure_ascii=False, indent=1).encode("latin1"),
         "f:15: not UTF-8 text: byte 0xe9"),
        ("[]", "f: is no reply log: it holds no JSON objects"),
        ("[" * 100_000, "f:1: not JSON (nested too deeply)"),
        (lines({**OURS[0], "at": -5}), "f:1: at: is -5; write an ISO 8601 time, or seconds since 1970"),
    ],
)  # fmt: skip
def test_a_document_that_is_broken_is_said_with_its_line(content: str | bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(LogError) as refused:
        replies_of(written(tmp_path, "f", content))
    assert words in str(refused.value)


def test_a_time_of_ours_may_be_a_number(tmp_path: Path) -> None:
    (found,), _ = replies_of(written(tmp_path, "f", lines({**OURS[0], "at": 1_772_323_200_000})))
    assert found.reply.at.isoformat() == "2026-03-01T00:00:00+00:00"
