"""Whatever `run` would refuse, `validate` has refused, with its line; what is odd but possible is a warning."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from prober.alerts import ALERTERS
from prober.asking import wire_format
from prober.asking.access import Keys, NoKey, access_of
from prober.asking.http_provider import address, build
from prober.cli import main
from prober.loading.addresses import address_findings
from prober.loading.connection_rules import reach_warnings
from prober.loading.declarations import Declarations, load
from prober.model.declaration import Endpoint
from prober.model.errors import ConfigurationError, Problem
from prober.model.providers import PROVIDERS, base_url_of
from prober.model.reference import TRIAL
from prober.service.declarations import declarations_in
from prober.text import quoted

SET = "owner: us\nendpoints: [bot]\nschedule: {every: 6h}\nprobes: [{id: a, prompt: Pick.}]\n"
BOT = "  bot: {provider: scripted, model: m}\n"


def loaded(folder: Path, probe_set: str = SET, endpoints: str = BOT, alerts: str | None = None) -> Declarations:
    (folder / "endpoints.yaml").write_text(f"endpoints:\n{endpoints}")
    (folder / "set.yaml").write_text(probe_set)
    if alerts is not None:
        (folder / "alerts.yaml").write_text(alerts)
    return load(folder, alerters=ALERTERS)


def said(folder: Path, **files: str) -> str:
    with pytest.raises(ConfigurationError) as raised:
        loaded(folder, **files)
    return str(raised.value).replace(f"{folder.as_posix()}/", "")


@pytest.mark.parametrize(
    ("to", "fix"),
    [
        ("slakc", 'there is no alerter "slakc"; did you mean "slack"?'),
        ("'fax:123'", 'there is no alerter "fax"; write one'),
        ("'mailto:a@example.com'", 'there is no alerter "mailto"; write apprise, which reaches mail'),
        ("pd", 'there is no alerter "pd"; write pagerduty'),
        ("'#ops'", '"#ops" is not an alerter; write "slack:#ops"'),
    ],
)
def test_a_route_to_nobody(tmp_path: Path, to: str, fix: str) -> None:
    found = said(tmp_path, alerts=f"routes:\n  - {{to: [slack, {to}]}}\n")
    assert found.startswith(f"alerts.yaml:2: routes.0.to.1: {fix}")
    found = said(tmp_path, alerts=f"weekly_report:\n  to: [slack, {to}]\n")
    assert found.startswith(f"alerts.yaml:2: weekly_report.to.1: {fix}")


def test_a_route_to_an_alerter_that_is_not_configured_here_is_valid_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PROBER_PAGERDUTY_ROUTING_KEY", raising=False)
    assert loaded(tmp_path, alerts="routes:\n  - {to: [pagerduty]}\n").alerts.routes
    assert main(["validate", str(tmp_path)]) == 0
    assert 'warning: alerts.yaml: a route leads to "pagerduty", which this environment does not configure' in (
        capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        ("cron: '0 0 1 1 *'", "schedule.cron: not due in every month"),
        ("cron: '0 0 31 * *'", "schedule.cron: not due in every month"),
        (
            "cron: 'TZ=Asia/Tokyo 0 6 * * *'",
            "schedule.cron: a time zone has a field of its own; write timezone: Asia/Tokyo",
        ),
        ("cron: '@weekly'", 'schedule.cron: "@weekly" is read by some programs only; write "0 0 * * sun"'),
        ("cron: '@every 90m'", "schedule.cron: @every is not cron; write every: 90m in place of cron"),
        ("every: 90 minutes", 'schedule.every: "90 minutes" is not allowed; write 90m'),
        ("every: P1DT12H", 'schedule.every: "P1DT12H" is not allowed; write 36h'),
        ("every: 2 weeks", 'schedule.every: "2 weeks" is not allowed; write 14d'),
        ("every: 1 month", 'schedule.every: "1 month" is not allowed; write a number and s, m, h or d'),
        (
            "cron: '0 6 * * *', timezone: New York",
            'schedule.timezone: unknown time zone "New York"; did you mean "America/New_York"?',
        ),
        ("cron: '0 6 * * *', timezone: local", 'schedule.timezone: unknown time zone "local"; write one such as'),
        ("every: 60d", "schedule.every: must be above 0 and at most 31 days"),
        ("every: 6h, timezone: Europe/Berlin", "schedule.timezone: an interval needs no time zone"),
        (
            "cron: '0 6 * * *', timezone: Europe/Berln",
            'schedule.timezone: unknown time zone "Europe/Berln"; did you mean',
        ),
    ],
)
def test_a_schedule_that_hardly_ever_comes(tmp_path: Path, schedule: str, message: str) -> None:
    found = said(tmp_path, probe_set=SET.replace("every: 6h", schedule))
    assert found.startswith(f"set.yaml:3: {message}")


def test_a_runbook_is_an_address_or_a_file_that_exists(tmp_path: Path) -> None:
    with_book = SET + "runbook: book.md\n"
    assert said(tmp_path, probe_set=with_book).startswith('set.yaml:5: runbook: there is no file "book.md"; ')
    (tmp_path / "book.md").write_text("Read the log.")
    assert loaded(tmp_path, with_book).sets[0].runbook == "book.md"
    assert loaded(tmp_path, SET + "runbook: https://wiki.example/x\n").sets
    for link in ("ftp://files.example/x", "javascript://x%0aalert(1)"):
        assert "runbook: there is no file" in said(tmp_path, probe_set=SET + f"runbook: '{link}'\n")


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        ("provider: anthropic, model: claude-opus-4-7, api_key_env: A, parameters: {max_tokens: 9, temperature: 0}",
         "parameters.temperature: claude-opus-4-7 is known not to take temperature"),
        ("provider: anthropic, model: m, api_key_env: A, parameters: {max_tokens: 9, seed: 0}",
         "parameters.seed: m is known not to take seed"),
        ("provider: anthropic, model: m, api_key_env: A, api_version: '2026-10-21', parameters: {max_tokens: 9, top_k: 4}",
         "parameters.top_k: m is known not to take top_k"),
        ("provider: openai, model: gpt-5-mini, api_key_env: A, parameters: {max_tokens: 9}",
         "parameters.max_tokens: gpt-5-mini is known not to take max_tokens; write max_completion_tokens"),
        ("provider: openai, model: '${MODEL}', api_key_env: A", 'model: "${" is not filled in here'),
        ("provider: openai, model: os.environ/MODEL, api_key_env: A", "model: "),
        ("provider: openai, model: '{{env.MODEL}}', api_key_env: A", "model: "),
        ("provider: openai, model: m, base_url: 'https://${HOST}/v1', api_key_env: A", "base_url: "),
        ("provider: openai, model: m, base_url: 'http://127.0.0.1/v1/responses'", "base_url: the prober appends"),
        ("provider: openai, model: m, base_url: 'https://api.openai.com/', api_key_env: A",
         "base_url: lacks the path of the API; write https://api.openai.com/v1, or leave base_url out"),
        ("provider: openai, model: m, api_key_env: A, headers: {x-team: $TEAM}",
         'headers.x-team: "$TEAM" is sent as it stands; write ${TEAM} for the environment variable'),
        ("provider: openai, model: m, api_key_env: A, query: {v: '{{ env.V }}'}",
         'query.v: "{{ env.V }}" is sent as it stands; write ${V}'),
        ("provider: openai, model: m, api_key_env: A, headers: {x-team: os.environ/TEAM}",
         'headers.x-team: "os.environ/TEAM" is sent as it stands; write ${TEAM}'),
        ("provider: openai, model: m, api_key_env: A, parameters: {temperature: '0.2'}",
         'parameters.temperature: expected a number, found the text "0.2"; write 0.2, without quotes'),
        ("provider: google, model: m, api_key_env: A, parameters: {generationConfig: {maxOutputTokens: many}}",
         'parameters.generationConfig.maxOutputTokens: expected a number, found the text "many"; write a whole number'),
        ("provider: openai, model: m, api_key_env: A, gate: {margin: 5 %}", 'gate.margin: expected a number, found the text "5 %"; write 5'),
        ("provider: google, model: m, base_url: 'http://127.0.0.1/v1beta/v1beta'", "base_url: /v1beta/v1beta has its last"),
    ],
)  # fmt: skip
def test_what_no_ask_could_be_made_with(tmp_path: Path, endpoint: str, message: str) -> None:
    assert said(tmp_path, endpoints=f"  bot: {{{endpoint}}}\n").startswith(f"endpoints.yaml:2: endpoints.bot.{message}")


O3 = {"model": "o3-mini-2025-01-31"}
GPT = {"model": "gpt-5.2"}
CLAUDE = {"provider": "anthropic", "model": "claude-sonnet-4-5-20250929"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fields", "parameters", "refused"),
    [
        (O3, {"temperature": 0.2, "top_logprobs": 5, "max_tokens": 9, "parallel_tool_calls": False, "seed": 1},
         ["max_tokens", "parallel_tool_calls", "temperature", "top_logprobs"]),
        (O3 | {"capabilities": {"temperature": True}}, {"temperature": 0.2, "max_completion_tokens": 9}, []),
        (O3, {"presence_penalty": -1, "frequency_penalty": 0, "logit_bias": {}, "logprobs": False}, ["presence_penalty"]),
        ({"model": "o4-mini", "base_url": "https://x.openai.azure.com/openai/v1"}, {"logprobs": True}, ["logprobs"]),
        ({"model": "gpt-5-nano"}, {"temperature": 1, "top_p": 1.0, "max_tokens": 9}, ["max_tokens"]),
        ({"model": "gpt-5-chat-latest"}, {"temperature": 0, "max_tokens": 9}, []),
        (GPT, {"temperature": 0, "logprobs": True}, []),
        (GPT, {"temperature": 0, "reasoning_effort": "low"}, ["temperature"]),
        (GPT | {"api": "responses"}, {"top_p": 0.1, "reasoning": {"effort": "high"}}, ["top_p"]),
        (GPT | {"api": "responses"}, {"top_p": 0.1, "reasoning": {"effort": "none"}}, []),
        ({"model": "gpt-4o", "api": "responses"}, {"max_tokens": 9, "reasoning_effort": "low"},
         ["max_tokens", "reasoning_effort"]),
        ({"model": "gpt-4o"}, {"max_output_tokens": 9}, ["max_output_tokens"]),
        ({"model": "gpt-4o"}, {"temperature": 0, "max_tokens": 9, "logprobs": True, "seed": 1}, []),
        ({"model": "openai/o3-mini", "base_url": "https://openrouter.ai/api/v1"}, {"temperature": 0, "max_tokens": 9}, []),
        ({"model": "deepseek-reasoner"}, {"temperature": 0, "logprobs": True}, ["logprobs"]),
        ({"model": "grok-4"}, {"stop": ["."], "temperature": 0}, ["stop"]),
        (CLAUDE, {"max_tokens": 9, "temperature": 0, "top_p": 0.9}, ["top_p"]),
        (CLAUDE, {"max_tokens": 9, "top_p": 0.9}, []),
        (CLAUDE | {"model": "eu.anthropic.claude-opus-4-7-v1:0"}, {"max_tokens": 9, "top_k": 1}, ["top_k"]),
        (CLAUDE | {"model": "claude-3-7-sonnet-latest"}, {"max_tokens": 9, "temperature": 0, "top_p": 0.9}, []),
    ],
)  # fmt: skip
def test_parameters_that_a_known_model_refuses(
    tmp_path: Path, fields: dict[str, Any], parameters: dict[str, Any], refused: list[str]
) -> None:
    """What validates is what is asked: nothing is sent that the model is known to refuse."""
    endpoint = {"provider": "openai", "api_key_env": "K", "parameters": parameters} | fields
    (tmp_path / "endpoints.yaml").write_text(json.dumps({"endpoints": {"bot": endpoint}}))
    (tmp_path / "set.yaml").write_text(SET)
    try:
        declarations_in(tmp_path)
        found: list[Problem] = []
    except ConfigurationError as error:
        found = list(error.problems)
    assert [one.field for one in found] == [f"endpoints.bot.parameters.{name}" for name in refused]
    assert all("; " in one.message for one in found), "each says how to fix it"


@pytest.mark.parametrize(
    ("text", "stand_in"),
    [
        ("%(topic)s in one line", "%(topic)s"), ("<your question>", "<your question>"), ("<<document>>", "<<document>>"),
        ("Sum this up: [INSERT TEXT HERE]", "[INSERT TEXT HERE]"), ("[TOPIC]", "[TOPIC]"), ("$prompt", "$prompt"),
        ("YOUR PROMPT HERE", "YOUR PROMPT HERE"), ("TODO", "TODO"), ("{file:prompts/a.txt}", "{file:prompts/a.txt}"),
        ('os.environ["PROMPT"]', 'os.environ["PROMPT"]'), ("process.env.PROMPT", "process.env.PROMPT"),
        ("What does <b> mean in HTML?", ""), ("What is 5 %(?", ""), ("Is a TODO list useful?", ""), ("[1, 2] + [3]", ""),
        ("How much is $5?", ""), ("Explain [ERROR] in a log.", ""), ("What does process.env hold?", ""),
        ("[INST] Hi [/INST]", ""),
        ("Summarize {0} in a sentence.", "{0}"), ('Translate "{0}" to French.', "{0}"), ("{0}", "{0}"),
        ("Tell me about #{topic}.", "#{topic}"), ("Explain #{lesson.title}", "#{lesson.title}"),
        ("Write a poem about __TOPIC__.", "__TOPIC__"), ("__CUSTOMER_NAME__ asks: why?", "__CUSTOMER_NAME__"),
        ("A story about <<topic>>, please.", "<<topic>>"), ("Say `<<topic>>` again.", "<<topic>>"),
        ("Does \\d{0} match, and a{0} or x^{0}?", ""), ("Is {0} = {0} a set?", "{0}"), ("The kernel is V = {0}.", ""),
        ('What does "{0} items".format(3) print?', ""), ("R \\\\{0} is open", ""), ('Return {"a": {"0": 1}, "b": [0]}.', ""),
        ('puts "Hello #{name}!"', ""), ("```ruby\nputs x.map { |y| #{y} }\n```", ""), ("h1 #{ color: red }", ""),
        ("What is __init__ in Python, and __FILE__ in PHP?", ""), ("This is __IMPORTANT__: answer in a word.", ""),
        ("if __name__ == '__main__': main()", ""), ("A __bold__ word and snake__CASE__name", ""),
        ("cout << x >> y; a <<b; cat <<EOF", ""), ("An <<interface>> in UML.", ""), ("1 << 2 >> 1", ""),
        ("Write about ${topic}.", "${topic}"), ("${user.name} asks: why?", "${user.name}"), ("Greet ${customerName}, please", "${customerName}"),
        ("Write about %TOPIC%.", "%TOPIC%"), ("%name% is late. What now?", "%name%"), ("Name: %{city}", "%{city}"),
        ("Write about [[TOPIC]].", "[[TOPIC]]"), ("Sum up: ##INPUT_TEXT##", "##INPUT_TEXT##"), ("Is @@NAME@@ right?", "@@NAME@@"),
        ("Order {order.id} is late.", "{order.id}"), ("Greet {user[name]}.", "{user[name]}"),
        ('Translate "${text}" to French.', "${text}"), ("Say `%TOPIC%` again.", "%TOPIC%"),
        ("If ${name} is late, say so.", "${name}"), ("for %city% give a hint", "%city%"),
        ("Sum up `${text}` in a line", "${text}"), ("```js\nconst a = `${name}`\n```", ""), ('echo "Hi ${name}"', ""),
        ("Fix this script:\necho ${dir}\nrm -rf ${dir}/old", ""), ("const x = ${a.b} + 1", ""), ("let y = ${name};", ""),
        ("Show that ${n}$ and ${ab}^2$ are even, and $${xy}$$ odd.", ""), ("In ${x}$-space", ""), ("sed -e 's/${name}/x/'", ""),
        ("What is in %PATH% and %USERPROFILE%\\Documents?", ""), ("WHERE name LIKE '%smith%'", ""), ("5%to10% and 20% off%", ""),
        ("Is strftime('%Y%m%d') right? %E4%B8%AD too", ""), ("Between 5% and 10% of all", ""), ("100%sure%", ""),
        ("See [[Paris]] and [[wiki link]], and x = [[A, B]]", ""), ("if [[ -f x ]]; then", ""), ("## Title ##\ntext", ""),
        ("curl -w %{http_code} x", ""), ("A %{User-Agent}i in Apache", ""), ("import {a.b} from 'x'", ""),
        ("In git: @@ -1,2 +1,2 @@", ""), ("Use f'{order.id}' here", ""), ("\\frac{a.b}{c.d}", ""), ("a set {1.5} or {a, b.c}", ""),
        ("f'{x!r}' and {x: 0} or {0: 1} or [{0, 1}]", ""), ("Use %(asctime)s?", "%(asctime)s"),
    ],
)  # fmt: skip
def test_what_is_filled_in_by_hand_elsewhere_is_a_warning(tmp_path: Path, text: str, stand_in: str) -> None:
    head = "owner: us\nendpoints: [bot]\nschedule: {every: 6h}\nprobes:\n"
    probes = f"  - {{id: a, prompt: {json.dumps(text)}}}\n  - {{id: b, system: Be., prompt: {json.dumps(text)}, template: false}}\n"
    found = loaded(tmp_path, head + probes).warnings
    assert [one.field for one in found] == (["probes.0.prompt"] if stand_in else [])
    assert all(one.message.startswith(f"{quoted(stand_in)} is sent as it is written; write the text") for one in found)


@pytest.mark.parametrize(
    ("field", "text", "is_refused"),
    [
        ("model", "your-model-here", True), ("model", "MODEL_NAME", True), ("model", "yourtts", False),
        ("base_url", "https://YOUR_RESOURCE.openai.azure.com/openai/v1", True),
        ("base_url", "https://your-host.example/v1", True), ("base_url", "https://tellyour.example/v1", False),
    ],
)  # fmt: skip
def test_a_model_or_address_that_is_yet_to_be_written(tmp_path: Path, field: str, text: str, is_refused: bool) -> None:
    declared = {"provider": "openai", "model": "m", "base_url": "https://h.example/v1", "api_key_env": "K", field: text}
    written = json.dumps({"endpoints": {"bot": declared}}).removeprefix('{"endpoints": {').removesuffix("}}")
    if is_refused:
        assert "is not filled in here" in said(tmp_path, endpoints=f"  {written}\n")
    else:
        assert loaded(tmp_path, endpoints=f"  {written}\n").endpoints


@pytest.mark.slow
def test_a_name_in_single_braces_is_a_warning(tmp_path: Path) -> None:
    head = "owner: us\nendpoints: [bot]\nschedule: {every: 6h}\nprobes:\n"
    texts = {
        "Greet {customer_name}, please.": True, "Answer for {company}": True, 'Write an f-string such as f"{name}".': False,
        "Say \\\\frac{ab}{cd} and x^{ab}.": False, "Return {\"a\": 1}.": False, "f(x) {a}": False,
    }  # fmt: skip
    probes = "".join(f"  - {{id: p{n}, prompt: {json.dumps(text)}}}\n" for n, text in enumerate(texts))
    probes += "  - {id: meant, prompt: 'Hi {name} there', template: false}\n"
    found = loaded(tmp_path, head + probes).warnings
    assert [one.field for one in found] == [f"probes.{n}.prompt" for n, odd in enumerate(texts.values()) if odd]
    assert [one.line for one in found] == [5, 6]
    assert '"{customer_name}" is sent as it is written; write {{customer_name}} and vars' in found[0].message


def test_the_rules_of_live_samples_are_validated_too(tmp_path: Path) -> None:
    (tmp_path / "samples.yaml").write_text("keep: fingerprints\nper_minute: 0\nkeep_for: 3 weeks\n")
    assert [line.split(" ")[0] + line.split(" ")[1] for line in said(tmp_path).splitlines()] == [
        "samples.yaml:1:keep:", "samples.yaml:2:per_minute:", "samples.yaml:3:keep_for:",
    ]  # fmt: skip
    (tmp_path / "samples.yaml").write_text("keep: text\n")
    assert loaded(tmp_path).sets


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "is_refused"),
    [
        ("code=abc", True), ("subscription-key=abc", True), ("k=Zq7Zq7SECRETxw9", True), ("auth=abc", True),
        ("CODE=abc", True), ("x-functions-key=1", True), ("pwd=a", True), ("api-version=2025-04-01-preview", False),
        ("api-version=1&deployment=gpt-4o", False),
    ],
)  # fmt: skip
def test_no_secret_in_the_query_of_an_address(tmp_path: Path, query: str, is_refused: bool) -> None:
    endpoints = f"  bot: {{provider: openai, model: m, base_url: 'https://h.example/v1?{query}', api_key_env: K}}\n"
    if is_refused:
        found = said(tmp_path, endpoints=endpoints)
        assert "query: {" in found and "Zq7" not in found
    else:
        assert loaded(tmp_path, endpoints=endpoints).endpoints


SECRET = "s3cr3tSECRET99"


@pytest.mark.parametrize(
    "base_url",
    [
        "unix:///run/llm.sock", "http+unix://%2Frun%2Fllm.sock/v1", "file:///etc/passwd", "ws://h.example/v1",
        "https://[v1.x]/v1", "https://[12345::]/v1", "https://[127.0.0.1]/v1", "https://[]/v1", "https://::1/v1",
        "https://xn--/v1", "https://xn--a.example/v1", "https://１２７.0.0.1/v1", "https://999.1.1.1/v1",
        "https://a‥b.example/v1", "https://h.example../v1", "https://.h.example/v1", "https://h..example/v1",
        "https://h.example:65536/v1", "https://h.example:4_4/v1", "https://h.example:٤٤٣/v1", "https://h.example:1:1/v1",
        "https://h*.example/v1", "https://h,example/v1", "https://h%00.example/v1", "https://%61pi.example/v1",
        'https://"h.example"/v1', "https://h.example\\v1", f"https://{'a' * 64}.example/v1", f"https://{'a.' * 130}b/v1",
        "https://https://h.example/v1", "http://http/v1", "https://h.example/v1\u200b", "https://h.example/v1\u202e",
        "https://h.example/openai/v1/openai/v1", "https://h.example/v1/Chat/Completions",
        "https://169.254.169.254/latest", "https://[::ffff:169.254.169.254]/v1", "https://metadata.google.internal./v1",
        "https://2852039166/v1", "https://0xa9fea9fe/v1", "https://169.254.43518/v1", f"https://{'1' * 40_000}/v1",
        "https://[fd00:ec2::254]/v1", "https://@h.example/v1", f"https://h.example:{SECRET}/v1",
        f"https://h.example;token={SECRET}/v1", f"https://h.example/v1;token={SECRET}",
        f"https://h.example/v1;x={SECRET}/y", f"https://h.example/v1?{SECRET}", f"https://h.example/v1?{SECRET}=1", f"https://h.example/v1;{SECRET}", f"https://h.example/v1?a=1&{SECRET}",
        f"https://u:{SECRET}@h.example/v1", f"https://u%3A{SECRET}@h.example/v1", f"https:u:{SECRET}@h.example/v1",
        f"https:///u:{SECRET}@h.example/v1", f"https://h.example#{SECRET}",
        f"https://h.example/{SECRET}/v1", f"https://h.example/v1/{SECRET}", f"https://h.example/v1/x-{SECRET}-y/z",
        f"https://h.example/v1/%73{SECRET[1:]}/", f"https://h.example/key={SECRET}/v1",
        f"https://h.example/token:{SECRET}/v1", "https://h.example/api-key/plainwords/v1",
        "https://h.example/v1/b5kq8zr2mm4xw7tn1cvp", "https://h.example/bot71:AAbq9Zx2Kw8Lm4Tr/v1",
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_asked_is_refused_and_shows_no_secret(base_url: str) -> None:
    found = [finding.message for finding in address_findings(base_url, "api_key_env: A", sends_key=False)]
    assert len(found) == 1
    assert SECRET not in found[0]


@pytest.mark.parametrize(
    "base_url",
    [
        "https://h.example./v1", "https://bücher.example/v1", "https://xn--bcher-kva.example/v1", "https://h.example:/v1",
        "HTTPS://H.EXAMPLE/V1", "http://[::1]:8080/v1", "https://[fe80::1%25eth0]/v1", "https://api_x.example/v1",
        "https://127.1/v1", "https://h.example/v1?api-version=2025-04-01-preview", "http://vllm:8000/v1",
        "https://api.runpod.ai/v2/vllm7b3kq9zx2w/openai/v1", "https://h.example/serve/Llama3_70B_Instruct_v2/v1",
        "https://h.example/openai/deployments/gpt4oMiniDeployment2", "https://h.example/models/Qwen2.5-72B-Instruct-AWQ",
        "https://h.example/v1/projects/my-project-123456/locations/us-central1/endpoints/openapi",
        "https://gateway.ai.cloudflare.com/v1/023e105f4ecef8ad9ca31a8372d0c353/gw/openai",
        "https://h.example/3fa85f64-5717-4562-b3fc-2c963f66afa6/v1", "https://h.example/accounts/fireworks/models/v3p1",
        "https://h.example/a/v1/b/v1", "https://h.example/v1//", "http://10.0.0.5:11434", "https://h.example",
    ],
)  # fmt: skip
def test_an_odd_address_that_can_be_asked_is_taken(base_url: str) -> None:
    assert not list(address_findings(base_url, "api_key_env: A", sends_key=False))
    assert httpx.Request("POST", address(base_url, "/x")).url.host


def test_a_declared_capability_counts_before_what_is_known(tmp_path: Path) -> None:
    fields = "provider: anthropic, model: m, api_key_env: A, parameters: {max_tokens: 9, seed: 0}, capabilities: {seed: true}"
    assert loaded(tmp_path, endpoints=f"  bot: {{{fields}}}\n").endpoints


def test_one_endpoint_under_two_names_and_a_missing_key_are_warnings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("NOT_SET_HERE", raising=False)
    endpoints = BOT + "  twin: {provider: scripted, model: m, budget: {asks_per_day: 9}}\n"
    endpoints += "  far: {provider: openai, model: m, api_key_env: NOT_SET_HERE, headers: {x-k: '${NOR_THIS}'}}\n"
    found = [
        str(warning).replace(f"{tmp_path.as_posix()}/", "")
        for warning in loaded(tmp_path, endpoints=endpoints).warnings
    ]
    assert [one.partition("; ")[0] for one in found] == [
        'endpoints.yaml:3: endpoints.twin: the same as "bot", so both share one reference',
        "endpoints.yaml:4: endpoints.far.api_key_env: environment variable NOT_SET_HERE is not set here",
        "endpoints.yaml:4: endpoints.far.headers: environment variable NOR_THIS is not set here",
    ]
    assert main(["validate", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert out.count("warning: ") == 3 and "3 endpoints: valid, with 3 warnings." in out


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("ca_file: gone.pem", "ca_file: {}/gone.pem: cannot be read"),
        ("ca_file: '.'", "ca_file: {}: "),
        ("ca_file: endpoints.yaml", "ca_file: {}/endpoints.yaml: not a certificate"),
        ("client_cert: gone.pem", "client_cert: {}/gone.pem: cannot be read"),
        ("client_cert: endpoints.yaml", "client_cert: {}/endpoints.yaml: not a certificate"),
        (
            "client_cert: endpoints.yaml, client_key: gone.key",
            "client_cert: {0}/endpoints.yaml with client_key {0}/gone.key: ",
        ),
    ],
)
def test_certificates_that_a_run_cannot_read(
    fields: str, expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint = f"  far: {{provider: openai, model: m, base_url: 'https://api.example.com/v1', {fields}}}\n"
    loaded(tmp_path, endpoints=BOT + endpoint)
    assert main(["validate", str(tmp_path)]) == 2
    assert f"{tmp_path}/endpoints.yaml:3: endpoints.far.{expected.format(tmp_path)}" in capsys.readouterr().err


@pytest.mark.slow
def test_limits_of_one_account_that_differ_are_a_warning(tmp_path: Path) -> None:
    shared = "{provider: scripted, model: m, parameters: {temperature: 1}, limits: {asks_per_minute: 60}}"
    limited = BOT + f"  second: {shared}\n  other: {{provider: scripted, model: n, limits: {{asks_per_minute: 9}}}}\n"
    [warning] = map(str, loaded(tmp_path, endpoints=limited).warnings)
    assert 'endpoints.second.limits: "bot" shares the account' in warning and "declare the same for both" in warning


def test_a_reference_too_short_for_the_promise_is_a_warning_with_its_price(tmp_path: Path) -> None:
    short = "  bot: {provider: scripted, model: m, reference: {rounds: 12, hours: 0}}\n"
    found = loaded(tmp_path, endpoints=short)
    [warning] = map(str, found.warnings)
    assert "endpoints.yaml:2: endpoints.bot.reference: a reference of 12 rounds; the promise needs " in warning
    assert not loaded(tmp_path, endpoints="  bot: {provider: scripted, model: m}\n").warnings


def test_a_trial_is_a_word_and_another_word_is_answered_with_it(tmp_path: Path) -> None:
    found = loaded(tmp_path, endpoints="  bot: {provider: scripted, model: m, reference: trial}\n")
    assert found.endpoints[0].reference == TRIAL and len(found.warnings) == 1
    with pytest.raises(ConfigurationError, match=r"write trial$"):
        loaded(tmp_path, endpoints="  bot: {provider: scripted, model: m, reference: trail}\n")


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        ("provider: openai, api: responses, model: m, api_key_env: A, parameters: {background: true}",
         "parameters.background: true queues the answer"),
        ("provider: google, model: m, api_key_env: A, parameters: {generationConfig: {candidateCount: 2}}",
         "parameters.generationConfig: candidateCount asks for several answers"),
        ("provider: scripted, model: m, parameters: {world: stil}", "parameters.world: unknown world 'stil'; did you mean"),
        ("provider: scripted, model: m, parameters: {seed: x}", "parameters.seed: 'x' is not a whole number"),
        ("provider: openai, model: m, api_key_env: A, parameters: {stream: true}", "parameters.stream: the prober sets stream"),
        ("provider: openai, model: m, api_key_env: A, parameters: {n: 2}", "parameters.n: the prober sets n itself"),
    ],
)  # fmt: skip
def test_what_a_wire_format_refuses_has_its_line(
    tmp_path: Path, endpoint: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "endpoints.yaml").write_text(
        f"endpoints:\n  other: {{provider: scripted, model: m}}\n  bot: {{{endpoint}}}\n"
    )
    (tmp_path / "set.yaml").write_text(SET)
    assert main(["validate", str(tmp_path)]) == 2
    [line] = [line for line in capsys.readouterr().err.splitlines() if "endpoints.yaml" in line]
    assert f"endpoints.yaml:3: endpoints.bot.{message}" in line


def test_a_file_of_certificates_that_is_not_here_is_a_warning(tmp_path: Path) -> None:
    far = "  bot: {provider: openai, model: m, base_url: 'https://x.example/v1', ca_file: ca.pem, api_key_file: key}\n"
    found = loaded(tmp_path, endpoints=far).warnings
    assert [warning.field for warning in found] == ["endpoints.bot.api_key_file", "endpoints.bot.ca_file"]


@pytest.mark.parametrize(
    ("alerts", "message"),
    [
        ("routes: [\n  - {to: [log}\n", "not valid YAML"),
        ("- a\n", "a file holds fields, not a list"),
        ("just a text\n", "a file holds fields, not a single value"),
        ("", "the file is empty"),
        ("routes: &r [*r]\n", "holds an alias (*name) of itself"),
        ("routes: " + "[" * 3000 + "]" * 3000, "nested far too deeply"),
        ("routes: [{to: [log]}]\nroutes: []\n", "is written twice"),
        ("routes: !!python/object/apply:os.system ['id']\n", "tag"),
        ("route: [{to: [log]}]\n", 'did you mean "routes"'),
        (
            "routes: [{to: ['https://hooks.slack.com/services/T0/B0/abcdefghijklmnopqrstuvwx']}]\n",
            "looks like a secret",
        ),
        ("routes: [{to: [log]}]\n---\nroutes: []\n", "a second document begins"),
    ],
)
def test_a_broken_file_of_alerts_has_one_problem(tmp_path: Path, alerts: str, message: str) -> None:
    (problem,) = said(tmp_path, alerts=alerts).splitlines()
    assert "alerts.yaml:" in problem and message in problem, problem
    assert "abcdefghij" not in problem


@pytest.mark.parametrize(
    ("endpoint", "warning"),
    [
        ("api_key_command: [no-such-program-9, print]", 'there is no program "no-such-program-9" here'),
        ("api_key_file: none.key", 'none.key" here; put it where the prober runs'),
        (
            "base_url: 'https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1'",
            "amazonaws.com answers nobody without a key; write api_key_env: OPENAI_API_KEY, or auth: aws",
        ),
        ("base_url: 'https://api.mistral.ai/v1'", "mistral.ai answers nobody without a key; write api_key_env: OPENAI"),
        ("auth: none", "HTTPS_PROXY is not the address of a proxy"),
    ],
)
def test_what_this_machine_lacks_is_a_warning(
    tmp_path: Path,
    endpoint: str,
    warning: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "nonsense:// x" if "PROXY" in warning else "")
    here = "" if "base_url" in endpoint else "base_url: 'https://x.example/v1', "
    loaded(tmp_path, endpoints=f"  bot: {{provider: openai, model: m, {here}{endpoint}}}\n")
    assert main(["validate", str(tmp_path)]) == 0
    (said_,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("warning: ")]
    assert warning in said_


@pytest.mark.parametrize(
    "host",
    ["llm-1.eu-west-1.elb.amazonaws.com", "ec2-1-2-3-4.compute-1.amazonaws.com", "vm.westeurope.cloudapp.azure.com"],
)
def test_a_server_of_ones_own_at_a_cloud_needs_no_key(tmp_path: Path, host: str) -> None:
    found = loaded(tmp_path, endpoints=f"  bot: {{provider: openai, model: m, base_url: 'https://{host}/v1'}}\n")
    assert "without a key" not in " ".join(map(str, found.warnings))


ADDRESSES = [
    None, "https://api.example.com/v1", "http://127.0.0.1:8080", "https://[::1]/v1", "http://127.0.0.1:0/v1", "https://",
    "http://127.0.0.1:99999/v1", "https://api.example.com/v1?api-version=1", "ftp://x/v1", "https://x/v1/messages",
    "https://x y/v1", "https://u:p@x/v1", "http://[::1/v1", "https://exa\u00admple.com/v1", "https://.example/v1",
    "https://-.example/v1", "https://" + "a" * 300 + ".example/v1", "https://x/\u00e9", "https://*.example/v1",
]  # fmt: skip
NAMES = [
    "messages", "input", "contents", "tools", "system", "instructions", "systemInstruction", "stream", "stream_options",
    "model", "temperature", "max_tokens", "n", "generationConfig", "prompt", "user", "seed", "background",
]  # fmt: skip
ENDPOINTS = st.fixed_dictionaries(
    {
        "provider": st.sampled_from([name for name, row in PROVIDERS.items() if row.formats]),
        "model": st.sampled_from(["m", "claude-opus-4-7", "a/b", "with space", "\u00e9", "x?y#z", "${M}"]),
        "api_key_env": st.just("SOME_KEY"),
        "parameters": st.dictionaries(st.sampled_from(NAMES), st.sampled_from([1, True, "x", {"a": 1}]), max_size=3),
    },
    optional={
        "api": st.sampled_from(["chat", "responses"]),
        "base_url": st.sampled_from(ADDRESSES),
        "stream": st.booleans(),
        "headers": st.dictionaries(st.sampled_from(["x-a", "X-A", "host", "authorization", "x b"]), st.just("v")),
        "query": st.dictionaries(st.sampled_from(["a", "a b", "\u00e9"]), st.sampled_from(["v", "${V}", " v"])),
        "user_agent": st.sampled_from(["curl/8", "a\nb", ""]),
    },
)
PROBES = st.fixed_dictionaries(
    {"id": st.just("a"), "prompt": st.sampled_from(["Pick.", "{{x}}", "${HOME}", "\u200b"])},
    optional={"system": st.just("Be brief."), "tools": st.just([{"name": "look"}]), "template": st.booleans()},
)


@pytest.mark.slow
@settings(deadline=None, max_examples=500, suppress_health_check=[HealthCheck.function_scoped_fixture])
@seed(20261128)
@given(endpoint=ENDPOINTS, probe=PROBES)
def test_whatever_is_valid_can_be_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, endpoint: dict[str, Any], probe: dict[str, Any]
) -> None:
    """As far as the request: what a provider says to it is no matter of the files."""
    monkeypatch.setenv("SOME_KEY", "sk-some-key-1234")
    monkeypatch.setenv("V", "value")
    endpoint = {**endpoint, "parameters": {"max_tokens": 9} | endpoint["parameters"]}
    if endpoint.get("base_url", "") is None:
        endpoint.pop("base_url")
    (tmp_path / "endpoints.yaml").write_text(json.dumps({"endpoints": {"bot": endpoint}}))
    head = {"owner": "us", "endpoints": ["bot"], "schedule": {"every": "6h"}}
    (tmp_path / "set.yaml").write_text(json.dumps({**head, "probes": [probe]}))
    try:
        found = load(tmp_path)
    except ConfigurationError:
        return
    [declared], asked = found.endpoints, found.sets[0].probes[0]
    request = build(wire_format(declared), declared, asked)
    url = httpx.URL(address(base_url_of(declared), request.path))
    assert url.host and url.scheme in ("http", "https")
    access = access_of(declared, Keys())
    assert not isinstance(access, NoKey)
    httpx.Request("POST", url, headers=dict(access.headers), content=json.dumps(request.body).encode("ascii"))


EVERY: list[Any] = ["6h", "30m", "31d", "32d", "5s", "0s", "x", 6, None]
CRON: list[Any] = ["0 6 * * *", "0 0 31 2 *", "*/5 * * * *", "61 * * * *", "@daily", "0 0 * * 7"]
FIELDS: dict[str, list[Any]] = {
    "parameters": [{}, {"world": "still"}, {"world": "swap"}, {"world": "nowhere"}, {"seed": True}, {"seed": 3},
                   {"strength": 2}, {"changes_at": "soon"}, {"clustering": 0}, {"temperature": 1}, {"n": 2}],
    "model": ["m", "", "a" * 400, "${M}", "a b"],
    "stream": [True, "yes"],
    "budget": [
        {"asks_per_day": 1}, {"asks_per_day": 500}, {"tokens_per_day": 0}, {"asks_per_hour": 9, "tokens_per_month": 10**7},
        {"dollars_per_month": 5}, {"asks_per_week": 9}, {"tokens_per_hour": 3}, {"asks_per_day": 9, "asks_per_month": 10},
    ],
    "reference": [{"rounds": 4, "hours": 0}, {"rounds": 3}],
    "confirm": [{"rounds": 0}, {"pause": "x"}, {"at": 2}],
    "severity": [{"choice": "critical"}, {"nothing": "info"}],
    "maintenance": [[{"at": "02:00", "lasts": "2h"}], [{"lasts": "2h"}]],
    "api": ["chat", "responses"],
    "headers": [{"x-a": "${NOT_SET_ANYWHERE}"}, {"host": "x"}],
    "auth": ["none", "basic"],
    "capabilities": [{"seed": False}, {"sight": True}],
    "price": [{"input_per_million": 1, "output_per_million": 1}, {"input_per_million": -1}],
    "metadata": [True],
    "timeouts": [{"total_s": 1}, {"total_s": 0}],
    "false_alarms_per_year": [0.5, 0],
    "fallback": ["twin", "bot", "none", "a b"],
    "gate": [{}, {"asks": 10}, {"asks": 1}, {"margin": 100}, "yes"],
    "vantage": ["eu-west", "a b", ""],
    "max_reply_bytes": [2_000, 10],
    "concurrency": [1, 0],
    "query": [{"v": "1"}, {"v w": "1"}, {"v": "${NOT_SET_ANYWHERE}"}, {"code": "s3cr3t-0123456789abcdef"}, {"v": 1}],
    "user_agent": ["watch/1", "a\nb", ""],
    "api_key_file": ["key.txt", "none.txt", "", "../key.txt"],
    "api_key_command": [["printf", "k"], ["none-such-program"], [], "printf k", ["printf", 1]],
    "api_key_lasts": ["1h", "0s", "x"],
    "api_version": ["2024-10-21"],
}  # fmt: skip
PROBE: dict[str, list[Any]] = {
    "prompt": ["Pick.", "{{x}}", "", "file://none.txt", "\u202e", "file://key.txt", "https://wiki.example/p", "{{{x}}}"],
    "messages": [None, [{"role": "user", "content": "Hi"}], [{"role": "assistant", "content": "Hi"}], []],
    "samples": [2, 0, 101],
    "tools": [[{"name": "look"}], [{"name": "look"}, {"name": "look"}], [{"name": "a b"}]],
    "expect": [[{"type": "is-json"}], [{"type": "regex", "value": "("}], [{"type": "max-length", "value": 5}],
               [{"type": "tool-call", "value": "look"}], [{"type": "contains-any", "value": []}]],
    "vars": [None, {"y": "1"}, [{"x": 1}, {"x": 2}], {"x": "file://key.txt"}, "file://rows.csv", {"x": ["file://key.txt", "b"]}],
    "template": [False],
    "system": ["Be brief.", ""],
}  # fmt: skip


def slo(**changed: Any) -> dict[str, Any]:
    """An objective in OpenSLO; `changed` replaces a field by its dotted path, with __ for a dot; None leaves it out."""
    counted = {"metricSource": {"type": "canary-prober", "spec": {"measure": "answered"}}}
    whole: dict[str, Any] = {
        "apiVersion": "openslo/v1",
        "kind": "SLO",
        "metadata": {"name": "answers"},
        "spec": {
            "indicator": {"spec": {"ratioMetric": {"good": counted}}},
            "timeWindow": [{"duration": "28d", "isRolling": True}],
            "budgetingMethod": "Occurrences",
            "objectives": [{"target": 0.95}],
        },
    }
    for path, value in changed.items():
        *above, last = path.split("__")
        place = whole
        for step in above:
            place = place[step]
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    return whole


SLO_CHANGES: list[dict[str, Any]] = [
    {}, {"spec__objectives": [{"targetPercent": 99.9}]}, {"spec__objectives": [{"target": 0.95, "targetPercent": 95}]},
    {"spec__objectives": [{"target": 95}]}, {"spec__objectives": []}, {"spec__objectives": None},
    {"spec__timeWindow": [{"duration": "4w", "isRolling": True}]}, {"spec__budgetingMethod": "Timeslices"},
    {"spec__timeWindow": [{"duration": "1m", "isRolling": True}]}, {"spec__timeWindow": [{"duration": "28d", "isRolling": False}]},
    {"spec__indicator": None}, {"spec__indicator__spec__ratioMetric": {}}, {"metadata": {}}, {"metadata__name": "a b"},
    {"apiVersion": "openslo/v2"}, {"kind": "SLI"}, {"spec__service": "shop"}, {"spec__alertPolicies": []},
    {"spec__indicator__spec__ratioMetric": {"bad": {"metricSource": {"type": "canary-prober", "spec": {
        "measure": "faster_than", "seconds": 2}}}}},
    {"spec__indicator__spec__ratioMetric": {"good": {"metricSource": {"type": "canary-prober", "spec": {
        "measure": "cheaper_than"}}}}},
    {"spec__indicator__spec__ratioMetric": {"good": {"metricSource": {"type": "prometheus", "spec": {"query": "up"}}}}},
]  # fmt: skip
SETS: dict[str, list[Any]] = {
    "tags": [["a"], "a"],
    "runbook": ["https://wiki.example/x", "none.md", "none\0"],
    "objectives": [
        [{"name": "o", "measure": "answered", "at_least": "95 %"}],
        [],
        [{"nothing": 1}],
        [{"name": "o", "at_least": "95 %"}],
        [{"name": "o", "measure": "answered", "at_least": "100 %"}],
        [{"name": "o", "measure": "right", "at_most": "5%"}],
        [{"name": "o", "measure": "refused", "at_most": "5 %", "window": "1m"}],
        [{"name": "o", "measure": "answered", "at_least": "9 %", "at_most": "5 %"}],
        [{"name": "o", "measure": "refused", "at_most": "5 %"}, {"name": "o", "measure": "refused", "at_most": "6 %"}],
        [{"name": "o", "measure": "faster_than", "seconds": 2, "at_least": "95 %"}],
        [{"name": "o", "measure": "faster_than", "at_least": "95 %"}],
        [{"name": "o", "measure": "faster_than", "seconds": 0, "at_least": "95 %"}],
        [{"name": "o", "measure": "faster_than", "seconds": 4000, "at_most": "5 %"}],
        [{"name": "o", "measure": "cheaper_than", "dollars": 0.002, "at_least": "95 %"}],
        [{"name": "o", "measure": "answered", "seconds": 2, "at_least": "95 %"}],
        [{"name": "o", "measure": "refused", "at_most": "0 %"}],
        *[[slo(**change)] for change in SLO_CHANGES],
        [slo(), slo()],
        [slo(), {"name": "other", "measure": "answered", "at_least": "99.5%", "window": "1h"}],
    ],
    "canary": [{}, {"rounds": 3, "share": 0.5}, {"rounds": 2}, {"share": 0}, {"accept": "always"}, True],
    "shadow": [
        {"candidate": "twin"},
        {"candidate": "bot"},
        {"candidate": "none"},
        {},
        {"candidate": "twin", "lasts": "0s"},
    ],
    "budget": [
        {"asks_per_month": 90},
        {"asks_per_hour": 0},
        {"dollars_per_day": 1},
        {"tokens_per_day": 2},
        {"euros": 1},
    ],
    "keep_replies": ["90d", "90", "0d", "-1d"],
    "vars": [{"x": "y"}, {"x": {"y": 1}}, []],
    "endpoints": [["bot"], ["bot", "twin"], ["bta"], []],
}
ALERTS: list[dict[str, Any] | None] = [
    None, {"routes": [{"to": ["log"]}]}, {"routes": [{"to": ["lgo"]}]}, {"timezone": "Europe/Berln"},
    {"routes": [{"to": ["log"], "endpoints": ["b*"], "tags": ["zzz"]}]}, {"reminders": {"critical": "1m"}},
    {"routes": [{"to": ["log"], "severity": "critical", "after": "30m"}]}, {"routes": [{"to": ["log"], "after": "0s"}]},
    {"routes": [{"to": ["log"]}, {"to": ["log"], "after": "30m"}]}, {"quiet_hours": {"start": "22:00", "end": "07:00"}},
    {"digest": {"at": "09:00"}}, {"digest": {"at": "9"}}, {"weekly_report": {"to": ["log"]}}, {"private": True},
    {"weekly_report": {"to": []}}, {"routes": [{"to": ["log"], "owners": ["them"]}]}, {"stale_after": 0},
]  # fmt: skip
BUDGETS: list[dict[str, Any] | None] = [
    None, {"all": {"asks_per_day": 900}}, {"owners": {"us": {"tokens_per_month": 10**9}}}, {"owners": {"them": {}}},
    {"all": {"dollars_per_day": 1}}, {"owners": {"us": {"asks_per_day": 0}}}, {"every": {}},
]  # fmt: skip
SAMPLES: list[dict[str, Any] | None] = [
    None, {"keep": "text", "keep_for": "9d"}, {"keep": "all"}, {"per_minute": 0}, {"personal_data": ["email", "name"]},
    {"replace_by": "hash"}, {"keep_for": "x"},
]  # fmt: skip


def declaration(rng: random.Random) -> dict[str, dict[str, Any] | None]:
    """Files of one team, mostly right."""

    def some(fields: dict[str, list[Any]], most: int) -> dict[str, Any]:
        names = rng.sample(sorted(fields), rng.randint(0, most))
        return {name: rng.choice(fields[name] + fields[name][:1] * 20) for name in names}

    bot = {"provider": "scripted", "model": "m"} | some(FIELDS, 3)
    schedule: dict[str, Any] = {"every": rng.choice(["6h"] * 30 + EVERY)}
    if rng.random() < 0.3:
        schedule = {
            "cron": rng.choice(CRON[:1] * 9 + CRON),
            "timezone": rng.choice(["UTC", "Europe/Berlin"] * 5 + ["Mars/Base"]),
        }
    probes = [{"id": name, "prompt": f"Pick {name}."} | some(PROBE, 2) for name in rng.choice(["a"] * 9 + ["ab", "aa"])]
    return {
        "endpoints.yaml": {"endpoints": {"bot": bot, "twin": {"provider": "scripted", "model": "other"}}},
        "set.yaml": {"owner": "us", "endpoints": ["bot"], "schedule": schedule, "probes": probes} | some(SETS, 1),
        "alerts.yaml": rng.choice([None] * 20 + ALERTS),
        "budgets.yaml": rng.choice([None] * 20 + BUDGETS),
        "samples.yaml": rng.choice([None] * 20 + SAMPLES),
    }


@pytest.mark.slow
def test_what_validates_runs_and_what_run_refuses_was_refused_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both verbs over the same random files: they refuse the same, in the same words, and nothing ends in a traceback."""
    monkeypatch.setenv("PROBER_DATABASE_URL", f"sqlite:///{tmp_path}/prober.db")
    rng = random.Random(20261129)
    seen = {0: 0, 2: 0}
    for _ in range(70):
        folder = tmp_path / "probes"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "key.txt").write_text("a text beside the set\n")
        (folder / "rows.csv").write_text("x\none\ntwo\n")
        files = declaration(rng)
        for name, content in files.items():
            if content is not None:
                (folder / name).write_text(json.dumps(content))
        valid = main(["validate", str(folder)])
        refused = capsys.readouterr().err
        seen[valid] += 1
        if valid == 2 and seen[2] % 5:
            continue  # `once` reads with the same function: a sample of what was refused is enough
        code = main(["once", str(folder)])
        out = capsys.readouterr()
        assert (code == 2) is (valid == 2), (files, out.err)
        assert "Traceback" not in out.err + out.out and "report this file as a bug" not in refused, (files, out.err)
        if code == 2:
            assert out.err == refused
    assert min(seen.values()) >= 12, seen


