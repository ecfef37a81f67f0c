"""What providers say when they do not answer, and the failure that it is: above all a model that is not ready.

Written after public documentation and reports; names and ids are made up.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.asking.test_wire_kinds import replied

FORMATS = {"google", "anthropic", "bedrock"}
"""Providers that have a format of their own here; all others answer as OpenAI does."""

SAID: list[tuple[str, int, dict[str, Any], str]] = [
    ("openai", 429, {"error": {"message": "That model is currently overloaded with other requests. You can retry your request, or contact us through our help center at help.openai.com if the error persists. (Please include the request ID 1 in your message.)", "type": "server_error", "param": None, "code": None}}, "provider_error"),
    ("openai", 503, {"error": {"message": "The engine is currently overloaded, please try again later", "type": "server_error", "param": None, "code": None}}, "provider_error"),
    ("openai", 429, {"error": {"message": "Rate limit reached for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000. Please try again in 2s.", "type": "tokens", "param": None, "code": "rate_limit_exceeded"}}, "rate_limited"),
    ("openai", 429, {"error": {"message": "Request too large for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Requested 52000. The input or output tokens must be reduced in order to run successfully.", "type": "tokens", "param": None, "code": "rate_limit_exceeded"}}, "rate_limited"),
    ("openai", 403, {"error": {"message": "Project `proj_x` does not have access to model `gpt-4.1`", "type": "invalid_request_error", "param": None, "code": "model_not_found"}}, "model_not_found"),
    ("openai", 403, {"error": {"code": "unsupported_country_region_territory", "message": "Country, region, or territory not supported", "param": None, "type": "request_forbidden"}}, "unauthorized"),
    ("openai", 500, {"error": {"message": "The model produced invalid content. Consider modifying your prompt if you are seeing this error persistently.", "type": "model_error", "param": None, "code": None}}, "bad_output"),
    ("azure", 429, {"error": {"code": "429", "message": "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-06-01 have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 22 seconds."}}, "rate_limited"),
    ("azure", 429, {"error": {"code": "NoCapacity", "message": "The system is currently experiencing high demand and cannot process your request. Your request exceeds the maximum usage size allowed during peak load."}}, "provider_error"),
    ("azure", 404, {"error": {"code": "404", "message": "Resource not found"}}, "not_found"),
    ("azure", 401, {"error": {"code": "401", "message": "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource."}}, "unauthorized"),
    ("azure", 429, {"error": {"code": "DeploymentNotReady", "message": "The deployment for this resource is not ready yet. Please try again in 5 minutes."}}, "provider_error"),
    ("anthropic", 529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "provider_error"),
    ("anthropic", 404, {"type": "error", "error": {"type": "not_found_error", "message": "model: claude-3-opus-latest2"}}, "model_not_found"),
    ("anthropic", 400, {"type": "error", "error": {"type": "invalid_request_error", "message": "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits."}}, "out_of_credit"),
    ("anthropic", 400, {"type": "error", "error": {"type": "invalid_request_error", "message": "prompt is too long: 210000 tokens > 200000 maximum"}}, "context_length"),
    ("google", 503, {"error": {"code": 503, "message": "The model is overloaded. Please try again later.", "status": "UNAVAILABLE"}}, "provider_error"),
    ("google", 429, {"error": {"code": 429, "message": "Resource has been exhausted (e.g. check quota).", "status": "RESOURCE_EXHAUSTED"}}, "rate_limited"),
    ("google", 403, {"error": {"code": 403, "message": "Generative Language API has not been used in project 1 before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/generativelanguage.googleapis.com/overview?project=1 then retry.", "status": "PERMISSION_DENIED"}}, "unauthorized"),
    ("google", 404, {"error": {"code": 404, "message": "models/gemini-9 is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods.", "status": "NOT_FOUND"}}, "model_not_found"),
    ("mistral", 429, {"object": "error", "message": "Service tier capacity exceeded for this model.", "type": "service_tier_capacity_exceeded", "param": None, "code": "3505"}, "rate_limited"),
    ("mistral", 401, {"detail": "Unauthorized"}, "unauthorized"),
    ("mistral", 503, {"object": "error", "message": "Service unavailable.", "type": "internal_server_error", "code": "3000"}, "provider_error"),
    ("cohere", 429, {"message": "You are using a Trial key, which is limited to 20 API calls / minute. You can continue to use the Trial key for free or upgrade to a Production key with higher rate limits."}, "rate_limited"),
    ("cohere", 499, {"message": "the request was cancelled by the user"}, "provider_error"),
    ("cohere", 404, {"message": "model 'command-xyz' not found, make sure the correct model ID was used and that you have access to the model."}, "model_not_found"),
    ("bedrock", 429, {"__type": "ModelNotReadyException", "message": "The model specified in the request is not ready to serve inference requests."}, "provider_error"),
    ("bedrock", 429, {"message": "Model is not ready for inference. Wait and try your request again."}, "provider_error"),
    ("bedrock", 400, {"message": "Invocation of model ID anthropic.claude-sonnet-4 with on-demand throughput isn't supported. Retry your request with the ID or ARN of an inference profile that contains this model."}, "model_not_found"),
    ("bedrock", 403, {"message": "You don't have access to the model with the specified model ID."}, "unauthorized"),
    ("bedrock", 429, {"message": "Too many tokens, please wait before trying again."}, "rate_limited"),
    ("bedrock", 503, {"__type": "ServiceUnavailableException", "message": "Bedrock is unable to process your request."}, "provider_error"),
    ("bedrock", 408, {"__type": "ModelTimeoutException", "message": "Model took too long"}, "timeout"),
    ("groq", 503, {"error": {"message": "llama-3.3-70b-versatile is currently over capacity. Please try again and back off exponentially.", "type": "internal_server_error"}}, "provider_error"),
    ("groq", 413, {"error": {"message": "Request too large for model `llama` in organization `org` on tokens per minute (TPM): Limit 6000, Requested 12000, please reduce your message size and try again.", "type": "tokens", "code": "rate_limit_exceeded"}}, "rate_limited"),
    ("together", 503, {"error": {"message": "The server is overloaded or not ready yet.", "type": "server_error"}}, "provider_error"),
    ("together", 429, {"error": {"message": "Model is warming up, try again in 30 seconds", "type": "server_error", "code": None}}, "provider_error"),
    ("fireworks", 503, {"error": {"object": "error", "type": "internal_server_error", "message": "Deployment is scaling up from zero, retry later", "code": "DEPLOYMENT_SCALING_UP"}}, "provider_error"),
    ("fireworks", 412, {"error": {"message": "Account x is suspended, possibly due to reaching the monthly spending limit or failure to pay past invoices."}}, "out_of_credit"),
    ("openrouter", 429, {"error": {"message": "Provider returned error", "code": 429, "metadata": {"raw": "qwen/qwen3:free is temporarily rate-limited upstream. Please retry shortly.", "provider_name": "Chutes"}}}, "rate_limited"),
    ("openrouter", 503, {"error": {"message": "No instances available", "code": 503, "metadata": {"provider_name": "x"}}}, "provider_error"),
    ("openrouter", 502, {"error": {"code": 502, "message": "Provider returned error", "metadata": {"raw": "{\"detail\":\"Model is starting up\"}"}}}, "provider_error"),
    ("openrouter", 404, {"error": {"message": "No allowed providers are available for the selected model.", "code": 404}}, "model_not_found"),
    ("hf", 503, {"error": "Model mistralai/Mistral-7B is currently loading", "estimated_time": 20.0}, "provider_error"),
    ("hf", 429, {"error": "Model mistralai/Mistral-7B is currently loading", "estimated_time": 20.0}, "provider_error"),
    ("hf", 400, {"error": "Model too large to be loaded onto a serverless endpoint (16GB > 10GB)"}, "model_not_found"),
    ("hf", 403, {"error": "The model meta-llama/x is gated. You need to be authenticated and have access."}, "unauthorized"),
    ("hf", 402, {"error": "You have exceeded your monthly included credits for Inference Providers. Subscribe to PRO to get 20x more monthly included credits."}, "out_of_credit"),
    ("vllm", 404, {"object": "error", "message": "The model `x` does not exist.", "type": "NotFoundError", "param": None, "code": 404}, "model_not_found"),
    ("vllm", 503, {"error": {"message": "EngineDeadError: EngineCore encountered an issue.", "type": "InternalServerError", "code": 503}}, "provider_error"),
    ("vllm", 400, {"object": "error", "message": "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens in the messages, Please reduce the length of the messages.", "type": "BadRequestError", "code": 400}, "context_length"),
    ("ollama", 404, {"error": "model \"llama9\" not found, try pulling it first"}, "model_not_found"),
    ("ollama", 503, {"error": "server busy, please try again.  maximum pending requests exceeded"}, "provider_error"),
    ("ollama", 500, {"error": "model requires more system memory (8.0 GiB) than is available (3.1 GiB)"}, "provider_error"),
    ("ollama", 500, {"error": "llama runner process has terminated: signal: killed"}, "provider_error"),
    ("llamacpp", 503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}, "provider_error"),
    ("llamacpp", 429, {"error": {"code": 429, "message": "Loading model", "type": "unavailable_error"}}, "provider_error"),
    ("litellm", 500, {"error": {"message": "litellm.APIConnectionError: OllamaException - model is still loading", "type": None, "param": None, "code": "500"}}, "provider_error"),
    ("litellm", 400, {"error": {"message": "{'error': '/chat/completions: Invalid model name passed in model=x. Call `/v1/models` to view available models for your key.'}", "type": "invalid_request_error", "param": None, "code": "400"}}, "model_not_found"),
    ("litellm", 401, {"error": {"message": "Authentication Error, LiteLLM Virtual Key expected. Received=abc, expected to start with 'sk-'.", "type": "auth_error", "param": "None", "code": "401"}}, "unauthorized"),
    ("cloudflare", 429, {"errors": [{"message": "AiError: Capacity temporarily exceeded, please try again.", "code": 3040}], "success": False, "result": {}, "messages": []}, "provider_error"),
    ("cloudflare", 400, {"errors": [{"message": "AiError: No such model @cf/meta/x or task", "code": 5007}], "success": False, "result": {}, "messages": []}, "model_not_found"),
    ("cloudflare", 429, {"errors": [{"message": "AiError: you have used up your daily free allocation of 10,000 neurons, please upgrade to Cloudflare's Workers Paid plan if you would like to continue usage.", "code": 4006}], "success": False}, "out_of_credit"),
    ("cloudflare", 401, {"success": False, "errors": [{"code": 10000, "message": "Authentication error"}]}, "unauthorized"),
    ("deepseek", 402, {"error": {"message": "Insufficient Balance", "type": "unknown_error", "param": None, "code": "invalid_request_error"}}, "out_of_credit"),
    ("deepseek", 400, {"error": {"message": "Model Not Exist", "type": "invalid_request_error", "param": None, "code": "invalid_request_error"}}, "model_not_found"),
    ("deepseek", 401, {"error": {"message": "Authentication Fails (no such user)", "type": "authentication_error", "code": "invalid_request_error"}}, "unauthorized"),
    ("deepseek", 503, {"error": {"message": "Service is too busy. We advise users to temporarily switch to alternative LLM API service providers.", "type": "service_unavailable_error", "code": "service_unavailable_error"}}, "provider_error"),
    ("xai", 404, {"code": "Some requested entity was not found", "error": "The model grok-9 does not exist or your team x does not have access to it."}, "model_not_found"),
    ("xai", 429, {"code": "Some resource has been exhausted", "error": "Your team x has either used all available credits or reached its monthly spending limit. To continue making API requests, please purchase more credits."}, "out_of_credit"),
    ("xai", 400, {"code": "Client specified an invalid argument", "error": "Incorrect API key provided: ab***cd. You can obtain an API key from https://console.x.ai."}, "unauthorized"),
    ("xai", 503, {"code": "The service is currently unavailable", "error": "The model is currently at capacity due to high demand. Please try again in a few minutes or upgrade to a higher-priority service tier."}, "provider_error"),
    ("databricks", 404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "The given endpoint does not exist, please retry after checking the specified model and version deployment exists."}, "model_not_found"),
    ("databricks", 429, {"error_code": "REQUEST_LIMIT_EXCEEDED", "message": "REQUEST_LIMIT_EXCEEDED: Exceeded workspace output tokens per minute rate limit for databricks-claude."}, "rate_limited"),
    ("databricks", 503, {"error_code": "TEMPORARILY_UNAVAILABLE", "message": "The endpoint is scaling up from zero"}, "provider_error"),
    ("databricks", 429, {"error_code": "TEMPORARILY_UNAVAILABLE", "message": "Endpoint 'x' is still starting; try again later"}, "provider_error"),
    ("databricks", 403, {"error_code": "PERMISSION_DENIED", "message": "PERMISSION_DENIED: The endpoint is disabled due to a rate limit set to 0."}, "unauthorized"),
    ("triton", 429, {"error": "Request for unknown model: 'x' is not ready"}, "provider_error"),
    ("nim", 503, {"object": "error", "message": "Service in not ready. Model is initializing", "type": "ServiceUnavailable", "code": 503}, "provider_error"),
    ("baseten", 429, {"error": "Model is not ready, it is currently building, deploying, or scaling up"}, "provider_error"),
    ("replicate", 429, {"detail": "Model cold boot in progress"}, "provider_error"),
    ("lmstudio", 400, {"error": {"message": "No models loaded. Please load a model in the developer page or use the 'lms load' command.", "type": "invalid_request_error", "param": "model", "code": "model_not_found"}}, "model_not_found"),
    ("sagemaker", 429, {"message": "Model is being loaded, please retry"}, "provider_error"),
    ("litellm", 429, {"error": {"message": "Rate limit reached: the engine is overloaded by your requests"}}, "rate_limited"),
    ("openai", 429, {"error": {"message": "You exceeded your current quota, please check your plan and billing details. The model is at capacity.", "type": "insufficient_quota", "code": "insufficient_quota"}}, "out_of_credit"),
    ("lmstudio", 400, {"error": "Model 'x' is not loaded"}, "model_not_found"),
    ("lmstudio", 400, {"error": "Model 'x' is not loaded yet; it is being loaded, retry"}, "provider_error"),
    ("sglang", 404, {"error": "The model x is not ready: still downloading weights"}, "provider_error"),
    ("runpod", 429, {"error": "Too many requests while the worker is starting"}, "rate_limited"),
    ("vllm", 400, {"error": {"message": "The image could not be loaded: not a valid PNG", "type": "BadRequestError", "code": 400}}, "bad_request"),
    ("modal", 429, {"error": "Container is cold-starting: cold start in progress"}, "provider_error"),
    ("tgi", 429, {"error": "Model is overloaded", "error_type": "overloaded"}, "provider_error"),
    ("predibase", 401, {"error": "Token is not ready: starting a session failed"}, "unauthorized"),
]  # fmt: skip


@pytest.mark.parametrize(("provider", "status", "body", "name"), SAID)
def test_what_a_provider_says_has_its_right_name(provider: str, status: int, body: dict[str, Any], name: str) -> None:
    reply = replied(provider if provider in FORMATS else "openai", body, status)
    assert (reply.error, reply.refusal, reply.text) == (name, None, None), reply.error_detail
