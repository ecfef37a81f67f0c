"""Taking in live samples: without personal data, within the rate, and into a store of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from itertools import islice
from typing import Any, Final

from prober.fingerprint.sample import read_sample
from prober.judging.judge import advance
from prober.judging.memory import Memory, decode, encode
from prober.judging.samples import FEWEST, MOST, PROMISE, WINDOW, round_of, window_of, words_of
from prober.loading.round_labels import moment_of
from prober.loading.samples import samples_of
from prober.model.errors import ConfigurationError
from prober.model.evidence import Round
from prober.model.sample import HASH_KEY, SIDES, FoundShift, Sample, SampleRules, Side, StoredSample, Taken
from prober.model.watch import CLOCK_SLACK
from prober.settings import secret
from prober.store import Store, samples

BATCH: Final = 200
"""Samples stored in one transaction."""


def accept_samples(
    store: Store,
    lines: Sequence[Mapping[str, Any]],
    rules: SampleRules,
    now: datetime,
    *,
    feature: str | None = None,
    source: str = "samples",
) -> Taken:
    """Take in the objects of one request, each such as a line of a reply log holds; all or, where one cannot be read,
    none. `feature` is that of objects that name none.

    Raises LogError naming `source` and the number of the object, ConfigurationError where the rules need a secret that
    is not set, and StoreError.
    """
    return take_in(store, list(samples_of(lines, source, feature)), rules, now)


def take_in(store: Store, received: Iterable[Sample], rules: SampleRules, now: datetime) -> Taken:
    """Read each sample, store it, and judge the windows that are over. Raises ConfigurationError and StoreError."""
    key, total = hash_key(rules), Taken()
    oldest = now - timedelta(seconds=rules.keep_for_s)
    touched: set[tuple[str, str]] = set()
    waiting = iter(received)
    while batch := list(islice(waiting, BATCH)):
        read, finds = list[StoredSample](), Counter[str]()
        for one in batch:
            stored, found = read_sample(one, rules, now, key)
            if stored.at >= oldest:
                read.append(stored)
                finds.update(found)
        added = store.change(samples.add, read, rules.per_minute)
        total = total.plus(Taken(len(batch), added.stored, added.dropped, added.known, len(batch) - len(read), finds))
        touched |= {(one.endpoint, one.feature) for one in read}
    store.change(samples.delete_before, oldest)
    for endpoint, feature in sorted(touched):
        judge_windows(store, endpoint, feature, now)
    return total


def judge_windows(store: Store, endpoint: str, feature: str, now: datetime) -> None:
    """Judge every window of a feature that is over by now and was not judged yet, side by side. After a shift the
    windows since its onset are the new reference."""
    news: list[tuple[samples.Watched, Side, list[FoundShift]]] = []
    with store.read() as tx:
        oldest = samples.oldest_at(tx, endpoint, feature)
        newest = samples.newest_at(tx, endpoint, feature, now + CLOCK_SLACK)
        if oldest is None or newest is None:
            return
        # No window after the newest sample counts as judged, however far ahead the clock is.
        until = min(now, window_of(newest) + WINDOW)

        @cache
        def window(begin: datetime) -> tuple[StoredSample, ...]:
            found = samples.drawn(tx, endpoint, feature, begin, begin + WINDOW, MOST)
            return found if len(found) >= FEWEST else ()

        for side in SIDES:
            start = window_of(oldest)
            held = samples.watched(tx, endpoint, feature, side) or samples.Watched(start, start, encode(Memory()), None)
            found: list[tuple[datetime, datetime, str]] = []
            if was_ahead := held.judged_until > now + WINDOW:  # by a clock that was ahead
                held = replace(held, since=min(held.since, window_of(now)), judged_until=window_of(now))
            if is_due := held.judged_until + WINDOW <= until:
                held, found = _judged(held, window, side, until)
            if was_ahead or is_due:
                news.append((held, side, [FoundShift(endpoint, feature, side, *shift) for shift in found]))
    with store.write() as tx:
        for held, side, shifts in news:
            samples.keep(tx, endpoint, feature, side, held)
            for shift in shifts:
                samples.add_shift(tx, shift)


def _judged(
    held: samples.Watched, window: Callable[[datetime], Sequence[StoredSample]], side: Side, until: datetime
) -> tuple[samples.Watched, list[tuple[datetime, datetime, str]]]:
    """The judge after the windows that end by `until`; and what shifted: onset, when it was found, in words."""
    memory, since, begin, judgement = decode(held.memory), held.since, held.judged_until, held.judgement
    found = []
    while begin + WINDOW <= until:
        round_ = round_of(begin, window(begin), side)
        begin += WINDOW
        if not round_.observations:
            continue
        memory, judgement = advance(memory, round_, _history(window, since, begin, side), PROMISE)
        onset = moment_of(judgement.onset) if judgement.state == "alarm" and judgement.onset else None
        if onset is not None:
            words = ", ".join(words_of(one.words or f"{one.channel} differs", side) for one in judgement.moved[:2])
            found.append((onset, begin, words))
            if not judgement.is_provisional:  # then the memory itself begins anew
                since, memory = onset, memory.anew()
    return samples.Watched(since, begin, encode(memory), judgement), found


def _history(
    window: Callable[[datetime], Sequence[StoredSample]], since: datetime, until: datetime, side: Side
) -> Callable[[Collection[str]], Sequence[Round]]:
    def history(series: Collection[str]) -> Sequence[Round]:
        count = int((until - since) / WINDOW)
        rounds = (round_of(begin, window(begin), side) for begin in (since + i * WINDOW for i in range(count)))
        return [one for one in rounds if one.observations]

    return history


def hash_key(rules: SampleRules) -> bytes | None:
    """What personal data is hashed with; None where it is not. Raises ConfigurationError where it is not set."""
    if rules.replace_by == "name":
        return None
    found = secret(HASH_KEY)
    if found is None:
        raise ConfigurationError(
            f"replace_by: hash needs a key; set the environment variable {HASH_KEY}, or write replace_by: name"
        )
    return found.get_secret_value().encode()
