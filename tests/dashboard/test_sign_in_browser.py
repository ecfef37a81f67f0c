"""A real Chromium opens a link from a message before it has signed in, and lands on the incident afterwards."""

from __future__ import annotations

import os
import re
import subprocess
from datetime import UTC, datetime

import pytest

from dashboard import serve_command
from tests.dashboard import seeded
from tests.dashboard.test_dashboard_browser import CHROMIUM, FLAGS, ROOT, WAIT_MS, wait_for
from tests.processes import free_port

pytestmark = pytest.mark.browser


@pytest.fixture
def provider():
    """An OpenID Connect provider on this machine: gives its address."""
    from oidc_provider_mock import User, run_server_in_thread

    ada = User(sub="ada", claims={"email": "ada@example.org", "email_verified": True})
    with run_server_in_thread(user_claims=[ada]) as server:
        yield f"http://127.0.0.1:{server.server_port}"


@pytest.fixture
def signed_out(provider, tmp_path):
    """(address of a dashboard that lets people sign in there, an incident)"""
    url = f"sqlite:///{tmp_path / 'prober.db'}"
    incident = seeded.seed(url, datetime.now(UTC))
    port = free_port()
    address = f"http://127.0.0.1:{port}/"
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text(
        f'[auth]\nredirect_uri = "{address}oauth2callback"\ncookie_secret = "only-for-this-test"\n'
        f'client_id = "canary"\nclient_secret = "secret"\n'
        f'server_metadata_url = "{provider}/.well-known/openid-configuration"\n'
    )
    environment = {
        **os.environ,
        "PROBER_DATABASE_URL": url,
        "PROBER_DASHBOARD_ACTIONS": "true",
        "PROBER_DASHBOARD_URL": address,
        "PYTHONPATH": str(ROOT),
    }
    environment.pop("PROBER_DASHBOARD_USER_HEADER", None)
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            serve_command(port), env=environment, cwd=tmp_path, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            wait_for(f"{address}_stcore/health", process)
            yield address, incident
        finally:
            process.terminate()
            process.wait(timeout=30)
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_a_link_to_an_incident_survives_sign_in(signed_out):
    from playwright.sync_api import sync_playwright

    address, incident = signed_out
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        page.set_default_timeout(WAIT_MS)
        page.goto(f"{address}?incident={incident.id}")
        page.get_by_role("button", name="Sign in to act").click()
        page.locator("input[name=sub]").fill("ada")
        page.get_by_role("button", name="Authorize").click()
        page.get_by_role("button", name="Acknowledge").click()
        page.get_by_text("You are signed in as").wait_for()
        page.keyboard.press("Escape")
        assert page.url == f"{address}incident?incident={incident.id}"
        page.get_by_role("heading", name=re.compile("support-bot: ")).wait_for()
        assert "canary_signs_in_from" not in {one["name"] for one in page.context.cookies()}
        browser.close()
