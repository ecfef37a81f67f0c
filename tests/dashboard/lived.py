"""Databases to look at, asked and judged by the real round, with what teams see: see `WORLDS`.

`python -m tests.dashboard.lived WORLD URL` fills one.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Final

from prober.alerts.log import LogAlerter
from prober.incidents.routing import Routing
from prober.judging.promise import Promise
from prober.model.decision import Action
from prober.model.declaration import Check, Endpoint, Price, Probe, ProbeSet, Schedule
from prober.model.objective import Objective
from prober.model.reference import ReferenceRule
from prober.model.reply import Reply
from prober.service import run_round
from prober.service.act import act
from prober.service.deliver import StoredOutbox, deliver
from prober.service.upkeep import look_at_incidents
from prober.store import Store, daemons, declared, incidents
from tests.dashboard.populated import populate

EVERY: Final = timedelta(hours=12)
ROUTING: Final = Routing(("log",))
REFERENCE: Final = ReferenceRule(rounds=12, hours=72, asked_again=0)
REFUND: Final = Probe(id="refund", prompt="May I return shoes after 40 days? Answer in one sentence.", samples=3,
                      expect=(Check(type="contains", value="30 days"),))  # fmt: skip
ORDER: Final = Probe(id="order-json", prompt='Reply with JSON only: {"order": …, "state": …} for order 1184, shipped.',
                     samples=3, expect=(Check(type="is-json"),))  # fmt: skip
GREETING: Final = Probe(id="greeting", prompt="A customer says hello. Greet them.", samples=3)
SETS: Final = (
    ("support", "support team", ("core", "chat"), (REFUND, ORDER)),
    ("tone", "brand team", ("chat",), (GREETING,)),
)
HELLOS: Final = ("Hello! How can I help you today?", "Hi there, what can I do for you?", "Good day! How may I help?",
                 "Welcome back! What do you need?")  # fmt: skip
HOSTILE: Final = (
    "<script>alert(1)</script> <img src=x onerror=alert(2)> **bold** [link](http://evil.example) `code` $x^2$",
    "\u202egnp.exe\u202c \x00\x1b[31mred\x1b[0m :red[markdown] <!channel> @everyone " + "a" * 400,
    "\n".join(f"line {n}: " + "wide " * n for n in range(60)),
    '=HYPERLINK("http://evil.example") | table | <details open ontoggle=alert(3)>',
    ":material/home: :red-badge[b] :rainbow[r] :smile: -> \\(x\\) $$y$$ [^1] ~~s~~ \x1b]0;title\x07 \ufeff \ud800",
    "x" * 100_000,
)


@dataclass(frozen=True, slots=True)
class Bot:
    """One endpoint, and what becomes of it `last` before now."""

    name: str
    becomes: Callable[[Reply, Probe, random.Random], Reply] = lambda reply, probe, rng: reply
    last: timedelta = timedelta(days=4)
    until: timedelta = timedelta(0)
    """When it was over, before now."""
    press: str = ""
    """What a person did, such as `acknowledge`."""
    reference: ReferenceRule = REFERENCE


def refuses(reply: Reply, probe: Probe, rng: random.Random) -> Reply:
    return replace(reply, text="I'm sorry, but I can't help with that request.") if rng.random() < 0.6 else reply


def longer(reply: Reply, probe: Probe, rng: random.Random) -> Reply:
    extra = " Great question! Let me explain. " + " ".join(HELLOS[: rng.randrange(1, 4)])
    return replace(reply, text=(reply.text or "") + extra, output_tokens=90 + rng.randrange(40))


def fenced(reply: Reply, probe: Probe, rng: random.Random) -> Reply:
    return (
        replace(reply, text=f"Here is the JSON you asked for:\n```json\n{reply.text}\n```") if probe is ORDER else reply
    )


def renamed(reply: Reply, probe: Probe, rng: random.Random) -> Reply:
    return replace(reply, model="gpt-4.1-2026-11-15", system_fingerprint="fp_9e1")


def fails(error: str, share: float = 1.0, detail: str = "") -> Callable[[Reply, Probe, random.Random], Reply]:
    def made(reply: Reply, probe: Probe, rng: random.Random) -> Reply:
        if rng.random() >= share:
            return reply
        return Reply(at=reply.at, error=error, error_detail=detail)

    return made


def hostile(reply: Reply, probe: Probe, rng: random.Random) -> Reply:
    return replace(reply, text=rng.choice(HOSTILE), model="gpt-4.1<b>\u202e")


def greeted(reply: Reply, probe: Probe, rng: random.Random) -> Reply:
    return replace(reply, text=f"Howdy, partner! {reply.text}") if probe is GREETING else reply


def mixed(reply: Reply, probe: Probe, rng: random.Random) -> Reply:
    """A third of the replies is another model's."""
    return replace(reply, text=f"As an AI I would say: {(reply.text or '').upper()}") if rng.random() < 0.35 else reply


