"""Scripted incidents for the triage: a small fleet, a known cause, and everything else that happens on such a day.

`material` plays an incident in memory: replies, fingerprints, facts, trouble and all comparisons are made by the code
of production; only the judge is left out, whose evidence a triage uses where there is any, so that the comparisons have
to find everything. `play` plays it through the store, judge included; a test holds one against the other.

Three endpoints are asked the same eight probes every six hours: one that is looked at, often a twin (the same model in
another region) and often a control (another provider).

Beside the cause there is noise: an edit without effect, a deploy that was marked, a build that rotates.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from prober.asking.scripted_minds import REFUSALS, ScriptedModel, cumulated, mind_of, say, shifted
from prober.fingerprint.caches import cache_hit
from prober.fingerprint.fingerprint import fingerprint
from prober.incidents.routing import NOBODY
from prober.incidents.triage.assembled import Watched, assembled
from prober.incidents.triage.material import Asked, Edit, LiveSamples, Material
from prober.incidents.trouble import trouble
from prober.judging import facts
from prober.judging.facts import FactMemory
from prober.judging.facts.readings import read as readings
from prober.judging.promise import Promise
from prober.judging.samples import FEWEST
from prober.lab.gate.declared import probes_of
from prober.lab.swap import Before, Experiment, experiment
from prober.model.budget import Budget
from prober.model.declaration import Check, Endpoint, Probe, ProbeSet, Schedule
from prober.model.evidence import Fact, Fingerprint, Observation, Round
from prober.model.incident import Trouble
from prober.model.reference import ReferenceRule
from prober.model.reply import Reply
from prober.model.sample import StoredSample
from prober.model.triage import CAUSES, Cause
from prober.model.version import Mark, Provenance
from prober.model.watch import Health
from prober.service.run_round import run
from prober.status.samples import compared
from prober.store import Store, declared, versions
from prober.store.rounds import label_at

START: Final = datetime(2026, 3, 2, 6, tzinfo=UTC)
PERIOD: Final = timedelta(hours=6)
BEFORE: Final = 16
"""Rounds before the incident."""
TWO: Final[tuple[tuple[Cause, Cause], ...]] = (
    ("prompt", "model"),
    ("prompt", "routing"),
    ("prompt", "system_prompt"),
    ("configuration", "model"),
    ("model", "input_shift"),
    ("prompt", "retrieval"),
)
"""Pairs that are played at once."""
TURN: Final = len(CAUSES) + 4
Vector = npt.NDArray[np.float64]
_TEXTS: Final = {
    "colour": "Pick a random colour. Answer with one word.",
    "animal": "Pick a random animal. Answer with one word.",
    "city": "Pick a random city. Answer with one word.",
    "ticket": 'Summarise as JSON with the keys "topic" and "urgent": my card was charged twice.',
    "order": 'Give as JSON with the keys "item" and "count": two red lamps, please.',
    "tides": "Explain in a few sentences how tides come about.",
    "bread": "Explain in a few sentences why bread rises.",
    "tax": "Explain in a few sentences what a tariff is.",
}
LOOKED_AT: Final = "main"
POLITE: Final = "Please: "
"""What an edit puts before a prompt."""
COLD: Final = 0.2
"""Temperature after the edit of a parameter."""
SNAPSHOT: Final = "parrot-1-0301"
"""What the provider served before it swapped the model, and still serves in two of three incidents."""


@dataclass(frozen=True)
class Incident:
    """One scripted incident: the truth, and the data from which to find it."""

    seed: int
    causes: tuple[Cause, ...]
    """None, one or two."""
    rounds: int
    """Since it began."""
    has_twin: bool
    has_control: bool
    has_live: bool
    has_retrieval: bool
    """Whether live samples carry a score of retrieval."""
    edited: tuple[str, ...]
    """Probes whose prompt was edited; only with the cause `prompt` that has an effect."""
    effect: str
    """Of the prompt: `json`, `longer` or `choice`."""
    strength: str
    """Of what moves everything: `other`, `shifted`, `longer`, `refuses`."""
    is_marked: bool
    """Whether a deploy was marked."""
    says_so: bool
    """Whether the provider's own words give it away."""

    @property
    def turn(self) -> int:
        return self.seed // TURN

    @property
    def at(self) -> datetime:
        return START + BEFORE * PERIOD - timedelta(hours=1)


