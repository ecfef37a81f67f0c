"""Settings from the environment: the database, the alerters, and secrets. Secrets are never stored, logged or shown."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read from environment variables only; no file, so that a secret has one home."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True, use_attribute_docstrings=True)

    database_url: str = Field("sqlite:///prober.db", validation_alias="PROBER_DATABASE_URL")
    """SQLite file, or Postgres: `postgresql+psycopg://…`."""
    log: Literal["text", "json"] = Field("text", validation_alias="PROBER_LOG")
    """How the daemon writes its log: lines for people, or with `json` one object a line, with the ids of round,
    incident and notice."""
    vantage: str = Field("", validation_alias="PROBER_VANTAGE")
    """Where this daemon or worker is, such as `eu-west`: it asks endpoints with this `vantage`, and those without
    one."""
    slack_bot_token: SecretStr | None = Field(None, validation_alias="SLACK_BOT_TOKEN")
    """With `PROBER_SLACK_CHANNEL`, messages go to Slack."""
    slack_app_token: SecretStr | None = Field(None, validation_alias="SLACK_APP_TOKEN")
    """App-level token (`xapp-…`): with it, buttons in Slack work, through Socket Mode."""
    slack_allowed: str | None = Field(None, validation_alias="PROBER_SLACK_ALLOWED")
    """Ids of users (`U…`) and user groups (`S…`) who may press buttons, separated by commas; unset for everyone."""
    slack_channel: str | None = Field(None, validation_alias="PROBER_SLACK_CHANNEL")
    """The channel's id."""
    slack_webhook_url: SecretStr | None = Field(None, validation_alias="SLACK_WEBHOOK_URL")
    """An incoming webhook, instead of the bot; it can only post."""
    slack_base_url: str = Field("https://slack.com/api/", validation_alias="PROBER_SLACK_BASE_URL")
    """Address of Slack's API."""
    webhook_url: SecretStr | None = Field(None, validation_alias="PROBER_WEBHOOK_URL")
    """Address of the generic webhook."""
    webhook_secret: SecretStr | None = Field(None, validation_alias="PROBER_WEBHOOK_SECRET")
    """Key of the HMAC signature of the generic webhook."""
    pagerduty_routing_key: SecretStr | None = Field(None, validation_alias="PROBER_PAGERDUTY_ROUTING_KEY")
    """The integration key of a PagerDuty service, Events API v2."""
    pagerduty_url: str = Field("https://events.pagerduty.com/v2/enqueue", validation_alias="PROBER_PAGERDUTY_URL")
    """For another region, or a compatible service."""
    alertmanager_url: SecretStr | None = Field(None, validation_alias="PROBER_ALERTMANAGER_URL")
    """Address of Alertmanager, such as `http://alertmanager:9093`; secret, because its path may carry a credential for
    a proxy."""
    heartbeat_url: SecretStr | None = Field(None, validation_alias="PROBER_HEARTBEAT_URL")
    """Pinged every minute while the daemon is healthy, so that another service notices when it is not."""
    dashboard_url: str = Field("http://localhost:8501", validation_alias="PROBER_DASHBOARD_URL")
    """Address of the dashboard, for links in messages."""
    dashboard_actions: bool = Field(False, validation_alias="PROBER_DASHBOARD_ACTIONS")
    """Whether people who are signed in may act on incidents in the dashboard."""
    dashboard_user_header: str | None = Field(None, validation_alias="PROBER_DASHBOARD_USER_HEADER")
    """Header in which a proxy names who is signed in. Believed from `PROBER_DASHBOARD_PROXIES` only."""
    dashboard_proxies: str = Field("127.0.0.1,::1", validation_alias="PROBER_DASHBOARD_PROXIES")
    """Addresses or networks of that proxy, separated by commas."""
    dashboard_allowed: str | None = Field(None, validation_alias="PROBER_DASHBOARD_ALLOWED")
    """Who may act, as the header or the e-mail address names them, separated by commas; unset for everyone."""
    dashboard_private: bool = Field(False, validation_alias="PROBER_DASHBOARD_PRIVATE")
    """Show hashes and measurements in the dashboard instead of prompts and replies."""
    http_hosts: str | None = Field(None, validation_alias="PROBER_HTTP_HOSTS")
    """Further names under which the HTTP service is reached, separated by commas."""


_NAMES_A_SECRET = re.compile(r"(?i)(?:^|_)(?:(?:api|auth)?key|token|secret|password|passwd|credentials?)(?:$|_)")
"""Names of variables whose values are secrets, whatever they are for."""


MOST_BYTES: Final = 64_000
"""The largest file from which a secret is read."""


def secrets_here() -> tuple[str, ...]:
    """The secrets in the environment of this process, and in the files that it names, as far as the names of the
    variables say so; longest first."""
    found = {
        part
        for name, value in os.environ.items()
        if _is_secret(name.removesuffix("_FILE"))
        for part in (_content(value) if name.endswith("_FILE") else value).split()
    }
    return tuple(sorted(found, key=lambda one: (-len(one), one)))


def _is_secret(name: str) -> bool:
    ours = {str(one.validation_alias) for one in Settings.model_fields.values() if "SecretStr" in str(one.annotation)}
    return name in ours or name == "PROBER_APPRISE_URLS" or _NAMES_A_SECRET.search(name) is not None


def _content(path: str) -> str:
    """The secret in a file; nothing where there is no file, or more than one word in it."""
    file = Path(path)
    if not file.is_file():
        return ""
    try:
        with file.open("rb") as opened:
            words = opened.read(MOST_BYTES).decode("utf-8", "replace").split()
    except (OSError, ValueError):
        return ""
    return words[0] if len(words) == 1 else ""


def secret(name: str) -> SecretStr | None:
    """The secret in environment variable `name`; None if it is unset or empty."""
    value = os.environ.get(name, "").strip()
    return SecretStr(value) if value else None
