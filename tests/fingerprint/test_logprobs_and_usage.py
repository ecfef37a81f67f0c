from __future__ import annotations

import math

import pytest

from prober.fingerprint import identity
from prober.fingerprint.feature import Features
from prober.model.declaration import Probe
from tests.fingerprint.conftest import Answer


def test_one_certain_token(answer: Answer, probe: Probe) -> None:
    found = identity.extract_logprobs(answer("x", top_logprobs=(("x", 0.0),)), probe)
    assert found == Features({"top_token": "x"}, {"top1": 0.0, "entropy_nats": 0.0, "token.x": 0.0})


def test_even_tokens_have_the_entropy_of_their_number(answer: Answer, probe: Probe) -> None:
    """Listed mass is scaled to 1, so a tail that is not listed does not matter."""
    for mass in (1.0, 0.5, 1e-300):
        pairs = tuple((str(i), math.log(mass / 4)) for i in range(4))
        found = identity.extract_logprobs(answer("x", top_logprobs=pairs), probe)
        assert found.numbers["entropy_nats"] == pytest.approx(math.log(4))
        assert found.numbers["top1"] == pytest.approx(math.log(mass / 4))


def test_the_best_token_is_found_in_any_order(answer: Answer, probe: Probe) -> None:
    found = identity.extract_logprobs(answer("x", top_logprobs=(("low", -4.0), ("best", -0.2), ("mid", -2.0))), probe)
    assert found.categories == {"top_token": "best"}
    assert found.numbers["top1"] == -0.2
    assert [name for name in found.numbers if name.startswith("token.")] == ["token.best", "token.mid", "token.low"]


def test_a_token_of_no_probability_adds_nothing(answer: Answer, probe: Probe) -> None:
    found = identity.extract_logprobs(answer("x", top_logprobs=(("a", -0.5), ("b", -math.inf), ("c", -9999.0))), probe)
    assert found.numbers == {"top1": -0.5, "entropy_nats": 0.0, "token.a": -0.5, "token.c": identity.LEAST}


def test_rounding_above_zero_is_forgiven(answer: Answer, probe: Probe) -> None:
    assert identity.extract_logprobs(answer("x", top_logprobs=(("a", 1e-7),)), probe).numbers["top1"] == 0.0


@pytest.mark.parametrize(
    ("pairs", "why"),
    [
        ((), "the reply has no log-probabilities"),
        ((("a", 0.7),), "a log-probability is above 0, or no number"),
        ((("a", -1.0), ("b", math.nan)), "a log-probability is above 0, or no number"),
        ((("a", math.inf),), "a log-probability is above 0, or no number"),
        ((("a", 0.0), ("b", 0.0)), "the probabilities of the listed tokens sum to more than 1"),
        ((("a", -0.1), ("b", -0.5)), "the probabilities of the listed tokens sum to more than 1"),
        ((("a", -math.inf),), "every listed token has probability 0"),
    ],
)
def test_unreadable_logprobs(pairs: tuple[tuple[str, float], ...], why: str, answer: Answer, probe: Probe) -> None:
    assert identity.extract_logprobs(answer("x", top_logprobs=pairs), probe) == Features(unreadable={"": why})


def test_tokens_that_are_spelled_alike_count_as_the_likeliest(answer: Answer, probe: Probe) -> None:
    found = identity.extract_logprobs(
        answer("x", top_logprobs=(("\ufffd", -3.0), ("\ufffd", -1.0), ("b", -2.0))), probe
    )
    assert (found.numbers["token.\ufffd"], found.numbers["token.b"]) == (-1.0, -2.0)


def test_only_the_likeliest_tokens_are_kept(answer: Answer, probe: Probe) -> None:
    pairs = tuple((f"t{i:03}", -5.0 - i / 100) for i in range(500))
    found = identity.extract_logprobs(answer("x", top_logprobs=pairs[::-1]), probe)
    kept = [name.removeprefix("token.") for name in found.numbers if name.startswith("token.")]
    assert kept == [token for token, _ in pairs[: identity.LISTED]]


def test_the_noise_of_floating_point_is_rounded_away(answer: Answer, probe: Probe) -> None:
    one, other = (
        identity.extract_logprobs(answer("x", top_logprobs=(("a", p),)), probe) for p in (-0.25, -0.25 - 1e-7)
    )
    assert one.numbers["token.a"] == other.numbers["token.a"]


def test_usage_where_known(answer: Answer, probe: Probe) -> None:
    found = identity.extract_usage(answer("x", output_tokens=0, latency_s=1.5), probe)
    assert found.numbers == {"output_tokens": 0.0, "latency_s": 1.5}
    reason = "the reply does not say"
    assert found.unreadable == {"reasoning_tokens": reason, "cached_tokens": reason, "ttft_s": reason}
