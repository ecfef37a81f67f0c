"""status, incidents, reference: what the store holds, and what people make of it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from prober.asking import open_provider
from prober.cli.options import now_utc
from prober.incidents.routing import NOBODY, Routing
from prober.model.incident import Measured
from prober.service import run_round
from prober.service.decisions import notify_of_no_incident
from prober.service.deliver import StoredOutbox
from prober.store import Store, incidents
from prober.store import notices as stored_notices
from prober.store.schema import VERSIONS
from tests.cli.conftest import Run, ask_daily
from tests.cli.world import CHANGE, DAYS, declarations, due, write_probes

CHANNEL = {"channel", "e_value", "effect", "unit", "words"}


def test_status_without_a_database_says_how_to_begin(prober: Run, home: Path) -> None:
    done = prober("status")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "prober.db: there is no database yet; `prober run` or `prober once` makes one; if you have one, go to its folder or "
        "set PROBER_DATABASE_URL\n"
    )
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("verb", ["status", "reference"])
def test_an_empty_database_is_not_enough_evidence(prober: Run, verb: str) -> None:
    prober("db", "upgrade")
    done = prober(verb)
    assert done.code == 3
    assert "`prober once` asks one round" in done.out
    assert prober(verb, "--json").json["endpoints"] == []


@pytest.mark.usefixtures("changed")
def test_status_of_a_change(prober: Run) -> None:
    done = prober("status", "--json")
    assert done.code == 1
    (one,) = done.json["endpoints"]
    incident = one.pop("open_incident")
    assert one.pop("e_value") >= one.pop("threshold") > 365
    notices = one.pop("notices")
    assert one.pop("age_s") > 0
    assert {point["channel"] for point in one.pop("channels")} >= {"length"}
    assert one == {
        "endpoint": "swapped", "provider": "scripted", "model": "parrot-1", "owners": ["team"], "state": "changed",
        "vantage": None, "breaker": None,
        "verdict": "changed", "why": "checks pass 0 % (was 100 %), refuses 92 % (was 0 %)", "since": "2026-03-12T12:00:00Z",
        "newest_round": "2026-03-15T12:00:00.000000Z", "severity": incident["severity"], "incident": 1,
        "promise": {"false_alarms_per_year": 1.0}, "last_answered_at": "2026-03-15T12:00:00Z", "clock_ahead_at": None,
        "missing": "", "judged_from": None, "protected_by": [], "budget": None, "last_round": "2026-03-15T12:00:00.000000Z",
        "last_completed_at": "2026-03-15T12:00:00Z", "next_round_at": None, "paused_until": None, "rounds": DAYS, "missed": 0, "asks": DAYS * 14, "failed_asks": 0,
        "last_failure": "", "last_detail": "", "cached_asks": 0, "last_round_cached": 0, "confirmation_due_at": None,
        "trouble": None, "stale_since": None, "facts": [], "runaways": [], "measured": [],
    }  # fmt: skip
    assert notices["failed"] == 0
    assert notices["owed"] >= 2, "it opened, and may have become more serious since"
    assert (incident["state"], incident["kind"]) != ("closed", None)
    assert datetime.fromisoformat(incident["onset"]) >= due(CHANGE)
    said = prober("status").out
    assert "swapped" in said
    assert f"{notices['owed']} owed" in said


@pytest.mark.usefixtures("changed")
def test_incidents_are_listed_and_shown(prober: Run) -> None:
    (listed,) = prober("incidents", "list", "--json").json["incidents"]
    assert prober("incidents", "--json").json["incidents"] == [listed]
    assert set(listed) == {
        "id", "endpoint", "state", "kind", "onset", "detected_round", "opened_at", "closed_at", "close_reason",
        "actor", "note", "e_value", "threshold", "channels", "onset_between", "course", "passed", "moved", "share",
        "severity", "cause", "about", "detail", "cause_before", "failed_share", "acknowledged_at", "muted_until", "facts",
    }  # fmt: skip
    assert set(listed["channels"][0]) == CHANNEL
    assert "swapped" in prober("incidents", "list").out
    assert prober("incidents", "list", "--endpoint", "other").out == "No incident.\n"
    shown = prober("incidents", "show", 1, "--json").json
    assert shown["incident"] == listed
    assert set(shown["examples"][0]) == {"probe", "prompt", "reference", "recent"}
    assert {one["alerter"] for one in shown["notices"]} == {"log", "slack"}
    said = prober("incidents", "show", 1)
    assert said.code == 0
    assert f"reference  {shown['examples'][0]['reference']}" in said.out


@pytest.mark.slow
def test_trouble_is_listed_and_shown_with_the_keys_of_a_change(prober: Run, home: Path) -> None:
    write_probes(home, parameters={"world": "outage", "changes_at": (now_utc() - timedelta(hours=1)).isoformat()})
    for _ in range(3):
        prober("once")
    (listed,) = prober("incidents", "list", "--json").json["incidents"]
    assert (listed["endpoint"], listed["channels"], listed["moved"]) == ("bot", [], [])
    assert listed["kind"] in {"provider_error", "rate_limited"}, "whichever failure came last"
    assert prober("incidents", "show", 1, "--json").json["incident"] == listed


@pytest.mark.usefixtures("changed")
@pytest.mark.parametrize("action", ["show", "acknowledge", "accept"])
def test_no_such_incident(prober: Run, action: str) -> None:
    done = prober("incidents", action, 7)
    assert (done.code, done.err) == (2, "there is no incident 7; `prober incidents list` shows all there are\n")


@pytest.mark.parametrize("action", ["acknowledge", "accept"])
def test_an_action_on_nothing_makes_no_database(prober: Run, home: Path, action: str) -> None:
    assert prober("incidents", action, 1).code == 2
    assert list(home.iterdir()) == []


@pytest.mark.slow
@pytest.mark.usefixtures("changed")
def test_acknowledge_notifies_those_who_were_notified(prober: Run) -> None:
    done = prober("incidents", "acknowledge", 1, "--by", "ana")
    assert (done.code, done.out) == (0, "Incident 1 of swapped is acknowledged by ana.\n")
    assert "notices to slack are left to `prober run`" in done.err
    with Store.open("sqlite:///prober.db", read_only=True) as store:
        owed = {(one.event, one.alerter, one.state) for one in store.query(stored_notices.recent)}
    assert {("acknowledged", "slack", "owed"), ("acknowledged", "log", "owed")} <= owed
    assert prober("status").code == 1


@pytest.mark.slow
@pytest.mark.usefixtures("changed")
def test_accept_closes_and_begins_a_new_reference(prober: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    before = prober("reference", "--json")
    assert (before.code, before.json["endpoints"][0]["rounds"]) == (0, 8)
    assert "8 rounds from 2026-03-01" in prober("reference").out
    done = prober("incidents", "accept", 1, "--by", "ana", "--reason", "new [b]version[/b]", "--json")
    assert done.code == 0
    incident = done.json["incident"]
    assert (incident["state"], incident["actor"], incident["note"]) == ("closed", "ana", "new [b]version[/b]")
    after = prober("reference", "--json")
    assert (after.code, after.json["endpoints"][0]["rounds"]) == (3, 0)
    (epoch,) = after.json["endpoints"][0]["epochs"]
    assert (epoch["start"], epoch["author"]) == (incident["onset"], "ana")
    assert ": by ana at " in prober("reference").out
    assert prober("status", "--json").json["endpoints"][0]["state"] == "stale", "its rounds ended long ago"
    monkeypatch.setattr("prober.cli.status.now_utc", lambda: due(DAYS - 1))
    status = prober("status", "--json")
    assert (status.code, status.json["endpoints"][0]["state"]) == (3, "gathering")
    assert "a new reference is gathered" in prober("status").out
    again = prober("incidents", "accept", 1, "--by", "bob")
    assert (again.code, again.err) == (2, "incident 1 is closed already: accepted by ana\n")


@pytest.mark.slow
@pytest.mark.usefixtures("changed")
def test_a_false_alarm_makes_all_rounds_so_far_the_reference(prober: Run, home: Path) -> None:
    refused = prober("incidents", "dismiss", 1, "--by", "ana")
    assert (refused.code, refused.err) == (
        2,
        "incident 1 holds a fact, which is never a false alarm: accept it to keep the new behaviour, or close it if the "
        "old one is back\n",
    )
    with Store.open("sqlite:///prober.db") as store, store.write() as tx:
        incidents.save(tx, replace(incidents.get(tx, 1), facts=()))  # found by evidence alone
    (before,) = prober("reference", "--json").json["endpoints"]
    said = prober("incidents", "dismiss", 1, "--by", "ana", "--reason", "a cache was warming up")
    assert (said.code, said.out) == (
        0,
        "Incident 1 of swapped is dismissed as a false alarm by ana. All rounds so far are the reference now.\n",
    )
    incident = prober("incidents", "show", 1, "--json").json["incident"]
    assert (incident["state"], incident["close_reason"]) == ("closed", "dismissed")
    (epoch,) = prober("reference", "--json").json["endpoints"][0]["epochs"]
    assert (epoch["start"], epoch["author"]) == (before["first_round"], "ana"), "it begins where it began before"
    ask_daily(home / "prober.db", range(DAYS, DAYS + 6))
    (after,) = prober("reference", "--json").json["endpoints"]
    assert (before["rounds"], after["rounds"]) == (8, DAYS + 1), "the rounds before and since are one reference"
    with Store.open("sqlite:///prober.db", read_only=True) as store:
        assert [one.state for one in store.query(incidents.recent)] == ["closed"], "no new incident opens"
    again = prober("incidents", "dismiss", 1, "--by", "bob")
    assert (again.code, again.err) == (2, "incident 1 is closed already: dismissed by ana\n")


@pytest.mark.slow
@pytest.mark.usefixtures("changed")
def test_the_commands_of_the_message_work_as_they_stand(prober: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "zoe")
    assert "acknowledged by zoe" in prober("incidents", "acknowledge", "1").out
    assert "accepted by zoe" in prober("incidents", "accept", "1").out


@pytest.mark.usefixtures("changed")
def test_a_system_that_knows_no_user_asks_for_one(prober: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise OSError("no user")

    monkeypatch.setattr("getpass.getuser", nobody)
    done = prober("incidents", "acknowledge", 1)
    assert (done.code, done.err) == (2, "this system does not name the logged-in user; give --by NAME\n")


@pytest.mark.slow
def test_owed_notices_are_delivered_where_all_channels_are_here(prober: Run, changed: Path) -> None:
    with Store.open(f"sqlite:///{changed}") as store:
        while (notice := StoredOutbox(store).claim_notice(due(DAYS), 60, "")) is not None:
            from prober.model.notice import Outcome

            store.change(stored_notices.settle, notice.id, Outcome(True, "sent"), None, due(DAYS))
    assert prober("status", "--json").json["endpoints"][0]["notices"] == {"owed": 0, "failed": 0}
    (changed.parent / "probes").mkdir()
    with Store.open(f"sqlite:///{changed}") as store:
        store.change(
            notify_of_no_incident, "stale", Routing(("log",)), due(DAYS) - timedelta(days=400), endpoint="swapped"
        )
    from tests.cli.world import write_probes

    folder = write_probes(changed.parent)
    (folder / "alerts.yaml").write_text("reminders: {critical: null, warning: null}")  # one to slack would be foreign
    notices = prober("once", "--json").json["notices"]
    assert notices == [{"incident": 0, "alerter": "log", "sent": True, "reason": "sent"}]


@pytest.mark.usefixtures("changed")
def test_db_info_counts(prober: Run) -> None:
    assert prober("db", "info", "--json").json == {
        "database": "sqlite:///prober.db", "version": VERSIONS[-1], "endpoints": 1, "rounds": DAYS, "missed": 0,
        "asks": DAYS * 14, "incidents": 1,
    }  # fmt: skip
    assert f"rounds: {DAYS}" in prober("db", "info").out


def test_db_upgrade_makes_what_is_missing_and_info_does_not(prober: Run, home: Path) -> None:
    assert prober("db", "info").code == 2
    assert not (home / "prober.db").exists()
    assert prober("db", "upgrade").out == f"sqlite:///prober.db has schema version {VERSIONS[-1]}, the newest.\n"
    assert prober("db", "upgrade", "--json").json == {"database": "sqlite:///prober.db", "version": VERSIONS[-1]}
    assert prober("db", "info").code == 0


def test_the_environment_names_the_database(prober: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBER_DATABASE_URL", "sqlite:///elsewhere.db")
    prober("db", "upgrade")
    prober("db", "upgrade", "--database", "sqlite:///here.db")
    assert {path.name for path in home.iterdir() if path.suffix == ".db"} == {"elsewhere.db", "here.db"}


@pytest.mark.slow
@pytest.mark.usefixtures("changed")
def test_a_reference_is_begun_anew_and_the_open_incident_closes(prober: Run) -> None:
    done = prober("reference", "reset", "swapped", "--reason", "other [b]cache[/b]", "--by", "ana", "--json")
    assert (done.code, done.json["endpoint"]) == (0, "swapped")
    assert (done.json["epoch"]["author"], done.json["epoch"]["note"]) == ("ana", "other [b]cache[/b]")
    (incident,) = prober("incidents", "list", "--json").json["incidents"]
    assert (incident["state"], incident["close_reason"], incident["actor"]) == ("closed", "reset", "ana")
    after = prober("reference")
    assert after.code == 3
    assert "swapped: no reference yet" in after.out and "other [b]cache[/b]" in after.out
    again = prober("reference", "reset", "swapped", "--reason", "again", "--by", "bob")
    assert (again.code, again.out.startswith("A new reference of swapped begins at ")) == (0, True)


@pytest.mark.usefixtures("changed")
def test_only_a_known_endpoint_has_a_reference_to_reset_and_a_reason_is_needed(prober: Run) -> None:
    done = prober("reference", "reset", "swaped", "--reason", "x", "--by", "ana")
    assert (done.code, done.err) == (2, 'unknown endpoint "swaped"; did you mean "swapped"?\n')
    assert prober("reference", "reset", "swapped").code == 2
    assert prober("reference", "--json").json["endpoints"][0]["rounds"] == 8


def test_a_reset_of_nothing_makes_no_database(prober: Run, home: Path) -> None:
    assert prober("reference", "reset", "bot", "--reason", "x").code == 2
    assert list(home.iterdir()) == []


@pytest.mark.slow
def test_a_cost_incident_of_a_quiet_endpoint_is_named_instead(prober: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    declared = declarations()
    (probe_set,), (endpoint,) = declared.sets, declared.endpoints
    with Store.open("sqlite:///prober.db") as store, closing(open_provider(endpoint)) as provider:
        for day in range(CHANGE):
            promise, at = declared.promise(endpoint), due(day)
            run_round.run(probe_set, endpoint, promise, provider, store, NOBODY, at, clock=lambda at=at: at)
        monkeypatch.setattr("prober.cli.status.now_utc", lambda: due(CHANGE - 1))
        assert "swapped quiet" in " ".join(prober("status").out.split())
        runaway = Measured(
            id=0, endpoint=endpoint.name, endpoint_hash=endpoint.content_hash, state="open", kind="runaway",
            severity="critical", onset=due(CHANGE - 1).isoformat(), detected_round="", opened_at=due(CHANGE - 1),
            cause="tokens are 9 times the plan", about=probe_set.name, detail="probe set canary of team on swapped",
        )  # fmt: skip
        store.change(incidents.save, runaway)
    done = prober("status")
    assert done.code == 1
    assert "swapped runaway spending" in " ".join(done.out.split())
    assert "swapped: critical since" in done.out and "tokens are 9 times the plan" in done.out
