"""The dead man's switch, what does not arrive, and the metrics: status as cron, containers and scrapers ask it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest

from prober.asking.gates import Overspending
from prober.cli.output import delivery_fix
from prober.incidents.routing import Routing
from prober.judging.objectives import Batch, judge
from prober.model.allowance import AccountView, MinuteLimit
from prober.model.bill import Bill, BilledDay
from prober.model.budget import Limit, Spent
from prober.model.incident import SEVERITIES, Change
from prober.model.notice import Outcome
from prober.model.objective import Objective
from prober.model.sample import FoundShift
from prober.model.watch import DaemonStatus
from prober.service.deliver import StoredOutbox
from prober.service.upkeep import beat, check_freshness
from prober.status.endpoint_status import EndpointStatus, endpoint_statuses
from prober.status.expectation import Expectation, expect
from prober.status.gathering import lasting
from prober.status.metrics import exposition, without_database
from prober.status.objectives import ObjectiveStatus
from prober.store import Store, daemons, declared, notices
from prober.store.samples import Feature
from prober.store.views import BudgetView, DeliveryView, EndpointView
from tests.alerts.hook import Hook, listening
from tests.cli.conftest import Run
from tests.cli.world import DAYS, declarations, due

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def view(name: str = "bot", ago: timedelta | None = HOUR) -> EndpointView:
    at = None if ago is None else NOW - ago
    return EndpointView(
        name=name, endpoint_hash="h", provider="openai", model="m", owners=(), state="quiet", missing="", e_value=3.0,
        threshold=365.0, last_round=None, last_completed_at=at, rounds=9, missed=1, failed_asks=2, asks=90,
        last_failure="", channels=(), open_incident=None, last_answered_at=at,
    )  # fmt: skip


def statuses(*endpoints: EndpointView) -> tuple[EndpointStatus, ...]:
    return endpoint_statuses(endpoints, (), (), NOW)


def sign(*endpoints: str, ago: timedelta = timedelta(0), stopped: bool = False, worker: str = "a:1") -> DaemonStatus:
    seen = NOW - ago
    return DaemonStatus(worker, seen - HOUR, seen, seen if stopped else None, endpoints)


@pytest.mark.parametrize(
    ("endpoints", "daemon_statuses", "overdue", "silent"),
    [
        ([view()], [sign("bot")], [], []),
        ([view(ago=2 * HOUR)], [sign("bot")], [], []),
        ([view(ago=2 * HOUR + timedelta(seconds=1))], [sign("bot")], ["bot"], []),
        ([view(ago=None)], [sign("bot")], ["bot"], []),
        ([view(), view("gone", 9 * HOUR)], [sign("bot")], [], []),  # nobody watches it any more
        ([view(), view("late", 9 * HOUR)], [], ["late"], []),  # rounds by cron: nobody says what is watched
        ([view()], [sign("bot", ago=HOUR)], [], ["a:1"]),
        ([view(ago=9 * HOUR)], [sign("bot", ago=9 * HOUR, stopped=True)], ["bot"], []),
        ([view()], [sign("bot", ago=HOUR), sign("bot", worker="a:2")], [], []),
        ([], [sign("new")], ["new"], []),
    ],
)
def test_what_is_expected_and_what_is_not_so(endpoints, daemon_statuses, overdue, silent) -> None:
    found = expect(2 * HOUR, statuses(*endpoints), daemon_statuses, NOW)
    assert [one.endpoint for one in found.overdue] == overdue
    assert [one.worker for one in found.silent] == silent
    assert found.is_met == (not overdue and not silent)
    assert bool(found.words(NOW)) != found.is_met


def test_nobody_watching_anything_is_not_as_expected() -> None:
    nothing = expect(HOUR, [], [], NOW)
    assert not nothing.is_met
    assert nothing.words(NOW) == ["no daemon watches any endpoint; start `prober run`"]


def test_the_words_say_since_when_and_how_often() -> None:
    found = expect(2 * HOUR, statuses(view(ago=timedelta(hours=3, minutes=12))), [sign("bot", ago=HOUR)], NOW)
    assert found.words(NOW) == [
        "the daemon a:1 has sent no heartbeat since 2026-03-15 11:00 UTC; it watched bot",
        "bot: no completed round for 3 h 12 min, since 2026-03-15 08:48 UTC; expected every 2 h",
    ]
    assert isinstance(found, Expectation)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (7200, "2 h"), (11520, "3 h 12 min"), (86400, "1 day"),
     (2 * 86400 + 3 * 3600 + 59, "2 days 3 h")],
)  # fmt: skip
def test_how_long(seconds: int, words: str) -> None:
    assert lasting(timedelta(seconds=seconds)) == words


# -- the verb ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def late(changed: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three hours after the newest round of `swapped`."""
    monkeypatch.setattr("prober.cli.status.now_utc", lambda: due(DAYS - 1) + 3 * HOUR)
    return changed


