"""Slack through an incoming webhook: it posts, and no more."""

from __future__ import annotations

from dataclasses import dataclass

from slack_sdk.webhook import WebhookClient

from prober.alerts.post import of_status
from prober.alerts.slack.blocks import fallback_text, slack_blocks
from prober.alerts.slack.client import BAD_LUCK, LAYOUT_ERRORS, PERMANENT_ERRORS, of_error
from prober.model.notice import Notice, Outcome


@dataclass(frozen=True, slots=True)
class SlackWebhook:
    """Posts to an incoming webhook, which cannot be searched: after a lost answer a message may be there twice."""

    client: WebhookClient
    name: str = "slack"

    @property
    def remark(self) -> str:
        """What it cannot do, for whoever starts it."""
        return (
            "an incoming webhook only posts, to one channel: nothing is edited in place, and there are no threads, "
            "pictures or buttons; set SLACK_BOT_TOKEN and PROBER_SLACK_CHANNEL for these"
        )

    def send(self, notice: Notice) -> Outcome:
        text = fallback_text(notice)
        remark = "; an answer was lost before, so it may be there twice" if notice.attempts else ""
        outcome = self._post(remark, text=text, blocks=slack_blocks(notice))
        if outcome.sent or outcome.reason not in LAYOUT_ERRORS:
            return outcome
        return self._post(f" without layout ({outcome.reason}){remark}", text=text)

    def _post(self, remark: str, **body: object) -> Outcome:
        try:
            answer = self.client.send_dict({**body, "mrkdwn": False, "unfurl_links": False, "unfurl_media": False})
        except BAD_LUCK as error:
            return of_error(error)
        if answer.status_code == 200 and answer.body.strip() == "ok":
            return Outcome(True, f"sent{remark}")
        if answer.status_code == 200:
            return Outcome(False, "not_slack: the address answered, but not as Slack does", permanent=True)
        word = answer.body.strip()
        if word in PERMANENT_ERRORS or word in LAYOUT_ERRORS:
            return Outcome(False, word, permanent=True)
        return of_status(answer.status_code, answer.headers.get("Retry-After"))