def incident(seed: int, causes: tuple[Cause, ...]) -> Incident:
    """One at random. Two causes of which one hides the other are told apart only beside another endpoint, as people
    would: such pairs come with it."""
    rng = np.random.default_rng([seed, 11])
    effect = ("json", "longer", "choice")[rng.integers(3)]
    pool = {"json": ("ticket", "order"), "longer": ("tides", "bread", "tax"), "choice": ("colour", "animal", "city")}
    most = len(pool[effect]) if effect != "json" else 1
    harmless = rng.random() < (0.3 if not causes else 0.15)
    edits = "prompt" in causes or harmless
    chosen = rng.permutation(pool[effect])[: 1 + int(rng.integers(most))]
    return Incident(
        seed=seed,
        causes=causes,
        rounds=int(rng.integers(4, 7)),
        has_twin=bool(rng.random() < 0.7) or causes in (("prompt", "routing"), ("configuration", "model")),
        has_control=bool(rng.random() < 0.7),
        has_live=bool(rng.random() < 0.4) or bool({"input_shift", "retrieval"} & set(causes)),
        has_retrieval="retrieval" in causes or bool(rng.random() < 0.5),
        edited=tuple(sorted(map(str, chosen))) if edits else (),
        effect=effect,
        strength=("other", "shifted", "longer", "refuses")[rng.integers(4)],
        is_marked=bool(rng.random() < 0.25),
        says_so=bool(rng.random() < (0.15 if not causes else 0.6)),
    )


def incidents(turns: int, first: int = 0) -> list[Incident]:
    """So many turns of: every cause alone, two pairs, twice nothing. Any turn is the same whatever the number."""
    return [
        incident(turn * TURN + place, causes) for turn in range(first, first + turns) for place, causes in _turn(turn)
    ]


def _turn(turn: int) -> Iterator[tuple[int, tuple[Cause, ...]]]:
    pairs = [TWO[(2 * turn + i) % len(TWO)] for i in (0, 1)]
    return enumerate([*((cause,) for cause in CAUSES), *pairs, (), ()])


@dataclass
class Fleet:
    """The provider that knows the truth, and what it has said."""

    story: Incident
    said: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def ask(self, endpoint: Endpoint, probe: Probe, sample: int, now: datetime) -> Reply:
        story, on = self.story, now >= self.story.at
        where = endpoint.name
        rng = np.random.default_rng(_number(story.seed, where, probe.id, sample, now))
        active = set(story.causes) if on else set[Cause]()
        if endpoint.parameters.get("temperature") != COLD:
            active.discard("configuration")
        if endpoint.model == SNAPSHOT:
            active.discard("model")
        latency = 0.4 + 0.8 * float(rng.random()) ** 2
        if (failed := self._failure(active, where, rng, now, latency)) is not None:
            return failed
        everything = self._moves_everything(active, where)
        own_edit = "prompt" in active and (probe.prompt or "").startswith(POLITE)
        strength = story.strength if everything else ""
        model = 1 if strength == "other" else 0
        original = _probe(probe.id)
        mind = _mind(probe.id, _number(story.seed, endpoint.provider) % 2**31, model)
        if strength == "shifted":
            mind = shifted(mind, story.seed, 1.2)
        if own_edit and story.effect == "choice":
            mind = _mind(probe.id, story.seed + 77, 1)
        length = (1.7 if strength == "longer" else 1.0) * (1.8 if own_edit and story.effect == "longer" else 1.0)
        text = say(mind, cumulated(mind.weights), rng.random(13).tolist(), length)
        if strength == "refuses" and rng.random() < 0.45:
            text = REFUSALS[int(rng.integers(len(REFUSALS)))]
        if own_edit and story.effect == "json" and rng.random() < 0.85:
            text = f"Sure, here it is:\n{text}\nAnything else?"
        headers: dict[str, str] = {"x-region": "eu-1"}
        if "gateway_cache" in active and where == LOOKED_AT and rng.random() < 0.85:
            earlier = self.said.get((where, probe.id), [text])
            text, latency = earlier[int(rng.integers(len(earlier)))], 0.03
            headers |= {"x-cache": "HIT"} if story.says_so else {}
        elif not on:
            self.said.setdefault((where, probe.id), []).append(text)
        renamed = story.says_so and ((everything and "model" in active) or (on and not story.causes))
        if story.says_so and "routing" in active and where == LOOKED_AT:
            headers["x-region"] = "us-2"
        return Reply(
            at=now,
            text=text,
            model=endpoint.model,
            system_fingerprint="fp_2" if renamed else "fp_1",
            finish_reason="stop",
            headers=headers,
            input_tokens=self._tokens(original, active, everything),
            output_tokens=1 + len(text) // 4,
            latency_s=latency + 0.002 * len(text) * (latency > 0.1),
        )

    def _moves_everything(self, active: set[Cause], where: str) -> bool:
        """Whether a cause that is at work changes all replies of this endpoint."""
        shared = active & {"model", "system_prompt"} and where in (LOOKED_AT, "twin")
        alone = active & {"routing", "configuration"} and where == LOOKED_AT
        return bool(shared or alone)

    def _tokens(self, probe: Probe, active: set[Cause], everything: bool) -> int:
        tokens = 8 + len(_TEXTS[probe.id]) // 4
        if "system_prompt" in active and everything:
            tokens += 20 + self.story.turn % 60
        if "model" in active and everything and self.story.turn % 5 == 0:  # another tokenizer
            tokens = round(tokens * 1.2) + len(probe.id) % 3
        return tokens

    def _failure(
        self, active: set[Cause], where: str, rng: np.random.Generator, now: datetime, latency: float
    ) -> Reply | None:
        if "provider_outage" in active and where != "control":
            share = (0.5, 0.8, 1.0)[self.story.turn % 3]
            if rng.random() < share:
                return Reply(at=now, error="provider_error", error_detail="HTTP 503: overloaded", latency_s=latency)
        if "budget" in active and where == LOOKED_AT:
            reason = ("rate_limited", "out_of_credit")[self.story.turn % 2]
            if rng.random() < 0.9:
                return Reply(at=now, error=reason, error_detail="HTTP 429: limit reached", latency_s=latency)
        return None

    def close(self) -> None:
        """Nothing to release: several hold it."""


