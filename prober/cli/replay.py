"""`prober replay`: judges a reply log as the daemon would have."""

from __future__ import annotations

import typer

from prober.alerts.phrases import between, thousands, when
from prober.cli.options import AsJson
from prober.cli.output import Json, bars, of_fact, of_findings, of_promise, of_verdict, print_json, say
from prober.cli.reply_logs import FalseAlarms, From, Logs, Reference, RoundsPerYear, replies_of
from prober.judging.promise import Promise
from prober.lab.replay import Alarm, Replayed, noted, promise_for, rounds_of
from prober.lab.replay import replay as judge
from prober.model.errors import NotEnough
from prober.model.evidence import Fact
from prober.text import count

app = typer.Typer(add_completion=False)


@app.command()
def replay(
    logs: Logs,
    tool: From = None,
    reference: Reference = None,
    false_alarms_per_year: FalseAlarms = None,
    rounds_per_year: RoundsPerYear = None,
    as_json: AsJson = False,
) -> int:
    """Judge a reply log round by round, as the daemon would have, from the log alone. An export carries the promise
    that the daemon keeps.

    Exit code 1 if an alarm was raised, 3 if no endpoint had enough evidence, else 0.
    """
    promises: dict[str, Promise] = {}
    with bars() as shown:
        by_endpoint = rounds_of(noted(replies_of(logs, shown, tool), promises))
        if not by_endpoint:
            raise NotEnough("the log holds no reply; there is nothing to judge")
        replayed = [
            judge(
                by_endpoint[name],
                promise_for(by_endpoint[name], promises.get(name), reference, false_alarms_per_year, rounds_per_year),
            )
            for name in shown.track(sorted(by_endpoint), description="Judging")
        ]
    if as_json:
        print_json({"endpoints": [_as_json(one) for one in replayed]})
    else:
        say(*(line for one in replayed for line in _words(one)))
    if any(one.alarms for one in replayed):
        return 1
    return 0 if any(one.reference_rounds for one in replayed) else 3


def _as_json(one: Replayed) -> Json:
    return {
        "endpoint": one.endpoint,
        "rounds": one.rounds,
        "reference_rounds": one.reference_rounds,
        "cached": one.cached,
        "promise": of_promise(one.promise),
        "facts": [of_fact(fact) for fact in one.facts],
        "alarms": [
            {
                "round": alarm.round,
                "onset": alarm.onset,
                "channels": [of_verdict(verdict) for verdict in alarm.verdicts],
                "kind": alarm.kind,
                "severity": alarm.severity,
                "persistent": alarm.persistent,
                "e_value": alarm.e_value,
                "onset_between": alarm.onset_between,
                **of_findings(alarm.findings),
            }
            for alarm in one.alarms
        ],
    }


def _words(one: Replayed) -> list[str]:
    title, facts = f"{one.endpoint}: {count(one.rounds, 'round')}", [f"  {_fact(fact)}" for fact in one.facts]
    if one.cached:
        title += f", replies of a cache that are not judged: {one.cached}"
    if not one.reference_rounds:
        return [f"{title}, insufficient evidence; {one.judgements[-1].missing}", *facts]
    title += f", the first {one.reference_rounds} are the reference"
    if not one.alarms:
        return [f"{title}; no alarm", *facts]
    return [f"{title}; {count(len(one.alarms), 'alarm')}", *map(_alarm, one.alarms), *facts]


def _fact(fact: Fact) -> str:
    return f"fact in {when(fact.round)}: {fact.words}"


def _alarm(alarm: Alarm) -> str:
    lasts = {True: "it lasts", False: "it passed", None: "the log ends too soon to say whether it lasts"}
    moved = "; ".join(f"{one.channel} {one.words}".strip() for one in alarm.findings.shifts or alarm.verdicts)
    share = alarm.findings.share
    moved += f"; {share.words}" if share else ""
    return (
        f"  {alarm.kind} since {when(alarm.onset)}{between(alarm.onset_between)}, found in round {when(alarm.round)} "
        f"(evidence {thousands(alarm.e_value)}); {lasts[alarm.persistent]}: {moved}"
    )
