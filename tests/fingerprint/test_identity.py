from __future__ import annotations

import pytest

from prober.fingerprint.identity import extract
from prober.model.declaration import Probe
from tests.fingerprint.conftest import Answer


def test_says_what_the_provider_said(answer: Answer, probe: Probe) -> None:
    found = extract(
        answer("x", model="m-2026-01", system_fingerprint="fp_9", service_tier="flex", input_tokens=0), probe
    )
    assert found.categories == {"model": "m-2026-01", "system_fingerprint": "fp_9", "service_tier": "flex"}
    assert found.numbers == {"input_tokens": 0}
    assert found.unreadable == {}


@pytest.mark.parametrize("gone", [None, ""])
def test_a_name_that_disappears_is_a_category_of_its_own(gone: str | None, answer: Answer, probe: Probe) -> None:
    found = extract(answer("x", model=gone, system_fingerprint=gone, service_tier=gone), probe)
    assert set(found.categories.values()) == {"(none)"}
    assert found.unreadable == {"input_tokens": "the provider did not say"}


@pytest.mark.parametrize(
    "header",
    [
        "x-ms-region",
        "X-MS-Region",
        "azureml-model-session",
        "openai-model",
        "x-ms-served-model",
        "x-sha",
        "x-litellm-model-name",
        "llm_provider-x-ms-region",
        "body:provider",
        "body:inference_geo",
        "body:final_provider",
        "body:reasoning_effort",
    ],
)
def test_headers_that_name_a_model_or_a_place_count(header: str, answer: Answer, probe: Probe) -> None:
    assert extract(answer("x", headers={header: "v"}), probe).categories[f"header.{header.lower()}"] == "v"


@pytest.mark.parametrize(
    "header",
    [
        "x-ratelimit-remaining-tokens",
        "anthropic-ratelimit-requests-reset",
        "openai-processing-ms",
        "x-request-id",
        "openai-version",
        "llm_provider-openai-version",
        "x-inference-version",
        "x-envoy-upstream-service-time",
        "server",
        "date",
        "body:native_finish_reason",
        "body:retirement_time",
    ],
)
def test_headers_that_differ_from_ask_to_ask_do_not(header: str, answer: Answer, probe: Probe) -> None:
    assert not [name for name in extract(answer("x", headers={header: "v"}), probe).categories if "header" in name]


def test_a_fingerprint_that_a_gateway_makes_up_for_every_reply_is_none(answer: Answer, probe: Probe) -> None:
    through = answer("x", model="m", system_fingerprint="fp_q1w2", headers={"body:final_provider": "vertex"})
    assert extract(through, probe).categories == {
        "model": "m", "system_fingerprint": "(none)", "service_tier": "(none)", "header.body:final_provider": "vertex",
    }  # fmt: skip