@pytest.mark.slow
@pytest.mark.usefixtures("late")
def test_an_answer_in_time_is_all_that_is_asked_whatever_it_was(prober: Run) -> None:
    done = prober("status", "--expect-every", "4h")
    assert (done.code, done.err) == (0, "")
    assert done.out == "Every endpoint answered within 4 h: swapped\n"
    assert prober("status").code == 1, "its incident is open all the same"


@pytest.mark.slow
@pytest.mark.usefixtures("late")
def test_a_missed_round_is_said_where_cron_looks(prober: Run) -> None:
    done = prober("status", "--expect-every", "2h")
    assert (done.code, done.out) == (3, "")
    assert done.err == ("swapped: no completed round for 3 h, since 2026-03-15 12:00 UTC; expected every 2 h\n")
    expected = prober("status", "--expect-every", "2h", "--json").json["expected"]
    assert expected == {"met": False, "every_s": 7200.0, "endpoints": ["swapped"], "overdue": ["swapped"], "silent": []}


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        *((text, "a number with s, m, h or d, like 2h") for text in ("", "2", "-1h")),
        ("h", "1h"),
        ("2 weeks", "14d"),
    ],
)
def test_what_is_no_time_is_said(prober: Run, changed: Path, text: str, instead: str) -> None:
    done = prober("status", "--expect-every", text)
    assert done.code == 2
    assert f"is not a time; write {instead}\n" in done.err


def test_telling_goes_with_expecting(prober: Run, changed: Path) -> None:
    done = prober("status", "--notify")
    assert done.code == 2
    assert "--notify goes with --expect-every" in done.err


@pytest.fixture
def hook() -> Iterator[Hook]:
    with listening() as listener:
        yield listener


