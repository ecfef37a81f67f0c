"""What a person does to an incident on its page: by whom, with what effect, and when not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import actions, cached_store
from dashboard.actions import Viewer
from prober.model.decision import Action
from prober.model.incident import Incident
from prober.store import Store, incidents, judge_state, notices
from tests.dashboard import seeded
from tests.dashboard.conftest import opened_at, texts


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A database with an open incident, to be copied."""
    path = tmp_path_factory.mktemp("acting") / "prober.db"
    incident = seeded.seed(f"sqlite:///{path}", datetime.now(UTC), rounds=14)
    return path.read_bytes(), incident


@pytest.fixture
def world(template, tmp_path, monkeypatch):
    """(URL, open incident) of a database of one's own, where acting is allowed."""
    content, incident = template
    (tmp_path / "prober.db").write_bytes(content)
    url = f"sqlite:///{tmp_path / 'prober.db'}"
    monkeypatch.setenv("PROBER_DATABASE_URL", url)
    monkeypatch.setenv("PROBER_DASHBOARD_ACTIONS", "true")
    cached_store.forget()
    yield url, incident
    cached_store.forget()


def draw(incident: Incident) -> AppTest:
    at = opened_at("incident", incident=str(incident.id)).run()
    assert not at.exception, at.exception
    return at


def labels(at: AppTest) -> list[str]:
    return [one.label for one in at.button]


def press(at: AppTest, key: str) -> None:
    at.button(key=key).click().run()
    assert not at.exception, at.exception


def confirm(at: AppTest, title: str, reason: str = "") -> AppTest:
    """Presses a button, and says yes in its dialog."""
    next(one for one in at.button if one.label == title).click().run()
    at.text_input(key="act-reason").input(reason)
    press(at, "act-confirm")
    return at


def now_stored(url: str, incident: Incident) -> Incident:
    with Store.open(url, read_only=True) as store:
        found = store.query(incidents.get, incident.id)
    assert found is not None
    return found


def signed_in(monkeypatch, name: str = "ada@example.org", allowed: bool = True) -> None:
    monkeypatch.setattr(actions, "viewer", lambda settings: Viewer(name, allowed))


@pytest.mark.slow
def test_acting_is_off_unless_it_is_wanted(world, monkeypatch):
    monkeypatch.delenv("PROBER_DASHBOARD_ACTIONS")
    signed_in(monkeypatch)
    at = draw(world[1])
    assert "Acknowledge" not in labels(at)
    assert any("prober incidents acknowledge" in one.value for one in at.code)


@pytest.mark.slow
def test_nobody_acts_who_is_not_signed_in_or_not_allowed(world, monkeypatch):
    at = draw(world[1])
    assert "Acknowledge" not in labels(at)
    assert "You are not signed in" in texts(at)
    signed_in(monkeypatch, "eve", allowed=False)
    at = draw(world[1])
    assert "Acknowledge" not in labels(at)
    assert "eve may not act on incidents here" in texts(at)


@pytest.mark.slow
def test_where_one_can_sign_in_a_button_leads_there(world, monkeypatch):
    monkeypatch.setattr(actions, "can_sign_in", lambda: True)
    assert "Sign in to act" in labels(draw(world[1]))


@pytest.mark.slow
def test_acknowledged_muted_unmuted_and_accepted_with_a_reason(world, monkeypatch):
    url, incident = world
    signed_in(monkeypatch)
    at = confirm(draw(incident), "Acknowledge", "asked the provider")
    assert "is acknowledged by" in at.info[0].value
    seen = now_stored(url, incident)
    assert (seen.state, seen.actor, seen.note) == ("acknowledged", "ada@example.org", "asked the provider")
    timeline = next(one.value for one in at.dataframe if "what" in one.value)
    assert timeline["who"].tolist()[-1] == "ada@example.org (from dashboard)"
    assert "Acknowledge" not in labels(at) and not at.text_input, "the reason is gone with the dialog"

    press(at, "act-mute")
    at.selectbox(key="act-for").select("4 hours")
    press(at, "act-confirm")
    muted = now_stored(url, incident)
    assert (muted.state, muted.note) == ("muted", "")
    assert muted.muted_until is not None
    assert 3.9 < (muted.muted_until - datetime.now(UTC)).total_seconds() / 3600 <= 4
    confirm(at, "Unmute")
    assert now_stored(url, incident).state == "acknowledged"

    confirm(at, "Accept new behaviour", " ")
    assert "Give a reason" in at.error[0].value
    assert now_stored(url, incident).state == "acknowledged"
    at.text_input(key="act-reason").input("wanted")
    press(at, "act-confirm")
    over = now_stored(url, incident)
    assert (over.state, over.close_reason, over.note) == ("closed", "accepted", "wanted")
    assert "Close" not in labels(at), "nothing is left to do"
    with Store.open(url, read_only=True) as store:
        assert [one.action for one in store.query(incidents.actions, incident.id)] == [
            "accept",
            "unmute",
            "mute",
            "acknowledge",
        ]
        assert {one.via for one in store.query(incidents.actions, incident.id)} == {"dashboard"}
        events = [one.event for one in store.query(notices.recent, incident.id)]
        assert events == ["accepted", "unmuted", "muted", "acknowledged", "opened"], (
            "those who were told are told this, too"
        )
        assert len(store.query(judge_state.epochs, incident.endpoint)) == 1


@pytest.mark.slow
def test_a_click_that_comes_too_late_says_why_nothing_was_done(world):
    url, incident = world
    now = datetime.now(UTC)
    seeded.accept_it(url, incident, now)
    said = actions.press(url, incident, Action("acknowledge", "bob", via="dashboard"), now)
    assert said == f"Nothing was done: incident {incident.id} is closed already: accepted by ada."
    assert actions.press(f"{url}.gone/x", incident, Action("mute", "bob"), now).startswith("Nothing was done: ")


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({"X-User": " ada@example.org "}, "ada@example.org"),
        ({"X-User": ""}, ""),
        ({"X-Other": "eve"}, ""),
        ({"X-User": "a\x00b\n" + "c" * 500}, "a\\x00b " + "c" * 112 + "…"),
    ],
)
def test_the_header_of_a_proxy_names_who_is_there(headers, name):
    assert actions.named_by_header(headers, "X-User") == name


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({}, ""),
        ({"is_logged_in": False, "email": "eve@example.org"}, ""),
        ({"is_logged_in": True, "email": "ada@example.org", "email_verified": True, "sub": "7"}, "ada@example.org"),
        ({"is_logged_in": True, "email": "ada@example.org", "sub": "7"}, "ada@example.org"),
        ({"is_logged_in": True, "email": "boss@example.org", "email_verified": False, "sub": "7"}, "7"),
        ({"is_logged_in": True}, ""),
    ],
)
def test_who_signed_in_is_named_by_what_is_verified(claims, name):
    assert actions.named_by_claims(claims) == name


@pytest.mark.parametrize(
    ("allowed", "may"), [(None, True), ("", False), ("bob", False), ("bob, ADA@example.org ,", True), (",", False)]
)
def test_who_may_act(allowed, may):
    assert actions.may_act("ada@example.org", allowed) is may
