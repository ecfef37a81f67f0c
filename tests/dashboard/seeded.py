"""A small database that tells the story of one change: written by the real store, as the prober writes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from prober.incidents.routing import Routing
from prober.model.decision import Action
from prober.model.declaration import Endpoint, Probe, ProbeSet, Schedule, series_key
from prober.model.evidence import Fingerprint, Judgement, Observation, Verdict
from prober.model.incident import Incident
from prober.model.reference import Confirm
from prober.model.reply import Reply
from prober.service.act import act
from prober.service.settle import settle
from prober.store import Store, declared, replies
from prober.store import rounds as stored_rounds

BOT = Endpoint(name="support-bot", provider="scripted", model="bot-1")
STILL = Endpoint(name="search-ranker", provider="scripted", model="ranker-1")
NEW = Endpoint(name="newcomer", provider="scripted", model="new-1")
PROBE = Probe(id="refund", prompt="May I return shoes after 40 days?")
SET = ProbeSet(
    name="starter",
    owner="support team",
    endpoints=(BOT.name, STILL.name, NEW.name),
    schedule=Schedule(every="6h"),
    probes=(PROBE,),
)
THRESHOLD = 365.0
BEFORE = "No. Returns are accepted within 30 days."
AFTER = "Great question! <b>Unfortunately</b> we accept returns within 30 days only. \x00 **Anything else?**"


def seed(url: str, now: datetime, rounds: int = 16, changed: int = 12) -> Incident:
    """`rounds` rounds of two endpoints, of which one changes at round `changed`; its open incident."""
    with Store.open(url) as store:
        store.change(declared.remember, [SET], [BOT, STILL, NEW], now - timedelta(days=30))
        opened = None
        onset: str | None = None
        for n in range(rounds):
            at = now - timedelta(hours=6 * (rounds - n) - 5)
            since = max(0, n - changed + 1)
            label, settled = _round(store, BOT, at, n, since, onset)
            opened, onset = settled or opened, onset or (label if since else None)
            _round(store, STILL, at, n, 0, None)
        assert opened is not None
        return opened


def accept_it(url: str, incident: Incident, now: datetime) -> None:
    with Store.open(url) as store:
        act(store, incident.id, Action("accept", "ada", "we asked for it"), Routing(("log",)), now)


def _round(
    store: Store, endpoint: Endpoint, at: datetime, n: int, since: int, onset: str | None
) -> tuple[str, Incident | None]:
    """One round, asked and judged: its label, and the incident it opened. `since` counts the changed rounds."""
    round_id = store.change(stored_rounds.due, endpoint, SET.name, at)
    claimed = store.change(stored_rounds.claim, round_id, "here", at, 600)
    assert claimed is not None
    reply = Reply(at=at, text=AFTER if since else BEFORE, model=endpoint.model, latency_s=0.1)
    series = series_key(endpoint, PROBE)
    print_ = Fingerprint(numbers={"text.characters": float(len(reply.text or ""))})
    store.change(replies.record, claimed, [Observation(series, "starter/refund", 0, reply, print_)])
    label = claimed.round.label
    judgement = _judgement(label, series, since, onset, enough=n >= 8)
    settled_at = at + timedelta(minutes=1)
    settled = settle(store, claimed, endpoint, judgement, "{}", Routing(("log",)), settled_at, rule=Confirm(rounds=0))
    return label, settled.change.incident


def _judgement(label: str, series: str, since: int, onset: str | None, enough: bool) -> Judgement:
    e_value = 1.5 * 20.0**since
    words = "34 % longer" if since else "as before"
    onset = (onset or label) if since else None
    length = Verdict(
        "length", e_value, 1.34 if since else 1.0, 1.0, "ratio to reference", 0.34, words, onset, (series,)
    )
    quiet = Verdict("format", 0.9, 1.0, 1.0, "share of replies", 0.0, "as before", None, ())
    state = "insufficient_evidence" if not enough else "alarm" if e_value > THRESHOLD else "quiet"
    kind = "behaviour_change" if state == "alarm" else None
    return Judgement(label, state, e_value, THRESHOLD, (length, quiet), onset, kind, "" if enough else "more rounds")


def main() -> None:
    """Seeds the database named on the command line, to look at it."""
    import sys

    seed(sys.argv[1], datetime.now(UTC))


if __name__ == "__main__":
    main()