def material(story: Incident, budget: int = 0) -> Material:
    """What a triage would read, without a store. `budget`: asks of the swap experiment; 0 for none."""
    fleet, facts_known, news = Fleet(story), FactMemory(), list[Fact]()
    seen: dict[str, tuple[list[Round], list[Round]]] = {}
    health, counts, hashes = list[Health](), [0, 0, 0], set[str]()
    twin_known, twin_news = FactMemory(), list[Fact]()
    for number in range(BEFORE + story.rounds):
        at = START + number * PERIOD
        is_on = at >= story.at
        probe_set, endpoints = _declared(story, is_on)
        for endpoint in endpoints:
            label = label_at(at)
            asked = [] if _is_exhausted(endpoint) else _asked(fleet, endpoint, probe_set, at)
            failures = [one.reply.error or "cached" for one in asked if one.fingerprint is None]
            round_ = Round(label, endpoint.name, at, tuple(asked))
            if asked:
                seen.setdefault(endpoint.name, ([], []))[is_on].append(round_)
            if endpoint.name == "twin":
                twin_known, found = facts.advance(twin_known, readings(round_, endpoint.model))
                twin_news += found
            if endpoint.name != LOOKED_AT:
                continue
            health.append(Health(label, len(asked), len(failures), (failures or [""])[-1]))
            if not asked:
                health[-1] = replace(health[-1], failure="budget_exhausted")
            if is_on:
                new = (len(asked), len(failures), failures.count("cached"))
                counts = [old + more for old, more in zip(counts, new, strict=True)]
            facts_known = FactMemory() if endpoint.content_hash not in hashes else facts_known
            hashes.add(endpoint.content_hash)
            facts_known, found = facts.advance(facts_known, readings(round_, endpoint.model))
            news += found
    endpoints = _declared(story, True)[1]
    own, *others = (
        Watched(
            one.name,
            one.model,
            f"{one.provider} {one.base_url}",
            *seen.get(one.name, ([], [])),
            facts=tuple(twin_news) if one.name == "twin" else (),
        )
        for one in endpoints
    )
    trouble_now = trouble(None, health, LOOKED_AT, "", story.at + PERIOD).incident
    first = label_at(START + BEFORE * PERIOD)
    marked = (Mark(1, "deploy", story.at, "checkout", "v42", "ada", ""),) if story.is_marked else ()
    return assembled(
        own,
        others,
        story.at,
        asked=Asked(counts[0], counts[1], counts[2], "budget_exhausted" if _is_exhausted(endpoints[0]) else ""),
        prompt_edits=tuple(Edit(f"canary/{name}", first) for name in story.edited),
        endpoint_edits=(Edit(LOOKED_AT, first),) if "configuration" in story.causes else (),
        trouble=trouble_now if isinstance(trouble_now, Trouble) else None,
        facts=tuple(news),
        deploys=marked,
        live=live_samples(story),
        swapped=swapped(story, fleet, own.before, budget).found if budget else (),
    )


