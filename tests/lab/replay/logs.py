"""Reply logs by hand: still stretches and changes, of one endpoint or several."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from prober.judging.promise import Promise
from prober.lab.replay import replay, rounds_of
from prober.loading.reply_log import LoggedReply
from prober.model.evidence import Fingerprint
from prober.model.reply import Reply

START = datetime(2026, 1, 1, tzinfo=UTC)
PROMISE = Promise()


def answers(number, words, endpoint="acme/m", probes=("a", "b", "c"), samples=3, label=None, model="m-1"):
    """The replies of one round: nine of ten are `words[0]`, the rest `words[1]`."""
    rng = np.random.default_rng([len(endpoint), number])
    at = START + timedelta(days=number)
    for probe in probes:
        for _ in range(samples):
            text = words[0] if rng.random() < 0.9 else words[1]
            yield LoggedReply(
                label or at.isoformat(), endpoint, probe, Reply(at=at, text=text, model=model), prompt=f"{probe}?"
            )


def log(*stretches, first=0, **options):
    """(rounds, words) after (rounds, words), one day a round."""
    number = first
    for count, words in stretches:
        for _ in range(count):
            yield from answers(number, words, **options)
            number += 1


def cheap(logged):
    """A fingerprint of the words alone, so that tests need no embedder."""
    text = logged.reply.text
    return Fingerprint(
        categories={"text.choice": text, "identity.model": logged.reply.model},
        numbers={"text.characters": float(len(text))},
    )


def replayed(replies, promise=PROMISE):
    """The only endpoint of a log, replayed."""
    (rounds,) = rounds_of(replies, cheap).values()
    return replay(rounds, promise)


def day(number):
    return (START + timedelta(days=number)).isoformat()