@pytest.mark.slow
def test_a_daemon_that_fell_silent_is_reported_once(
    prober: Run, late: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROBER_WEBHOOK_URL", hook.url)
    with Store.open(f"sqlite:///{late}") as store:
        settle_all(store, Outcome(True, "sent"))
        beat(store, "host:7", ["swapped"], ["webhook"], due(DAYS - 1) + 2 * HOUR)
    first = prober("status", "--expect-every", "4h", "--notify")
    assert first.code == 3
    assert "the daemon host:7 has sent no heartbeat since 2026-03-15 14:00 UTC" in first.err
    [(_, _, body)] = hook.received
    assert b'"daemon_silent"' in body
    assert b"nobody watches swapped" in body
    assert prober("status", "--expect-every", "4h", "--notify").code == 3
    assert len(hook.received) == 1
    assert prober("status").out.startswith("The prober fell silent at 2026-03-15 14:00 UTC: nothing is asked")


def settle_all(store: Store, outcome: Outcome, at: datetime | None = None) -> None:
    """Whatever is owed now."""
    now = at or due(DAYS) + timedelta(days=400)
    while (notice := StoredOutbox(store).claim_notice(now, 60, "https://dash")) is not None:
        store.change(notices.settle, notice.id, outcome, None, now)


@pytest.mark.slow
@pytest.mark.usefixtures("late")
def test_messages_that_fail_for_good_are_said_with_their_fix(prober: Run, changed: Path) -> None:
    with Store.open(f"sqlite:///{changed}") as store:
        now = due(DAYS)
        while (notice := StoredOutbox(store).claim_notice(now, 60, "https://dash")) is not None:
            outcome = Outcome(True, "sent") if notice.alerter == "log" else Outcome(False, "channel_not_found", True)
            store.change(notices.settle, notice.id, outcome, None, now)
    done = prober("status")
    [line] = [line for line in done.out.splitlines() if "NOBODY IS REACHED" in line]
    assert line.startswith("slack: NOBODY IS REACHED since 2026-03-")
    assert "channel_not_found" in line
    assert line.endswith(
        "write the channel's id, and invite the bot to it, then prove it: prober drill ENDPOINT --to slack"
    )
    assert line in prober("status", "--expect-every", "4h").err
    (log, slack) = prober("status", "--json").json["deliveries"]
    assert (log["alerter"], log["failing"], log["failed"]) == ("log", False, 0)
    assert (slack["alerter"], slack["failing"], slack["last_reason"]) == ("slack", True, "channel_not_found")
    metrics = prober("status", "--metrics").out
    assert 'prober_delivery_failing{alerter="slack",channel="",reason="channel_not_found"} 1.0' in metrics
    assert 'prober_delivery_failing{alerter="log",channel="",reason=""} 0.0' in metrics


@pytest.mark.slow
@pytest.mark.usefixtures("late")
def test_what_keeps_everything_below_from_being_true_comes_before_the_table(prober: Run, changed: Path) -> None:
    with Store.open(f"sqlite:///{changed}") as store:
        settle_all(store, Outcome(False, "channel_not_found", True), due(DAYS))
        store.change(
            daemons.see, "host:7", ["swapped"], due(DAYS - 1) + 2 * HOUR, ["probes/a.yaml:3: owner is missing"]
        )
    said = prober("status").out.splitlines()
    before = said[: next(number for number, line in enumerate(said) if line.startswith("endpoint "))]
    assert [line[:28] for line in before] == [
        "The prober fell silent at 20",
        "host:7: its probe files are ",
        "  probes/a.yaml:3: owner is ",
        "log: NOBODY IS REACHED since",
        "slack: NOBODY IS REACHED sin",
        "",
    ]


@pytest.mark.slow
@pytest.mark.usefixtures("late")
def test_status_says_who_is_stale(prober: Run, changed: Path) -> None:
    with Store.open(f"sqlite:///{changed}") as store:
        [endpoint] = declarations().endpoints
        decision = check_freshness(store, endpoint, due(0), due(DAYS), Routing(("log",)), due(DAYS + 1))
        assert decision.event == "stale"
    assert "swapped: no fresh rounds; people were notified at 2026-03-17 12:00 UTC" in prober("status").out
    [one] = prober("status", "--json").json["endpoints"]
    assert one["stale_since"] == "2026-03-17T12:00:00Z"
    assert 'prober_endpoint_stale{endpoint="swapped"} 1.0' in prober("status", "--metrics").out


@pytest.mark.parametrize(
    ("reason", "fix"),
    [
        ("channel_not_found", "write the channel's id, and invite the bot to it"),
        ("invalid_auth", "set a valid Slack token"),
        ("token_revoked", "set a valid Slack token"),
        ("http_404", "check the address: the receiver does not know it"),
        ("redirected: 301; write the final address", "write the final address"),
        (
            "not_configured: slack was configured when this notice was written",
            "set its variables where the daemon runs",
        ),
        ("gave up after 100 tries: timeout", "find out why the receiver does not take it"),
        ("something_new", "fix what it says"),
    ],
)
def test_every_reason_has_a_fix(reason: str, fix: str) -> None:
    assert delivery_fix(reason) == fix


# -- metrics -----------------------------------------------------------------------------------------------------------

_LABEL = r'[a-z_]+="(?:[^"\\\n]|\\[\\"n])*"'
SAMPLE = re.compile(rf"^prober_[a-z_]+(?:\{{{_LABEL}(?:,{_LABEL})*\}})? \S+$")


def parsed(text: str) -> dict[str, str]:
    """Sample → value; each line is held against the format, and every family is described before its samples."""
    samples: dict[str, str] = {}
    described: set[str] = set()
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            described.add(line.split()[2])
        elif not line.startswith("# HELP "):
            assert SAMPLE.fullmatch(line), line
            sample, _, value = line.rpartition(" ")
            assert sample.split("{")[0] in described
            assert sample not in samples, "no sample twice"
            samples[sample] = value
            float(value)
    return samples


@pytest.mark.usefixtures("late")
def test_metrics_of_a_change(prober: Run) -> None:
    done = prober("status", "--metrics")
    assert done.code == 0
    samples = parsed(done.out)
    assert float(samples['prober_evidence_ratio{endpoint="swapped"}']) > 1
    assert float(samples['prober_rounds_completed_total{endpoint="swapped"}']) == DAYS
    assert float(samples['prober_last_round_timestamp_seconds{endpoint="swapped"}']) == due(DAYS - 1).timestamp()
    [incident] = [sample for sample in samples if sample.startswith("prober_incident_open")]
    assert 'severity="critical"' in incident
    assert {name: samples[f'prober_incidents_open{{endpoint="swapped",severity="{name}"}}'] for name in SEVERITIES} == {
        "info": "0.0", "warning": "0.0", "critical": "1.0",
    }  # fmt: skip
    assert samples['prober_notices{alerter="slack",channel="",state="failed"}'] == "0.0"


def test_an_endpoint_without_an_incident_has_none_open_of_every_severity() -> None:
    samples = parsed(exposition(statuses(view("calm")), [], [], NOW))
    found = {sample: value for sample, value in samples.items() if sample.startswith("prober_incidents_open")}
    assert len(found) == len(SEVERITIES)
    assert set(found.values()) == {"0.0"}


def test_metrics_say_which_daemon_is_silent() -> None:
    daemon_statuses = [
        sign("bot", ago=HOUR),
        sign("chat", worker="b:2"),
        sign("old", ago=HOUR, stopped=True, worker="c:3"),
    ]
    samples = parsed(exposition([], [], daemon_statuses, NOW))
    assert samples['prober_daemon_up{worker="a:1"}'] == "0.0"
    assert samples['prober_daemon_up{worker="b:2"}'] == "1.0"
    assert not any("c:3" in sample for sample in samples)


def test_hostile_names_keep_to_the_format() -> None:
    hostile = [replace(view(), name=name) for name in ('a"b', "back\\slash", "two\nlines", "\ud800", "x" * 900)]
    endless = replace(view("endless"), e_value=float("inf"))
    samples = parsed(exposition(statuses(*hostile, endless), [], [], NOW))
    assert samples['prober_evidence_ratio{endpoint="endless"}'] == "+Inf"
    assert r'prober_asks_total{endpoint="two\nlines"}' in samples


def test_metrics_of_live_samples() -> None:
    feature = Feature("bot", "support", 7, 0, 0, NOW)
    shift = FoundShift("bot", "support", "outputs", NOW, NOW, "longer")
    samples = parsed(exposition([], [], [], NOW, (), [feature], [shift]))
    assert samples['prober_samples_total{endpoint="bot",feature="support"}'] == "7.0"
    labels = 'endpoint="bot",feature="support",side="outputs"'
    assert float(samples[f"prober_samples_shift_timestamp_seconds{{{labels}}}"]) == NOW.timestamp()


def test_whether_the_database_could_be_read() -> None:
    assert parsed(exposition([], [], [], NOW)) == {"prober_database_up": "1.0"}
    assert parsed(without_database()) == {"prober_database_up": "0.0"}


def test_metrics_without_a_database_say_so(prober: Run, tmp_path: Path) -> None:
    done = prober("status", "--metrics", "--database", f"sqlite:///{tmp_path / 'gone.db'}")
    assert done.code == 2
    assert parsed(done.out) == {"prober_database_up": "0.0"}


def objective(probe_set: str = "canary") -> ObjectiveStatus:
    standing = judge([Batch(NOW, 200, 30)], 0.05, timedelta(days=28), 24)
    return ObjectiveStatus(probe_set, "bot", Objective(name="good", at_least="95 %"), standing)


def test_objectives_are_on_the_page_and_bounded() -> None:
    samples = parsed(exposition([], [], [], NOW, objectives=[objective(f"set {i}") for i in range(600)]))
    labels = '{endpoint="bot",objective="good",probe_set="set 7"}'
    assert float(samples[f"prober_objective_target_ratio{labels}"]) == pytest.approx(0.95)
    assert float(samples[f"prober_objective_attained_ratio{labels}"]) == pytest.approx(0.85)
    assert float(samples[f"prober_objective_budget_left_ratio{labels}"]) == pytest.approx(-2.0)
    assert sum(name.startswith("prober_objective_state") for name in samples) == 500


def test_promtool_finds_nothing_to_say() -> None:
    tool = shutil.which("promtool")
    if tool is None:
        pytest.skip("promtool is not here; Debian has it in its package prometheus")
    hostile = [replace(view(), name=name) for name in ('a"b', "back\\slash", "two\nlines", "\ud800")]
    place = DeliveryView("slack", "", 0, 0, 1, 1, NOW, True, "channel_not_found", NOW)
    objectives = [objective(name) for name in ("x", 'a"b', "two\nlines")]
    page = exposition(statuses(*hostile), [place], [sign("bot")], NOW, objectives=objectives)
    command = [tool, "check", "metrics"]
    checked = subprocess.run(command, check=False, input=page, capture_output=True, text=True, timeout=60)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_the_page_lists_every_metric_with_its_labels() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`prober_.*?) \| (`.*?)? ?\|", page, flags=re.M)
    listed = {
        name: set(re.findall(r"`(\w+)`", labels)) for names, labels in rows for name in re.findall(r"`(\w+)`", names)
    }
    incident = Change(
        id=1, endpoint="bot", endpoint_hash="h", state="open", kind="behaviour_change", onset="", detected_round="",
        opened_at=NOW, e_value=1.0, threshold=1.0, verdicts=(),
    )  # fmt: skip
    place = DeliveryView("slack", "", 0, 0, 1, 0, NOW, False, "", None)
    budget = BudgetView("bot", Limit("asks", "day", 5), Spent(1, 1))
    feature, shift = Feature("bot", "a", 1, 0, 0, NOW), FoundShift("bot", "a", "inputs", NOW, NOW, "")
    (status,) = statuses(replace(view(), open_incident=incident))
    status = replace(status, overspending=(Overspending(2, "s", "normal", 3.0),))
    account = AccountView("account:1", ("bot",), (MinuteLimit("asks", 60, 2, True),), 0, None)
    day = BilledDay(f"{NOW:%Y-%m-%d}", 1.0, 1.0, 1.0)
    page_ = exposition(
        [status], [place], [sign("bot")], NOW, [budget], [feature], [shift], [account], [objective()],
        [Bill("account", "main", "main", days=(day,))],
    )  # fmt: skip
    shown = {sample.split("{")[0].strip(): set(re.findall(r"(\w+)=", sample)) for sample in parsed(page_)}
    assert shown == listed


