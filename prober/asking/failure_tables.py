"""What providers say of failures: the codes, sentences and statuses by which `failures` tells one from another."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from prober.asking.error_body import spelling
from prober.model.reply import Failure


def _patterns(rows: Sequence[tuple[Failure, str]]) -> tuple[tuple[Failure, re.Pattern[str]], ...]:
    return tuple((failure, re.compile(pattern, re.IGNORECASE | re.DOTALL)) for failure, pattern in rows)


def _by_code(rows: Sequence[tuple[Failure, str]]) -> dict[str, Failure]:
    return {spelling(code): failure for failure, codes in rows for code in codes.split()}


SURE: Final = _patterns(
    (
        (
            "out_of_credit",
            r"credit balance|(?:insufficient|enough|any|no|out of|used all|more|available) (?:\w+ )?(?:credits?|funds"
            r"|balance)\b|credits? (?:\w+ ){0,2}(?:depleted|exhausted|used up|expired)"
            r"|balance (?:\w+ ){0,3}(?:too low|exhausted|insufficient|negative)"
            r"|spend(?:ing)? (?:limit|cap)|billing hard limit|payment required|specified API usage limits|overdue"
            r"|budget (?:has been |was |is )?(?:exceeded|exhausted|used up)|exceeded (?:\w+ ){0,2}budget"
            r"|over budget|monthly (?:\w+ )?(?:quota|usage limit)|key limit exceeded|billing to be enabled"
            r"|(?:payment method|credit card) (?:on file|to continue)|(?:add|enter|update) (?:\w+ ){0,3}payment method"
            r"|(?:inactive|expired|no active) subscription|subscription (?!key)(?:\w+ ){0,2}(?:expired|inactive)"
            r"|quota exceeded\W+upgrade"
            r"|(?:exceeded|reached|used) (?:\w+ ){0,4}(?:credits|free (?:quota|tier|allowance|allocation))\b"
            r"|(?:free )?trial (?:period )?(?:has |is )?(?:ended|expired|over)\b"
            r"|(?:not enough|insufficient) (?:user )?quota|quota (?:is )?(?:not enough|insufficient)"  # new-api
            r"|arrears?\b|account (?:\w+ ){0,2}not active|(?:余额|额度|配额)已?(?:不足|用尽|用完|耗尽)|欠费",
        ),
        (
            "unauthorized",
            r"organi[sz]ation must be verified|user location is not supported"
            r"|(?:country|region|territory)(?:, \w+)*,? (?:or \w+ )?(?:is )?not supported",
        ),
        (
            "context_length",
            r"exceeds? (?:the )?(?:model'?s? )?(?:maximum |available )?context (?:limit|length|window|size)",
        ),
        (
            "model_retired",
            r"\b(?:models?|deployment|(?<!api )(?<!tls )(?<!browser )version|snapshot)\b(?:[^.]|\.(?=\S)){0,100}"
            r"(?<!not )\b(?:retired|decommissioned|deprecated|discontinued|sunset"
            r"|no longer (?:available|supported|served|offered|accessible)"
            r"|end[- ]of[- ](?:its[- ])?life|shut ?down|(?:was|been) removed|is gone|by provider as legacy)\b",
        ),
    )
)
"""Sentences that say more than the code beside them: most such answers are coded as bad requests or rate limits."""

CODES: Final[Mapping[str, Failure]] = _by_code(
    (
        (
            "unauthorized",
            "API_KEY_INVALID authentication_error permission_error invalid_api_key invalid_authentication_error "
            "invalid_grant account_deactivated "
            "authentication_token_not_valid token_expired invalid_token "
            "AccessDeniedException UnrecognizedClientException ExpiredTokenException InvalidSignatureException "
            "InvalidApiKey unauthorized unauthenticated permission_denied access_denied AuthenticationError "
            "no_db_connection 1004 2049",  # the former: LiteLLM without a database, of any key but its master key
        ),
        (
            "out_of_credit",
            "insufficient_quota credit_balance_exhausted billing_hard_limit_reached billing_not_active "
            "budget_exceeded quota_exceeded token_quota_reached "
            "insufficient_balance insufficient_funds insufficient_credits insufficient_user_quota credit_limit "
            "payment_required pre_consume_token_quota_failed "
            "exceeded_current_quota_error Arrearage AllocationQuota.FreeTierOnly SetLimitExceeded "
            "ResourceUnavailable.InArrears 1008 1113",
        ),
        (
            "rate_limited",
            "rate_limit_error rate_limit_exceeded rate_limited RESOURCE_EXHAUSTED too_many_requests "
            "Throttling ThrottlingException "
            "tokens_per_min capacity_exceeded RateLimitReached ServiceQuotaExceededException 1002",
        ),
        (
            "model_not_found",
            "model_not_found DeploymentNotFound invalid_model model_not_exist model_not_available ModelNotFound "
            "UnknownModelError model_not_supported ENDPOINT_NOT_FOUND "
            "key_model_access_denied team_model_access_denied 1211",
        ),
        ("model_retired", "model_decommissioned model_deprecated model_retired DeploymentRetired"),
        (
            "context_length",
            "context_length_exceeded context_window_exceeded request_too_large string_above_max_length "
            "ContextWindowExceededError prompt_too_long exceed_context_size_error 1039 1261",
        ),
        ("bad_output", "tool_use_failed json_validate_failed output_parse_failed model_output_error model_error"),
        (
            "provider_error",
            "overloaded_error engine_overloaded_error engine_overloaded server_overloaded ModelNotReadyException "
            "model_not_ready DeploymentNotReady model_loading NoCapacity",
        ),
        ("timeout", "timeout_error deadline_exceeded ModelTimeoutException"),
    )
)
"""What providers call errors, in any spelling, where the status alone misleads. Numbers are MiniMax's and Zhipu's."""

WORDS: Final = _patterns(
    (
        (
            "unauthorized",
            r"(?:incorrect|invalid|wrong|missing|expired|no|malformed) (?:\w+ )?(?:api|x-api|subscription)[-_ ]?key"
            r"|api[-_ ]?key (?:\w+ )?(?:not valid|not found|invalid|expired|missing|required|incorrect|revoked)"
            r"|invalid (?:access|bearer|auth\w*) ?(?:token|header|credentials?)?"
            r"|(?:invalid|wrong|bad|missing|no|incorrect) credentials"
            r"|signature (?:we calculated|does not match|has expired|expired|mismatch)"
            r"|authentication (?:failed|error|required)|unauthori[sz]ed|not authenticated|permission denied"
            r"|no permission"
            r"|\b(?:access |refresh )?token (?:has |is )?(?:invalid|expired)|secretid is not found"
            r"|(?:organi[sz]ation|account|api[-_ ]?key)(?: you provided)? (?:has been|is|was) "
            r"(?:disabled|deactivated|revoked|restricted|suspended|banned|terminated|locked)",
        ),
        (
            "out_of_credit",
            r"check your plan and billing(?!.*RESOURCE_EXHAUSTED)|enable billing|requires a (?:paid )?subscription"
            r"|free (?:allocation|tier)\b.{0,60}(?:exhausted|used up|upgrade)",
        ),
        (
            "context_length",
            r"maximum context|context[ _-]?(?:length|window|limit|size)"
            r"|(?:prompt|input|request|message)s? (?:\w+ ){0,2}too (?:long|large)"
            r"|reduce the length"
            r"|exceeds? (?:the )?(?:model'?s? )?(?:maximum|max|context)|too many (?:input )?tokens"
            r"|inputs`?(?: tokens \+ `?max_new_tokens`?)? must (?:be <=|have less than)",
        ),
        (
            "provider_error",
            r"^(?!.*(?:rate[-_ ]?limit|limited to|too many requests|quota|per (?:minute|day)))"
            r"(?=.*\b(?:models?|deployments?|engine|servers?|service|system|endpoints?|instances?|replicas?|containers?"
            r"|workers?|capacity|demand|overloaded)\b).*?(?:"
            r"\bnot (?:yet |quite )?ready\b|\bnot (?:been )?(?:loaded|deployed|started|initiali[sz]ed) yet"
            r"|\b(?:is|are|still|currently|being|now) (?:loading|loaded\b(?=.*(?:wait|retry|again))|warming|starting\b"
            r"|booting|spinning up|scaling|initiali[sz]ing|downloading|deploying|provisioning|waking)"
            r"|\bloading (?:the )?model|\bcold[- ](?:boot|start)"
            r"|\b(?:warming|starting|scaling|booting|spinning)[- ]up\b"
            r"|\boverloaded|\b(?:at|over|out of|no|insufficient) capacity|capacity temporarily|high demand)",
        ),
        (
            "model_not_found",
            r"too (?:large|big) to be (?:\w+ )?loaded|\bmodels?\b(?:[^.]|\.(?=\S)){0,120}(?:does not exist"
            r"|not (?:been )?(?:found|exist|loaded|deployed|available|valid|supported (?:by|for|on|in))\b"
            r"|isn't (?:available|loaded)|could not be found|unknown|not recogni[sz]ed)"
            r"|(?:unknown|invalid|no such|nonexistent|unrecogni[sz]ed) model\b|not a valid model|no endpoints found"
            r"|on-demand throughput isn.t supported"  # Bedrock
            r"|model (?:name |id |identifier )?(?:\S+ )?is invalid|模型不存在",
        ),
        ("not_found", r"unexpected endpoint|unknown request url|no route matched"),  # LM Studio says it with a 200
        ("timeout", r"request (?:timeout|timed out)"),
        ("rate_limited", r"rate[-_ ]?limit|too many requests|tokens per (?:minute|day)|request limit reached"),
        (
            "bad_output",
            r"tool call validation failed|failed to (?:call a function|generate json|validate json)"
            r"|model (?:produced|generated|returned) (?:\w+ ){0,2}(?:invalid|output that)"
            r"|(?:model|generated) (?:output|response) (?:did|does|could) not (?:be )?(?:match|conform|pars|valid)",
        ),
    )
)
"""Sentences, for answers whose code says nothing: a 400 for a bad key, or a 200 with an error inside."""

STATUSES: Final[Mapping[int, Failure]] = {
    401: "unauthorized",
    402: "out_of_credit",
    403: "unauthorized",
    404: "not_found",
    407: "unreachable",  # the proxy wants a password
    408: "timeout",
    410: "not_found",
    413: "context_length",
    420: "rate_limited",
    424: "provider_error",  # Bedrock, Text Generation Inference: the model failed while it answered
    429: "rate_limited",
    498: "rate_limited",  # Groq: the tier has no capacity
    499: "provider_error",  # Google: it broke off by itself
    501: "bad_request",  # llama.cpp: the server was started without what is asked for
    504: "timeout",
    511: "unreachable",  # a portal of the network wants a login
    524: "timeout",  # Cloudflare: the server behind it took too long
}
"""HTTP statuses with a word of their own; other 4xx are bad requests, other 5xx the provider's."""

