"""The whole path on a copy: the change is seen and told, marked as a drill, taken back; the truth stays as it was."""

from __future__ import annotations

import random
import tempfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from prober.alerts.phrases import title_of
from prober.incidents.routing import Routing
from prober.lab.drill import CHANGES, drill
from prober.lab.drill.run import Tools
from prober.loading.declarations import Declarations
from prober.model.alerting import Alerts, Digest, QuietHours, Route
from prober.model.declaration import Endpoint, Probe, ProbeSet, Schedule
from prober.model.errors import NotEnough
from prober.model.notice import Outcome
from prober.model.reference import ReferenceRule
from prober.model.reply import Reply
from prober.service import run_round
from prober.store import Store, incidents, notices, watches
from prober.store import declared as declared_store
from prober.store.pages import overview
from tests.lab.drill.world import BEGAN, NOW, SENT, Channel, Time, declarations, hashes, watch

pytestmark = pytest.mark.slow

DECLARED = declarations()
(PARROT,) = DECLARED.endpoints
URL = "https://dash"


def tools(time: Time, patience_s: float = 120.0) -> Tools:
    return Tools(time.clock, time.timer, time.sleep, patience_s)


def drilled(url: str, *channels: Channel, change: str = "wording", time: Time | None = None, patience_s: float = 120.0):
    with Store.open(url, read_only=True) as store:
        return drill(store, DECLARED, PARROT, change, channels, URL, tools(time or Time(), patience_s))


SIGNS = {
    # Whether the checks that fail with a refusal have their own evidence by the end is the statistic's affair.
    "refusal": ("opened", {"behaviour_change", "contract_break"}, "critical"),
    "wording": ("opened", {"behaviour_change"}, "warning"),
    # Another name is a fact, which needs no evidence; that it is not the name asked for makes it a warning.
    "identity": ("fact", {"identity_change"}, "warning"),
}
"""Change → what is told first, kinds it may be called, and how bad it is."""


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen_notified_and_taken_back_and_the_truth_is_untouched(watched: str, change: str) -> None:
    slack, log = Channel("slack"), Channel("log")
    before = hashes(watched)
    assert len(before) > 5
    done = drilled(watched, slack, log, change=change)
    assert hashes(watched) == before
    assert done.incident is not None
    for channel in (slack, log):
        first, *between, last = channel.received
        begins, kinds, severity = SIGNS[change]
        assert (first.event, last.event) == (begins, "recovered")
        assert {notice.event for notice in between} <= {"escalated"}
        assert last.about.kind in kinds
        assert change != "refusal" or "refuses" in title_of(first, "Critical")
        assert last.severity == severity
        assert all(notice.drill for notice in channel.received)
    assert {(one.outcome, one.tries) for one in done.delivered} == {(SENT, 1)}
    assert len(done.delivered) == len(slack.received) + len(log.received)
    assert type(done.incident).__name__ == "Change" and (done.seen == 1) == (change == "identity")


