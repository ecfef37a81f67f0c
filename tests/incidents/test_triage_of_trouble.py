"""An endpoint that cannot be asked: the triage names what keeps it from answering, and a change only on evidence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from prober.asking.breaker import EVERY_ASK
from prober.cli.triage import exit_code
from prober.incidents.routing import NOBODY
from prober.incidents.runbooks import choose
from prober.incidents.triage import triage as walk
from prober.incidents.triage.material import Asked, Edit, Material, Neighbour
from prober.incidents.trouble import trouble
from prober.judging.promise import Promise
from prober.judging.strata import Movement
from prober.model.declaration import Endpoint, Probe, ProbeSet, Schedule
from prober.model.reference import ReferenceRule
from prober.model.reply import Reply
from prober.model.triage import CAUSE_WORDS, Cause, Ranked, Triage
from prober.model.watch import Health
from prober.service import run_round
from prober.status.triage import triage
from prober.store import Store

AT = datetime(2026, 3, 2, tzinfo=UTC)
CAUSES: dict[str, tuple[Cause, str]] = {
    "unauthorized": ("key_refused", "key_refused"),
    "missing_key": ("key_refused", "key_refused"),
    "missing_library": ("key_refused", "key_refused"),
    "model_not_found": ("model_gone", "model_gone"),
    "model_retired": ("model_gone", "model_gone"),
    "out_of_credit": ("budget", "limited"),
    "rate_limited": ("budget", "limited"),
    "budget_exhausted: 0.10 USD a day": ("budget", "limited"),
    "provider_error": ("provider_outage", "unreachable"),
    "timeout": ("provider_outage", "unreachable"),
    "unreachable": ("provider_outage", "unreachable"),
    "not_found": ("request_refused", "request_refused"),
    "unsupported_parameter": ("request_refused", "request_refused"),
    "bad_request": ("request_refused", "request_refused"),
    "context_length": ("request_refused", "request_refused"),
}
"""What the asks fail of → the cause, and the check that shows it."""
RUNBOOK: dict[Cause, str] = {
    "key_refused": "credentials",
    "model_gone": "model-version",
    "budget": "rate-limit",
    "provider_outage": "provider-outage",
    "request_refused": "request-refused",
}
ACCESS = ("unreachable", "limited", "key_refused", "model_gone", "request_refused")
TWIN = Neighbour("twin", same_model=True, same_provider=False, moved=True, edited=None)


def failing(failure: str, rounds: int = 4, **more: object) -> Material:
    """Nothing was answered since; trouble opens after three such rounds."""
    every = [Health((AT + n * timedelta(hours=1)).isoformat(), 10, 10, failure, "HTTP 4xx") for n in range(rounds)]
    asked = Asked(10 * rounds, 10 * rounds, failure=failure)
    found = trouble(None, every, "bot", "hash", AT).incident
    return Material("bot", AT, (16, 0), asked, trouble=found, **more)  # type: ignore[arg-type]


def test_every_failure_that_any_ask_would_meet_is_in_the_table() -> None:
    assert set(CAUSES) >= EVERY_ASK


@pytest.mark.parametrize("rounds", [1, 4])
@pytest.mark.parametrize("failure", CAUSES)
def test_what_keeps_an_endpoint_from_answering_is_named_alone(failure: str, rounds: int) -> None:
    cause, check = CAUSES[failure]
    found = walk(failing(failure, rounds), AT)
    assert [one.name for one in found.checks if one.answer == "yes"] == [check]
    assert found.named == (cause,), found.words
    assert found.ranking[0].cause == cause and found.ranking[0].supporting
    assert choose(failing(failure, rounds).trouble, found.named) == RUNBOOK[cause]


@pytest.mark.parametrize("rounds", [1, 4])
def test_a_cache_has_a_runbook_of_its_own(rounds: int) -> None:
    cached = failing("cached", rounds)
    cached = replace(cached, asked=Asked(10 * rounds, 10 * rounds, 10 * rounds, failure="cached"))
    found = walk(cached, AT)
    assert "cached" in [one.name for one in found.checks if one.answer == "yes"]
    if rounds > 1:
        assert cached.trouble is not None
        assert choose(cached.trouble, ()) == "gateway-cache"
    assert found.named == ("gateway_cache",), found.words
    assert found.runbook == choose(None, found.named) == "gateway-cache"


@pytest.mark.parametrize("failure", ["unauthorized", "model_not_found"])
def test_evidence_of_a_change_is_said_beside_a_refusal_and_does_not_replace_it(failure: str) -> None:
    cause, _ = CAUSES[failure]
    found = walk(failing(failure, neighbours=(TWIN,)), AT)
    assert found.named == (cause,) and [one.name for one in found.further] == ["same_model_moved"]
    found = walk(failing(failure, endpoint_edits=(Edit("bot", AT.isoformat()),)), AT)
    assert found.named == (cause, "configuration"), "an edit is the likely reason of it"
    assert "none" not in {one.cause for one in found.ranking}


@pytest.mark.parametrize("failure", ["out_of_credit", "rate_limited", "timeout"])
def test_what_is_sure_is_not_called_uncertain_where_another_cause_may_be_at_work(failure: str) -> None:
    found = walk(failing(failure, neighbours=(TWIN,)), AT)
    first, second, *_ = found.ranking
    assert found.named == () and first.probability > 0.95 > second.probability
    assert exit_code([found]) == 1, "something is wrong, whatever else may be"
    assert found.words.startswith(f"{CAUSE_WORDS[first.cause]} ({first.percent}); another cause may be at work too: ")
    assert f"{CAUSE_WORDS[second.cause]} ({second.percent})" in found.words


@pytest.mark.parametrize(
    ("odds", "words"),
    [
        ({"model": 0.83, "routing": 0.16}, "not certain: M (83 %) or R (16 %)"),
        ({"model": 0.97, "routing": 0.02}, "M (97 %); another cause may be at work too"),
        (
            {"model": 0.97, "routing": 0.96, "prompt": 0.3},
            "M (97 %) and R (96 %); another cause may be at work too: P (30 %)",
        ),
        ({"none": 0.97}, "not certain: N (97 %)"),
    ],
)
def test_what_is_not_named_in_words(odds: dict[Cause, float], words: str) -> None:
    ranking = tuple(Ranked(cause, chance, (), (), "") for cause, chance in odds.items())
    said = Triage("bot", AT, AT, (), ranking, (), "").words
    for cause, letter in (("model", "M"), ("routing", "R"), ("prompt", "P"), ("none", "N")):
        said = said.replace(CAUSE_WORDS[cause], letter)  # type: ignore[index]
    assert said == words


def test_a_few_failures_are_no_cause() -> None:
    found = walk(Material("bot", AT, (16, 4), Asked(40, 4, failure="unauthorized")), AT)
    assert not [one for one in found.checks if one.name in ACCESS and one.answer == "yes"]
    assert found.named == () or found.named == ("none",)


@pytest.mark.parametrize(("moved", "verdict"), [(None, "insufficient_evidence"), (False, "none")])
def test_that_nothing_changed_is_only_said_where_replies_were_compared(moved: bool | None, verdict: str) -> None:
    untouched = None if moved is None else Movement(0.9, "length", (16, 40))
    found = walk(Material("bot", AT, (16, 40), Asked(400), untouched=untouched), AT)
    assert found.ranking[0].cause == "none" and found.ranking[0].probability > 0.75
    assert found.verdict == verdict


class Says:
    """Answers the same to every ask, or fails it."""

    def __init__(self, failure: str | None) -> None:
        self.failure = failure

    def ask(self, endpoint: Endpoint, probe: Probe, sample: int, now: datetime) -> Reply:
        return Reply(at=now, error=self.failure) if self.failure else Reply(at=now, text="Blue.")

    def close(self) -> None:
        """Holds nothing."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'prober.db'}") as opened:
        yield opened