MEANT: Final[Mapping[str, int]] = {
    spelling(code): status
    for code, status in {
        "invalid_request_error": 400,
        "invalid_prompt": 400,
        "INVALID_ARGUMENT": 400,
        "InvalidParameter": 400,  # DashScope
        "2013": 400,  # MiniMax
        "BadRequestError": 400,
        "validationException": 400,  # Bedrock's, in a stream
        "not_found_error": 404,
        "NotFoundError": 404,
        "NOT_FOUND": 404,
    }.items()
}
"""Codes of no more meaning than a status, for errors inside of a 200."""

FILTERS: Final = frozenset(
    spelling(code)
    for code in (
        "content_filter",
        "ResponsibleAIPolicyViolation",
        "content_policy_violation",
        "moderation_blocked",
        "guardrails_violation",
        "guardrail_violation",
        "data_inspection_failed",
        "content_moderation",
        "1026",
        "1027",
        "1301",
    )
)
FILTERED: Final = re.compile(
    r"content exists risk|violates? (?:our )?(?:usage|content) (?:guidelines|polic)|potentially violating"
    r"|blocked by (?:our )?content filter|content management policy|sensitive ?(?:words|information|content)"
    r"|guardrails? block|block\w* (?:by|due to) (?:\w+ ){0,3}(?:guardrails?|security configuration|moderation)"
    r"|flagged (?:as unsafe|by (?:\w+ ){0,2}moderation)|responsible ai practices|(?:by|of) our safety system",
    re.IGNORECASE,
)
"""Codes and sentences by which a filter refuses the prompt: that is a refusal, not a failed ask."""