def test_the_outbox_of_the_truth_is_untouched_too_and_nothing_is_left_behind(
    watched: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    with Store.open(watched) as store:
        before = (
            store.query(notices.recent),
            store.query(incidents.recent),
            store.query(overview.recent_rounds, limit=1000),
            store.query(watches.changes),
        )
        drill(store, DECLARED, PARROT, "wording", [Channel()], URL, tools(Time()))
        assert (
            store.query(notices.recent),
            store.query(incidents.recent),
            store.query(overview.recent_rounds, limit=1000),
            store.query(watches.changes),
        ) == before
    assert list((tmp_path / "temporary").iterdir()) == []


def test_the_message_is_about_now_names_no_real_incident_and_every_step_is_timed(watched: str) -> None:
    slack = Channel()
    done = drilled(watched, slack)
    opened, *_, over = slack.received
    assert (opened.endpoint, opened.source.model, opened.source.owner) == ("parrot", "parrot-1", "birds")
    assert opened.source.runbook == "https://wiki/birds"
    assert {notice.incident_id for notice in slack.received} == {None}
    assert opened.about.detected_at == NOW - (done.rounds - done.seen) * timedelta(days=1)
    assert opened.about.onset >= (NOW - done.rounds * timedelta(days=1)).isoformat()[:10]
    assert opened.about.rounds_since_onset <= done.rounds
    assert opened.about.comparisons, "replies stand side by side"
    assert all("drill" in one.recent and "drill" not in one.reference for one in opened.about.comparisons)
    assert (over.about.state, over.about.close_reason, over.about.actor) == ("closed", "recovered", "")

    assert [step.name for step in done.steps if step.name != "notify that it is worse"] == [
        "copy", "judge and decide", "notify", "judge the rest", "close", "notify that it is over", "clean up",
    ]  # fmt: skip
    assert all(step.seconds > 0 for step in done.steps)
    assert all(one.seconds == 0.5 for one in done.delivered)
    assert f"opened in changed round {done.seen}" in done.steps[1].words


def test_a_channel_that_stumbles_is_tried_again(watched: str) -> None:
    time, slack = Time(), Channel(answers=(Outcome(False, "timeout"), SENT))
    done = drilled(watched, slack, time=time)
    assert [one.tries for one in done.delivered] == [2, *[1] * (len(done.delivered) - 1)]
    assert all(one.outcome.sent for one in done.delivered)
    assert [notice.attempts for notice in slack.received[:3]] == [0, 1, 0]
    assert 30 <= sum(time.slept) < 32


def test_a_channel_that_stays_away_is_given_up(watched: str) -> None:
    time, slack, log = Time(), Channel(answers=(Outcome(False, "unreachable"),)), Channel("log")
    done = drilled(watched, slack, log, time=time, patience_s=20)
    reasons = {name: [one.outcome.reason for one in done.delivered if one.alerter == name] for name in ("slack", "log")}
    assert set(reasons["log"]) == {"sent"}
    assert reasons["slack"][0] == "unreachable"
    assert set(reasons["slack"][1:]) == {"waits for an earlier message"}
    assert {notice.event for notice in slack.received} == {"opened"}
    assert sum(time.slept) <= 3 * 20


def test_a_channel_that_refuses_is_asked_once_a_message(watched: str) -> None:
    refusal = Outcome(False, "channel_not_found", permanent=True)
    slack = Channel(answers=(refusal,))
    done = drilled(watched, slack)
    assert {one.outcome for one in done.delivered} == {refusal}
    assert len(slack.received) == len(done.delivered)


def test_an_endpoint_without_a_reference_is_not_enough(tmp_path: Path) -> None:
    url = watch(tmp_path / "young.db", DECLARED, 5, timedelta(days=1))
    with pytest.raises(NotEnough, match="parrot has no complete reference yet"):
        drilled(url, Channel())


def test_a_reference_just_complete_is_enough(tmp_path: Path) -> None:
    url = watch(tmp_path / "young.db", DECLARED, 8, timedelta(days=1))
    assert drilled(url, Channel()).incident is not None


def test_an_endpoint_that_really_changed_can_be_drilled_too(tmp_path: Path) -> None:
    changed = declarations("swap", changes_at=(BEGAN + timedelta(days=10)).isoformat(), strength=1.0)
    url = watch(tmp_path / "changed.db", changed, 20, timedelta(days=1))
    slack = Channel()
    with Store.open(url, read_only=True) as store:
        (endpoint,) = changed.endpoints
        assert store.query(incidents.open_change, endpoint.content_hash) is not None
        done = drill(store, changed, endpoint, "refusal", [slack], URL, tools(Time()))
    assert done.incident is not None
    assert slack.received[0].about.onset >= (NOW - done.rounds * timedelta(days=1)).isoformat()[:10]


def test_rounds_by_the_hour_are_enough_too(tmp_path: Path) -> None:
    hourly = declarations(every="1h")
    url = watch(tmp_path / "hourly.db", hourly, 40, timedelta(hours=1))
    with Store.open(url, read_only=True) as store:
        (endpoint,) = hourly.endpoints
        assert drill(store, hourly, endpoint, "refusal", [Channel()], URL, tools(Time())).incident is not None


@pytest.mark.parametrize(
    ("change", "told"), [("wording", ["opened", "recovered"]), ("identity", ["fact", "fact_over"])]
)
def test_whoever_was_notified_hears_that_it_is_over_also_when_somebody_loses_patience(
    watched: str, monkeypatch: pytest.MonkeyPatch, change: str, told: list[str]
) -> None:
    def ends(*arguments: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("prober.lab.drill.run.to_the_end", ends)
    slack = Channel()
    with pytest.raises(KeyboardInterrupt):
        drilled(watched, slack, change=change)
    assert [notice.event for notice in slack.received] == told


def test_a_change_that_is_not_seen_is_reported_and_nobody_is_notified(
    watched: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prober.lab.drill.stream.changed", lambda reply, name: reply)
    monkeypatch.setattr("prober.lab.drill.run.changed", lambda reply, name: reply)
    slack = Channel()
    done = drilled(watched, slack)
    assert (done.incident, done.delivered, slack.received) == (None, [], [])
    assert done.steps[-1].words.startswith("not seen in ")


def test_routes_are_kept_but_nobody_waits_for_the_morning(watched: str) -> None:
    alerts = Alerts(
        routes=(Route(to=("slack:#birds", "webhook"), severity="critical"), Route(to=("log",))),
        quiet_hours=QuietHours(start="00:00", end="00:00"),
        digest=Digest(severities=("info", "warning", "critical")),
    )
    slack, log, pager = Channel(), Channel("log"), Channel("pagerduty")
    declared = replace(DECLARED, alerts=alerts)
    with Store.open(watched, read_only=True) as store:
        done = drill(store, declared, PARROT, "refusal", [slack, log, pager], URL, tools(Time()))
        assert {(one.alerter, one.outcome.sent) for one in done.delivered} == {("slack", True), ("log", True)}
        assert {notice.channel for notice in slack.received} == {"#birds"}
        assert pager.received == []
        mild = drill(store, declared, PARROT, "identity", [log, Channel("slack")], URL, tools(Time()))
        assert {one.alerter for one in mild.delivered} == {"log"}


@pytest.mark.parametrize(("answers", "refused", "share"), [(1, ("tip",), 0.1), (3, ("tip", "tour"), 0.15)])
def test_what_was_sometimes_refused_before_opens_as_a_refusal_too(
    tmp_path: Path, answers: int, refused: tuple[str, ...], share: float
) -> None:
    """The refusals of the reference are of one wording, so that other channels tell the same replies apart."""
    endpoint = Endpoint(name="guide", provider="scripted", model="m", reference=ReferenceRule(rounds=8, hours=24))
    probes = tuple(Probe(id=name, prompt=f"Give a {name}.", samples=6) for name in ("tip", "tour"))
    every = Schedule(every="12h")
    probe_set = ProbeSet(name="set", owner="us", endpoints=("guide",), schedule=every, probes=probes)
    declared = Declarations((probe_set,), (endpoint,))
    rng, said = random.Random(3), ("Take the early train.", "Bring a warm coat.", "Ask the locals.")[:answers]

    class Guide:
        def ask(self, endpoint: Endpoint, probe: Probe, sample: int, now: datetime) -> Reply:
            refuses = probe.id in refused and rng.random() < share
            return Reply(at=now, text="I can't help with that." if refuses else rng.choice(said), model="m")

        def close(self) -> None: ...

    with Store.open(f"sqlite:///{tmp_path}/guide.db") as store:
        store.change(declared_store.remember, declared.sets, declared.endpoints, BEGAN)
        for number in range(12):
            due = BEGAN + number * timedelta(hours=12)
            run_round.run(
                probe_set,
                endpoint,
                declared.promise(endpoint),
                Guide(),
                store,
                Routing(("log",)),
                due,
                clock=lambda due=due: due,
            )
        slack = Channel("slack")
        done = drill(store, declared, endpoint, "refusal", [slack], URL, tools(Time(now=BEGAN + timedelta(days=6))))
    assert done.incident is not None and done.incident.severity == "critical"
    assert title_of(slack.received[0], "Critical").startswith("Drill, critical · guide: refuses 100 %")
