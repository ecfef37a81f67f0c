"""Buttons, end to end: a press in Slack, through Socket Mode and the store, to what the channel shows."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from prober.alerts.slack.bot import SlackBot, open_slack
from prober.alerts.slack.buttons import PREFIX, REASON
from prober.alerts.slack.client import REMEMBERED_S, Pace, People, ids_of
from prober.alerts.slack.listener import SlackListener, open_listener, read
from prober.daemon.notices import StoredIncidentActions
from prober.incidents.routing import NOBODY, Routing
from prober.model.decision import Action, Decision
from prober.model.errors import ConfigurationError, StoreError
from prober.model.evidence import Fact
from prober.model.incident import Incident
from prober.model.notice import ChangeNews
from prober.service.act import try_to_act
from prober.service.deliver import StoredOutbox, deliver
from prober.settings import Settings
from prober.store import Store, incidents, judge_state
from prober.store import incidents as stored_incidents
from prober.store.pages.notices import latest_notice_of
from tests.alerts.slack_limits import texts
from tests.alerts.slack_server import APP_TOKEN, CHANNEL, TOKEN, SlackServer
from tests.alerts.test_deliver_from_store import NOW, open_incident
from tests.asking.mutations import odd


def settings_of(slack: SlackServer, **more: object) -> Settings:
    return Settings(
        slack_bot_token=TOKEN,
        slack_app_token=APP_TOKEN,
        slack_channel=CHANNEL,
        slack_base_url=slack.base_url,
        **more,
    )  # type: ignore[arg-type]


@dataclass
class Office:
    """A store with one open incident, told in Slack, whose buttons are listened to."""

    store: Store
    slack: SlackServer
    settings: Settings
    presses: SlackListener = field(init=False)

    def __post_init__(self) -> None:
        alerter = open_slack(self.settings)
        assert isinstance(alerter, SlackBot)
        self.bot = replace(alerter, pace=Pace(interval_s=0))
        desk = StoredIncidentActions(
            self.store, "http://localhost:8501", lambda: NOW, lambda: Routing(("slack",)), self.deliver
        )
        presses = open_listener(self.settings, desk)
        assert presses is not None
        self.presses = presses

    def deliver(self) -> None:
        while deliver(StoredOutbox(self.store), [self.bot], lambda: NOW, "http://localhost:8501"):
            pass

    @property
    def root(self) -> dict[str, object]:
        return self.slack.roots[0]

    def button(self, name: str, place: int = 0) -> dict[str, object]:
        """A button of the first message as it is now; of a menu, the choice of that place."""
        [row] = [block for block in self.root["blocks"] if block["type"] == "actions"]  # type: ignore[attr-defined]
        [one] = [one for one in row["elements"] if one["action_id"] == PREFIX + name]
        chosen = {"selected_option": one["options"][place]} if "options" in one else {"value": one["value"]}
        return {"action_id": one["action_id"], "block_id": row["block_id"], **chosen}

    def press(self, name: str, place: int = 0, **more: str) -> dict[str, object]:
        """Pressed, answered, and done."""
        answer = self.slack.sockets.acknowledgement(self.slack.press(self.button(name, place), self.root, **more))
        self.done()
        return answer

    def done(self) -> None:
        """Wait until everything heard so far is acted on."""
        for future in [self.presses.work.submit(barrier.wait) for barrier in [threading.Barrier(4)] for _ in range(4)]:
            future.result(30)

    @property
    def incident(self) -> Incident:
        [incident] = self.store.query(incidents.recent)
        return incident


@pytest.fixture
def office(tmp_path: Path, slack: SlackServer) -> Iterator[Callable[..., Office]]:
    opened: list[SlackListener] = []
    with Store.open(f"sqlite:///{tmp_path / 'prober.db'}") as store:

        def make(**more: object) -> Office:
            if not store.query(incidents.recent):
                open_incident(store, ("slack",))
            office = Office(store, slack, settings_of(slack, **more))
            office.deliver()
            office.presses.start()
            opened.append(office.presses)
            slack.sockets.connected()
            return office

        yield make
        for presses in opened:
            # Else closing waits for the SDK, which looks up from its socket every three seconds.
            presses.socket.default_auto_reconnect_enabled = presses.socket.auto_reconnect_enabled = False
            slack.sockets.drop()
            presses.close()


@pytest.mark.slow
def test_acknowledge(office: Callable[..., Office], slack: SlackServer) -> None:
    here = office()
    assert here.press("acknowledge") == {}
    assert (here.incident.state, here.incident.actor) == ("acknowledged", "alice (U0ALICE)")
    assert str(here.root["text"]).startswith("👀 Acknowledged · acme/gpt-4o")
    assert "Acknowledged" in str(slack.thread(here.root)[-1]["text"])
    [kept] = here.store.query(stored_incidents.actions)
    assert (kept.action, kept.actor, kept.via, kept.reason) == (
        "acknowledge",
        "alice (U0ALICE)",
        "slack",
        "acknowledged",
    )
    assert slack.sockets.wrong == []


@pytest.mark.slow
def test_mute_for_a_chosen_time_and_unmute(office: Callable[..., Office]) -> None:
    here = office()
    here.press("mute", place=1)
    assert here.incident.state == "muted" and here.incident.muted_until == NOW + timedelta(hours=4)
    assert str(here.root["text"]).startswith("🔕 Muted · ")
    here.press("unmute", user="U0BOB")
    assert (here.incident.state, here.incident.actor) == ("open", "bob (U0BOB)")
    assert [kept.action for kept in here.store.query(stored_incidents.actions)] == ["unmute", "mute"]


@pytest.mark.parametrize(
    ("name", "ends_as", "title"), [("accept", "accepted", "Accepted"), ("dismiss", "dismissed", "False alarm")]
)
@pytest.mark.slow
def test_what_changes_the_reference_asks_for_a_reason(
    office: Callable[..., Office], slack: SlackServer, name: str, ends_as: str, title: str
) -> None:
    here = office()
    here.press(name)
    [view] = slack.views
    assert here.incident.state == "open", "nothing is done before the reason is given"
    blank = slack.submit(view, {REASON: {REASON: " \n"}})
    assert slack.sockets.acknowledgement(blank)["response_action"] == "errors"
    given = slack.submit(view, {REASON: {REASON: " better answers "}}, user="U0BOB")
    assert slack.sockets.acknowledgement(given) == {}, "an empty answer closes the modal"
    here.done()
    assert (here.incident.close_reason, here.incident.actor, here.incident.note) == (
        ends_as,
        "bob (U0BOB)",
        "better answers",
    )
    assert str(here.root["text"]).startswith(f"✅ {title} · ")
    assert len(here.store.query(judge_state.epochs, "acme/gpt-4o")) == 1


@pytest.mark.slow
def test_a_fact_that_came_later_makes_a_false_alarm_impossible(
    office: Callable[..., Office], slack: SlackServer
) -> None:
    here = office()
    fact = Fact(here.incident.onset, "model_name", "model", "gpt-x-0613", "gpt-x-1106", 18, 18)
    with here.store.write() as tx:
        incidents.save(tx, replace(here.incident, facts=(fact,)))  # type: ignore[call-arg]
    here.press("dismiss")
    assert slack.views == [] and here.incident.state == "open"
    assert str(slack.ephemeral[0]["text"]).startswith(
        "This incident holds a fact, which is never a false alarm: accept"
    )


@pytest.mark.slow
def test_show_evidence_opens_it_for_whoever_asked(office: Callable[..., Office], slack: SlackServer) -> None:
    here = office()
    before = len(slack.messages)
    here.press("evidence")
    [view] = slack.views
    assert "What moved" in texts(view["blocks"])
    assert len(slack.messages) == before
    assert [(kept.action, kept.reason) for kept in here.store.query(stored_incidents.actions)] == [("show", "shown")]


@pytest.mark.slow
def test_what_is_private_is_not_shown_on_request_either(
    office: Callable[..., Office], slack: SlackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = office()
    told = here.store.query(latest_notice_of, here.incident.id, "slack", "")
    assert told is not None and not told.private
    assert isinstance(told.about, ChangeNews)
    moved = (replace(told.about.moved[0], words="“secret” 31 % (was 88 %)"),)
    secret = replace(told, private=True, about=replace(told.about, moved=moved))
    monkeypatch.setattr("prober.daemon.notices.latest_notice_of", lambda *arguments: secret)
    here.press("evidence")
    assert "secret" not in str(slack.views) and "an answer 31 %" in str(slack.views)


@pytest.mark.parametrize(("user", "may"), [("U0ALICE", True), ("U0CAROL", True), ("U0MALLORY", False)])
@pytest.mark.slow
def test_only_who_is_allowed_acts_and_every_click_is_kept(
    office: Callable[..., Office], slack: SlackServer, user: str, may: bool
) -> None:
    slack.groups["S0ONCALL"] = ["U0CAROL"]
    here = office(slack_allowed="U0ALICE, S0ONCALL")
    here.press("acknowledge", user=user)
    assert here.incident.state == ("acknowledged" if may else "open")
    [kept] = here.store.query(stored_incidents.actions)
    assert user in kept.actor and kept.reason == ("acknowledged" if may else "not_allowed")
    assert len(slack.ephemeral) == (not may)
    assert may or slack.ephemeral[0]["user"] == user
    here.press("accept" if may else "evidence", user="U0MALLORY")
    assert slack.views == [], "nor is the modal opened, or the evidence shown"


@pytest.mark.slow
def test_a_click_that_is_delivered_twice_acts_once(office: Callable[..., Office], slack: SlackServer) -> None:
    here = office()
    button = {**here.button("mute"), "action_ts": "1900000000.5"}
    first = slack.press(button, here.root)
    second = slack.press(button, here.root)
    for envelope in (first, second):
        assert slack.sockets.acknowledgement(envelope) == {}
    here.done()
    assert len(here.store.query(stored_incidents.actions)) == 1
    here.press("unmute")
    again = slack.press({**button, "action_ts": "1900000009.5"}, here.root)
    slack.sockets.acknowledgement(again)
    here.done()
    assert len(here.store.query(stored_incidents.actions)) == 3, "the same choice later is another press"


@pytest.mark.slow
def test_too_late_is_said_to_who_clicked_alone(office: Callable[..., Office], slack: SlackServer) -> None:
    here = office()
    stale = here.button("acknowledge")
    try_to_act(here.store, here.incident.id, Action("close", "bob"), NOBODY, NOW)
    here.deliver()
    messages = len(slack.messages)
    slack.sockets.acknowledgement(slack.press(stale, here.root))
    here.done()
    assert slack.ephemeral[0]["text"] == "This incident is closed already: closed by bob."
    assert len(slack.messages) == messages
    assert here.store.query(stored_incidents.actions)[0].reason == "already_closed"


@pytest.mark.parametrize("value", ["999.0123456789abcdef", "1.0123456789abcdef", "x", "", "1", "٣.a", "1.2.3.4"])
@pytest.mark.slow
def test_a_button_of_another_database_does_nothing(
    office: Callable[..., Office], slack: SlackServer, value: str
) -> None:
    here = office()
    slack.sockets.acknowledgement(slack.press({**here.button("acknowledge"), "value": value}, here.root))
    here.done()
    assert here.incident.state == "open" and here.store.query(stored_incidents.actions) == ()
    assert "not of this prober's database" in str(slack.ephemeral[0]["text"])


@pytest.mark.slow
def test_the_answer_does_not_wait_for_the_work(
    office: Callable[..., Office], slack: SlackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack waits three seconds; a database may be locked for longer."""
    here, unlocked = office(), threading.Event()

    def slow(*arguments: object) -> tuple[Incident, Decision] | None:
        assert unlocked.wait(30)
        return try_to_act(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("prober.daemon.notices.try_to_act", slow)
    envelopes = [slack.press(here.button("evidence"), here.root) for _ in range(20)]
    for envelope in envelopes:
        assert slack.sockets.acknowledgement(envelope) == {}
    assert here.store.query(stored_incidents.actions) == ()
    unlocked.set()
    here.done()
    assert len(here.store.query(stored_incidents.actions)) == 20


@pytest.mark.slow
def test_a_database_that_fails_is_reported_to_who_clicked_and_the_listener_goes_on(
    office: Callable[..., Office], slack: SlackServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    here = office()
    with monkeypatch.context() as patched:
        patched.setattr("prober.daemon.notices.try_to_act", _raiser(StoreError("the database is locked")))
        here.press("acknowledge")
        assert "could not be done now" in str(slack.ephemeral[0]["text"])
        patched.setattr("prober.daemon.notices.try_to_act", _raiser(RuntimeError("xoxb-secret")))
        here.press("acknowledge")
    assert "the database is locked" in caplog.text and "RuntimeError" in caplog.text and "xoxb" not in caplog.text
    here.press("acknowledge")
    assert here.incident.state == "acknowledged"


@pytest.mark.slow
def test_a_thousand_odd_presses(
    office: Callable[..., Office], slack: SlackServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Each is acknowledged or ignored; none ends the listener, shows a secret, or does what nobody pressed."""
    here, rng = office(), random.Random(20261129)
    names = ("acknowledge", "evidence")
    # One at a time: the SDK loses its place in a stream in which the header of a frame is torn between two reads.
    came = threading.Event()
    here.presses.socket.on_message_listeners.append(lambda message: came.set())
    for number in range(1_000):
        action = {"type": "button", "action_ts": f"{number}.1", **here.button(rng.choice(names))}
        root = here.root
        payload = {
            "type": rng.choice(("block_actions", "view_submission", "view_closed")),
            "user": {"id": "U0ALICE", "username": "alice", "team_id": "T0"},
            "channel": {"id": CHANNEL, "name": "canary"},
            "container": {"type": "message", "message_ts": root["ts"], "channel_id": CHANNEL},
            "message": {"ts": root["ts"], "blocks": root.get("blocks")},
            "view": {"callback_id": "x", "private_metadata": "{}", "state": {"values": {}}},
            "actions": [action],
        }
        changed = odd(payload, rng)
        slack.sockets.send(
            changed if isinstance(changed, dict) else {"type": changed}, rng.choice(("interactive", "odd"))
        )
        assert came.wait(30), "the message did not arrive"
        came.clear()
    here.press("evidence")
    assert here.incident.state in ("open", "acknowledged")
    assert "Traceback" not in caplog.text and TOKEN not in caplog.text and APP_TOKEN not in caplog.text
    assert all(pressed.actor for pressed in here.store.query(stored_incidents.actions))


def _raiser(error: Exception) -> Callable[..., None]:
    def raise_it(*arguments: object) -> None:
        raise error

    return raise_it


@pytest.mark.parametrize("how", ["refresh", "drop"])
@pytest.mark.slow
def test_after_a_dropped_connection_clicks_are_heard_again(
    office: Callable[..., Office], slack: SlackServer, how: str
) -> None:
    here = office()
    here.presses.socket.ping_interval = 0.5  # four without an answer, and the connection counts as dead
    here.presses.socket.current_app_monitor.interval_seconds = 0.05
    before = slack.methods().count("apps.connections.open")
    getattr(slack.sockets, how)()
    with slack.sockets.changed:
        assert slack.sockets.changed.wait_for(
            lambda: slack.methods().count("apps.connections.open") > before and slack.sockets.open, 30
        )
    here.press("acknowledge")
    assert here.incident.state == "acknowledged"


@pytest.mark.slow
def test_slack_may_be_away_at_the_start(office: Callable[..., Office], slack: SlackServer) -> None:
    slack.next.extend(["", "", "server_error"])  # root, evidence, then the first try to connect
    here = office()
    here.press("acknowledge")
    assert here.incident.state == "acknowledged"


@pytest.mark.slow
def test_a_wrong_app_token_is_said_and_is_no_loop(slack: SlackServer, caplog: pytest.LogCaptureFixture) -> None:
    presses = open_listener(settings_of(slack).model_copy(update={"slack_app_token": _secret("xapp-other")}), NoDesk())
    assert presses is not None
    presses.start()
    presses.connecting.join(30)
    assert "clicks in Slack do NOT arrive: invalid_auth" in caplog.text and "xapp-other" not in caplog.text
    assert slack.methods() == ["apps.connections.open"]
    presses.close()


class NoDesk:
    def now(self) -> datetime:
        return NOW

    def incident(self, incident_id: int) -> None:
        return None

    def act(self, incident_id: int, action: Action) -> None:
        return None

    def notice(self, incident_id: int) -> None:
        return None


def _secret(text: str):
    from pydantic import SecretStr

    return SecretStr(text)


PRESS = {
    "type": "block_actions",
    "user": {"id": "U1", "username": "a\u202eb"},
    "channel": {"id": "C1"},
    "trigger_id": "t",
    "actions": [{"action_id": "prober_acknowledge", "value": "1.a", "action_ts": "1"}],
}


def test_a_click_is_read_and_its_author_made_visible() -> None:
    pressed = read(PRESS)
    assert pressed is not None and pressed.actor == "a\\u202eb (U1)"


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {**PRESS, "type": "shortcut"},
        {**PRESS, "actions": []},
        {**PRESS, "actions": "x"},
        {**PRESS, "user": None},
        {**PRESS, "channel": {}},
        {**PRESS, "actions": [{"action_id": "acknowledge", "value": "1.a"}]},
        {**PRESS, "actions": [{"action_id": "prober_format_disk", "value": "1.a"}]},
        {**PRESS, "actions": [{"action_id": "prober_mute", "value": "1.a"}]},
        {"type": "view_submission", "user": {"id": "U1"}, "view": {"callback_id": "prober_accept"}},
    ],
)
def test_what_is_no_click_of_ours_is_nothing(payload: dict[str, object]) -> None:
    assert read(payload) is None


def test_members_of_a_group_are_read_anew_now_and_then_and_an_outage_lets_nobody_in(slack: SlackServer) -> None:
    now = [0.0]
    bot = open_slack(settings_of(slack))
    assert isinstance(bot, SlackBot)
    people = People(frozenset({"S1", "U9"}), bot.client, lambda: now[0])
    slack.next.append("server_error")
    assert not people.may("U1") and people.may("U9")
    slack.groups["S1"] = ["U1"]
    assert people.may("U1")
    slack.groups["S1"] = ["U2"]
    assert people.may("U1") and not people.may("U2"), "believed for a while"
    now[0] = REMEMBERED_S
    assert people.may("U2") and not people.may("U1")
    now[0] *= 2
    slack.down = "server_error"
    assert people.may("U2") and not people.may("U1")


def test_allowed_ids_are_checked() -> None:
    assert ids_of(" U012AB3CD ,S1X2,, ") == {"U012AB3CD", "S1X2"}
    with pytest.raises(ConfigurationError, match="PROBER_SLACK_ALLOWED holds '@alice', which is no id"):
        ids_of("U012AB3CD, @alice")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"slack_app_token": "xapp-1"}, "SLACK_BOT_TOKEN is not"),
        ({"slack_app_token": "xoxb-1", "slack_bot_token": "x", "slack_channel": "C1"}, "begin with xapp-"),
        ({"slack_app_token": "xapp- 1", "slack_bot_token": "x", "slack_channel": "C1"}, "SLACK_APP_TOKEN holds blanks"),
    ],
)
def test_half_a_configuration_is_an_error(given: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        open_listener(Settings(**given), NoDesk())  # type: ignore[arg-type]


def test_without_an_app_token_nobody_listens(slack: SlackServer) -> None:
    without = settings_of(slack).model_copy(update={"slack_app_token": None})
    assert open_listener(without, NoDesk()) is None
    assert open_listener(Settings(), NoDesk()) is None


@pytest.mark.slow
def test_at_the_start_it_is_said_that_everyone_may(slack: SlackServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    for allowed, said in (("", True), ("U1X", False)):
        caplog.clear()
        opened = open_listener(settings_of(slack, slack_allowed=allowed), NoDesk())
        assert opened is not None
        opened.socket.close()
        assert ("everyone who sees an incident" in caplog.text) is said
