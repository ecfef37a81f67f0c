"""Words of other tools, and what is here instead: names of promptfoo, EvalView, Gatus and of client libraries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

RENAMED: Final[Mapping[str, str]] = {
    "assert": "expect", "assertions": "expect", "checks": "expect", "conditions": "expect", "question": "prompt",
    "input": "prompt", "query": "prompt", "content": "prompt", "tests": "probes", "prompts": "probes",
    "scenarios": "probes", "cases": "probes", "repeat": "samples", "runs": "samples", "interval": "every",
    "frequency": "every", "url": "base_url", "host": "base_url", "api_base": "base_url", "apiBaseUrl": "base_url",
    "apiHost": "base_url", "baseURL": "base_url", "params": "parameters", "config": "parameters",
    "options": "parameters", "apiKeyEnvar": "api_key_env", "key_env": "api_key_env", "function": "tools",
    "functions": "tools", "expected": "value", "threshold": "value", "team": "owner", "group": "owner",
    "label": "name", "variables": "vars", "tz": "timezone", "time_zone": "timezone", "crontab": "cron",
    "timeout": "timeouts", "extra_headers": "headers", "default_headers": "headers", "default_query": "query",
    "channels": "to", "receivers": "to", "duration": "lasts", "start": "begins",
    "from": "start", "until": "end",
}  # fmt: skip
"""Field → the field that means the same here; where a shape has no such field, the word is unknown there."""

_RECORDED = "it is recorded with each reply, and is no check here; remove it"
_NO_MODEL = "no model judges replies here; write contains or regex, or remove it: meaning is watched anyway"
_NO_CODE = "no code of yours is run here; write checks such as regex or is-json"
_TOOL = "write type: tool-call, with the tool's name as value"
_PART = "only a whole reply is checked; write type: is-json"

CHECKS: Final[Mapping[str, str]] = {
    "contains-all": "write a contains for each text",
    "icontains-all": "write an icontains for each text",
    "icontains-any": "write type: regex, value: (?i)first|second",
    "ends-with": "write type: regex, value: text$",
    "iends-with": "write type: regex, value: (?i)text$",
    "istarts-with": "write type: regex, value: (?i)^text",
    "iequals": "write type: regex, value: (?i)^text$",
    "min-length": "write type: regex, value: (?s)^.{200,}",
    "length": "write type: max-length, or regex with (?s)^.{200,} for a least one",
    "word-count": "write type: max-length, which counts characters",
    "exact-match": "write type: equals", "exact": "write type: equals", "is": "write type: equals",
    "matches": "write type: regex", "match": "write type: regex", "pattern": "write type: regex",
    "one-of": "write type: regex, value: ^(first|second)$", "in": "write type: regex, value: ^(first|second)$",
    "includes": "write type: contains", "non-empty": r"write type: regex, value: \S",
    "max-words": "write type: max-length, which counts characters",
    "contains-json": _PART,
    "is-valid-json": "write type: is-json",
    "json-schema": "write type: is-json, with the schema as value",
    "is-xml": _PART, "contains-xml": _PART, "is-html": _PART, "contains-html": _PART, "is-sql": _PART,
    "contains-sql": _PART,
    "latency": _RECORDED, "max-latency": _RECORDED, "finish-reason": _RECORDED,
    "cost": "costs are limited by budget: of the endpoint", "max-cost": "costs are limited by budget: of the endpoint",
    "refusal": "write type: is-refusal",
    "is-valid-openai-tools-call": _TOOL, "is-valid-openai-function-call": _TOOL, "is-valid-function-call": _TOOL,
    "tools": _TOOL, "tool-call-f1": _TOOL,
    "javascript": _NO_CODE, "python": _NO_CODE, "ruby": _NO_CODE, "webhook": _NO_CODE,
    **dict.fromkeys(
        ("llm-rubric", "similar", "classifier", "moderation", "guardrails", "factuality", "g-eval", "pi", "max-score",
         "model-graded-closedqa", "model-graded-factuality", "answer-relevance", "context-recall", "context-relevance",
         "context-faithfulness", "conversation-relevance", "select-best", "search-rubric", "levenshtein", "rouge-n",
         "bleu", "gleu", "meteor", "perplexity", "perplexity-score"), _NO_MODEL,
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
    "insecure": "certificates are always checked; write ca_file for your own authority",
    "verify": "certificates are always checked; write ca_file for your own authority",
    "delay": "write concurrency: 1, or an interval under schedule", "rate_limit": "write concurrency or budget",
    "method": "an endpoint is a model; the prober knows how it is asked; remove it",
    "body": "write what is sent to the model under parameters",
    "enabled": "comment the lines out to switch it off",
    "defaultTest": "write the checks in each probe; what all share can go under an x- key with an anchor",
    "providers": "declare endpoints in a file endpoints.yaml, and name them under endpoints",
    "evaluateOptions": "write concurrency in the endpoint, and samples in the probe",
    "thresholds": "changes are found without thresholds; write reference and false_alarms_per_year in the endpoint",
    "adapter": "write provider and base_url in a file endpoints.yaml",
    "alerts": "the file alerts.yaml says who is notified", "alerting": "alerts.yaml says who is notified",
    "weight": "every check counts by itself; remove it", "metric": "every check is a channel of its own; remove it",
    "transform": "replies are checked as they come; write type: regex",
    "failure-threshold": "people are notified when the evidence is enough; remove it",
    "success-threshold": "an incident ends when the evidence is enough; remove it",
    "schedules": "write one schedule: in each probe set",
}  # fmt: skip
"""Field of another tool that does not exist here → what to write instead."""