@pytest.mark.slow
@pytest.mark.parametrize(
    ("field", "text"),
    [
        *[("model", text) for text in ("$MODEL", "$(model)", "%MODEL%", "<your-model>", "process.env.MODEL", "{model}")],
        *[("base_url", text) for text in ("https://$HOST/v1", "https://<resource>.openai.azure.com/v1")],
        *[("prompt", text) for text in ("file:prompts/a.txt", "@prompts/a.md", "prompts/a.j2", "env:PROMPT", "Hi <%= x %>")],
    ],
)  # fmt: skip
def test_what_other_tools_fill_in_is_refused(tmp_path: Path, field: str, text: str) -> None:
    endpoint = {"provider": "openai", "model": "m", "base_url": "https://api.x.ai/v1", "api_key_env": "K"}
    probe = {"id": "a", "prompt": "Pick."}
    (probe if field == "prompt" else endpoint)[field] = text
    (tmp_path / "endpoints.yaml").write_text(json.dumps({"endpoints": {"bot": endpoint}}))
    canary = {"owner": "us", "endpoints": ["bot"], "schedule": {"every": "6h"}, "probes": [probe]}
    (tmp_path / "set.yaml").write_text(json.dumps(canary))
    with pytest.raises(ConfigurationError, match=field):
        load(tmp_path)
    if field == "prompt":
        (tmp_path / "set.yaml").write_text(json.dumps({**canary, "probes": [{**probe, "template": False}]}))
        assert load(tmp_path).sets[0].probes[0].prompt == text


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("set.yaml", SET + "shadow: {candidate: twin, lasts: 0s}\n",
         "set.yaml:5: shadow.lasts: must be more than nothing; write for instance 7d"),
        ("set.yaml", SET + "objectives: [{name: o, measure: right, at_least: 95 %}]\n",
         "set.yaml:5: objectives.0.measure: no probe has a check that knows the answer; write one of contains, "),
        ("alerts.yaml", "quiet_hours: {from: '22:00', until: '07:00'}\n",
         'alerts.yaml:1: quiet_hours: unknown field "from"; did you mean "start"?'),
        ("samples.yaml", "personal_data: [email, name]\n",
         'samples.yaml:1: personal_data.1: unknown kind of data "name"; write one of: email, phone, card, key'),
    ],
)  # fmt: skip
def test_newer_fields_say_what_to_write(tmp_path: Path, file: str, content: str, message: str) -> None:
    (tmp_path / "set.yaml").write_text(SET)
    (tmp_path / file).write_text(content)
    (tmp_path / "endpoints.yaml").write_text(f"endpoints:\n{BOT}  twin: {{provider: scripted, model: n}}\n")
    with pytest.raises(ConfigurationError) as raised:
        load(tmp_path, alerters=ALERTERS)
    assert message in str(raised.value)