@pytest.mark.parametrize("rounds", [1, 5])
@pytest.mark.parametrize(
    "failure",
    [
        "unauthorized",
        *(pytest.param(one, marks=pytest.mark.slow) for one in ("model_not_found", "out_of_credit", "unreachable")),
    ],
)
def test_so_it_is_in_a_store_before_trouble_opens_and_while_the_breaker_is_open(
    store: Store, failure: str, rounds: int
) -> None:
    bot = Endpoint(name="bot", provider="openai", model="m")
    canary = ProbeSet(
        name="canary", owner="us", endpoints=("bot",), schedule=Schedule(every="1h"),
        probes=tuple(Probe(id=name, prompt=f"A {name}?", samples=2) for name in ("colour", "city")),
    )  # fmt: skip
    for number in range(8 + rounds):
        due = AT + number * timedelta(hours=1)
        run_round.run(
            canary, bot, Promise(1.0, 8766.0, ReferenceRule()), Says(failure if number >= 8 else None), store, NOBODY,
            due, clock=lambda due=due: due,  # type: ignore[misc]
        )  # fmt: skip
    after = due + timedelta(seconds=5)
    run_round.run(
        canary, bot, Promise(1.0, 8766.0, ReferenceRule()), Says(failure), store, NOBODY, after, clock=lambda: after
    )
    found = store.query(triage, "bot", AT + timedelta(hours=7, minutes=30), after)
    assert found.named == (CAUSES[failure][0],), found.words