def drifted(reply: Reply, probe: Probe, rng: random.Random) -> Reply:
    """More and more over ten days."""
    passed = (datetime.now(UTC) - reply.at) / timedelta(days=10)
    return replace(reply, text=f"{reply.text} Please tell me if you need more.") if rng.random() > passed else reply


def dear(reply: Reply, probe: Probe, rng: random.Random) -> Reply:
    return replace(reply, output_tokens=4000, reasoning_tokens=3900)


HEALTHY: Final = (Bot("support-bot"), Bot("search-ranker"), Bot("summariser"))
INCIDENTS: Final = (
    Bot("checkout-bot", refuses),
    Bot("support-bot", fenced, timedelta(days=3), press="acknowledge"),
    Bot("search-ranker"),
    Bot("summariser", longer, timedelta(days=6)),
    Bot("translator", renamed, timedelta(days=2)),
    Bot("billing-bot", fails("unauthorized", detail="Incorrect API key provided"), timedelta(days=1)),
    Bot("router-eu", fails("timeout", 0.6), timedelta(days=2)),
    Bot("greeter", greeted, timedelta(days=9), timedelta(days=6)),
    Bot("greeter-b", greeted, timedelta(hours=13)),
    Bot("classifier", refuses, timedelta(days=8), press="mute"),
)
STATES: Final = (
    Bot(
        "provisional-bot", longer, timedelta(days=8), reference=ReferenceRule(rounds=100, hours=24 * 80, asked_again=0)
    ),
    Bot("mixture-bot", mixed, timedelta(days=5)),
    Bot("drift-bot", drifted, timedelta(days=10)),
    Bot("credit-bot", fails("out_of_credit", detail="You exceeded your current quota."), timedelta(days=1)),
    Bot("dear-bot", dear, timedelta(days=2)),
    Bot("paused-bot"),
    Bot("snoozed-bot", refuses, timedelta(days=8), press="mute"),
    Bot("back-bot", greeted, timedelta(days=9), timedelta(days=4)),
    Bot("quiet-bot"),
)
STRANGE: Final = (Bot("strange-bot", hostile), Bot("odd_*name*", hostile, timedelta(days=30)))