def test_hashes_of_personal_data_need_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROBER_SAMPLES_KEY", raising=False)
    (tmp_path / "samples.yaml").write_text("keep: text\nreplace_by: hash\n")
    [warning] = map(str, loaded(tmp_path).warnings)
    assert "samples.yaml:2: replace_by: hash needs the environment variable PROBER_SAMPLES_KEY" in warning
    monkeypatch.setenv("PROBER_SAMPLES_KEY", "k")
    assert not loaded(tmp_path).warnings


@pytest.mark.parametrize(
    ("base_url", "is_warned"),
    [
        ("https://h.example/v1/023e105f4ecef8ad9ca31a8372d0c353", True),
        ("https://h.example/023E105F4ECEF8AD9CA31A8372D0C353ab/v1", True),
        ("https://gateway.ai.cloudflare.com/v1/023e105f4ecef8ad9ca31a8372d0c353/gw/openai", False),
        ("https://h.example/v1", False),
    ],
)
def test_hexadecimal_digits_in_a_path_may_be_a_key(base_url: str, is_warned: bool) -> None:
    endpoint = Endpoint(name="e", provider="openai", model="m", base_url=base_url, api_key_env="PATH")
    said_of_keys = [one.message for one in reach_warnings(endpoint) if "hexadecimal" in one.message]
    assert bool(said_of_keys) is is_warned and "023" not in "".join(said_of_keys)
