"""A budget that is used up in the middle of a round of a daemon that runs: what is asked, what is said, and that it goes
on."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from sqlalchemy import delete
from sqlmodel import col

from prober.store import Store, incidents, notices
from prober.store.rows import SpendingRow
from tests.asking.wire_server import WireServer
from tests.processes import free_port, wait_until

pytestmark = pytest.mark.slow

TOKENS = 50
"""Of each reply, and the most it may have."""
ASKS, LIMIT = 8, 520
"""Of a round; tokens an hour: a round and two asks of the next."""


def answer(number: int) -> bytes:
    usage = {"prompt_tokens": 20, "completion_tokens": TOKENS - 20, "total_tokens": TOKENS}
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Teal"}}
    return json.dumps({"id": f"c{number}", "model": "m-1", "choices": [choice], "usage": usage}).encode()


@pytest.fixture
def server() -> Iterator[WireServer]:
    with WireServer() as started:

        def behave(handler):
            body = answer(len(started.asked))
            handler.send_response(200)
            handler.send_header("content-length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

        started.behave = behave
        yield started


@contextmanager
def daemon(folder: Path, server: WireServer, port: int) -> Iterator[Store]:
    (folder / "endpoints.yaml").write_text(
        f"endpoints:\n  e: {{provider: openai, model: m, base_url: '{server.url}', api_key_env: LIVE_KEY, "
        f"concurrency: 1, parameters: {{max_tokens: {TOKENS - 20}}}, budget: {{tokens_per_hour: {LIMIT}}}}}\n"
    )
    (folder / "s.yaml").write_text(
        "name: s\nowner: us\nendpoints: [e]\nschedule: {every: 3s}\n"
        f"probes: [{{id: p, prompt: Pick a colour., samples: {ASKS}}}]\n"
    )
    url = f"sqlite:///{folder / 'prober.db'}"
    environment = {**os.environ, "LIVE_KEY": "k", "PROBER_DATABASE_URL": url, "no_proxy": "127.0.0.1"}
    command = [sys.executable, "-m", "prober", "run", str(folder), "--listen", f"127.0.0.1:{port}"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)
        try:
            wait_until(lambda: process.poll() is not None or server.asked)
            with Store.open(url) as store:
                yield store
        finally:
            process.terminate()
            assert process.wait(60) == 0


def scraped(port: int) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as page:
        lines = [line for line in page.read().decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def asked_for() -> set[str]:
    """Names of the metrics in the rules and panels that are shipped."""
    shipped = Path(__file__).parents[2] / "deploy"
    rules = yaml.safe_load((shipped / "prometheus" / "prober-alerts.yml").read_text())["groups"]
    panels = json.loads((shipped / "grafana" / "prober.json").read_text())["panels"]
    expressions = [rule["expr"] for group in rules for rule in group["rules"]]
    expressions += [target["expr"] for panel in panels for target in panel["targets"]]
    assert len(expressions) > 15
    return {name for one in expressions for name in re.findall(r"prober_\w+", one)}


def test_a_budget_used_up_within_a_round_is_kept_said_once_and_over_when_the_hour_moves_on(
    tmp_path: Path, server: WireServer
) -> None:
    port = free_port()
    with daemon(tmp_path, server, port) as store:
        wait_until(lambda: store.query(incidents.recent, limit=9))
        wait_until(lambda: [one.state for one in store.query(notices.recent)] == ["sent"])
        made = len(server.asked)
        assert made == LIMIT // TOKENS, "not one ask more than the budget holds, nor one fewer"
        assert (
            "2 asks; the others were not made: budget_exhausted: 500 of 520 tokens of the last hour"
            in (tmp_path / "log").read_text()
        )
        seen = scraped(port)
        assert seen['prober_budget_left{budget="e",limit="tokens_per_hour"}'] == LIMIT - made * TOKENS
        assert seen['prober_budget_limit{budget="e",limit="tokens_per_hour"}'] == LIMIT
        # A live daemon, an open incident and a budget: all that the shipped rules and panels ask for is here.
        assert asked_for() <= {name.partition("{")[0] for name in seen}
        assert seen['prober_incidents_open{endpoint="e",severity="info"}'] == 1
        assert seen['prober_incidents_open{endpoint="e",severity="critical"}'] == 0
        (trouble,) = store.query(incidents.recent, limit=9)
        assert (trouble.kind, trouble.state) == ("budget_exhausted", "open")
        assert len(server.asked) == made

        def move_on(tx):  # as if an hour had passed
            tx.exec(delete(SpendingRow).where(col(SpendingRow.part).startswith("hour")))

        store.change(move_on)
        wait_until(lambda: store.query(incidents.recent, limit=9)[0].state == "closed")
        assert made < len(server.asked) <= 2 * made
        wait_until(lambda: all(one.state == "sent" for one in store.query(notices.recent)))
        events = Counter(one.event for one in store.query(notices.recent))
        assert set(events.values()) == {1}, "each is said once"
        assert len(events) == 2
        log = (tmp_path / "log").read_text()
        assert "Traceback" not in log
