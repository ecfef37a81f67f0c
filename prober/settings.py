"""The environment: where the store is, which channels exist, and secrets. Secrets are never stored, logged or shown."""

from __future__ import annotations

import os

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read from environment variables only; no file, so that a secret has one home."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    database_url: str = Field("sqlite:///prober.db", validation_alias="PROBER_DATABASE_URL")
    """SQLAlchemy URL; SQLite in WAL mode, or Postgres (`postgresql+psycopg://…`)."""
    slack_bot_token: SecretStr | None = Field(None, validation_alias="SLACK_BOT_TOKEN")
    slack_app_token: SecretStr | None = Field(None, validation_alias="SLACK_APP_TOKEN")
    """Of the app that owns the bot (`xapp-…`): with it presses of buttons are heard, through Socket Mode."""
    slack_allowed: str | None = Field(None, validation_alias="PROBER_SLACK_ALLOWED")
    """Ids of users (`U…`) and user groups (`S…`) who may press buttons, with commas between; unset for everyone."""
    slack_channel: str | None = Field(None, validation_alias="PROBER_SLACK_CHANNEL")
    slack_webhook_url: SecretStr | None = Field(None, validation_alias="SLACK_WEBHOOK_URL")
    slack_base_url: str = Field("https://slack.com/api/", validation_alias="PROBER_SLACK_BASE_URL")
    webhook_url: SecretStr | None = Field(None, validation_alias="PROBER_WEBHOOK_URL")
    webhook_secret: SecretStr | None = Field(None, validation_alias="PROBER_WEBHOOK_SECRET")
    """Key of the HMAC signature of the generic webhook."""
    pagerduty_routing_key: SecretStr | None = Field(None, validation_alias="PROBER_PAGERDUTY_ROUTING_KEY")
    pagerduty_url: str = Field("https://events.pagerduty.com/v2/enqueue", validation_alias="PROBER_PAGERDUTY_URL")
    alertmanager_url: SecretStr | None = Field(None, validation_alias="PROBER_ALERTMANAGER_URL")
    """Its base address; secret, because it may go through a proxy that is told who asks in the path."""
    heartbeat_url: SecretStr | None = Field(None, validation_alias="PROBER_HEARTBEAT_URL")
    """Pinged while the daemon is well, so that somebody else notices when it is not."""
    dashboard_url: str = Field("http://localhost:8501", validation_alias="PROBER_DASHBOARD_URL")
    """Where links in messages lead."""
    dashboard_actions: bool = Field(False, validation_alias="PROBER_DASHBOARD_ACTIONS")
    """Whether people who are signed in may act on incidents in the dashboard."""
    dashboard_user_header: str | None = Field(None, validation_alias="PROBER_DASHBOARD_USER_HEADER")
    """Header in which a proxy names who is signed in. Believed, so nothing but the proxy may reach the dashboard."""
    dashboard_allowed: str | None = Field(None, validation_alias="PROBER_DASHBOARD_ALLOWED")
    """Who of them may act, as the header or the e-mail address names them, with commas between; unset for everyone."""
    dashboard_private: bool = Field(False, validation_alias="PROBER_DASHBOARD_PRIVATE")
    """Show hashes and measures in the dashboard instead of prompts and replies."""


def secret(name: str) -> SecretStr | None:
    """The secret in environment variable `name`; None where it is unset or empty."""
    value = os.environ.get(name, "").strip()
    return SecretStr(value) if value else None
