"""Live samples: what is stored of them, how many, and what shifts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from prober.incidents.triage.material import LiveSamples
from prober.model.errors import LogError
from prober.model.sample import SampleRules
from prober.service.samples import accept_samples
from prober.status.samples import feature_statuses, live_samples
from prober.store import Store, samples

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LINE = {
    "feature": "support", "endpoint": "bot", "at": "2026-03-02T11:00:00Z", "prompt": "Mail me at ada@example.org",
    "text": "Call +49 170 1234567 or pay with 4111 1111 1111 1111.", "scores": {"feedback": 1},
}  # fmt: skip


def test_no_text_and_no_personal_data_is_stored_unless_declared() -> None:
    with Store.in_memory() as store:
        taken = accept_samples(store, [LINE], SampleRules(), NOW)
        (kept,) = store.query(samples.between, "bot", "support", NOW - timedelta(days=1), NOW)
        assert (taken.stored, taken.personal_data) == (1, {"email": 1, "phone": 1, "card": 1})
        assert kept.prompt is None and kept.text is None and kept.scores == {"feedback": 1.0}
        assert not any(word in repr(kept) for word in ("ada@", "4111", "Call", "Mail"))
        accept_samples(store, [{**LINE, "feature": "sales"}], SampleRules(keep="text"), NOW)
        (kept,) = store.query(samples.between, "bot", "sales", NOW - timedelta(days=1), NOW)
        assert (kept.prompt, kept.text) == ("Mail me at [email]", "Call [phone] or pay with [card].")


def test_a_minute_holds_so_many_and_a_sample_is_stored_once() -> None:
    with Store.in_memory() as store:
        lines = [{**LINE, "text": f"reply {i}"} for i in range(5)]
        assert accept_samples(store, lines[:2], SampleRules(per_minute=3), NOW).stored == 2
        taken = accept_samples(store, lines, SampleRules(per_minute=3), NOW)
        assert (taken.samples, taken.stored, taken.known, taken.dropped) == (5, 1, 2, 2)
        (feature,) = store.query(samples.features)
        assert (feature.name, feature.stored, feature.dropped) == ("support", 3, 2)


@pytest.mark.parametrize("score", ["good", [], 10**400, -(10**400), float("nan"), float("inf")])
def test_a_broken_sample_names_its_place_and_stores_nothing(score: object) -> None:
    with Store.in_memory() as store:
        with pytest.raises(LogError, match=r"samples:2: scores\.feedback: is no finite number; write one"):
            accept_samples(store, [LINE, {**LINE, "scores": {"feedback": score}}], SampleRules(), NOW)
        assert store.query(samples.features) == ()


def traffic(
    hours: int, shift_at: int, begin: datetime, questions: int = 20, minutes: int = 150
) -> list[dict[str, object]]:
    """So many questions in so many minutes; from `shift_at` on others, and what retrieval finds is worse."""
    rng = np.random.default_rng(7)
    old, new = (
        ("Where is my order number {}?", "How do I pay {} by card?"),
        ("Bitte kündigen Sie den Vertrag {} für mich.",),
    )
    lines: list[dict[str, object]] = []
    for minute in range(0, 60 * hours, minutes):
        since = minute >= 60 * shift_at
        for i in range(questions):
            asked = (new if since else old)[int(rng.integers(1 if since else 2))]
            lines.append(
                {
                    "endpoint": "bot", "feature": "support", "prompt": asked.format(rng.integers(10_000)),
                    "at": (begin + timedelta(minutes=minute, seconds=i)).isoformat(),
                    "text": "Look at the page of your account. " * int(rng.integers(1, 5)) + str(rng.random()),
                    "scores": {"retrieval": float(rng.random()) * (0.5 if since else 1.0)},
                }
            )  # fmt: skip
    return lines


BEGIN = datetime(2026, 2, 2, tzinfo=UTC)
SHIFT = BEGIN + timedelta(days=9)


@pytest.fixture(scope="module")
def shifted() -> Iterator[Store]:
    """Ten days of traffic, other on the last."""
    with Store.in_memory() as store:
        accept_samples(store, traffic(24 * 10, 24 * 9, BEGIN), SampleRules(), BEGIN + timedelta(days=10))
        yield store


@pytest.mark.slow
def test_a_shift_of_inputs_is_found_and_outputs_stay_quiet(shifted: Store) -> None:
    (status,) = shifted.query(feature_statuses)
    assert [one.side for one in status.shifts] == ["inputs"]
    assert SHIFT - timedelta(hours=6) <= status.shifts[0].onset <= SHIFT
    outputs = status.sides["outputs"].judgement
    assert outputs is not None and outputs.state == "quiet"


@pytest.mark.slow
@pytest.mark.parametrize(("since", "shifts"), [(SHIFT, True), (SHIFT - timedelta(days=1), False)])
def test_a_triage_hears_what_live_samples_say(shifted: Store, since: datetime, shifts: bool) -> None:
    said = shifted.query(live_samples, "bot", since, since + timedelta(days=1))
    assert said == LiveSamples(inputs_moved=shifts, outputs_moved=False, retrieval_fell=shifts)
    assert shifted.query(live_samples, "another", since, since + timedelta(days=1)) is None


@pytest.mark.slow
def test_a_triage_hears_of_a_shift_where_an_hour_has_too_few_samples() -> None:
    with Store.in_memory() as store:
        now = BEGIN + timedelta(days=10)
        accept_samples(store, traffic(24 * 10, 24 * 9, BEGIN, questions=5, minutes=60), SampleRules(), now)
        (status,) = store.query(feature_statuses)
        assert [one.side for one in status.shifts] == ["inputs"]
        assert store.query(live_samples, "bot", SHIFT - timedelta(days=1), now) == LiveSamples(inputs_moved=True)
        assert store.query(live_samples, "bot", now, now) is None, "it shifted before that"