# -- --json ------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.usefixtures("late")
def test_json_holds_to_its_schema(prober: Run, changed: Path) -> None:
    schema = json.loads((Path(__file__).parents[2] / "docs" / "schemas" / "status.schema.json").read_text("utf-8"))
    with Store.open(f"sqlite:///{changed}") as store:
        beat(store, "host:7", ["swapped"], ["log"], due(DAYS - 1) + 2 * HOUR)
    for arguments in ([], ["--expect-every", "2h"]):
        jsonschema.Draft202012Validator(schema).validate(prober("status", "--json", *arguments).json)


def test_an_endpoint_without_a_round_holds_to_the_schema_too(prober: Run, changed: Path) -> None:
    schema = json.loads((Path(__file__).parents[2] / "docs" / "schemas" / "status.schema.json").read_text("utf-8"))
    with Store.open(f"sqlite:///{changed}") as store:
        [endpoint] = declarations().endpoints
        store.change(
            declared.remember, (), [endpoint.model_copy(update={"name": "fresh", "model": "parrot-2"})], due(DAYS)
        )
    done = prober("status", "--json")
    jsonschema.Draft202012Validator(schema).validate(done.json)
    assert [one["state"] for one in done.json["endpoints"]] == ["changed", "gathering"], "the most urgent first"
