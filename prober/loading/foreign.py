"""Words of other tools, and what is here instead: names of promptfoo, EvalView, Gatus, LangSmith, DeepEval,
Alertmanager and of client libraries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_PERIODS: Final = ("hour", "day", "month")

RENAMED: Final[Mapping[str, str]] = {
    "assert": "expect type", "assertions": "expect", "checks": "expect", "conditions": "expect", "question": "prompt",
    "input": "prompt", "query": "prompt", "content": "prompt", "text": "prompt content value", "tests": "probes",
    "instruction": "prompt", "user": "prompt", "user_prompt": "prompt", "prompts": "probes", "test_cases": "probes",
    "testCases": "probes", "scenarios": "probes", "cases": "probes", "repeat": "samples", "runs": "samples",
    "n": "samples", "num_repetitions": "samples", "interval": "every", "frequency": "every", "rate": "every",
    "url": "base_url", "host": "base_url", "api_base": "base_url", "apiBaseUrl": "base_url", "apiHost": "base_url",
    "baseURL": "base_url", "openai_api_base": "base_url", "azure_endpoint": "base_url", "params": "parameters",
    "config": "parameters", "options": "parameters", "model_kwargs": "parameters", "apiKeyEnvar": "api_key_env",
    "key_env": "api_key_env", "function": "tools", "functions": "tools", "input_schema": "parameters",
    "inputSchema": "parameters", "schema": "parameters value", "expected": "value", "values": "value",
    "team": "owner", "group": "owner", "label": "name id", "name": "id", "variables": "vars", "tz": "timezone",
    "time_zone": "timezone", "crontab": "cron", "timeout": "timeouts",
    "timeout_s": "timeouts", "request_timeout": "timeouts", "extra_headers": "headers",
    "default_headers": "headers", "default_query": "query", "channels": "to", "receivers": "to routes",
    "receiver": "to", "duration": "lasts", "start": "begins", "from": "start begins role", "until": "end",
    "system_prompt": "system", "deployment": "model", "deployment_name": "model", "engine": "model",
    "kind": "provider type", "check": "type", "target": "at_least", "objective": "at_least", "sli": "measure",
    "indicator": "measure", "endpoint": "endpoints", "threshold": "at_least", "over": "window", "period": "window",
    "timeWindow": "window", "time_window": "window", "to": "end", "time": "at", "min_rounds": "rounds",
    "total": "total_s", "connect": "connect_s", "read": "read_s", "rpm": "asks_per_minute", "tpm": "tokens_per_minute",
    "requests_per_minute": "asks_per_minute",
    **{f"{word}_per_{period}": f"{ours}_per_{period}" for period in _PERIODS for word, ours in (
        ("usd", "dollars"), ("cost", "dollars"), ("requests", "asks"), ("calls", "asks"))},
}  # fmt: skip
"""Field → the fields that mean the same here, each in its own shape; where a shape has none, the word is unknown."""

MEANT: Final[Mapping[str, Mapping[str, str]]] = {
    "role": {"human": "user", "ai": "assistant", "model": "assistant", "bot": "assistant", "developer": "system"},
    "severity": {
        **dict.fromkeys(("error", "high", "fatal", "emergency", "page", "p1", "sev1"), "critical"),
        **dict.fromkeys(("warn", "medium", "major", "p2", "sev2", "ticket"), "warning"),
        **dict.fromkeys(("low", "minor", "notice", "p3", "sev3"), "info"),
    },
    "measure": {
        **dict.fromkeys(("latency", "fast", "duration", "p95", "response_time"), "faster_than"),
        **dict.fromkeys(("cost", "cheap", "price"), "cheaper_than"),
        **dict.fromkeys(("uptime", "availability", "available", "errors"), "answered"),
        **dict.fromkeys(("accuracy", "correct", "correctness"), "right"),
        **dict.fromkeys(("refusals", "refusal"), "refused"),
    },
    "alerter": {
        **dict.fromkeys(("email", "mail", "mailto", "smtp", "teams", "msteams", "discord", "telegram", "opsgenie",
                         "sms", "mattermost", "ntfy", "pushover", "signal", "matrix"), "apprise"),
        "pd": "pagerduty", "http": "webhook", "https": "webhook", "stdout": "log", "console": "log",
    },
}  # fmt: skip
"""Kind of word → words of other tools → ours."""

_RECORDED = "it is recorded with each reply, and is no check here; remove it"
_NO_MODEL = "no model judges replies here; write contains or regex, or remove it: meaning is watched anyway"
_NO_CODE = "no code of yours is run here; write checks such as regex or is-json"
_TOOL = "write type: tool-call, with the tool's name as value"
_PART = "only a whole reply is checked; write type: is-json"

CHECKS: Final[Mapping[str, str]] = {
    "contains-all": "write a contains for each text",
    "icontains-all": "write an icontains for each text",
    "icontains-any": "write type: regex, value: '(?i)first|second'",
    "ends-with": "write type: regex, value: 'text$'", "endswith": "write type: regex, value: 'text$'",
    "iends-with": "write type: regex, value: '(?i)text$'",
    "istarts-with": "write type: regex, value: '(?i)^text'",
    "iequals": "write type: regex, value: '(?i)^text$'",
    "min-length": "write type: regex, value: '(?s)^.{200,}'",
    "length": "write type: max-length, which counts characters",
    "word-count": "write type: max-length, which counts characters",
    "exact-match": "write type: equals", "exact": "write type: equals", "is": "write type: equals",
    "matches": "write type: regex", "match": "write type: regex", "pattern": "write type: regex",
    "regex-match": "write type: regex", "re": "write type: regex", "equal": "write type: equals",
    "eq": "write type: equals", "==": "write type: equals", "any-of": "write type: contains-any",
    "one-of": "write type: regex, value: '^(first|second)$'", "in": "write type: regex, value: '^(first|second)$'",
    "includes": "write type: contains", "output-contains": "write type: contains",
    "contains-none": "write a not-contains for each text", "non-empty": r"write type: regex, value: '\S'",
    "max-words": "write type: max-length, which counts characters",
    "contains-json": _PART,
    **dict.fromkeys(("is-valid-json", "valid-json", "json", "json-validity"), "write type: is-json"),
    **dict.fromkeys(("json-schema", "jsonschema", "schema", "json-correctness"),
                    "write type: is-json, with the schema as value"),
    "is-xml": _PART, "contains-xml": _PART, "is-html": _PART, "contains-html": _PART, "is-sql": _PART,
    "contains-sql": _PART,
    **dict.fromkeys(("latency", "max-latency", "latency-ms", "response-time"),
                    "write an objective of the set: measure: faster_than"),
    "finish-reason": _RECORDED, "max-tokens": _RECORDED, "status": _RECORDED,
    "cost": "costs are limited by budget: of the endpoint", "max-cost": "costs are limited by budget: of the endpoint",
    "refusal": "write type: is-refusal", "refuses": "write type: is-refusal",
    "is-valid-openai-tools-call": _TOOL, "is-valid-openai-function-call": _TOOL, "is-valid-function-call": _TOOL,
    **dict.fromkeys(("tools", "tool-call-f1", "function-call", "called", "skill-used", "trajectory:tool-used",
                     "tool-correctness"), _TOOL),
    "javascript": _NO_CODE, "python": _NO_CODE, "ruby": _NO_CODE, "webhook": _NO_CODE,
    "assert-set": "every check counts by itself; write them side by side",
    **dict.fromkeys(
        ("llm-rubric", "similar", "classifier", "moderation", "guardrails", "factuality", "g-eval", "pi", "max-score",
         "model-graded-closedqa", "model-graded-factuality", "answer-relevance", "context-recall", "context-relevance",
         "context-faithfulness", "conversation-relevance", "select-best", "search-rubric", "levenshtein", "rouge-n",
         "bleu", "gleu", "meteor", "perplexity", "perplexity-score", "rouge", "f1", "trace-error-spans", "agent-rubric",
         "toxicity", "bias", "hallucination", "answer-relevancy", "faithfulness", "contextual-precision",
         "contextual-recall", "contextual-relevancy", "summarization", "task-completion", "prompt-alignment",
         "correctness", "conciseness", "criteria", "labeled-criteria", "score-string", "helpfulness", "coherence",
         "embedding-distance", "string-distance", "semantic-similarity", "similarity", "tone", "sentiment",
         "profanity", "pii", "language", "is-english", "number", "between"), _NO_MODEL,
    ),
}  # fmt: skip
"""Kind of check elsewhere → what to write here. Only what means the same is suggested."""

_ONE_ASK = "one ask is one observation, so nothing is retried; remove it"
FIELDS: Final[Mapping[str, str]] = {
    "retries": _ONE_ASK, "max_retries": _ONE_ASK, "maxRetries": _ONE_ASK, "retry": _ONE_ASK,
    "fallbacks": _ONE_ASK,
    "cache": "a cached reply says nothing about the model; remove it",
    "organization": "write headers: {OpenAI-Organization: …}", "org": "write headers: {OpenAI-Organization: …}",
    "project": "write headers: {OpenAI-Project: …}",
    "proxy": "proxies are those of the environment, such as HTTPS_PROXY; remove it",
    "delay": "write concurrency: 1, or an interval under schedule", "rate_limit": "write concurrency or budget",
    "method": "an endpoint is a model; the prober knows how it is asked; remove it",
    "body": "write what is sent to the model under parameters",
    "enabled": "comment the lines out to switch it off",
    "defaultTest": "write the checks in each probe; what all share can go under an x- key with an anchor",
    "providers": "declare endpoints in a file endpoints.yaml, and name them under endpoints",
    "evaluateOptions": "write concurrency in the endpoint, and samples in the probe",
    "threshold": "changes are found without thresholds; remove it",
    "thresholds": "changes are found without thresholds; write reference and false_alarms_per_year in the endpoint",
    "adapter": "write provider and base_url in a file endpoints.yaml",
    "alerts": "the file alerts.yaml says who is notified", "alerting": "alerts.yaml says who is notified",
    "weight": "every check counts by itself; remove it", "metric": "every check is a channel of its own; remove it",
    "transform": "replies are checked as they come; write type: regex",
    "failure-threshold": "people are notified when the evidence is enough; remove it",
    "success-threshold": "an incident ends when the evidence is enough; remove it",
    "at": "write a schedule with cron, such as {cron: \"0 9 * * *\"}",
    "schedules": "write one schedule: in each probe set",
    **dict.fromkeys(("answer", "ideal", "expected_output", "reference_output", "golden"),
                    "write expect: [{type: contains, value: …}]"),
    **dict.fromkeys(("images", "image", "files", "audio"), "only texts are sent; remove it"),
    **dict.fromkeys(("disabled", "skip", "only"), "comment the lines out to switch it off"),
    **dict.fromkeys(("evaluators", "metrics", "judge", "evaluator"), "write the checks in each probe, under expect"),
    "dataset": "write the prompts as probes, or vars: file://cases.csv in one",
    **dict.fromkeys(("extends", "include", "import"), "a file takes in no other; remove it"),
    **dict.fromkeys(("verify_ssl", "ssl_verify", "insecure", "verify"),
                    "certificates are always checked; write ca_file for your own authority"),
    "region": "it is a part of base_url; write it there",
    "faster_than": "write measure: faster_than, and seconds: 2",
    "cheaper_than": "write measure: cheaper_than, and dollars: 0.002",
    "input_per_1k": "write input_per_million, a thousand times as much",
    "output_per_1k": "write output_per_million, a thousand times as much",
    "continue": "every route that fits is followed; remove it",
    "mute": "mute an incident with: prober incidents mute",
    **dict.fromkeys(("dollars", "usd", "cost", "per_day", "per_month"),
                    "write dollars_per_day, or another unit and period, such as asks_per_hour"),
}  # fmt: skip
"""Field of another tool that does not exist here → what to write instead."""

_LEFT_OUT: Final = "leave the field out"
OFF: Final[Mapping[str, str]] = {
    "confirm": "write {rounds: 0} to switch it off", "asked_again": "write 0 to switch it off",
    "reminders": "write {critical: null, warning: null} to switch them off",
    "reference": "every endpoint is compared with its reference; write fields such as {rounds: 12, hours: 168}",
    "timeouts": "every ask ends after some time; write fields such as {total_s: 120}",
    **dict.fromkeys(("digest", "quiet_hours", "weekly_report", "budget", "limits", "jitter", "warm_up", "maintenance",
                     "severity", "expect", "keep_replies", "objectives"), f"{_LEFT_OUT} to switch it off"),
}  # fmt: skip
"""Field whose value is no truth value → what to write in place of `off`, `no`, `false` or `none`."""
ON: Final[Mapping[str, str]] = {
    **dict.fromkeys(("confirm", "reminders", "reference", "timeouts"), f"it is on by default; {_LEFT_OUT}"),
    "digest": 'write {at: "09:00"}', "warm_up": "write {rounds: 6}",
}  # fmt: skip
"""The same → what to write in place of `on`, `yes` or `true`."""

_PLACES: Final = {
    "America/Los_Angeles": "pacific, pst, pdt, pt, san francisco, seattle, california",
    "America/Denver": "mountain, mst, mdt, mt",
    "America/Chicago": "central, cst, cdt, ct, texas, austin, dallas, houston",
    "America/New_York": "eastern, est, edt, et, boston, washington, atlanta, miami",
    "America/Sao_Paulo": "brt, brazil, brasilia, rio de janeiro",
    "Europe/Berlin": "cet, cest, mez, mesz, central european, w. europe, germany, munich, hamburg, frankfurt, cologne",
    "Europe/London": "bst, british, uk, england, manchester, edinburgh",
    "Europe/Lisbon": "wet, west", "Europe/Athens": "eet, eest, eastern european", "Europe/Moscow": "msk, russian",
    "Europe/Zurich": "geneva, bern, basel", "Europe/Rome": "milan, italy", "Europe/Madrid": "barcelona, spain",
    "Europe/Paris": "lyon, france, romance", "Europe/Warsaw": "krakow, central europe",
    "Asia/Kolkata": "ist, india, bangalore, bengaluru, mumbai, delhi, new delhi, hyderabad, chennai, pune",
    "Asia/Shanghai": "china, beijing, peking, shenzhen, guangzhou", "Asia/Tokyo": "jst, japan, tokyo, osaka",
    "Asia/Seoul": "kst, korea", "Asia/Singapore": "sgt", "Asia/Hong_Kong": "hkt", "Asia/Jerusalem": "israel",
    "Australia/Sydney": "aest, aedt, canberra, aus eastern", "Australia/Perth": "awst",
    "Pacific/Auckland": "nzst, nzdt, new zealand, wellington", "UTC": "z, utc, zulu, universal",
}  # fmt: skip
ZONES: Final[Mapping[str, str]] = {name: zone for zone, names in _PLACES.items() for name in names.split(", ")}
"""Abbreviation, place or name of a zone elsewhere, in lower case and without `standard time` → its IANA name."""

SENT: Final = frozenset({
    "temperature", "top_p", "topP", "top_k", "topK", "min_p", "max_tokens", "max_completion_tokens",
    "max_output_tokens", "maxTokens", "maxOutputTokens", "seed", "random_seed", "stop", "stop_sequences",
    "stopSequences",
    "frequency_penalty", "presence_penalty", "repetition_penalty", "repeat_penalty", "logprobs", "top_logprobs",
    "logit_bias", "response_format", "reasoning", "reasoning_effort", "thinking", "verbosity", "tool_choice",
    "parallel_tool_calls", "generationConfig", "safetySettings", "service_tier", "store", "truncation", "num_predict",
    "num_ctx", "extra_body", "provider_options", "chat_template_kwargs", "output_config", "cache_control",
})  # fmt: skip
"""Parameters of providers' APIs, which belong under `parameters`."""