def swapped(story: Incident, fleet: Fleet, before: Sequence[Round], budget: int) -> Experiment:
    """The swap experiment, ten minutes after the last round. The control is the fallback."""
    (old_set, (old, *_)), (new_set, (new, *others)) = _declared(story, False), _declared(story, True)
    at = START + (BEFORE + story.rounds - 1) * PERIOD + timedelta(minutes=10)
    edited = {f"canary/{name}" for name in story.edited}
    return experiment(
        new,
        probes_of([new_set]),
        Before(
            probes={key: probe for key, probe in probes_of([old_set]).items() if key in edited},
            endpoint=old if old.content_hash != new.content_hash else None,
            model=SNAPSHOT if story.seed % 3 else "",
            rounds=before,
        ),
        lambda endpoint: fleet,
        lambda: at,
        budget=budget,
        fallback=next((one for one in others if one.name == "control"), None),
    )


def _asked(fleet: Fleet, endpoint: Endpoint, probe_set: ProbeSet, at: datetime) -> list[Observation]:
    found = []
    for probe in probe_set.probes:
        for sample in range(probe.samples):
            reply = fleet.ask(endpoint, probe, sample, at)
            is_model = reply.answered and not cache_hit(reply.headers)
            taken = fingerprint(reply, probe, embedder=None) if is_model else None
            found.append(Observation(probe.id, f"canary/{probe.id}", sample, reply, taken))
    return found


def _is_exhausted(endpoint: Endpoint) -> bool:
    return bool(endpoint.budget.limits)


def play(story: Incident) -> Store:
    """The store after the incident. Whoever calls this closes it."""
    store, fleet = Store.in_memory(), Fleet(story)
    for number in range(BEFORE + story.rounds):
        at = START + number * PERIOD
        is_on = at >= story.at
        probe_set, endpoints = _declared(story, is_on)
        if number in (0, BEFORE):
            # The moment at which the files were read, not that of the round.
            seen = START if number == 0 else story.at
            store.change(declared.remember, (probe_set,), endpoints, seen)
            new = store.query(versions.unknown, versions.contents((probe_set,), endpoints))
            store.change(versions.add, new, Provenance("c0ffee1" if is_on else "", "ada" if is_on else ""), seen)
            if is_on and story.is_marked:
                store.change(versions.mark, "deploy", "checkout", "v42", "ada", "", story.at)
        for endpoint in endpoints:
            promise = Promise(endpoint.false_alarms_per_year, 365.25 * 4, endpoint.reference)
            run(probe_set, endpoint, promise, fleet, store, NOBODY, at, clock=lambda at=at: at)  # type: ignore[misc]
    return store


def live_samples(story: Incident) -> LiveSamples | None:
    """What sampled traffic says of eight hours since, against the same hours of the week before."""
    if not story.has_live:
        return None
    rng = np.random.default_rng([story.seed, 5])
    topics, mix, day = rng.normal(size=(6, 16)), np.log(rng.dirichlet(np.ones(5) * 3)), rng.normal(size=5) * 0.5
    about = int(rng.integers(30, 81))
    new_topic = float(rng.uniform(0.1, 0.5))

    def window(at: datetime) -> list[StoredSample]:
        weights = np.exp(mix + day * np.cos(at.hour / 12 * np.pi) + rng.normal(size=5) * 0.1)
        share = new_topic if at >= story.at and "input_shift" in story.causes else 0.0
        shares = [*(weights / weights.sum() * (1 - share)), share]
        chosen = rng.choice(6, size=max(FEWEST, int(rng.poisson(about))), p=shares)
        return [_sample(story, rng, at, int(topic), topics[int(topic)]) for topic in chosen]

    first = story.at + timedelta(hours=1)
    hours = [first + timedelta(hours=i) for i in range(8)]
    return compared([window(at - timedelta(days=i)) for i in range(1, 8) for at in hours], [window(at) for at in hours])