class Answers:
    """A provider that answers as its bots do."""

    def __init__(self, bots: Mapping[str, Bot], now: datetime) -> None:
        self._bots, self._now, self._rng, self._ids = bots, now, random.Random(5), count()

    def ask(self, endpoint: Endpoint, probe: Probe, sample: int, now: datetime) -> Reply:
        rng, bot = self._rng, self._bots[endpoint.name]
        day = rng.choice(("30 days", "30 days of delivery", "30 days, unworn"))
        text = {
            "refund": f"{rng.choice(('No.', 'No, that is too late.', 'That is not possible.'))} Returns are accepted within {day}.",
            "order-json": f'{{"order": 1184, "state": "{rng.choice(("shipped", "shipped", "in transit"))}"}}',
            "greeting": rng.choice(HELLOS),
        }[probe.id]
        if probe is ORDER and rng.random() < 0.04:
            text = "Order 1184 was shipped."
        reply = Reply(at=now, text=text, model="gpt-4.1-2026-04-14", system_fingerprint="fp_44a", finish_reason="stop",
                      reply_id=f"r{next(self._ids)}", latency_s=0.4 + rng.gammavariate(2, 0.2), input_tokens=41,
                      output_tokens=len(text) // 4, cached_tokens=16, reasoning_tokens=0)  # fmt: skip
        return bot.becomes(reply, probe, rng) if self._now - bot.last < now < self._now - bot.until else reply

    def close(self) -> None: ...


def live(url: str, now: datetime, bots: tuple[Bot, ...] = HEALTHY, days: int = 21) -> None:
    """Every round of `days` days for these endpoints, asked, judged, settled, and every message sent to the log."""
    named = [
        Endpoint(name=bot.name.replace("*", ""), provider="openai", model="gpt-4.1", parameters={"seed": n}, concurrency=1,
                 price=Price(input_per_million=2, output_per_million=8), reference=bot.reference)
        for n, bot in enumerate(bots)
    ]  # fmt: skip
    sets = [
        ProbeSet(name=name, owner=owner, tags=tags, endpoints=tuple(one.name for one in named), probes=probes,
                 schedule=Schedule(every="12h"),
                 objectives=(Objective(name="checks", at_least="90 %", window="7d"),) if name == "support" else ())
        for name, owner, tags, probes in SETS
    ]  # fmt: skip
    provider = Answers({one.name: bot for one, bot in zip(named, bots, strict=True)}, now)
    with Store.open(url) as store:
        store.change(declared.remember, sets, named, now - timedelta(days=days))
        for n in range(int(timedelta(days=days) / EVERY)):
            for k, probe_set in enumerate(sets):
                at = now - timedelta(days=days) + n * EVERY + timedelta(minutes=40 * k + 30)
                for one in named:
                    promise = Promise(one.false_alarms_per_year, 2 * 365.25 * 2, one.reference)
                    run_round.run(probe_set, one, promise, provider, store, ROUTING, at, clock=lambda at=at: at)
                look_at_incidents(store, ROUTING, at)
                while deliver(StoredOutbox(store), [LogAlerter()], lambda at=at: at, "http://127.0.0.1"):
                    pass
            _press(store, bots, at)
        store.change(daemons.see, "host-1", [one.name for one in named], now)


def _press(store: Store, bots: tuple[Bot, ...], at: datetime) -> None:
    for bot in bots:
        for one in store.query(incidents.recent, endpoint=bot.name) if bot.press else ():
            if one.state == "open" and one.is_live:
                until = at + timedelta(days=5) if bot.press == "mute" else None
                act(store, one.id, Action(bot.press, "ada@example.org", "asked the provider", until=until), ROUTING, at)


def _states(url: str, now: datetime) -> None:
    """An endpoint in every state there is."""
    live(url, now, STATES, 18)
    with Store.open(url) as store:
        store.change(daemons.announce, "paused-bot", now + timedelta(hours=5), "ada", "they move a data centre", now)


WORLDS: Final[Mapping[str, Callable[[str, datetime], None]]] = {
    "healthy": live,
    "incidents": lambda url, now: live(url, now, INCIDENTS),
    "states": _states,
    "hostile": lambda url, now: live(url, now, STRANGE, 12),
    "forty": lambda url, now: populate(url, now, 40, 2, 30, bad=12),
    "hundreds": lambda url, now: populate(url, now, 300, 1, 7, samples_each=1, bad=20),
    "team": lambda url, now: populate(url, now, 3, 3, 40),
    "empty": lambda url, now: Store.open(url).close(),
}
"""Name → what fills a database so."""


if __name__ == "__main__":
    WORLDS[sys.argv[1]](sys.argv[2], datetime.now(UTC))
