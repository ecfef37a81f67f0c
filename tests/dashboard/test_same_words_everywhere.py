"""An incident has the same words and numbers on the pages, in the shell, in messages, in the API and in metrics."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from dashboard import cached_store
from dashboard.formatting import number as in_formula
from dashboard.standing import sentence
from prober.alerts.phrases import thousands
from prober.alerts.slack.blocks import root_text
from prober.alerts.webhook import payload
from prober.cli import main
from prober.judging.runaway import LEARNT_FROM, decode, encode
from prober.model.incident import Change, Facts, Measured, Trouble
from prober.status.as_json import of_endpoint
from prober.status.metrics import exposition
from prober.status.system_status import system_status
from prober.store import Store, incidents, watches
from prober.store.pages.notices import latest_notice_of
from tests.dashboard.conftest import opened_at
from tests.dashboard.lived import Bot, fails, fenced, live, renamed
from tests.service.test_spending import ENDPOINT, Prober, set_of

pytestmark = pytest.mark.slow

KINDS = {"contract_break": Change, "identity_change": Facts, "out_of_credit": Trouble, "objective_missed": Measured,
         "runaway": Measured}  # fmt: skip


@pytest.fixture(scope="module")
def url(tmp_path_factory) -> str:
    """A database with an incident of every type, each still open."""
    found = f"sqlite:///{tmp_path_factory.mktemp('everywhere') / 'prober.db'}"
    now = datetime.now(UTC)
    _spends(found, now)
    credit = fails("out_of_credit", detail="You exceeded your current quota.")
    bots = (
        Bot("checks-bot", fenced, timedelta(days=2)),
        Bot("renamed-bot", renamed, timedelta(hours=20)),
        Bot("credit-bot", credit, timedelta(days=1)),
    )
    live(found, now, bots, days=9)
    return found


def _spends(url: str, now: datetime) -> None:
    with Store.open(url) as store:
        prober = Prober(store)
        prober.now = now - timedelta(hours=5)
        prober.round(timedelta(0))
        with store.write() as tx:  # as after many rounds
            known = decode(watches.spending(tx, ENDPOINT.content_hash)["s"])
            learnt = replace(known, tokens=known.tokens * LEARNT_FROM, reasoning=known.reasoning * LEARNT_FROM)
            watches.keep_spending(tx, ENDPOINT.content_hash, {"s": encode(learnt)})
        prober.round()
        prober.says.reasoning = 3_000
        prober.round(probe_set=set_of())


def shown(text: str) -> str:
    """Without the marks of markdown, and every space a plain one."""
    return text.replace("\u00a0", " ").replace("`", "").replace("*", "")


def test_every_incident_is_the_same_everywhere(url, monkeypatch, capsys):
    monkeypatch.setenv("PROBER_DATABASE_URL", url)
    cached_store.forget()
    now = datetime.now(UTC)
    with Store.open(url, read_only=True) as store:
        whole = system_status(store, now)
        live_ones = [one for one in store.query(incidents.recent) if one.is_live]
        notices = {one.id: store.query(latest_notice_of, one.id, "log", "https://prober") for one in live_ones}
    assert {one.kind: type(one) for one in live_ones} == KINDS

    def said(*words: str) -> str:
        main(list(words))
        return shown(capsys.readouterr().out)

    def page(name: str, **query: str):
        at = opened_at(name, **query)
        at.run()
        assert not at.exception, at.exception
        return at

    statuses = {one.name: one for one in whole.endpoints}
    in_shell, overview = said("status"), page("")
    rows = [shown(one.value) for one in overview.markdown]
    metrics = {
        one.labels["incident"]: one.labels
        for family in text_string_to_metric_families(exposition(whole.endpoints, (), (), now))
        for one in family.samples if one.name == "prober_incident_open"
    }  # fmt: skip
    wrong = []

    def expect(where: str, what: str, text: object) -> None:
        if what.casefold() not in shown(str(text)).casefold():
            wrong.append(f"{where}: {what!r} is not in {text!r}")

    for one in live_ones:
        status, notice, of = statuses[one.endpoint], notices[one.id], f"{one.kind} on"
        sent, in_api = payload(notice), of_endpoint(status)
        if status.incident is not None and status.incident.id == one.id:
            expect(f"{of} the overview", one.headline, next(row for row in rows if shown(sentence(status)) in row))
            assert (in_api["incident"], in_api["severity"]) == (one.id, one.severity)
        if one.kind != "objective_missed":  # its detail, which follows, says all of it
            expect(f"{of} the shell's status", one.headline, in_shell)
        expect(f"{of} the shell's incident", f"{one.endpoint}: {one.headline}", said("incidents", "show", str(one.id)))
        at = page("incident", incident=str(one.id))
        on_page = "\n".join(each.value for each in at.markdown)
        expect(f"{of} its page", f"{one.endpoint}: {one.headline}", at.title[0].value)
        expect(f"{of} its page", f"badge[{one.severity}]", on_page)
        events = "\n".join(each.proto.label for each in page("endpoint", endpoint=one.endpoint).get("page_link"))
        expect(f"{of} the history", one.headline, events)
        expect(f"{of} Slack", one.headline, root_text(notice))
        expect(f"{of} a webhook", one.headline, sent["title"])
        labels = metrics[str(one.id)]
        assert {notice.severity, sent["severity"], labels["severity"]} == {one.severity}
        assert labels["kind"] == sent["incident"]["kind"] == one.kind
        assert labels["state"] == sent["incident"]["state"] == one.state
        if isinstance(one, Change):
            number = thousands(one.e_value)
            assert in_api["open_incident"]["e_value"] == sent["evidence"]["e_value"] == one.e_value
            expect(f"{of} its page", f"evidence {in_formula(one.e_value)} (threshold", on_page)
            expect(f"{of} the list", f"{number} of {thousands(one.threshold)}", said("incidents", "list"))
            expect(f"{of} Slack", f"evidence {number}, threshold {thousands(one.threshold)}", root_text(notice))
        if isinstance(one, Measured):
            expect(f"{of} its page", one.detail, on_page)
            expect(f"{of} the shell's status", one.detail, in_shell)
            expect(f"{of} Slack", one.detail, root_text(notice))
            assert sent["detail"] == one.detail
            assert one.kind == "runaway" or one.detail in [each["detail"] for each in in_api["measured"]]
    assert not wrong, "\n".join(wrong)