def _sample(story: Incident, rng: np.random.Generator, at: datetime, topic: int, about: Vector) -> StoredSample:
    """A question on a topic and its reply, as fingerprints."""
    active = set(story.causes) if at >= story.at else set[Cause]()
    everything = bool(active & {"model", "system_prompt", "routing", "configuration"})
    by_prompt = "prompt" in active and story.turn % 3 > 0  # else another feature uses it
    lost = "retrieval" in active
    longer = 1.0 * (1.5 if everything and story.strength == "longer" else 1) * (1.5 if by_prompt else 1)
    refusing = 0.01 + 0.3 * (everything and story.strength == "refuses") + 0.12 * lost
    listed = 0.25 + 0.04 * topic + 0.25 * (everything and story.strength in ("other", "shifted"))

    def read(factor: float, lists: float, refuses: float) -> Fingerprint:
        vector = about + rng.normal(size=16) * 0.8
        length = factor * float(np.exp(4 + 0.3 * topic + rng.normal() * 0.5))
        return Fingerprint(
            {
                "text.reply_type": f"English Latin, stop, {int(np.log(length) / 1.2)}",
                "structure.shape": "list" if rng.random() < lists else "plain",
                "refusal.refused": "yes" if rng.random() < refuses else "no",
            },
            {"text.characters": float(int(length))},
            {"embedding.simulated": tuple(np.round(vector / np.linalg.norm(vector), 2).tolist())},
        )

    scores = {"retrieval_score": float(rng.normal(0.7 if lost else 0.8, 0.12))} if story.has_retrieval else {}
    return StoredSample(
        "", LOOKED_AT, "chat", at, inputs=read(0.5, 0.05, 0), outputs=read(longer, listed, refusing), scores=scores
    )


def _declared(story: Incident, is_on: bool) -> tuple[ProbeSet, tuple[Endpoint, ...]]:
    reference = ReferenceRule(rounds=10, hours=24)
    parameters = {"temperature": COLD if is_on and "configuration" in story.causes else 0.9}
    exhausted = is_on and "budget" in story.causes and story.turn % 3 == 0
    budget = Budget(asks_per_day=3) if exhausted else Budget()
    main = Endpoint(
        name=LOOKED_AT, provider="openai", model="parrot-1", base_url="https://eu.example/v1",
        parameters=parameters, reference=reference, budget=budget,
    )  # fmt: skip
    endpoints = [main]
    if story.has_twin:
        endpoints.append(
            Endpoint(
                name="twin", provider="openai", model="parrot-1", base_url="https://us.example/v1", reference=reference,
                parameters={"temperature": 0.9},
            )
        )  # fmt: skip
    if story.has_control:
        endpoints.append(Endpoint(name="control", provider="anthropic", model="heron-2", reference=reference))
    probes = tuple(
        _probe(name, POLITE if is_on and name in story.edited else "", has_check=name in ("ticket", "order"))
        for name in _TEXTS
    )
    names = tuple(one.name for one in endpoints)
    return ProbeSet(name="canary", owner="us", endpoints=names, schedule=Schedule(every="6h"), probes=probes), tuple(
        endpoints
    )


def _probe(name: str, before: str = "", has_check: bool = True) -> Probe:
    expect = (Check(type="is-json"),) if has_check and name in ("ticket", "order") else ()
    return Probe(id=name, prompt=before + _TEXTS[name], samples=2, expect=expect)


@lru_cache(maxsize=1_000)
def _mind(probe: str, seed: int, model: int) -> ScriptedModel:
    return mind_of(_probe(probe), seed, model)


def _number(*parts: object) -> int:
    text = json.dumps([str(part) for part in parts])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def kind_of(causes: Sequence[Cause]) -> str:
    """The row of the table."""
    return "two at once" if len(causes) == 2 else causes[0] if causes else "none"
