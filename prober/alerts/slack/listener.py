"""Listens for actions in Slack, through Socket Mode: no address of ours has to be reachable from outside.

Slack wants an answer within three seconds. It gets one at once: what is done is done in a thread of its own, and shows
in the incident's message. Slack may deliver an action twice: the second one is answered, and does nothing.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Protocol

from slack_sdk import WebClient
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from prober.alerts.post import checked_secret, given
from prober.alerts.slack.blocks import evidence_blocks
from prober.alerts.slack.bot import SlackBot, open_slack
from prober.alerts.slack.buttons import (
    MUTES,
    NEED_REASON,
    PREFIX,
    REASON,
    REASON_LIMIT,
    evidence_modal,
    incident_value,
    reason_modal,
)
from prober.alerts.slack.client import BAD_LUCK, SILENT, People, ids_of, of_error
from prober.incidents.actions import refusal
from prober.model.decision import Action, ActionName, Decision
from prober.model.errors import ConfigurationError, ProberError
from prober.model.incident import Change, Incident
from prober.model.notice import Notice
from prober.settings import Settings
from prober.text import mrkdwn, private, visible

ACTIONS: Final[Mapping[str, ActionName]] = {
    "acknowledge": "acknowledge",
    "mute": "mute",
    "unmute": "unmute",
    "accept": "accept",
    "dismiss": "dismiss",
    "evidence": "show",
}
"""Button → what it does."""
STRANGE: Final = "This button is not of this prober's database; open the dashboard, or use `prober incidents`."
SEEN_MOST: Final = 1000
PING_S: Final = 5.0
LONGEST_WAIT_S: Final = 60.0
"""Between two tries to connect."""

logger = logging.getLogger(__name__)
_log_error: Final = partial(logger.log, logging.ERROR)  # without a traceback: that may show what the network sent


class IncidentActions(Protocol):
    """Where incidents are acted on."""

    def now(self) -> datetime: ...

    def incident(self, incident_id: int) -> Incident | None: ...

    def act(self, incident_id: int, action: Action) -> tuple[Incident, Decision] | None:
        """Carries it out, keeps it with its author, and notifies; None where there is no such incident."""
        ...

    def notice(self, incident_id: int) -> Notice | None:
        """The incident as Slack was notified of it; None where it was not."""
        ...


@dataclass(frozen=True, slots=True)
class Click:
    """One click of a person, as Slack sends it."""

    name: str
    value: str
    """Number and mark of the incident, and of a mute its hours."""
    user: str
    user_name: str
    channel: str
    trigger: str = ""
    reason: str = ""

    @property
    def actor(self) -> str:
        """Who, for the record: names may change, ids do not."""
        return f"{self.user_name} ({self.user})" if self.user_name else self.user


class SlackListener:
    """Receives clicks from `start` until `close`."""

    def __init__(
        self, app_token: str, client: WebClient, incidents: IncidentActions, people: People, *, ping_s: float = PING_S
    ) -> None:
        self._client = client
        self._incidents = incidents
        self._people = people
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._seeing = threading.Lock()
        self._closing = threading.Event()
        self.work = ThreadPoolExecutor(4, "slack")
        self.socket = SocketModeClient(
            app_token, SILENT, client, ping_interval=ping_s, receive_buffer_size=1 << 16, concurrency=4
        )
        self.socket.socket_mode_request_listeners.append(self._hear)
        self.connecting = threading.Thread(target=self._connect, name="slack-connect", daemon=True)

    def start(self) -> None:
        """Returns at once: nothing waits for Slack to be there. Later the SDK keeps the connection up by itself."""
        self.connecting.start()

    def close(self) -> None:
        """Receive no more clicks, and finish what has begun."""
        self._closing.set()
        self.connecting.join()
        self.socket.close()
        self.work.shutdown(wait=True)

    def _connect(self) -> None:
        wait_s = 1.0
        while not self._closing.is_set():
            try:
                self.socket.connect()
            except BAD_LUCK as error:
                outcome = of_error(error)
                if outcome.permanent:
                    _log_error("clicks in Slack do NOT arrive: %s; fix SLACK_APP_TOKEN and start again", outcome.reason)
                    return
                logger.warning("clicks in Slack do not arrive yet: %s; trying again", outcome.reason)
                self._closing.wait(max(wait_s, min(outcome.retry_after_s or 0.0, LONGEST_WAIT_S)))
                wait_s = min(LONGEST_WAIT_S, 2 * wait_s)
            else:
                logger.info("listening for actions in Slack")
                return

    def _hear(self, socket: BaseSocketModeClient, request: SocketModeRequest) -> None:
        """Answer at once; another thread acts on it, unless it was received before."""
        click = read(request.payload) if request.type == "interactive" else None
        wrong = click is not None and click.name in NEED_REASON and not click.trigger and not click.reason
        if click is not None and not wrong and self._is_new(_key(request.payload)):
            self.work.submit(self._act, click)
        answer = {"response_action": "errors", "errors": {REASON: "Write why; it is kept with the incident."}}
        socket.send_socket_mode_response(SocketModeResponse(request.envelope_id, answer if wrong else None))

    def _is_new(self, key: str) -> bool:
        with self._seeing:
            new = key not in self._seen
            self._seen[key] = None
            while len(self._seen) > SEEN_MOST:
                self._seen.popitem(last=False)
            return new

    def _act(self, click: Click) -> None:
        try:
            said = self._done(click)
        except ProberError as error:
            _log_error("%s clicked %s in Slack: %s", click.actor, click.name, error)
            said = "This could not be done now; try again, or use `prober incidents`."
        except BAD_LUCK as error:
            logger.warning("%s clicked %s in Slack: %s", click.actor, click.name, of_error(error).reason)
            return
        except Exception as error:
            # Not its message: that could hold a secret.
            _log_error("%s clicked %s in Slack: crashed: %s", click.actor, click.name, type(error).__name__)
            return
        if said:
            self._say(click, said)

    def _done(self, click: Click) -> str:
        """Do it; gives what to answer, empty where the message of the incident shows it."""
        number, _, rest = click.value.partition(".")
        mark, _, hours = rest.partition(".")
        incident = self._incidents.incident(int(number)) if number.isascii() and number.isdigit() else None
        if incident is None or f"{number}.{mark}" != incident_value(incident.id, incident.endpoint, incident.opened_at):
            return STRANGE
        action, allowed = ACTIONS[click.name], self._people.may(click.user)
        is_open_change = isinstance(incident, Change) and incident.is_live
        is_certain = isinstance(incident, Change) and bool(incident.facts) and click.name == "dismiss"
        if allowed and click.name in NEED_REASON and click.trigger and is_open_change and not is_certain:
            metadata = f"{number}.{mark} {click.channel}"
            view = reason_modal(click.name, incident.id, incident.endpoint, metadata)
            self._client.views_open(trigger_id=click.trigger, view=view)
            return ""
        until = self._incidents.now() + timedelta(hours=int(hours)) if hours in _HOURS else None
        asked = Action(action, click.actor, click.reason, until if action == "mute" else None, "slack", allowed)
        outcome = self._incidents.act(incident.id, asked)
        if outcome is None:
            return STRANGE
        acted_on, decision = outcome
        said = (asked.actor, action, incident.id, decision.reason)
        logger.info("%s clicked %s of incident %d in Slack: %s", *said, extra={"incident": incident.id})
        if decision.reason == "shown":
            return self._show(click, incident)
        why = refusal(acted_on, decision.reason, click.actor)
        return f"This incident {why}." if why else ""

    def _show(self, click: Click, incident: Incident) -> str:
        notice = self._incidents.notice(incident.id)
        if notice is None:
            return STRANGE
        view = evidence_modal(incident.id, evidence_blocks(private(notice), interactive=True))
        self._client.views_open(trigger_id=click.trigger, view=view)
        return ""

    def _say(self, click: Click, text: str) -> None:
        """To the person who clicked alone."""
        try:
            self._client.chat_postEphemeral(channel=click.channel, user=click.user, text=mrkdwn(text, 300))
        except BAD_LUCK as error:
            logger.warning("%s could not be answered in Slack: %s", click.actor, of_error(error).reason)


_HOURS: Final = frozenset(str(hours) for _, hours in MUTES)


def read(payload: Mapping[str, Any]) -> Click | None:
    """A click on a button of ours; None for anything else, however it is made."""
    try:
        user = payload["user"]
        about = {"user": str(user["id"]), "user_name": visible(str(user.get("username") or ""), 80, lines=False)}
        if payload["type"] == "view_submission":
            view = payload["view"]
            value, _, channel = str(view["private_metadata"]).partition(" ")
            reason = str(view["state"]["values"][REASON][REASON]["value"] or "").strip()[:REASON_LIMIT]
            name = str(view["callback_id"]).removeprefix(PREFIX)
            known = name in NEED_REASON and str(view["callback_id"]).startswith(PREFIX)
            return Click(name, value, channel=channel, reason=reason, **about) if known else None
        if payload["type"] != "block_actions":
            return None
        [action] = payload["actions"]
        name = str(action["action_id"]).removeprefix(PREFIX)
        value = str(action["selected_option"]["value"] if name == "mute" else action["value"])
        known = name in ACTIONS and str(action["action_id"]).startswith(PREFIX)
        channel, trigger = str(payload["channel"]["id"]), str(payload["trigger_id"])
        return Click(name, value, channel=channel, trigger=trigger, **about) if known else None
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _key(payload: Mapping[str, Any]) -> str:
    """The same for every delivery of one click."""
    if payload["type"] == "view_submission":
        return f"view {payload['view'].get('id')}"
    [action] = payload["actions"]
    return f"action {payload['user']['id']} {action['action_id']} {action.get('action_ts')}"


def open_listener(settings: Settings, incidents: IncidentActions) -> SlackListener | None:
    """From SLACK_APP_TOKEN, with the bot; None where it is not set. Raises `ConfigurationError`."""
    app_token, bot = given(settings.slack_app_token), open_slack(settings)
    ids = ids_of(settings.slack_allowed or "")
    if app_token is None or not isinstance(bot, SlackBot):
        return None
    if not checked_secret("SLACK_APP_TOKEN", app_token).startswith("xapp-"):
        raise ConfigurationError("SLACK_APP_TOKEN is no app-level token; those begin with xapp-")
    if not ids:
        logger.warning("everyone who sees an incident in Slack may act on it; PROBER_SLACK_ALLOWED names fewer")
    return SlackListener(app_token, bot.client, incidents, People(ids, bot.client))
