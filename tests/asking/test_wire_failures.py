"""Errors by their right names, from the status, the code and the words; how long to wait; what the filter refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from prober.asking import wire_format
from prober.asking.error_body import LONGEST_WAIT_S, error_in, message_in, retry_after_s
from prober.asking.failures import detail_of, failure_of, filtered
from prober.asking.http_provider import interpret
from prober.asking.transport import Arrived
from prober.model.declaration import Endpoint
from tests.asking.conftest import ask, endpoint_for
from tests.asking.test_wire_kinds import replied
from tests.asking.wire_server import WireServer

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def openai(message: str, code: object = None, kind: object = "invalid_request_error", param: object = None) -> object:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


NAMED = [
    # unauthorized
    (400, {"code": "Client specified an invalid argument", "error": "Incorrect API key provided: ab***yz."}, "unauthorized"),
    (400, {"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT",
                     "details": [{"reason": "API_KEY_INVALID"}]}}, "unauthorized"),
    (400, {"error": {"message": "No connected db.", "type": "no_db_connection", "param": None, "code": "400"}},
     "unauthorized"),
    (401, {"message": "Unauthorized"}, "unauthorized"),
    (403, {"error": "Forbidden"}, "unauthorized"),
    (400, {"detail": {"error": {"message": "Authentication failed"}}}, "unauthorized"),
    (200, {"base_resp": {"status_code": 1004, "status_msg": "login fail"}}, "unauthorized"),
    (200, {"error": {"type": "authentication_error", "message": "x"}}, "unauthorized"),
    (400, {"code": "InvalidApiKey", "message": "Invalid API-key provided.", "request_id": "1"}, "unauthorized"),
    (401, {"statusCode": 401, "message": "Access denied due to invalid subscription key."}, "unauthorized"),
    (200, {"error_code": 110, "error_msg": "Access token invalid or no longer valid"}, "unauthorized"),
    (200, {"error_code": 6, "error_msg": "No permission to access data"}, "unauthorized"),
    (200, {"Response": {"Error": {"Code": "AuthFailure.SecretIdNotFound", "Message": "The SecretId is not found."}}},
     "unauthorized"),
    (400, {"type": "error", "error": {"type": "invalid_request_error", "message": "This organization has been disabled."}},
     "unauthorized"),
    (400, openai("The API key you provided has been disabled."), "unauthorized"),
    # out_of_credit
    (403, {"code": "AllocationQuota.FreeTierOnly", "message": "Please disable the free tier only mode."}, "out_of_credit"),
    (429, {"error": {"code": "SetLimitExceeded", "message": "The model service has been paused."}}, "out_of_credit"),
    (403, {"error": "this model requires a subscription, upgrade for access"}, "out_of_credit"),
    (429, {"errors": [{"code": 4006, "message": "you have used up your daily free allocation of 10,000 neurons, please"
                       " upgrade"}]}, "out_of_credit"),
    (200, {"Response": {"Error": {"Code": "ResourceUnavailable.InArrears", "Message": "账号已欠费"}}}, "out_of_credit"),
    (429, openai("You exceeded your current quota, please check your plan and billing details.", "insufficient_quota",
                 "insufficient_quota"), "out_of_credit"),
    (429, openai("No credits remain.", "credit_balance_exhausted", "insufficient_quota"), "out_of_credit"),
    (429, {"error": {"message": "RateLimitError: You exceeded your current quota, please check your plan and billing"
                     " details.", "code": "429"}}, "out_of_credit"),
    (402, {"error": {"message": "This request needs more credits.", "code": 402}}, "out_of_credit"),
    (402, None, "out_of_credit"),
    (402, {"error": {"message": "Insufficient Balance", "type": "unknown_error"}}, "out_of_credit"),
    (400, {"type": "error", "error": {"type": "invalid_request_error",
                                      "message": "Your credit balance is too low to use the API."}}, "out_of_credit"),
    (400, {"error": {"type": "invalid_request_error", "message":
                     "You have reached your specified API usage limits. You will regain access on 2026-04-01."}},
     "out_of_credit"),
    (403, {"error": "Your team has either used all available credits or reached its monthly spending limit."},
     "out_of_credit"),
    (401, {"error": {"type": "insufficient_quota", "code": 401, "message": "You exceeded your quota"}}, "out_of_credit"),
    (200, {"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}, "out_of_credit"),
    (400, {"code": "Arrearage", "message": "Access denied, please make sure your account is in good standing."},
     "out_of_credit"),
    (429, {"error": {"code": "1113", "message": "余额不足"}}, "out_of_credit"),
    (403, {"error": {"code": "insufficient_user_quota", "message": "no more"}}, "out_of_credit"),  # new-api
    (401, {"error": {"message": "该令牌额度已用尽", "type": "new_api_error"}}, "out_of_credit"),
    (400, {"error": {"message": "user quota is not enough", "type": "one_api_error"}}, "out_of_credit"),
    # other names
    (200, {"error_code": 18, "error_msg": "Open api qps request limit reached"}, "rate_limited"),
    (400, {"error": {"code": "1211", "message": "模型不存在，请检查模型代码。"}}, "model_not_found"),
    (403, {"error": {"message": "key not allowed to access model.", "type": "key_model_access_denied"}}, "model_not_found"),
    (422, {"error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048.",
           "error_type": "validation"}, "context_length"),
    (524, None, "timeout"),
    (511, None, "unreachable"),
    (200, {"code": "rate_limited", "message": "slow down"}, "rate_limited"),
    (200, {"code": "InvalidParameter", "message": "Range of input length should be [1, 8192]"}, "bad_request"),
    # a country that is not served: nothing is wrong with the request
    (400, {"error": {"code": 400, "message": "User location is not supported for the API use.",
                     "status": "FAILED_PRECONDITION"}}, "unauthorized"),
    (403, openai("Country, region, or territory not supported", "unsupported_country_region_territory"), "unauthorized"),
    # model_retired
    (404, openai("The model `m-0613` was retired on 1 March; see the list of models.", "model_not_found"), "model_retired"),
    (404, openai("The model `m` has been deprecated, learn more here.", "model_not_found"), "model_retired"),
    (410, {"error": {"message": "This model is gone."}}, "model_retired"),
    (400, openai("The model `m` has been decommissioned and is no longer supported.", "model_decommissioned"),
     "model_retired"),
    (404, {"error": {"code": 404, "status": "NOT_FOUND",
                     "message": "This model models/m is no longer available to new users."}}, "model_retired"),
    # model_not_found
    (404, openai("The model `m` does not exist or you do not have access to it.", "model_not_found"), "model_not_found"),
    (403, openai("Project `p` does not have access to model `m`", "model_not_found"), "model_not_found"),
    (404, {"type": "error", "error": {"type": "not_found_error", "message": "model: m"}}, "model_not_found"),
    (404, {"error": {"code": 404, "status": "NOT_FOUND", "message": "models/m is not found for API version v1"}},
     "model_not_found"),
    (404, {"error": {"code": "DeploymentNotFound", "message": "The API deployment does not exist."}}, "model_not_found"),
    (404, {"error": "model 'm' not found"}, "model_not_found"),
    (400, {"error": {"message": "m is not a valid model ID", "code": 400}}, "model_not_found"),
    (400, {"object": "error", "message": "Invalid model: m", "type": "invalid_model", "code": "1500"}, "model_not_found"),
    (400, {"error": {"message": "Model Not Exist", "type": "invalid_request_error"}}, "model_not_found"),
    (400, {"error": {"message": "Invalid model name passed in model=m.", "type": "None", "code": "400"}},
     "model_not_found"),
    (200, {"object": "error", "message": "The model `m` does not exist.", "type": "NotFoundError", "code": 404},
     "model_not_found"),
    (200, {"detail": "Model not loaded"}, "model_not_found"),
    # not_found
    (404, {"detail": "Not Found"}, "not_found"),
    (404, openai("Unknown request URL: POST /v1/models/m/chat."), "not_found"),
    (410, {"error": "https://old.example is no longer supported. Please use https://new.example instead."}, "not_found"),
    # rate_limited
    (429, openai("Rate limit reached for m in organization o on tokens per min (TPM).", "rate_limit_exceeded", "tokens"),
     "rate_limited"),
    (429, {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message":
                     "You exceeded your current quota, please check your plan and billing details."}}, "rate_limited"),
    (429, None, "rate_limited"),
    (413, openai("Request too large for model `m` on tokens per minute (TPM): Limit 6000", "rate_limit_exceeded", "tokens"),
     "rate_limited"),
    (200, {"error": {"code": 429, "message": "Provider returned error"}}, "rate_limited"),
    (400, {"__type": "ThrottlingException", "message": "Too many requests"}, "rate_limited"),
    # context_length
    (400, openai("This model's maximum context length is 4097 tokens. However, you requested 5000 tokens.",
                 "context_length_exceeded", param="messages"), "context_length"),
    (400, {"type": "error", "error": {"type": "invalid_request_error",
                                      "message": "prompt is too long: 200001 tokens > 200000 maximum"}}, "context_length"),
    (400, {"error": {"code": 400, "status": "INVALID_ARGUMENT", "message":
                     "The input token count (1048577) exceeds the maximum number of tokens allowed (1048576)."}},
     "context_length"),
    (413, {"type": "error", "error": {"type": "request_too_large", "message": "Request exceeds the maximum size"}},
     "context_length"),
    # bad_output
    (400, openai("Tool call validation failed: parameters for tool f did not match schema", "tool_use_failed"),
     "bad_output"),
    (400, openai("Failed to generate JSON. Please adjust your prompt.", "json_validate_failed"), "bad_output"),
    # the rest
    (400, openai("Item 'rs_1' of type 'reasoning' was provided without its required following item.", param="input"),
     "bad_request"),
    (500, {"error": {"message": "The model is not available", "type": "server_error"}}, "provider_error"),
    (503, {"error": {"code": 503, "status": "UNAVAILABLE", "message": "The model is overloaded."}}, "provider_error"),
    (529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "provider_error"),
    (200, {"error": {"message": "boom"}}, "provider_error"),
    (200, {"success": False, "errors": [{"code": 7000, "message": "No route"}]}, "provider_error"),
    (400, [{"error": {"code": 400, "message": "Bad"}}], "bad_request"),
    (422, {"detail": [{"loc": ["body", "messages"], "msg": "field required"}]}, "bad_request"),
    # the same kinds, of other providers
    (400, openai("Your organization must be verified to stream this model.", "unsupported_value", param="stream"), "unauthorized"),
    (404, openai("Your organization must be verified to use the model `o3`. Please go to settings and click Verify.", "model_not_found"), "unauthorized"),
    (499, {"error": {"code": 499, "status": "CANCELLED", "message": "The operation was cancelled."}}, "provider_error"),
    (504, "upstream request timeout", "timeout"),
    (424, {"message": "The request failed due to an error while processing the model", "originalStatusCode": 500}, "provider_error"),
    (424, {"error": "Request failed during generation: Server error", "error_type": "generation"}, "provider_error"),
    (403, {"message": "Inactive subscription or usage limit reached"}, "out_of_credit"),
    (404, {"error": {"message": "No endpoints found that support tool use.", "code": 404}}, "model_not_found"),
    (501, {"error": {"code": 501, "message": "This server does not support chat. Start it with `--jinja`", "type": "not_supported_error"}}, "bad_request"),
    (200, {"error": "Unexpected endpoint or method. (POST /v1/chat/completion)"}, "not_found"),
    (400, {"error": {"code": "1261", "message": "Prompt 超长"}}, "context_length"),
    (400, openai("Organization has been restricted. Please reach out to support if you believe this was in error.", "organization_restricted"), "unauthorized"),
    (403, {"error": {"type": "customer_verification_required", "message": "AI Gateway requires a valid credit card on file to service requests. Please visit your dashboard."}}, "out_of_credit"),
    (401, {"success": False, "result": [], "messages": [], "error": [{"code": 2009, "message": "Unauthorized"}]}, "unauthorized"),
    (400, {"success": False, "result": [], "messages": [], "error": [{"code": 2008, "message": "Invalid provider"}]}, "bad_request"),
    (400, {"error": {"message": "ExceededBudget: User=u over budget. Spend=11.2, Budget=10.0", "type": "None", "code": "400"}}, "out_of_credit"),
    (400, {"error": {"message": "litellm.ContextWindowExceededError: prompt tokens exceed"}}, "context_length"),
    (200, {"base_resp": {"status_code": 2013, "status_msg": "invalid params, messages is empty"}}, "bad_request"),
    (200, {"base_resp": {"status_code": 1001, "status_msg": "request timeout"}}, "timeout"),
    (400, openai("Your account has been deactivated, please email us", "account_deactivated"), "unauthorized"),
    (403, {"errors": [{"message": "Quota exceeded: upgrade your plan"}]}, "out_of_credit"),
    (429, openai("You've hit your monthly usage limit. Add a payment method to continue."), "out_of_credit"),
    (403, {"error": "Your subscription has expired."}, "out_of_credit"),
    (420, {"error": {"message": "Enhance your calm"}}, "rate_limited"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "failure"), NAMED)
def test_errors_have_their_right_names(status: int, body: object, failure: str) -> None:
    sent = {"temperature": 0, "max_tokens": 5, "reasoning": {"effort": "low"}}
    assert failure_of(status, body, sent) == (failure, None)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (openai("Invalid 'max_output_tokens': expected a value of at least 16, but got 1.", "integer_below_min_value",
                param="max_output_tokens"), "max_output_tokens"),
        (openai("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", "unsupported_parameter",
                param="max_tokens"), "max_tokens"),
        (openai("`temperature` is deprecated for this model."), "temperature"),
        (openai("'max_tokens' is too large: 10000. This model's maximum context length is 4096 tokens.", "400"), "max_tokens"),
        ({"detail": [{"loc": ["body", "max_tokens"], "msg": "Input should be a valid integer"}]}, "max_tokens"),
        ({"error": {"message": "x", "details": [{"fieldViolations": [{"field": "generation_config.top_k"}]}]}}, "topK"),
        ({"code": "Client specified an invalid argument", "error": "Argument not supported on this model: presencePenalty"}, "presence_penalty"),
        ({"error": {"message": "litellm.UnsupportedParamsError: x does not support parameters: ['seed'], for model=y", "type": "None", "param": None, "code": "400"}}, "seed"),
    ],
)  # fmt: skip
def test_the_parameter_at_fault_is_named_with_what_is_accepted(body: object, named: str) -> None:
    sent = {
        "max_output_tokens": 1,
        "max_tokens": 1,
        "temperature": 0,
        "presence_penalty": 1,
        "seed": 1,
        "generationConfig": {"topK": 1},
    }
    assert failure_of(400, body, sent) == ("unsupported_parameter", named)
    said = message_in(body) or ""
    assert f"parameter `{named}`: {said}" in detail_of(400, body, b"", named)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, openai("The response was filtered", "content_filter", param="prompt")),
        (400, {"error": {"message": "x", "code": 400, "innererror": {"code": "ResponsibleAIPolicyViolation"}}}),
        (400, openai("Content Exists Risk")),
        (400, openai("Invalid prompt: your prompt was flagged as potentially violating our usage policy.", "invalid_prompt")),
        (400, {"type": "error", "error": {"type": "invalid_request_error",
                                          "message": "Output blocked by content filtering policy"}}),
        (403, {"error": {"code": 403, "message": "m requires moderation", "metadata":
                         {"reasons": ["violence"], "flagged_input": "x"}}}),
        (403, {"code": "denied", "error": "Content violates usage guidelines."}),
        (400, {"code": "data_inspection_failed", "message": "Input data may contain inappropriate content."}),
        (200, {"base_resp": {"status_code": 1026, "status_msg": "sensitive"}}),
        (400, {"error": {"code": "SensitiveContentDetected", "message": "The request failed because the input text may contain sensitive information.", "type": "BadRequest"}}),
        (400, {"error": {"code": "InputTextSensitiveContentDetected", "message": "x"}}),
        (400, {"error": {"message": "The request was rejected because it was considered high risk", "type": "content_filter"}}),
        (400, {"error": {"code": "1301", "message": "系统检测到输入或生成内容可能包含不安全或敏感内容"}, "contentFilter": [{"level": 1, "role": "user"}]}),
        (400, openai("Your request was rejected as a result of our safety system. Your prompt may contain text that is not allowed by our safety system.", "content_policy_violation")),
        (400, openai("Your input image may contain content that is not allowed by our safety system.", "moderation_blocked", "image_generation_user_error")),
        (400, {"message": "The content of the request was blocked by guardrail policy"}),
        (400, {"error": {"message": "Guardrail blocked: litellm content filter", "type": "None", "code": "400"}}),
        (446, {"error": {"code": 446, "message": "The request was blocked by guardrails: hooks failed"}}),
        (403, {"error": {"message": "Prompt was flagged as unsafe by our moderation", "code": "403"}}),
        (400, {"error": {"message": "Prompt blocked due to security configurations", "code": 2017}}),
        (200, {"base_resp": {"status_code": 1027, "status_msg": "output new_sensitive"}}),
        (400, {"error": {"message": "The prompt could not be submitted. This prompt contains sensitive words that violate Google's Responsible AI practices.", "status": "INVALID_ARGUMENT"}}),
        (400, {"code": "DataInspectionFailed", "message": "Output data may contain inappropriate content."}),
        (400, {"error": {"message": "Request flagged by content moderation: category violence", "code": "content_flagged"}}),
    ],
)  # fmt: skip
def test_a_prompt_that_a_filter_refuses_is_a_refusal(server: WireServer, status: int, body: object) -> None:
    assert filtered(status, body)
    server.says(status, {"content-type": "application/json"}, json.dumps(body).encode())
    reply = ask(endpoint_for("openai", server.url))
    assert (reply.text, reply.refusal, reply.error) == ("", "content_filter", None)


@pytest.mark.parametrize(
    "body",
    [
        {"choices": [{"message": {"content": "x"}}], "message": "fine"},
        {"output": [], "detail": "fine", "status": "completed"},
        {"candidates": [], "error": None},
        {"content": [], "type": "message", "error": {}},
        {"object": "list", "data": []},
        {},
        [],
        "x",
        None,
    ],
)
def test_what_is_no_error(body: object) -> None:
    assert error_in(body) is None


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        (openai("Rate limit reached. Please try again in 7.66s. Visit the page."), 7.66),
        (openai("Please try again in 6m0s."), 360.0),
        (openai("Please try again in 1h2m3s."), 3723.0),
        (openai("Please try again in 250ms."), 0.25),
        (openai("Please retry after 20 seconds."), 20.0),
        (openai("Request was throttled. Expected available in 14 seconds."), 14.0),
        (openai("Please wait 2 minutes and try again."), 120.0),
        ({"error": "Model m is currently loading", "estimated_time": 20.0}, 20.0),
        (openai("Please try again later."), None),
        (openai("No deployments available for selected model, Try again in 5 seconds."), 5.0),
        (openai("Try again in 1 minute 30 seconds"), 90.0),
        (openai("Please wait 2 hours, 3 minutes and 4 seconds."), 7384.0),
        ({"error": {"code": 429, "metadata": {"headers": {"X-RateLimit-Reset":
            str(int((NOW + timedelta(seconds=42)).timestamp() * 1000))}}}}, 42.0),
        ({"error": {"code": 429, "metadata": {"headers": {"X-RateLimit-Reset": "9" * 300}}}}, LONGEST_WAIT_S),
        ({"error": {"code": 429, "metadata": {"headers": {"X-RateLimit-Reset": "1"}}}}, 0.0),
    ],
)  # fmt: skip
def test_how_long_to_wait_is_read_from_the_body(body: object, seconds: float | None) -> None:
    assert retry_after_s({}, body, NOW) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s"}, 360.0),
        ({"x-ratelimit-remaining-requests": "4", "x-ratelimit-reset-requests": "6m0s"}, None),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "120ms"}, 0.12),
        ({"anthropic-ratelimit-input-tokens-remaining": "0",
          "anthropic-ratelimit-input-tokens-reset": "2026-03-01T00:00:09Z"}, 9.0),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "30"}, 30.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) + 30)}, 30.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": f"{NOW.timestamp() * 1000 + 30_000:.0f}"}, 30.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" * 400}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "soon"}, None),
        ({"x-ratelimit-remaining": "0"}, None),
    ],
)  # fmt: skip
def test_how_long_to_wait_is_read_from_limits_that_are_used_up(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers, None, NOW) == pytest.approx(seconds)


def test_no_wait_is_longer_than_a_week() -> None:
    assert retry_after_s({"retry-after": "1e300"}, None, NOW) == LONGEST_WAIT_S
    assert retry_after_s({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, None, NOW) == LONGEST_WAIT_S


NOTES: list[tuple[int, str, str]] = [
    (400, "Your credit balance is too low", "out_of_credit"),
    (403, "Payment required: this account has insufficient funds.\n", "out_of_credit"),
    (429, "You exceeded your monthly quota", "out_of_credit"),
    (429, "budget exceeded for team search", "out_of_credit"),
    (500, "upstream said: insufficient credits", "out_of_credit"),
    (400, "invalid api key\n", "unauthorized"),
    (400, "API key expired", "unauthorized"),
    (400, "Missing API key", "unauthorized"),
    (404, "model 'llama9' not found, try pulling it first", "model_not_found"),
    (400, "Unknown model: acme/tiny-1", "model_not_found"),
    (404, "The model acme-large-2 has been retired", "model_retired"),
    (429, "The model is overloaded, try again later", "provider_error"),
    (429, "server is at capacity", "provider_error"),
    (400, "prompt is too long: 9000 tokens > 8192 maximum", "context_length"),
    (400, "unsupported parameter: 'top_p'", "unsupported_parameter"),
    (400, "<html><head><title>400</title></head><body><h1>Invalid API&nbsp;key</h1></body></html>", "unauthorized"),
    (403, "<?xml version='1.0'?><Error><Code>NoFunds</Code><Message>Credit balance too low</Message></Error>", "out_of_credit"),
    (404, "<html><style>a { color: red }</style><p>The model `tiny` does not exist.</p></html>", "model_not_found"),
    # What says nothing, or speaks of something else: the status decides.
    (400, "", "bad_request"),
    (400, "Bad Request", "bad_request"),
    (404, "404 page not found", "not_found"),
    (404, "<pre>Cannot POST /v1/models/tiny/chat</pre>", "not_found"),
    (404, "The requested URL /v1/models/tiny was not found on this server.", "not_found"),
    (404, "Cannot GET https://host/models/tiny", "not_found"),
    (429, "slow down", "rate_limited"),
    (503, "no healthy upstream", "provider_error"),
    (403, "Your browser version is no longer supported", "unauthorized"),
    (400, "This TLS version is no longer supported", "bad_request"),
    (404, "<script>var message = 'the model does not exist'</script><p>Nothing here</p>", "not_found"),
    (404, "<!-- model not found --><p>Nothing here</p>", "not_found"),
    # A page for people is no error of a provider.
    (404, f"<nav>Pricing: add credits, update payment method</nav>{'<p>Nothing here, sorry.</p>' * 40}", "not_found"),
    # A company's proxy that refuses the address did not refuse the prompt.
    (403, "Blocked by our content filter", "unauthorized"),
]  # fmt: skip


@pytest.mark.parametrize("kind", ["openai", "anthropic", "google"])
@pytest.mark.parametrize(("status", "body", "failure"), NOTES)
def test_an_error_that_is_not_json_is_named_by_its_words(kind: str, status: int, body: str, failure: str) -> None:
    endpoint = Endpoint.model_validate(
        {"name": "e", "provider": kind, "model": "m", "base_url": "http://x/v1", "parameters": {"top_p": 1}}
    )
    arrived = Arrived(status, {"content-type": "text/plain"}, body.encode(), 0.2, None)
    reply = interpret(wire_format(endpoint), endpoint, arrived, NOW)
    assert (reply.error, reply.refusal) == (failure, None), reply.error_detail
    assert "<" not in (reply.error_detail or "")


def test_a_wait_is_read_from_plain_text() -> None:
    assert replied("openai", "rate limit reached, try again in 20s", 429).retry_after_s == 20.0
