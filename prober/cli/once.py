"""`prober once`: asks one round now."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer

from prober.alerts import ALERTERS, open_alerters
from prober.alerts.phrases import candidate_words, chance, thousands, when
from prober.asking import open_provider
from prober.cli.database import deliver_owed
from prober.cli.declared import Paths, chosen, declared
from prober.cli.options import AsJson, Database, Vantage, now_utc, settings_of
from prober.cli.output import Json, bars, fix_of, of_fact, of_judgement, print_json, say
from prober.incidents.routing import Routing
from prober.model.comparison import Candidate
from prober.model.declaration import Endpoint
from prober.model.evidence import Judgement
from prober.model.watch import cause_in_words
from prober.service import candidates, run_round
from prober.service.bill import look_at_bill
from prober.service.declare import remember
from prober.service.deliver import Delivery
from prober.service.measure import look_at_samples
from prober.service.run_round import RoundResult
from prober.service.upkeep import look_at_incidents
from prober.status.as_json import of_candidate
from prober.store import Store
from prober.store.pages import replies
from prober.text import count

app = typer.Typer(add_completion=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """One probe set, asked once of one endpoint."""

    probe_set: str
    endpoint: Endpoint
    result: RoundResult
    said: str
    """What the provider said about a failed ask; empty if none failed. Hostile."""
    silences: tuple[str, ...] = ()
    """Why each answer without a word says nothing."""
    beside: tuple[Candidate, ...] = ()
    """What was asked beside it."""
    stored_before: int = 0
    """Replies that an interrupted run had stored: they were not asked again."""

    @property
    def is_answered(self) -> bool:
        return self.result.asked > len(self.result.failures)

    @property
    def exit_code(self) -> int:
        judgement = self.result.judgement
        if judgement is None or not self.is_answered or judgement.state == "insufficient_evidence":
            return 3
        return 1 if judgement.state == "alarm" else 0


@app.command()
def once(
    paths: Paths = None,
    set_name: Annotated[str | None, typer.Option("--set", metavar="NAME", help="This probe set only.")] = None,
    endpoint_name: Annotated[
        str | None,
        typer.Option("--endpoint", metavar="NAME", help="This endpoint only."),
    ] = None,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="If a round is suspicious, ask again after the declared pause.")
    ] = False,
    vantage: Vantage = None,
    database: Database = None,
    as_json: AsJson = False,
) -> int:
    """Ask one round of every probe set now, judge it, and send the notices.

    A round that was interrupted less than half a period of its schedule ago goes on: what is stored is not asked again.
    Exit code 1 if a round raised an alarm; else 3 if evidence is insufficient or nothing answered; else 0.
    """
    declarations = declared(paths)
    pairs = chosen(declarations, set_name, endpoint_name)
    settings = settings_of(database, vantage)
    alerters = open_alerters(settings)
    routing = Routing.declared([one.name for one in alerters], declarations.alerts, declarations.endpoints)
    routing.check(ALERTERS)
    rounds = []
    with Store.open(settings.database_url) as store, bars() as shown:
        remember(store, declarations, paths or ["probes"], now_utc())
        for probe_set, endpoint in shown.track(pairs, description="Asking"):
            if not endpoint.is_asked_from(settings.vantage):
                why = f"it is asked from {endpoint.vantage} only; there, give --vantage {endpoint.vantage}"
                rounds.append(Asked(probe_set.name, endpoint, RoundResult("missed", why), ""))
                continue
            every_s = declarations.promise(endpoint, of=(probe_set,)).every_s
            begun = run_round.interrupted(store, probe_set.name, endpoint, every_s, now_utc())
            due: datetime | None = now_utc() if begun is None else begun.due_at
            while due is not None:
                _sleep_until(due)
                with closing(open_provider(endpoint)) as provider:
                    promise = declarations.promise(endpoint)
                    budgets = declarations.budgets_of(probe_set, endpoint)
                    in_force = candidates.in_force(store, probe_set, endpoint, now_utc())
                    result = run_round.run(
                        in_force, endpoint, promise, provider, store, routing, due, confirming=confirm, budgets=budgets
                    )
                beside: tuple[Candidate, ...] = ()
                if result.judgement is not None:
                    beside = candidates.ask_beside(
                        store, probe_set, in_force, endpoint, result.observations, result.judgement.round,
                        declarations.endpoint, open_provider, routing, now_utc, budgets,
                    )  # fmt: skip
                newest = store.query(replies.recent, endpoint.name, limit=1) if result.asked else ()
                said = next((reply.error_detail for reply in newest if reply.error_detail), "")
                silences = tuple(reply.empty_because for reply in newest if reply.empty_because)
                rounds.append(
                    Asked(
                        probe_set.name,
                        endpoint,
                        result,
                        said if result.failures else "",
                        silences,
                        beside,
                        0 if begun is None else begun.asked,
                    )
                )
                begun = None
                due = result.confirmation.due_at if result.confirmation else None
        look_at_incidents(store, routing, now_utc())
        look_at_samples(store, declarations.endpoints, routing, now_utc())
        look_at_bill(store, declarations.budgets.own_traffic, declarations.endpoints, routing, now_utc())
        deliveries = deliver_owed(store, alerters, settings.dashboard_url)
    if as_json:
        print_json({"rounds": [_as_json(one) for one in rounds], "notices": [_delivered(one) for one in deliveries]})
    else:
        for one in rounds:
            say(*_words(one))
        say(*(f"Notice to {one.notice.alerter}: {one.outcome.reason}" for one in deliveries))
    return worst([one.exit_code for one in rounds])


def _sleep_until(moment: datetime) -> None:
    time.sleep(max(0.0, (moment - now_utc()).total_seconds()))


def worst(codes: Sequence[int]) -> int:
    """A change outweighs missing evidence, which outweighs a clean round."""
    return 1 if 1 in codes else 3 if 3 in codes else 0


def _words(one: Asked) -> list[str]:
    result = one.result
    title = f"{one.probe_set} on {one.endpoint.name}:"
    if result.outcome == "busy":
        return [f"{title} not asked: another worker is running a round of this endpoint. Try again when it is done."]
    if result.judgement is None:
        return [f"{title} not asked; {cause_in_words(result.reason)}"]
    failed = len(result.failures)
    lines = [f"{title} {judgement_words(result.judgement, one.endpoint)}" if one.is_answered else f"{title} no answer"]
    if failed:
        lines.append(f"  {failed} of {count(result.asked, 'ask')} failed")
        lines += [
            f"  {times} × {name.replace('_', ' ')}: {fix_of(name)}"
            for name, times in Counter(result.failures).most_common()
        ]
        lines += [f"  it said: {one.said}"] if one.said else []
    else:
        lines.append(f"  {count(result.asked, 'ask')}, all answered")
    if one.stored_before:
        lines.append(f"  {one.stored_before} of them were stored before an interruption, and not asked again")
    lines += [f"  {times} of them empty: {why}" for why, times in Counter(one.silences).most_common()]
    lines += [f"  the others were not made: {cause_in_words(result.reason)}"] if result.reason else []
    again = result.confirmation.due_at if result.confirmation else None
    what = (
        "confirmation round" if result.judgement.state != "insufficient_evidence" else "further round of the reference"
    )
    lines += [f"  a {what} is due at {again:%H:%M:%S} UTC"] if again else []
    lines += [f"  fact: {fact.words}" for fact in result.facts]
    lines += [f"  beside it: {candidate_words(one)}" for one in one.beside]
    incident = result.decision.incident if result.decision else None
    if incident is not None and incident.is_live:
        lines.append(f"  incident {incident.id} is {incident.state}: prober incidents show {incident.id}")
    return lines


def judgement_words(judgement: Judgement, endpoint: Endpoint) -> str:
    """One line about a judgement."""
    evidence = f"evidence {thousands(judgement.e_value)}, threshold {thousands(judgement.threshold)}"
    match judgement.state:
        case "insufficient_evidence":
            return f"insufficient evidence; {judgement.missing}"
        case "alarm":
            odds = chance(judgement.e_value, judgement.threshold, endpoint.false_alarms_per_year)
            moved = "; ".join(f"{one.channel} {one.words}" for one in judgement.verdicts if one.onset)
            return f"CHANGED since {when(judgement.onset or judgement.round)}, {odds} ({evidence}): {moved}"
        case "suspected":
            is_doubted = judgement.e_value >= judgement.threshold
            return (
                f"suspected; {judgement.missing if is_doubted else 'not enough evidence to notify anyone'} ({evidence})"
            )
        case _:
            return f"quiet ({evidence})"


def _as_json(one: Asked) -> Json:
    result = one.result
    incident = result.decision.incident if result.decision else None
    return {
        "probe_set": one.probe_set,
        "endpoint": one.endpoint.name,
        "outcome": result.outcome,
        "reason": result.reason,
        "asks": result.asked,
        "stored_before": one.stored_before,
        "failures": [
            {"reason": name, "asks": count, "fix": fix_of(name)} for name, count in Counter(result.failures).items()
        ],
        "said": one.said,
        "judgement": of_judgement(result.judgement) if result.judgement else None,
        "facts": [of_fact(fact) for fact in result.facts],
        "decision": result.decision.reason if result.decision else None,
        "confirmation": result.confirmation.reason if result.confirmation else None,
        "incident": incident.id if incident else None,
        "candidates": [of_candidate(one) for one in one.beside],
    }


def _delivered(delivery: Delivery) -> Json:
    return {
        "incident": delivery.notice.incident_id or 0,
        "alerter": delivery.notice.alerter,
        "sent": delivery.outcome.sent,
        "reason": delivery.outcome.reason,
    }
