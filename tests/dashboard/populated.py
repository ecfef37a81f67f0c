"""A database as a team has it after some weeks: several sets, owners and tags on priced endpoints, of which some get
worse, with objectives, deploys, edits, dates of retirement and live samples. Written by the real store."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta

from prober.incidents.lifecycle import decide
from prober.incidents.routing import Routing
from prober.model.decision import LEARNT
from prober.model.declaration import Check, Endpoint, Price, Probe, ProbeSet, Schedule, series_key
from prober.model.evidence import Fingerprint, Judgement, Observation, Verdict
from prober.model.objective import Objective
from prober.model.reply import Reply
from prober.model.retirement import Retirement
from prober.model.sample import StoredSample
from prober.model.version import Provenance
from prober.service.decisions import carry_out
from prober.store import Store, daemons, declared, incidents, replies, retirements, rounds, samples, versions
from prober.store.rounds import Claim

EVERY = timedelta(hours=12)
THRESHOLD = 365.0
TEAMS = (("support", "support team", ("core", "chat")), ("search", "search team", ("core",)), ("legal", "legal", ()))
GOOD, BAD = "Returns are accepted within 30 days.", "I am sorry, but I cannot help with that request today."


def endpoints(count: int) -> list[Endpoint]:
    made = []
    for n in range(count):
        price = Price(input_per_million=2.5, output_per_million=10) if n % 5 != 4 else None
        name = f"bot-{n:02d}" if count > 3 else ("support-bot", "search-ranker", "summariser")[n]
        model = f"model-{n % 4}" if price else f"unlisted-{n % 4}"
        made.append(Endpoint(name=name, provider="openai", model=model, price=price, parameters={"seed": n}))
    return made


def probe_sets(named: list[Endpoint], sets: int) -> list[ProbeSet]:
    probes = tuple(
        Probe(id=f"p{n}", prompt=f"May I return shoes after {10 * n} days?",
              expect=(Check(type="contains", value="30"),)) for n in range(3)
    )  # fmt: skip
    return [
        ProbeSet(
            name=name, owner=owner, tags=tags, endpoints=tuple(one.name for one in named), probes=probes,
            schedule=Schedule(every="12h"),
            objectives=(Objective(name="answers", at_least="90 %", window="7d"),) if name != "legal" else (),
        )
        for name, owner, tags in TEAMS[:sets]
    ]  # fmt: skip


def populate(
    url: str, now: datetime, count: int = 3, sets: int = 2, days: int = 40, samples_each: int = 4, bad: int = 1
) -> None:
    """`count` endpoints asked `sets` sets twice a day for `days` days; the first `bad` fail checks in the last week."""
    rng, named = random.Random(7), endpoints(count)
    asked = probe_sets(named, sets)
    with Store.open(url) as store:
        begin = now - timedelta(days=days)
        store.change(declared.remember, asked, named, begin)
        store.change(versions.add, versions.contents(asked, named), Provenance("1a2b3c4", "ada"), begin)
        for n in range(2 * days):
            at = begin + n * EVERY + timedelta(minutes=5)
            for place, endpoint in enumerate(named):
                for k, probe_set in enumerate(asked):
                    since = max(0, n - (2 * days - 14 - place) + 1) if place < bad and k == 0 else 0
                    _round(store, endpoint, probe_set, at + timedelta(minutes=20 * k), n, since, rng, samples_each)
        _around(store, named, asked, now)


def _round(
    store: Store, endpoint: Endpoint, probe_set: ProbeSet, at: datetime, n: int, since: int, rng: random.Random,
    samples_each: int,
) -> None:  # fmt: skip
    confirms = at.isoformat() if since in (2, 3) else None
    round_id = store.change(rounds.due, endpoint, probe_set.name, at)
    if n % 23 == 5:
        claim = store.change(rounds.claim, round_id, "host-1", at, 600)
        assert claim is not None
        store.change(rounds.miss, round_id, "the daemon was not running", at, claim)
        return
    claim = store.change(rounds.claim, round_id, "host-1", at, 600)
    assert claim is not None
    if confirms:
        _confirming(store, claim, confirms)
    bad = 0.45 if since else 0.02
    observations = [
        _observed(endpoint, probe_set, probe, sample, at, is_bad=rng.random() < bad, rng=rng)
        for probe in probe_set.probes
        for sample in range(samples_each)
    ]
    store.change(replies.record, claim, observations)
    series = series_key(endpoint, probe_set.probes[0])
    e_value = 1.5 * 6.0**since
    state = "insufficient_evidence" if n < 4 else "alarm" if e_value > THRESHOLD else "quiet"
    moved = Verdict("expectation", e_value, 0.6 if since else 0.98, 0.98, "share of replies", -0.4,
                    "checks pass 60 % instead of 98 %" if since else "as before", claim.round.label if since else None,
                    (series,))  # fmt: skip
    judgement = Judgement(claim.round.label, state, e_value, THRESHOLD, (moved,), claim.round.label if since else None,
                          "behaviour_change" if state == "alarm" else None)  # fmt: skip
    with store.write() as tx:
        rounds.complete(tx, claim, judgement, at + timedelta(minutes=1))
        content = endpoint.content_hash
        decision = decide(incidents.open_change(tx, content), judgement, endpoint.name, content, at)
        if decision.reason in LEARNT:
            carry_out(tx, decision, Routing(("log",)), at)


def _confirming(store: Store, claim: Claim, confirms: str) -> None:
    """Mark a round in hand as one that confirms; the store makes those itself, at times of its own."""
    from sqlmodel import col, update

    from prober.store.rows import RoundRow

    with store.write() as tx:
        tx.exec(update(RoundRow).where(col(RoundRow.id) == claim.round.id).values(confirms=confirms))


def _observed(
    endpoint: Endpoint,
    probe_set: ProbeSet,
    probe: Probe,
    sample: int,
    at: datetime,
    *,
    is_bad: bool,
    rng: random.Random,
) -> Observation:
    series, name = series_key(endpoint, probe), f"{probe_set.name}/{probe.id}"
    if rng.random() < 0.01:
        return Observation(series, name, sample, Reply(at=at, error="timeout"), None)
    text = BAD if is_bad else GOOD
    counts = {"input_tokens": 40 + rng.randrange(9), "output_tokens": 60 + rng.randrange(30), "reasoning_tokens": 24,
              "cached_tokens": 16}  # fmt: skip
    reply = Reply(at=at, text=text, model=endpoint.model, latency_s=0.2 + rng.random(), **counts)  # type: ignore[arg-type]
    said = {"expectation.all": "fail" if is_bad else "pass", "expectation.contains(30)": "fail" if is_bad else "pass",
            "refusal.refused": "yes" if is_bad else "no"}  # fmt: skip
    return Observation(series, name, sample, reply, Fingerprint(said, {"text.characters": float(len(text))}))


def _around(store: Store, named: list[Endpoint], asked: list[ProbeSet], now: datetime) -> None:
    first = named[0]
    changed = asked[0].model_copy(update={"probes": (
        asked[0].probes[0].model_copy(update={"prompt": "Can shoes be returned after 40 days?"}), *asked[0].probes[1:],
    )})  # fmt: skip
    store.change(
        versions.add, versions.contents([changed], []), Provenance("9f8e7d6", "grace"), now - timedelta(days=9)
    )
    for days, what, ref in ((9, "web-app", "v2.4.0"), (3, "prompt-service", "v1.19")):
        store.change(versions.mark, "deploy", what, ref, "grace", "", now - timedelta(days=days))
    store.change(versions.mark, "known-good", "support/p0", "1", "ada", "checked by hand", now - timedelta(days=20))
    for n, endpoint in enumerate(named[:3]):
        on = now.date() + timedelta(days=(12, 45, 200)[n])
        said = [Retirement(endpoint.model, on, "shutdown", "model_list", "shutdown_date of the model list", "model-9")]
        said += [Retirement(endpoint.model, date(on.year, on.month, 1), "deprecation", "package", "llm-sunset 0.3.1")]
        store.change(retirements.keep, endpoint.name, endpoint.model, said, ["model_list", "package"])
        store.change(retirements.looked, endpoint.name, endpoint.model, [endpoint.model, "model-9"], now)
    live = [
        StoredSample(f"{n:032x}", first.name, "checkout", now - timedelta(hours=n / 2), "timeout" if n % 50 == 7 else "",
                     scores={"thumbs": float(n % 3 > 0)},
                     outputs=Fingerprint({"text.choice": GOOD}, {"text.characters": 36.0})) for n in range(400)
    ]  # fmt: skip
    store.change(samples.add, live, 60)
    store.change(daemons.see, "host-1", [one.name for one in named], now)


def main() -> None:
    """Fills the database named on the command line, to look at it: URL, endpoints, sets, days, replies, bad ones."""
    import sys
    from datetime import UTC

    populate(sys.argv[1], datetime.now(UTC), *map(int, sys.argv[2:]))


if __name__ == "__main__":
    main()
